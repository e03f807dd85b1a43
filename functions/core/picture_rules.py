"""Which pictures callers may ask for, how many, and which picture a request means."""

import re
from dataclasses import dataclass

from functions.core.media import Media
from functions.core.pictures import Fit, ImageSpec, PictureFormat, StoryboardSpec
from functions.core.storyboard import plan_storyboard

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


def check_ladder(asked: AskedImage) -> None:
    """Raise `NotOnLadder` unless every caller may ask for this image."""
    widths = ", ".join(map(str, LADDER))
    if not _has_usual_size(asked):
        raise NotOnLadder(f"w may be {widths} here, without h and fit")
    if asked.moment and "%" not in asked.moment and not _is_whole(asked.moment):
        raise NotOnLadder("t must be whole seconds or a percentage here")


def is_poster(asked: AskedImage) -> bool:
    """Tell whether an image is one of the few of `LADDER` at the default moment.

    They do not count, because every page and player asks for them.
    """
    return _has_usual_size(asked) and asked.moment is None


def _has_usual_size(asked: AskedImage) -> bool:
    return asked.width in (None, *LADDER) and not asked.height and asked.fit is Fit.CONTAIN


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
            raise InvalidPicture(
                "t", f"The video lasts {duration_s:g} seconds: give no later moment"
            )
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
