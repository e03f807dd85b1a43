"""How ffmpeg scales and encodes a frame: as the thumbnail, or as an image of any size."""

from dataclasses import dataclass

from functions.core.pictures import Fit, ImageSpec, PictureFormat
from functions.media import shown
from functions.media.colour import FULL_RANGE, LIMITED_RANGE, Range

_THUMBNAIL_BOX = (320, 240)
"""Largest width and height in pixels, as in the legacy API; the aspect ratio is kept."""

_MAX_SIDE = 4096
"""Largest width and height of an image in pixels: 4K, even if the video has 8K."""

_ACROSS = f"iw*{shown.PIXEL_ASPECT}"
"""The width of a frame with square pixels, as an expression of the `scale` filter."""

_ENCODERS = {
    PictureFormat.JPEG: ("-c:v", "mjpeg", "-q:v", "3"),
    PictureFormat.WEBP: ("-c:v", "libwebp", "-quality", "80"),
}
"""The encoder of images, with a quality whose artefacts are hard to see at full size."""

_RANGES = {PictureFormat.JPEG: FULL_RANGE, PictureFormat.WEBP: LIMITED_RANGE}


@dataclass(frozen=True, slots=True)
class Drawing:
    """How ffmpeg scales and encodes a frame."""

    format: PictureFormat
    encoder: tuple[str, ...]
    """ffmpeg's output options."""
    width: str
    height: str
    """The sides to which the frame is scaled, as expressions of the `scale` filter."""
    crop: str = ""
    """The filter that then cuts the middle out, if any."""
    has_few_pixels: bool = False
    """Whether ffmpeg also writes the frame in the few pixels that `thumbhash` and `plain` need."""

    @property
    def range(self) -> Range:
        """The range of the format's colours."""
        return _RANGES[self.format]


def thumbnail() -> Drawing:
    """Return the drawing of the thumbnail: it fits into a box and has even sides."""
    width, height = _THUMBNAIL_BOX
    factor = f"min(1,min({width}/({_ACROSS}),{height}/ih))"
    wide, high = (f"max(2,trunc({side}*{factor}/2)*2)" for side in (_ACROSS, "ih"))
    encoder = ("-c:v", "mjpeg", "-q:v", "2")
    return Drawing(PictureFormat.JPEG, encoder, wide, high, has_few_pixels=True)


def image(spec: ImageSpec) -> Drawing:
    """Return the drawing of an image. It is never larger than the frame."""
    encoder = _ENCODERS[spec.format]
    if spec.fit is Fit.COVER and spec.width and spec.height:
        return Drawing(spec.format, encoder, *_cover(spec.width, spec.height))
    width, height = (min(side or _MAX_SIDE, _MAX_SIDE) for side in (spec.width, spec.height))
    factor = f"min(1,min({width}/({_ACROSS}),{height}/ih))"
    wide, high = (f"max(1,round({side}*{factor}))" for side in (_ACROSS, "ih"))
    return Drawing(spec.format, encoder, wide, high)


def _cover(width: int, height: int) -> tuple[str, str, str]:
    """Return the sides and the crop that fill a box.

    A box that is larger than the frame shrinks first, in its own aspect ratio.
    """
    largest = min(1, _MAX_SIDE / max(width, height))
    factor = f"min({largest},min({_ACROSS}/{width},ih/{height}))"
    wide = f"max(1,round(max({width}*{factor},{_ACROSS}*{height}*{factor}/ih)))"
    high = f"max(1,round(max({height}*{factor},ih*{width}*{factor}/({_ACROSS}))))"
    across = f"max(1,min(iw,round(ih*{width}/{height})))"
    down = f"max(1,min(ih,round(iw*{height}/{width})))"
    # Otherwise `crop` would round odd sides down, because pixels share their colour.
    return wide, high, f"crop=w='{across}':h='{down}':exact=1"
