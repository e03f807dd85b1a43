"""The event that S3 sends when an object is created: read into typed values, and made.

https://docs.aws.amazon.com/AmazonS3/latest/userguide/notification-content-structure.html
"""

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote_plus, unquote_plus

from functions.core.keys import video_id_of
from functions.core.video import (
    Source,
    UploadedObject,
)

# AWS: pad the shorter sequencer with zeros on the right, then compare as text.
# https://docs.aws.amazon.com/AmazonS3/latest/userguide/notification-content-structure.html
_SEQUENCER_LENGTH = 32


class MalformedEvent(Exception):
    """The event is not one that S3 sends."""


def records(event: Any) -> list[Any]:
    """Return the records of an event: none of the test event that S3 sends for a new trigger.

    Raises `MalformedEvent` for what is no event of S3, so that it ends in the failure queue and
    not in silence.
    """
    if not isinstance(event, Mapping):
        raise MalformedEvent("Not an S3 event: not an object.")
    if event.get("Event") == "s3:TestEvent":
        return []
    found = event.get("Records")
    if not isinstance(found, list):
        raise MalformedEvent("Not an S3 event: it has no records.")
    return found


def uploaded_object(record: Any, *, bucket: str) -> UploadedObject | None:
    """Return the upload that a record tells of, or `None` where it is not one of ours.

    Not ours are other events, other buckets, and keys that `source_key` did not make.
    Raises `MalformedEvent`.
    """
    try:
        stored = record["s3"]["object"]
        # Keys come URL-encoded as in a form, "+" for a space included.
        key = unquote_plus(stored["key"])
        video_id = video_id_of(key)
        created = record["eventName"].removeprefix("s3:").startswith("ObjectCreated:")
        if not created or record["s3"]["bucket"]["name"] != bucket or video_id is None:
            return None
        source = Source(
            etag=stored["eTag"].strip('"'),
            size=int(stored["size"]),
            sequencer=pad_sequencer(stored.get("sequencer", "")),
        )
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise MalformedEvent(f"Not a record of S3: {type(error).__name__} {error}") from error
    return UploadedObject(video_id=video_id, key=key, source=source)


def created_event(upload: UploadedObject, *, bucket: str) -> dict[str, Any]:
    """Return S3's event of a stored object, for an upload whose own event never came.

    Its `eventSource` says that Clipo made it.
    """
    source = upload.source
    stored = {"key": quote_plus(upload.key, safe="/"), "size": source.size, "eTag": source.etag}
    if source.sequencer:
        stored["sequencer"] = source.sequencer
    return {
        "Records": [
            {
                "eventSource": "clipo",
                "eventName": "ObjectCreated:Put",
                "s3": {"bucket": {"name": bucket}, "object": stored},
            }
        ]
    }


def event_id(record: Any) -> str | None:
    """Return S3's id of the request that wrote the object: the same whenever its event comes.

    For the log. `None` where the record has none, as those that we make.
    """
    try:
        found = record["responseElements"]["x-amz-request-id"]
    except (KeyError, TypeError):
        return None
    return found if isinstance(found, str) else None


def pad_sequencer(sequencer: str) -> str:
    """Make S3 sequencers comparable as text; an absent one ("") stays the lowest."""
    return sequencer.upper().ljust(_SEQUENCER_LENGTH, "0") if sequencer else ""
