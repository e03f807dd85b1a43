"""Pictures of a video: the image of any moment, and the storyboard."""

from dataclasses import dataclass
from enum import StrEnum


class PictureFormat(StrEnum):
    """The format of a picture, by its file extension."""

    JPEG = "jpg"
    WEBP = "webp"


class Fit(StrEnum):
    """How a picture fits into the box that was asked for. It is never enlarged."""

    CONTAIN = "contain"
    """The whole frame, as large as fits into the box."""
    COVER = "cover"
    """The middle of the frame, which fills the box."""


@dataclass(frozen=True, slots=True)
class ImageSpec:
    """An image of one moment."""

    format: PictureFormat
    at_ms: int
    """The moment, in milliseconds from the start of the video."""
    width: int | None = None
    """The width of the box in pixels; `None`: as wide as the frame, or as its height demands."""
    height: int | None = None
    """The height of the box in pixels; `None`: as high as the frame, or as its width demands."""
    fit: Fit = Fit.CONTAIN
