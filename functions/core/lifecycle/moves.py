"""The two outcomes of a rule: the changed record, or the reason why it may not change."""

from enum import StrEnum

from functions.core.video import Video


class Refusal(StrEnum):
    """The reason why a record may not change."""

    UNKNOWN = "unknown"
    """The catalog has no such video, for example because it was deleted."""
    DUPLICATE = "duplicate"
    """A worker has already finished processing this object."""
    SUPERSEDED = "superseded"
    """A newer upload of the same video has been claimed, or another worker holds the lease."""
    BUSY = "busy"
    """Another worker holds a lease that has not expired, or has just looked for the upload: the
    caller can retry later."""
    EXHAUSTED = "exhausted"
    """All attempts are used up."""
    REPLACED_TOO_OFTEN = "replaced_too_often"
    """The video has had `MAX_REPLACEMENTS` other uploads, and Clipo processes no further one."""
    NOT_PENDING = "not_pending"
    """Only the first upload of a pending video can be extended."""
    NOT_FAILED = "not_failed"
    """Only a failed video can be retried."""
    NOT_DONE = "not_done"
    """Only a done video can be reprocessed."""
    ANOTHER_ATTEMPT = "another_attempt"
    """Another run has made a delivery attempt since, or the webhook belongs to another result."""


Move = Video | Refusal
"""The changed record, or the reason why it may not change."""
