"""Probes a video and makes its thumbnail, with ffprobe and ffmpeg in a sandbox."""

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import NamedTemporaryFile

from functions.core.failures import ENCRYPTED, OUT_OF_MEMORY, TOO_SLOW, BadMedia, FailureCode
from functions.core.formats import DEMUXERS
from functions.core.video import Media
from functions.media import ffmpeg_errors, last_packets, probe
from functions.media.decoders import SOUND_DECODERS, SUBTITLE_DECODERS, VIDEO_DECODERS
from functions.media.probe import ODDEST_PIXEL, Probed
from functions.media.reader.source import OpenSource
from functions.media.sandbox import (
    ChildTimedOut,
    ChildUsedUpCpu,
    ChildUsedUpMemory,
    Finished,
    run,
    written,
)

PROTOCOLS = ("http", "tcp")
"""The protocols by which ffmpeg reads an upload, from the loopback server."""

_THUMBNAIL_BOX = (320, 240)
"""Pixels: the ancestor's size, without its distortion."""

_THUMBNAIL_POSITION = 0.1
"""Of the duration: past black frames and titles, as the ancestor had it."""

_SIGNATURE = 16
"""Bytes in which every container says what it is."""

_MAX_ALLOC = 256 << 20
_RECEIVE_BUFFER = 32 << 10
"""Bytes: what a child has received, it may never read."""

_CHILD_S = 60
_SEARCH_S = 30
"""For the frame at 10%: what is left of a child's time is for the first frame instead."""

_MOST_WALKED = 256 << 20
"""Bytes of a file that is read to its end to find out how long it lasts, if it does not say."""

_PRE_ROLL_S = {"mpeg-ts": 12.0, "mpeg-ps": 12.0, "avi": 1.0}
"""Seconds by which containers are sought earlier that do not know where their keyframes are shown.

MPEG streams have no index, so that a seek ends anywhere; AVI's counts frames as they are coded,
and DivX packed two into one. Measured with old and broadcast files, and generous.
"""

_RESERVE_S = 20
"""Kept of the function's time to publish and record what was found."""

_FILE_S = 95
"""For all that is done with one file. The function has 120 s: less than these is its own fault."""

_LIMITS = [
    *("-max_alloc", str(_MAX_ALLOC)),
    *("-format_whitelist", ",".join(DEMUXERS)),
    *("-codec_whitelist:v", VIDEO_DECODERS),
    *("-codec_whitelist:a", SOUND_DECODERS),
    *("-codec_whitelist:s", SUBTITLE_DECODERS),
    *("-max_streams", str(ffmpeg_errors.MAX_STREAMS + ffmpeg_errors.MAX_ATTACHMENTS)),
    *("-max_pixels", str(ffmpeg_errors.MAX_PIXELS)),
]
_OVER_HTTP = [
    *("-protocol_whitelist", ",".join(PROTOCOLS)),
    *("-recv_buffer_size", str(_RECEIVE_BUFFER)),
    # As much as is in flight. Without it ffmpeg asks the kernel before each of a million seeks.
    *("-short_seek_size", str(2 * _RECEIVE_BUFFER)),
]
_FROM_FILE = ["-protocol_whitelist", "file"]


@dataclass(frozen=True, slots=True)
class Frame:
    """A JPEG that was verified to decode."""

    jpeg: bytes
    width: int
    height: int
    at_s: float
    fallback: bool


@dataclass(frozen=True, slots=True)
class Inspection:
    """All that is to be known about one file."""

    media: Media
    frame: Frame


class OutOfTime(Exception):
    """The function's own time ran out: not the file's fault, so another attempt may do."""


class Engine:
    """ffprobe and ffmpeg from one directory."""

    def __init__(self, ffmpeg_dir: Path) -> None:
        """Take the directory that holds `ffmpeg` and `ffprobe`."""
        self._ffmpeg = str(ffmpeg_dir / "ffmpeg")
        self._ffprobe = str(ffmpeg_dir / "ffprobe")

    def inspect(
        self, source: OpenSource, *, directory: Path, remaining_s: Callable[[], float]
    ) -> Inspection:
        """Return the metadata and the thumbnail of a file.

        The children work in `directory`; `remaining_s` tells how long this function may still
        run. Raises `BadMedia` for everything that is the file's fault, and `OutOfTime`.
        """
        budget = _Budget.of(remaining_s() - _RESERVE_S)
        inspector = _Inspector(self._ffmpeg, self._ffprobe, source, directory, budget)
        probed = inspector.probe()
        return Inspection(media=probed.media, frame=inspector.thumbnail(probed))


@dataclass(frozen=True, slots=True)
class _Budget:
    """The time for one file."""

    ends: float
    """On the monotonic clock."""
    is_whole: bool
    """Whether it is all that any file gets, and not what a late function has left."""

    @classmethod
    def of(cls, available_s: float) -> "_Budget":
        """Return the part of the function's time that a file may have."""
        return cls(time.monotonic() + min(available_s, _FILE_S), available_s >= _FILE_S)

    def left_s(self) -> float:
        """Return what is left."""
        return self.ends - time.monotonic()

    def used_up(self) -> BadMedia | OutOfTime:
        """Return the error of who has nothing left: the file's fault, or the function's."""
        if self.is_whole:
            return BadMedia(TOO_SLOW)
        return OutOfTime("The function's time was used up before the file's.")


@dataclass(frozen=True, slots=True)
class _Inspector:
    """The work on one file."""

    ffmpeg: str
    ffprobe: str
    source: OpenSource
    directory: Path
    budget: _Budget

    def probe(self) -> Probed:
        finished = self._run(
            *(self.ffprobe, "-v", "error", *_LIMITS, *_OVER_HTTP, *probe.REPORT),
            self.source.location,
        )
        if ffmpeg_errors.of_too_many_streams(finished.stderr):
            raise ffmpeg_errors.too_many_streams()
        if finished.exit_code != 0:
            raise ffmpeg_errors.unreadable(
                finished.stderr,
                head=self.source.read(0, _SIGNATURE),
                crashed=finished.exit_code < 0,
            )
        try:
            probed = probe.probed(finished.stdout)
        except probe.SENSELESS as error:
            # A decoder that is missing may be why: ffprobe does not say so, ffmpeg does.
            tried = self._run(*self._frame(0, self.directory / "first.jpg"))
            raise ffmpeg_errors.undescribed(finished.stderr + tried.stderr) from error
        if not probed.packet_seen and self._is_encrypted():
            raise BadMedia(ENCRYPTED)
        if probed.media.duration_s:
            return probed
        duration_s = self._duration_s(probed.start_s)
        return replace(probed, media=replace(probed.media, duration_s=duration_s))

    def _is_encrypted(self) -> bool:
        finished = self._run(
            *(self.ffprobe, "-v", "error", *_LIMITS, *_OVER_HTTP, *probe.FIRST_PACKET),
            self.source.location,
        )
        return probe.is_encrypted(finished.stdout)

    def _duration_s(self, start_s: float) -> float | None:
        """Return how long a video lasts that does not say so: from its last packets, or all."""
        for clip in last_packets.clips(self.source):
            with NamedTemporaryFile(dir=self.directory) as file:
                file.write(clip)
                file.flush()
                finished = self._run_in_time(
                    *(self.ffprobe, "-v", "error", *_LIMITS, *_FROM_FILE, *last_packets.REPORT),
                    file.name,
                )
            end_s = last_packets.end_s(finished.stdout) if finished else None
            if end_s and end_s > start_s:
                return round(end_s - start_s, 3)
        return self._walked_s() if self.source.size <= _MOST_WALKED else None

    def _walked_s(self) -> float | None:
        """Return how long the video lasts by looking at every packet."""
        walked = self._run_in_time(
            *(self.ffmpeg, "-nostdin", "-v", "error", *_LIMITS, *_OVER_HTTP),
            *("-i", self.source.location, "-map", "0:V:0", "-c", "copy", "-f", "null"),
            *(*last_packets.PROGRESS, "-"),
        )
        return last_packets.progress_s(walked.stdout) if walked else None

    def thumbnail(self, probed: Probed) -> Frame:
        media = probed.media
        jpeg = self.directory / "thumbnail.jpg"
        at_s = round((media.duration_s or 0) * _THUMBNAIL_POSITION, 3)
        roll_s = _PRE_ROLL_S.get(media.container, 0)
        if probed.palette or at_s < 2 * roll_s:
            roll_s = at_s  # from the beginning
        if at_s > 0:
            found = self._run_in_time(*self._frame(at_s, jpeg, roll_s=roll_s))
            if found and probed.protected and f"[{media.video_codec} @" in found.stderr:
                # The first part is often clear, and the decoder complains of what follows.
                raise BadMedia(ENCRYPTED)
            frame = self._verified(jpeg, at_s=at_s, fallback=False) if found else None
            if frame:
                return frame
        finished = self._run(*self._frame(0, jpeg), limit_s=_CHILD_S - _SEARCH_S)
        frame = self._verified(jpeg, at_s=0, fallback=True)
        if frame:
            return frame
        raise ffmpeg_errors.undecodable(finished.stderr, media.video_codec)

    def _frame(self, at_s: float, jpeg: Path, *, roll_s: float = 0) -> list[str]:
        """Return the command that writes the frame at a moment.

        It decodes forward from the keyframe before it, or from `roll_s` earlier.
        """
        return [
            *(self.ffmpeg, "-nostdin", "-hide_banner", "-v", "error", *_LIMITS, *_OVER_HTTP),
            # Not `-ss 0`: it drops frames whose time is unknown or negative.
            *("-threads", "2", *(["-ss", f"{at_s - roll_s:.3f}"] if at_s > roll_s else [])),
            *("-i", self.source.location, *(["-ss", f"{roll_s:.3f}"] if roll_s else [])),
            *("-map", "0:V:0", "-an", "-sn", "-dn", "-map_metadata", "-1", "-frames:v", "1"),
            *("-vf", _fit(*_THUMBNAIL_BOX), "-q:v", "2"),
            *("-f", "image2", "-update", "1", "-y", str(jpeg)),
        ]

    def _verified(self, file: Path, *, at_s: float, fallback: bool) -> Frame | None:
        """Return the picture if it decodes: ffmpeg exits with 0 without one, too."""
        jpeg = written(file)
        if not jpeg:
            return None
        finished = self._run(
            *(self.ffprobe, "-v", "error", *_FROM_FILE, "-f", "jpeg_pipe"),
            *(*probe.PICTURE_REPORT, str(file)),
        )
        size = probe.picture_size(finished.stdout)
        if finished.exit_code != 0 or finished.stderr or not size:
            return None
        return Frame(jpeg, *size, at_s, fallback)

    def _run_in_time(self, *command: str) -> Finished | None:
        """Run what need not succeed: some files cannot be searched quickly."""
        try:
            return self._run(*command, limit_s=_SEARCH_S)
        except BadMedia as error:
            if error.code is FailureCode.TIMED_OUT:
                return None
            raise

    def _run(self, *command: str, limit_s: float | None = None) -> Finished:
        limit_s = limit_s or _CHILD_S
        left_s = self.budget.left_s()
        if left_s <= 0:
            raise self.budget.used_up()
        try:
            return run(list(command), directory=self.directory, timeout_s=min(limit_s, left_s))
        except ChildUsedUpMemory as error:
            raise BadMedia(OUT_OF_MEMORY) from error
        except ChildUsedUpCpu as error:
            raise BadMedia(TOO_SLOW) from error
        except ChildTimedOut as error:
            raise (self.budget.used_up() if left_s < limit_s else BadMedia(TOO_SLOW)) from error


def _fit(width: int, height: int) -> str:
    """Return a filter that fits a box: aspect kept, never enlarged, even, square pixels."""
    sar = f"if(between(sar,{1 / ODDEST_PIXEL},{ODDEST_PIXEL}),sar,1)"
    factor = f"min(1,min({width}/(iw*{sar}),{height}/ih))"
    wide, high = (f"max(2,trunc({side}*{factor}/2)*2)" for side in (f"iw*{sar}", "ih"))
    # A JPEG is BT.601 of full range and cannot say otherwise; a video of today is BT.709.
    # https://www.w3.org/Graphics/JPEG/jfif3.pdf
    colours = "out_color_matrix=bt601:out_range=pc"
    return f"scale=w='{wide}':h='{high}':{colours},format=yuvj420p,setsar=1"
