"""Pictures of a video: the image of any moment, and the storyboard.

The key of a picture is canonical: requests for the same pixels share one stored picture.
"""

from dataclasses import dataclass
from enum import StrEnum
from hashlib import sha256
from typing import TypeAlias

from functions.core.keys import picture_key, source_key
from functions.core.storyboard import StoryboardPlan
from functions.core.video import Source, UploadedObject, Video


class PictureFormat(StrEnum):
    """The format of a picture, by its file extension."""

    JPEG = "jpg"
    WEBP = "webp"

    @property
    def media_type(self) -> str:
        """The media type."""
        return "image/jpeg" if self is PictureFormat.JPEG else "image/webp"


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

    @property
    def filename(self) -> str:
        """The last part of the key."""
        box = f"{self.width or 0}x{self.height or 0}"
        return f"image-{self.at_ms}-{box}-{self.fit}.{self.format}"


@dataclass(frozen=True, slots=True)
class StoryboardSpec:
    """The sheet of a storyboard."""

    format: PictureFormat
    plan: StoryboardPlan

    @property
    def filename(self) -> str:
        """The last part of the key. A release that plans other tiles makes another sheet."""
        plan = self.plan
        return f"storyboard-{plan.tiles}-{plan.tile_width}x{plan.tile_height}.{self.format}"


PictureSpec: TypeAlias = ImageSpec | StoryboardSpec


@dataclass(frozen=True, slots=True)
class WantedPicture:
    """A picture of the file of a video, whether or not it is stored already."""

    video_id: str
    source: Source
    """The file that the picture shows."""
    version: str
    spec: PictureSpec

    @property
    def key(self) -> str:
        """The key of the stored picture."""
        return picture_key(self.video_id, self.version, self.spec.filename)

    @property
    def uploaded(self) -> UploadedObject:
        """The file, as the reader of uploads takes it."""
        return UploadedObject(self.video_id, source_key(self.video_id), self.source)


_EDITION = 1
"""Increase it when the same file gets other tiles or images: kept addresses show the old ones."""


def picture_version(video: Video) -> str | None:
    """Return the short name of a video's file in addresses of pictures; `None` without a result.

    It changes with the file, and with the facts about the file that pictures depend on.
    """
    if not (video.source and video.media and video.has_result):
        return None
    media = video.media
    facts = f"{_EDITION} {video.source.etag} {media.duration_s} {media.width}x{media.height}"
    return _short_hash(facts)


def thumbnail_version(video: Video) -> str | None:
    """Return the short name of a video's thumbnail in its address; `None` without a result."""
    return _short_hash(video.thumbnail.key) if video.thumbnail and video.has_result else None


def _short_hash(text: str) -> str:
    return sha256(text.encode()).hexdigest()[:16]


def wanted_picture(video: Video, spec: PictureSpec) -> WantedPicture | None:
    """Return a picture of a video; `None` if the video has no result."""
    version = picture_version(video)
    return (
        WantedPicture(video.id, video.source, version, spec) if version and video.source else None
    )
