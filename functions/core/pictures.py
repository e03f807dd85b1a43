"""Pictures of a video: the image of any moment, and the storyboard.

The API turns a request into a `WantedPicture`. Its key is canonical: requests for the same pixels
share one stored picture.
"""

import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from enum import StrEnum
from hashlib import sha256
from typing import Any, TypeAlias

from functions.core.keys import picture_key, source_key
from functions.core.storyboard import StoryboardPlan, plan_storyboard
from functions.core.trace import HEADER, Trace
from functions.core.video import Media, Source, UploadedObject, Video

LADDER = (160, 320, 640, 1280)
"""The widths of images that every caller may ask for, in pixels."""

SMALLEST_SIDE, LARGEST_SIDE = 16, 4096
"""The bounds of the box of an image, in pixels."""

MOST_IMAGES = 1000
"""The number of images that Clipo makes of one version of a file."""

MOST_IMAGES_OF_LADDER, MOST_IMAGES_OF_STRANGERS = 500, 250
"""The numbers of images from which Clipo makes no more for callers who are limited to `LADDER`.

The second is for those without a credential for the video, and the first for the others. So
strangers cannot use up what is kept for viewers, nor viewers what is kept for the owner.
"""

_DEFAULT_WIDTH = 640
_MOMENT = re.compile(r"(\d{1,7}(?:\.\d{1,6})?)(%?)", re.ASCII)
MOMENT_PATTERN = r"^[0-9]{1,7}(\.[0-9]{1,6})?%?$"
"""The pattern of a moment, for the documentation."""


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
class AskedImage:
    """The parameters of a request for an image; `None` stands for one that was left out."""

    format: PictureFormat
    moment: str | None = None
    """Seconds, or a percentage of the duration that ends with `%`."""
    width: int | None = None
    height: int | None = None
    fit: Fit = Fit.CONTAIN


class InvalidPicture(Exception):
    """A parameter has a value that this video has no picture for. The message is a sentence."""

    def __init__(self, parameter: str, sentence: str) -> None:
        """Name the parameter."""
        super().__init__(sentence)
        self.parameter = parameter


class NotOnLadder(Exception):
    """Only callers with the owner's own credentials get this picture. The message says why."""


class NoStoryboard(Exception):
    """The file does not say how long the video lasts."""


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


def check_ladder(asked: AskedImage) -> None:
    """Raise `NotOnLadder` unless every caller may ask for this image."""
    widths = ", ".join(map(str, LADDER))
    if asked.width not in (None, *LADDER) or asked.height or asked.fit is not Fit.CONTAIN:
        raise NotOnLadder(f"w may be {widths} here, without h and fit")
    if asked.moment and "%" not in asked.moment and not _is_whole(asked.moment):
        raise NotOnLadder("t must be whole seconds or a percentage here")


def is_poster(asked: AskedImage) -> bool:
    """Tell whether an image is one of the few of `LADDER` at the default moment.

    They do not count, because every page and player asks for them.
    """
    usual = asked.width in (None, *LADDER) and not asked.height and asked.fit is Fit.CONTAIN
    return usual and asked.moment is None


def image_spec(
    asked: AskedImage, media: Media, *, default_s: float, whole_seconds: bool
) -> ImageSpec:
    """Return the image that fits a request for a video. Raises `InvalidPicture`.

    `default_s` is the moment of a request without one. `whole_seconds` rounds the moment down.
    """
    if asked.fit is Fit.COVER and not (asked.width and asked.height):
        raise InvalidPicture("fit", "cover needs both w and h")
    at_ms = _moment_ms(asked.moment, media.duration_s, default_s)
    if whole_seconds:
        at_ms -= at_ms % 1000
    width, height = asked.width, asked.height
    if width is height is None:
        width = _DEFAULT_WIDTH
    if asked.fit is Fit.CONTAIN:
        # The picture is never enlarged, so larger boxes give the same one.
        width, height = width and min(width, media.width), height and min(height, media.height)
    return ImageSpec(asked.format, at_ms, width, height, asked.fit)


def storyboard_spec(picture_format: PictureFormat, media: Media) -> StoryboardSpec:
    """Return the sheet of a video. Raises `NoStoryboard`."""
    if media.duration_s is None:
        raise NoStoryboard("The file does not say how long the video lasts.")
    return StoryboardSpec(
        picture_format, plan_storyboard(media.duration_s, media.width, media.height)
    )


def _moment_ms(text: str | None, duration_s: float | None, default_s: float) -> int:
    if text is None:
        return _ms(default_s)
    found = _MOMENT.fullmatch(text)
    if not found:
        raise InvalidPicture("t", "Give seconds such as 12.5, or a percentage such as 10%")
    number = float(found[1])
    if not found[2]:
        if duration_s is not None and number > duration_s:
            raise InvalidPicture("t", f"The video lasts {duration_s:g} seconds")
        return _ms(number)
    if duration_s is None:
        raise InvalidPicture("t", "The file does not say how long the video lasts: give seconds")
    if number > 100:  # noqa: PLR2004 (per cent)
        raise InvalidPicture("t", "A percentage is at most 100%")
    return _ms(duration_s * number / 100)


def _ms(seconds: float) -> int:
    # Rounded down, so that the end of the video is not after it.
    return int(seconds * 1000 + 1e-6)


def _is_whole(moment: str) -> bool:
    return re.fullmatch(r"\d+(\.0*)?", moment, re.ASCII) is not None


class MakingOutcome(StrEnum):
    """The answer of the function that makes pictures."""

    MADE = "made"
    """The picture is stored."""
    NO_PICTURE = "no_picture"
    """The file has no such picture."""
    NO_ENCODER = "no_encoder"
    """The ffmpeg at hand cannot write this format."""
    SOURCE_GONE = "source_gone"
    """The file is no longer in storage."""
    SOURCE_REPLACED = "source_replaced"
    """Another upload has replaced the file."""


@dataclass(frozen=True, slots=True)
class Making:
    """The end of an attempt to make a picture."""

    outcome: MakingOutcome
    message: str = ""
    """A sentence for a person, if there is no such picture."""


def making_event(wanted: WantedPicture, *, trace: Trace | None = None) -> dict[str, Any]:
    """Return the event that has a picture made. It names the trace that asks for it."""
    kind = "image" if isinstance(wanted.spec, ImageSpec) else "storyboard"
    return {
        "video_id": wanted.video_id,
        "version": wanted.version,
        "source": {"etag": wanted.source.etag, "size": wanted.source.size},
        kind: asdict(wanted.spec),
        **({HEADER: trace.header} if trace else {}),
    }


def wanted_in(event: Mapping[str, Any]) -> WantedPicture:
    """Return the picture that an event wants. Raises `LookupError`, `TypeError` or `ValueError`."""
    found = event["source"]
    return WantedPicture(
        event["video_id"],
        Source(etag=found["etag"], size=found["size"], sequencer=""),
        event["version"],
        _spec_in(event),
    )


def _spec_in(event: Mapping[str, Any]) -> PictureSpec:
    if image := event.get("image"):
        known = {"format": PictureFormat(image["format"]), "fit": Fit(image["fit"])}
        return ImageSpec(**{**image, **known})
    sheet = event["storyboard"]
    return StoryboardSpec(PictureFormat(sheet["format"]), StoryboardPlan(**sheet["plan"]))


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
