"""Looks at the keyframes near several moments of a video, by two short runs of child processes."""

from collections.abc import Sequence

from functions.media import probe, sandbox, thumbhash
from functions.media.children import LIMITS, OVER_HTTP, Children
from functions.media.probe import Probed

_FEW_PIXELS = f"scale={thumbhash.SIDE}:{thumbhash.SIDE}:flags=area,format=rgb24"
_SIZE = 3 * thumbhash.SIDE**2


def survey(children: Children, probed: Probed, moments_s: Sequence[float]) -> dict[float, bytes]:
    """Return the red, green and blue of few pixels of the frames after some keyframes, by moment.

    Only the beginning of a group of pictures is cheap to decode. The result has fewer frames if
    there are fewer keyframes, and none if the decoders together need too much memory.
    """
    frames_s = _after_keyframes(children, probed, moments_s)
    command = [children.ffmpeg, "-nostdin", "-hide_banner", "-v", "error"]
    for at_s in frames_s:
        seek = ["-threads", "1", "-ss", f"{at_s:.3f}", "-i", children.source.location]
        command += [*LIMITS, *OVER_HTTP, *seek]
    files = [children.directory / f"moment-{n}.rgb" for n in range(len(frames_s))]
    for n, file in enumerate(files):
        picture = ["-map", f"{n}:{probed.index}", "-frames:v", "1", "-vf", _FEW_PIXELS]
        command += [*picture, "-c:v", "rawvideo", "-f", "image2", "-update", "1", "-y", str(file)]
    if files:
        children.try_run(*command)
    seen = zip(frames_s, map(sandbox.read_output_file, files), strict=True)
    return {at_s: pixels for at_s, pixels in seen if pixels and len(pixels) == _SIZE}


def _after_keyframes(children: Children, probed: Probed, moments_s: Sequence[float]) -> list[float]:
    """Return the times of the frames that follow the keyframes before some moments."""
    intervals = ",".join(f"{at_s + probed.start_s:.3f}%+#1" for at_s in moments_s)
    options = ["-select_streams", str(probed.index), "-read_intervals", intervals]
    keyframes = children.run_ffprobe(*options, *probe.PACKET_TIMES, deep=probed.deep)
    after_s = probed.frame_s - probed.start_s
    return sorted({round(time_s + after_s, 3) for time_s in probe.times_s(keyframes.stdout)})
