"""The causes of failure: error codes, their messages, and whether a retry can help."""

from dataclasses import dataclass
from enum import StrEnum

from functions.core.formats import NAMES
from functions.core.video import MAX_ATTEMPTS, Failure


class FailureCode(StrEnum):
    """The stable error codes that clients may rely on."""

    NOT_A_VIDEO = "not_a_video"
    NO_VIDEO_STREAM = "no_video_stream"
    UNSUPPORTED_CODEC = "unsupported_codec"
    CORRUPT = "corrupt"
    TOO_LARGE = "too_large"
    SIZE_MISMATCH = "size_mismatch"
    TOO_LONG = "too_long"
    TOO_MANY_PIXELS = "too_many_pixels"
    TOO_MANY_STREAMS = "too_many_streams"
    TIMED_OUT = "timed_out"
    OUT_OF_MEMORY = "out_of_memory"
    SOURCE_GONE = "source_gone"
    UPLOAD_EXPIRED = "upload_expired"
    RETRIES_EXHAUSTED = "retries_exhausted"


@dataclass(frozen=True, slots=True)
class Cause:
    """One cause of failure. Several causes may share a code."""

    code: FailureCode
    sentence: str
    """The message for a person: the fault and the remedy, with `str.format` fields for details."""
    retryable: bool = False

    def failure(self, **facts: object) -> Failure:
        """Return the failure to store on the record."""
        return Failure(self.code.value, self.sentence.format(**facts), self.retryable)


NOT_A_VIDEO = Cause(
    FailureCode.NOT_A_VIDEO,
    f"The file is not a video in a supported format. Upload an {NAMES} file.",
)
NO_VIDEO_STREAM = Cause(
    FailureCode.NO_VIDEO_STREAM,
    "The file contains no video, only sound, subtitles or a cover picture."
    " Upload a file with a video track.",
)
UNSUPPORTED_CODEC = Cause(
    FailureCode.UNSUPPORTED_CODEC,
    "The codec {codec} is not supported. Convert the video to H.264 and upload it again.",
)
UNSUPPORTED_AV1 = Cause(
    FailureCode.UNSUPPORTED_CODEC,
    "The codec av1 is not supported by the ffmpeg of this server. Convert the video to H.264 and"
    " upload it again, or have an ffmpeg with dav1d installed, which decodes AV1.",
)
UNSUPPORTED_COMPRESSION = Cause(
    FailureCode.UNSUPPORTED_CODEC,
    "The file uses a compression that is not supported. Convert it to MP4 (H.264)"
    " and upload it again.",
)
ENCRYPTED = Cause(
    FailureCode.UNSUPPORTED_CODEC,
    "The video is encrypted (DRM) and cannot be decoded. Upload it without copy protection.",
)
DAMAGED = Cause(
    FailureCode.CORRUPT, "The file is damaged or incomplete. Upload it again from the original."
)
UNDESCRIBED = Cause(
    FailureCode.CORRUPT,
    "The file lacks the description of its video: it is damaged or incomplete."
    " Upload it again from the original.",
)
UNDECODABLE = Cause(
    FailureCode.CORRUPT,
    "No picture can be decoded from the video. The file may be damaged:"
    " upload it again from the original.",
)
TOO_LARGE = Cause(
    FailureCode.TOO_LARGE,
    "The file has {size:,} bytes; the limit is {limit:,}. Upload a smaller version.",
)
SIZE_MISMATCH = Cause(
    FailureCode.SIZE_MISMATCH,
    "The uploaded file has {size:,} bytes, but {declared:,} were announced, so Clipo has removed"
    " it. Announce the file again with its size, as a new video, and upload it there.",
)
TOO_LONG = Cause(
    FailureCode.TOO_LONG,
    "The video lasts {duration:,} seconds; the limit is {limit:,}, so Clipo has removed it. Upload"
    " a shorter version as a new video.",
)
UNKNOWN_DURATION = Cause(
    FailureCode.TOO_LONG,
    "The file does not say how long the video lasts; the limit is {limit:,} seconds, so Clipo has"
    " removed it. Convert it to MP4 (H.264) and upload it as a new video.",
)
TOO_MANY_PIXELS = Cause(
    FailureCode.TOO_MANY_PIXELS,
    "The video has more than {limit:,} pixels per frame (8K). Upload a smaller version.",
)
TOO_MANY_STREAMS = Cause(
    FailureCode.TOO_MANY_STREAMS,
    "The file has more than {limit} streams. Keep one video and one sound track.",
)
TOO_SLOW = Cause(
    FailureCode.TIMED_OUT,
    "Processing the video takes too long. Upload a shorter or simpler version.",
)
OUT_OF_MEMORY = Cause(
    FailureCode.OUT_OF_MEMORY,
    "Processing the video needs more memory than is available. Upload a smaller version.",
)
SOURCE_GONE = Cause(
    FailureCode.SOURCE_GONE, "The uploaded file is no longer in storage. Upload it again."
)

# Upkeep, not a worker, fails a video for these causes.
UPLOAD_EXPIRED = Cause(
    FailureCode.UPLOAD_EXPIRED, "The file was not uploaded in time. Upload it as a new video."
)
ATTEMPTS_EXHAUSTED = Cause(
    FailureCode.TIMED_OUT,
    f"Processing was interrupted {MAX_ATTEMPTS} times and never finished. Retry the video;"
    " if that fails too, upload a smaller or re-encoded version.",
    retryable=True,
)
RETRIES_EXHAUSTED = Cause(
    FailureCode.RETRIES_EXHAUSTED,
    "Processing failed several times, and the file is not the reason. Retry the video in a few"
    " minutes.",
    retryable=True,
)


RETRYABLE_CODES = tuple(cause.code for cause in (ATTEMPTS_EXHAUSTED, RETRIES_EXHAUSTED))
"""The codes of the failures that another attempt may mend. A code may have other causes, too."""


class BadMedia(Exception):
    """The file cannot be processed, and a retry does not help."""

    def __init__(self, cause: Cause, **facts: object) -> None:
        """Fill the fields of the cause's sentence with `facts`."""
        self.code = cause.code
        self.failure = cause.failure(**facts)
        super().__init__(self.failure.message)
