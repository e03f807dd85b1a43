"""Looks at several moments of a video by one run of ffmpeg."""

from collections.abc import Mapping

from functions.media import sandbox, thumbhash
from functions.media.children import LIMITS, OVER_HTTP, Children
from functions.media.splice.views import View

_FEW_PIXELS = f"scale={thumbhash.SIDE}:{thumbhash.SIDE}:flags=area,format=rgb24"
_SIZE = 3 * thumbhash.SIDE**2


def survey(children: Children, stream: str, views: Mapping[float, View]) -> dict[float, bytes]:
    """Return the red, green and blue of few pixels of the frames at some moments.

    `views` has what to read for each moment. A moment without a frame is missing. All of them are
    if their decoders need too much memory.
    """
    command = [children.ffmpeg, "-nostdin", "-hide_banner", "-v", "error"]
    for at_s, view in views.items():
        jump_s = at_s - view.clock_s
        seek = ["-threads", "1", "-ss", f"{jump_s:.3f}", "-i", view.source.location]
        command += [*LIMITS, *OVER_HTTP, *seek]
    files = [children.directory / f"moment-{n}.rgb" for n in range(len(views))]
    for n, file in enumerate(files):
        picture = ["-map", f"{n}:{stream}", "-frames:v", "1", "-vf", _FEW_PIXELS]
        command += [*picture, "-c:v", "rawvideo", "-f", "image2", "-update", "1", "-y", str(file)]
    children.try_run(*command)
    seen = zip(views, map(sandbox.read_output_file, files), strict=True)
    return {at_s: pixels for at_s, pixels in seen if pixels and len(pixels) == _SIZE}
