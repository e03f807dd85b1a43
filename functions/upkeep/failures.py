"""Why a video is failed that no worker finishes: a stable code and a sentence for a person."""

from functions.core import video
from functions.core.video import (
    MAX_ATTEMPTS,
    Failure,
)

UPLOAD_EXPIRED = Failure(
    code=video.UPLOAD_EXPIRED,
    message="The file was not uploaded in time. Upload it as a new video.",
    retryable=False,
)
SOURCE_GONE = Failure(
    code="source_gone",
    message="The uploaded file is no longer in storage. Upload it again.",
    retryable=False,
)
TIMED_OUT = Failure(
    code="timed_out",
    message=f"Processing was interrupted {MAX_ATTEMPTS} times and never finished. Retry the video;"
    " if that fails too, upload a smaller or re-encoded version.",
    retryable=True,
)
RETRIES_EXHAUSTED = Failure(
    code="retries_exhausted",
    message="Processing failed several times for a reason that is not in the file. Retry the"
    " video in some minutes.",
    retryable=True,
)
"""Something that we stand on did not work."""
