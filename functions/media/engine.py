"""Reads a video's metadata and makes its thumbnail, with ffprobe and ffmpeg in a sandbox."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from functions.core.failures import TOO_LONG, UNKNOWN_DURATION, BadMedia
from functions.core.media import Media, MediaWarning, VideoStream
from functions.core.quotas import is_too_long
from functions.media import completeness, probe, sandbox
from functions.media.children import LIMITS, OVER_HTTP, Budget, Children
from functions.media.header import HeaderReader
from functions.media.probed import Probed
from functions.media.reader.source import OpenSource
from functions.media.shown import Shown
from functions.media.splice.views import Views
from functions.media.thumbnail import Frame, ThumbnailFinder

FFMPEG_FOR_AV1 = "ffmpeg-av1"
"""Name of a second ffmpeg, for AV1 alone. The local stack has one if its own decodes no AV1."""


@dataclass(frozen=True, slots=True)
class Inspection:
    """The metadata and the thumbnail of one file."""

    media: Media
    frame: Frame


class Engine:
    """Inspects files with the ffprobe and ffmpeg of one directory."""

    def __init__(
        self,
        ffmpeg_dir: Path,
        *,
        memory: int = sandbox.MAX_MEMORY,
        stores_location: bool = False,
    ) -> None:
        """Use the programs of a directory.

        `memory` limits each of them, in bytes. `stores_location` keeps the place of a recording.
        """
        self._memory = memory
        self._ffmpeg = str(ffmpeg_dir / "ffmpeg")
        self._ffprobe = str(ffmpeg_dir / "ffprobe")
        self._stores_location = stores_location

    def inspect(
        self,
        source: OpenSource,
        *,
        directory: Path,
        remaining_s: Callable[[], float],
        max_duration_s: int | None = None,
    ) -> Inspection:
        """Return the metadata and the thumbnail of a file.

        The child processes work in `directory`. `remaining_s` returns the seconds that this
        function may still run. `max_duration_s` limits the duration of the video.
        Raises `BadMedia` if the file is at fault, and `OutOfTime`.
        """
        budget = Budget.of(remaining_s())
        views = Views(source)
        children = Children(
            self._ffmpeg, self._ffprobe, self._memory, views.header(), directory, budget
        )
        header = HeaderReader(children, views, stores_location=self._stores_location)
        probed = header.read()
        _check_duration(probed.media, max_duration_s)
        children = select_decoder(children, probed.media.video_codec)
        probed, chosen = ThumbnailFinder(children, header, views).find(probed)
        media = _describe(children, probed, chosen.shown)
        # The header of a damaged file may state a duration that its packets correct.
        _check_duration(media, max_duration_s)
        truncated = MediaWarning.TRUNCATED if completeness.is_truncated(source) else None
        warnings = tuple(found for found in (truncated, probed.colours.warning) if found)
        is_mp4 = media.container in ("mp4", "mov")
        faststart = completeness.is_faststart(source) if is_mp4 else None
        return Inspection(replace(media, warnings=warnings, faststart=faststart), chosen.frame)


def select_decoder(children: Children, codec: str) -> Children:
    """Return the child processes with the ffmpeg that decodes a codec."""
    for_av1 = Path(children.ffmpeg).with_name(FFMPEG_FOR_AV1)
    if codec == "av1" and for_av1.exists():
        return replace(children, ffmpeg=str(for_av1))
    return children


def _check_duration(media: Media, limit: int | None) -> None:
    if not is_too_long(media.duration_s, limit):
        return
    if media.duration_s is None:
        raise BadMedia(UNKNOWN_DURATION, limit=limit)
    raise BadMedia(TOO_LONG, duration=round(media.duration_s), limit=limit)


def _describe(children: Children, probed: Probed, frame: Shown | None) -> Media:
    """Return the header's metadata, corrected by the frame's."""
    media = probed.media
    if not frame:
        return media
    expected = (media.width, media.height)
    if media.rotation in (90, 270):
        expected = expected[::-1]
    turned = expected == (frame.height, frame.width) and frame.width != frame.height
    may_differ = turned or media.video_codec == "mjpeg"
    rotation = _find_rotation(children, probed) if may_differ else None
    if rotation is None:
        rotation = media.rotation
    streams = tuple(
        replace(stream, rotation=rotation)
        if isinstance(stream, VideoStream) and stream.index == probed.index
        else stream
        for stream in media.streams
    )
    return replace(
        media, width=frame.width, height=frame.height, rotation=rotation, streams=streams
    )


def _find_rotation(children: Children, probed: Probed) -> int | None:
    """Read the rotation of the first frame: Exif and SEI messages may state it."""
    frames = children.try_run(
        *(children.ffprobe, "-v", "error", *LIMITS, *OVER_HTTP, *probe.ORIENTATION),
        *("-select_streams", str(probed.index), "-read_intervals", "%+#1"),
        children.source.location,
    )
    return probe.orientation(frames.stdout) if frames else None
