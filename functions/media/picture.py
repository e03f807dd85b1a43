"""A finished picture, and why there may be none."""

from dataclasses import dataclass

from functions.core.pictures import PictureFormat


@dataclass(frozen=True, slots=True)
class Picture:
    """An encoded picture that is known to be complete."""

    content: bytes
    width: int
    height: int


class NoEncoder(Exception):
    """The ffmpeg at hand cannot write this format."""

    def __init__(self, picture_format: PictureFormat) -> None:
        """Name the format."""
        super().__init__(f"This ffmpeg has no encoder for {picture_format}.")
        self.format = picture_format
