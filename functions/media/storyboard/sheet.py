"""Joins tiles to one sheet, and encodes it in so few bytes that a page loads it quickly."""

import struct
from collections.abc import Iterator, Sequence

from functions.core.failures import UNDECODABLE, BadMedia
from functions.core.pictures import PictureFormat
from functions.core.storyboard import StoryboardPlan
from functions.media import encoded, sandbox
from functions.media.children import FROM_FILE, Children
from functions.media.picture import Picture
from functions.media.storyboard.avi_file import write_avi

MAX_BYTES = 300_000
"""Most bytes of a sheet."""

_FULL_RANGE = "setparams=range=pc"
_LIMITED_RANGE = "scale=in_range=pc:out_range=tv,format=yuv420p"
"""WebP has limited range only."""

_SHARES = (1, 1, 1, 1, 1, 2, 4)
"""Factor by which to reduce the details at each level. Noise is too large at any quality."""

_LEVELS = {
    PictureFormat.JPEG: [
        (f"{_FULL_RANGE},format=yuvj420p", ["-c:v", "mjpeg", "-q:v", str(quality)])
        for quality in (3, 6, 10, 18, 31, 31, 31)
    ],
    PictureFormat.WEBP: [
        (f"{_FULL_RANGE},{_LIMITED_RANGE}", ["-c:v", "libwebp", "-quality", str(quality)])
        for quality in (80, 60, 40, 20, 5, 5, 5)
    ],
}
"""Filters and encoders of each level, from the best quality to the worst."""

_USUAL_LEVELS = 2
_BLACK = 0
_GREY = 128


def encode_sheet(
    children: Children, plan: StoryboardPlan, tiles: Sequence[bytes], picture_format: PictureFormat
) -> Picture:
    """Return the sheet at the best quality at which it has at most `MAX_BYTES`.

    `tiles` has the pixels of each tile. If the sheet is too large at every quality, the smallest is
    returned.
    """
    children.directory.joinpath("sheet.avi").write_bytes(_avi(plan, _join(plan, tiles)))
    levels = range(len(_SHARES))
    found: list[Picture] = []
    for chosen in (levels[:_USUAL_LEVELS], levels[_USUAL_LEVELS:]):
        found += _encode(children, plan, chosen, picture_format)
        small = next((one for one in found if len(one.content) <= MAX_BYTES), None)
        if small:
            return small
    if not found:
        raise BadMedia(UNDECODABLE)
    return min(found, key=lambda one: len(one.content))


def _encode(
    children: Children, plan: StoryboardPlan, levels: range, picture_format: PictureFormat
) -> Iterator[Picture]:
    """Encode the sheet at several levels by one run of ffmpeg."""
    command = [children.ffmpeg, "-nostdin", "-hide_banner", "-v", "error", *FROM_FILE]
    command += ["-format_whitelist", "avi", "-f", "avi", "-i", "sheet.avi"]
    files = {level: children.directory / f"sheet-{level}.{picture_format}" for level in levels}
    for level, file in files.items():
        filters, encoder = _LEVELS[picture_format][level]
        command += ["-map", "0:v:0", "-vf", f"{_blur(plan, _SHARES[level])}{filters}"]
        command += [*encoder, "-map_metadata", "-1", "-frames:v", "1"]
        command += ["-f", "image2", "-update", "1", "-y", str(file)]
    children.run(*command)
    for file in files.values():
        content = sandbox.read_output_file(file)
        picture = encoded.picture(content, picture_format) if content else None
        if picture and (picture.width, picture.height) == (plan.width, plan.height):
            yield picture


def _blur(plan: StoryboardPlan, share: int) -> str:
    if share == 1:
        return ""
    width, height = plan.width, plan.height
    return f"scale={width // share}:{height // share}:flags=area,scale={width}:{height},"


def _join(plan: StoryboardPlan, tiles: Sequence[bytes]) -> bytes:
    """Return the pixels of the sheet, one plane after the other. Cells without a tile are black."""
    sheet, begin = b"", 0
    for share, background in ((1, _BLACK), (2, _GREY), (2, _GREY)):
        width, height = plan.tile_width // share, plan.tile_height // share
        row = plan.columns * width
        plane = bytearray([background]) * (row * plan.rows * height)
        for cue, pixels in zip(plan.cues, tiles, strict=True):
            start = cue.y // share * row + cue.x // share
            for line in range(height):
                at, of = start + line * row, begin + line * width
                plane[at : at + width] = pixels[of : of + width]
        sheet, begin = sheet + plane, begin + width * height
    return sheet


def _avi(plan: StoryboardPlan, pixels: bytes) -> bytes:
    """Return an AVI file of one uncompressed frame, because our ffmpeg reads no raw files."""
    size, sides = len(pixels), (plan.width, plan.height)
    bitmap = struct.pack("<IiiHH4sI16x", 40, *sides, 1, 12, b"I420", size)
    return write_avi(bitmap, [pixels])
