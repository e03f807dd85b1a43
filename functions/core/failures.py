"""Every way in which an uploaded file can be bad: a stable code and a sentence for a person."""

from enum import StrEnum

from functions.core.video import (
    Failure,
)


class Code(StrEnum):
    """The codes that clients may rely on. All are permanent: the same file fails again."""

    NOT_A_VIDEO = "not_a_video"
    NO_VIDEO_STREAM = "no_video_stream"
    UNSUPPORTED_CODEC = "unsupported_codec"
    CORRUPT = "corrupt"
    TOO_LARGE = "too_large"
    TOO_MANY_PIXELS = "too_many_pixels"
    TOO_MANY_STREAMS = "too_many_streams"
    TIMED_OUT = "timed_out"
    OUT_OF_MEMORY = "out_of_memory"
    SOURCE_GONE = "source_gone"


class BadMedia(Exception):
    """The file cannot be processed, now or later."""

    def __init__(self, code: Code, message: str) -> None:
        """Take the code, and a sentence that says what is wrong and what to do."""
        super().__init__(message)
        self.code = code
        self.message = message

    @property
    def failure(self) -> Failure:
        """What goes onto the record."""
        return Failure(code=self.code, message=self.message, retryable=False)
