"""The addresses of a video's pictures."""

from dataclasses import dataclass

from functions.core.pictures import picture_version, thumbnail_version
from functions.core.video import Video


@dataclass(frozen=True, slots=True)
class PictureAddresses:
    """The addresses of a video's pictures, which change with its file."""

    image_url: str
    storyboard_url: str | None
    """`None` if the file does not say how long the video lasts; so are the others."""
    storyboard_vtt_url: str | None
    storyboard_json_url: str | None


def picture_addresses(video: Video, address: str) -> PictureAddresses | None:
    """Return the addresses below that of the video; `None` without a result."""
    version = picture_version(video)
    if not version:
        return None
    lasts = video.media is not None and video.media.duration_s is not None

    def storyboard(extension: str) -> str | None:
        return f"{address}/storyboard.{extension}?v={version}" if lasts else None

    return PictureAddresses(
        f"{address}/image.jpg?v={version}", storyboard("jpg"), storyboard("vtt"), storyboard("json")
    )


def thumbnail_address(video: Video, address: str) -> str:
    """Return the address of the thumbnail below that of the video, which changes with it."""
    return f"{address}/thumbnail?v={thumbnail_version(video)}"
