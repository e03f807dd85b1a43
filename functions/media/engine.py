"""Reads a video's metadata and makes its thumbnail, with ffprobe and ffmpeg in a sandbox."""

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import NamedTemporaryFile

from functions.core import failures
from functions.core.failures import BadMedia, FailureCode
from functions.core.formats import DEMUXERS
from functions.core.video import Media
from functions.media import ffmpeg_errors, last_packets, probe, sandbox
from functions.media.decoders import SOUND_DECODERS, SUBTITLE_DECODERS, VIDEO_DECODERS
from functions.media.probe import MAX_PIXEL_ASPECT, Probed
from functions.media.reader.source import OpenSource
from functions.media.sandbox import Finished

PROTOCOLS = ("http", "tcp")
"""The protocols that ffmpeg may use: it reads every upload from the loopback server."""

_THUMBNAIL_BOX = (320, 240)
"""Largest width and height in pixels, as in the legacy API; the aspect ratio is kept."""

_THUMBNAIL_POSITION = 0.1
"""The share of the duration before the thumbnail, as in the legacy API: past black frames."""

_SIGNATURE = 16
"""Bytes at the beginning of a file that hold the signature of any supported container."""

_MAX_ALLOC = 256 << 20
_RECEIVE_BUFFER = 32 << 10
"""Bytes of a child's receive buffer. It is small because received bytes are often not needed."""

_CHILD_S = 60
"""Seconds that one child process may run."""

_SEARCH_S = 30
"""Seconds that an optional step may run, such as seeking the frame at 10% of the duration."""

_MAX_SCANNED = 256 << 20
"""Largest file, in bytes, that Clipo reads to its end to learn its duration."""

_PRE_ROLL_S = {"mpeg-ts": 12.0, "mpeg-ps": 12.0, "avi": 1.0}
"""Seconds to seek before the wanted moment, in containers with an inexact index.

MPEG streams have no index, so a seek may land anywhere. AVI's index counts coded frames, and DivX
packs two pictures into one. The values cover the old and broadcast files that were measured.
"""

_RESERVE_S = 20
"""Seconds that the function keeps to publish the thumbnail and to save the result."""

_FILE_S = 95
"""Seconds for all work on one file. The function's timeout of 120 s leaves room for the rest."""

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
    # This covers the bytes in flight. Otherwise ffmpeg makes a system call before each short seek.
    *("-short_seek_size", str(2 * _RECEIVE_BUFFER)),
]
_FROM_FILE = ["-protocol_whitelist", "file"]


@dataclass(frozen=True, slots=True)
class Frame:
    """The thumbnail: a JPEG that is known to decode."""

    jpeg: bytes
    width: int
    height: int
    at_s: float
    fallback: bool


@dataclass(frozen=True, slots=True)
class Inspection:
    """The metadata and the thumbnail of one file."""

    media: Media
    frame: Frame


class OutOfTime(Exception):
    """The function's own time ran out, not the file's: another attempt may succeed."""


class Engine:
    """Inspects files with the ffprobe and ffmpeg of one directory."""

    def __init__(self, ffmpeg_dir: Path) -> None:
        self._ffmpeg = str(ffmpeg_dir / "ffmpeg")
        self._ffprobe = str(ffmpeg_dir / "ffprobe")

    def inspect(
        self, source: OpenSource, *, directory: Path, remaining_s: Callable[[], float]
    ) -> Inspection:
        """Return the metadata and the thumbnail of a file.

        The child processes work in `directory`. `remaining_s` returns the seconds that this
        function may still run. Raises `BadMedia` if the file is at fault, and `OutOfTime`.
        """
        budget = _Budget.of(remaining_s() - _RESERVE_S)
        inspector = _Inspector(self._ffmpeg, self._ffprobe, source, directory, budget)
        probed = inspector.probe()
        return Inspection(media=probed.media, frame=inspector.make_thumbnail(probed))


@dataclass(frozen=True, slots=True)
class _Budget:
    """The time for one file."""

    ends: float
    """Deadline on the monotonic clock."""
    is_full: bool
    """Whether the file gets all of `_FILE_S`, not only what the function has left."""

    @classmethod
    def of(cls, available_s: float) -> "_Budget":
        return cls(time.monotonic() + min(available_s, _FILE_S), available_s >= _FILE_S)

    def left_s(self) -> float:
        return self.ends - time.monotonic()

    def used_up(self) -> BadMedia | OutOfTime:
        """Return the error for an exhausted budget: only a full one is the file's fault."""
        if self.is_full:
            return BadMedia(failures.TOO_SLOW)
        return OutOfTime("The function ran out of time before the file used up its own.")


@dataclass(frozen=True, slots=True)
class _Inspector:
    """Inspects one file."""

    ffmpeg: str
    ffprobe: str
    source: OpenSource
    directory: Path
    budget: _Budget

    def probe(self) -> Probed:
        finished = self._run_ffprobe(probe.REPORT)
        if ffmpeg_errors.has_too_many_streams(finished.stderr):
            raise BadMedia(failures.TOO_MANY_STREAMS, limit=ffmpeg_errors.MAX_STREAMS)
        if finished.exit_code != 0:
            raise ffmpeg_errors.unreadable(
                finished.stderr,
                head=self.source.read(0, _SIGNATURE),
                crashed=finished.exit_code < 0,
            )
        try:
            probed = probe.parse_report(finished.stdout)
        except probe.MALFORMED as error:
            # The reason may be a missing decoder, which only ffmpeg reports.
            tried = self._run(*self._frame_command(0, self.directory / "first.jpg"))
            raise ffmpeg_errors.undescribed(finished.stderr + tried.stderr) from error
        if not probed.packet_seen:
            first_packet = self._run_ffprobe(probe.FIRST_PACKET)
            if probe.is_encrypted(first_packet.stdout):
                raise BadMedia(failures.ENCRYPTED)
        if probed.media.duration_s:
            return probed
        duration_s = self._find_duration_s(probed.start_s)
        return replace(probed, media=replace(probed.media, duration_s=duration_s))

    def _run_ffprobe(self, options: list[str]) -> Finished:
        command = [self.ffprobe, "-v", "error", *_LIMITS, *_OVER_HTTP, *options]
        return self._run(*command, self.source.location)

    def _find_duration_s(self, start_s: float) -> float | None:
        """Find a duration that the file does not state: in its last packets, or in all of them."""
        for clip in last_packets.clips(self.source):
            with NamedTemporaryFile(dir=self.directory) as file:
                file.write(clip)
                file.flush()
                finished = self._try(
                    *(self.ffprobe, "-v", "error", *_LIMITS, *_FROM_FILE, *last_packets.REPORT),
                    file.name,
                )
            end_s = last_packets.end_s(finished.stdout) if finished else None
            if end_s and end_s > start_s:
                return round(end_s - start_s, 3)
        return self._scan_duration_s() if self.source.size <= _MAX_SCANNED else None

    def _scan_duration_s(self) -> float | None:
        """Find the duration by reading every packet."""
        scanned = self._try(
            *(self.ffmpeg, "-nostdin", "-v", "error", *_LIMITS, *_OVER_HTTP),
            *("-i", self.source.location, "-map", "0:V:0", "-c", "copy", "-f", "null"),
            *(*last_packets.PROGRESS, "-"),
        )
        return last_packets.progress_s(scanned.stdout) if scanned else None

    def make_thumbnail(self, probed: Probed) -> Frame:
        media = probed.media
        jpeg = self.directory / "thumbnail.jpg"
        at_s = round((media.duration_s or 0) * _THUMBNAIL_POSITION, 3)
        roll_s = _PRE_ROLL_S.get(media.container, 0)
        if probed.palette or at_s < 2 * roll_s:
            roll_s = at_s  # decode from the beginning
        if at_s > 0:
            found = self._try(*self._frame_command(at_s, jpeg, roll_s=roll_s))
            if found and probed.protected and f"[{media.video_codec} @" in found.stderr:
                # The first part is often clear; the decoder fails in the encrypted part after it.
                raise BadMedia(failures.ENCRYPTED)
            frame = self._verify(jpeg, at_s=at_s, fallback=False) if found else None
            if frame:
                return frame
        finished = self._run(*self._frame_command(0, jpeg), limit_s=_CHILD_S - _SEARCH_S)
        frame = self._verify(jpeg, at_s=0, fallback=True)
        if frame:
            return frame
        raise ffmpeg_errors.undecodable(finished.stderr, media.video_codec)

    def _frame_command(self, at_s: float, jpeg: Path, *, roll_s: float = 0) -> list[str]:
        """Return the command that writes the frame at `at_s`.

        ffmpeg seeks to `roll_s` before it and decodes forward from the keyframe there.
        """
        return [
            *(self.ffmpeg, "-nostdin", "-hide_banner", "-v", "error", *_LIMITS, *_OVER_HTTP),
            # `-ss 0` would drop frames whose time is unknown or negative.
            *("-threads", "2", *(["-ss", f"{at_s - roll_s:.3f}"] if at_s > roll_s else [])),
            *("-i", self.source.location, *(["-ss", f"{roll_s:.3f}"] if roll_s else [])),
            *("-map", "0:V:0", "-an", "-sn", "-dn", "-map_metadata", "-1", "-frames:v", "1"),
            *("-vf", _scale_filter(*_THUMBNAIL_BOX), "-q:v", "2"),
            *("-f", "image2", "-update", "1", "-y", str(jpeg)),
        ]

    def _verify(self, file: Path, *, at_s: float, fallback: bool) -> Frame | None:
        """Return the picture if it decodes: ffmpeg may exit with 0 and write none."""
        jpeg = sandbox.read_output_file(file)
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

    def _try(self, *command: str) -> Finished | None:
        """Run an optional step. Return `None` if it takes longer than `_SEARCH_S`."""
        try:
            return self._run(*command, limit_s=_SEARCH_S)
        except BadMedia as error:
            if error.code is FailureCode.TIMED_OUT:
                return None
            raise

    def _run(self, *command: str, limit_s: float | None = None) -> Finished:
        """Run a child process and raise its timeouts and memory failures as `BadMedia`."""
        limit_s = limit_s or _CHILD_S
        left_s = self.budget.left_s()
        if left_s <= 0:
            raise self.budget.used_up()
        try:
            timeout_s = min(limit_s, left_s)
            return sandbox.run(list(command), directory=self.directory, timeout_s=timeout_s)
        except sandbox.ChildUsedUpMemory as error:
            raise BadMedia(failures.OUT_OF_MEMORY) from error
        except sandbox.ChildUsedUpCpu as error:
            raise BadMedia(failures.TOO_SLOW) from error
        except sandbox.ChildTimedOut as error:
            reason = self.budget.used_up() if left_s < limit_s else BadMedia(failures.TOO_SLOW)
            raise reason from error


def _scale_filter(width: int, height: int) -> str:
    """Return a filter that fits the picture into a box, with even sides and square pixels.

    It keeps the aspect ratio and never enlarges.
    """
    sar = f"if(between(sar,{1 / MAX_PIXEL_ASPECT},{MAX_PIXEL_ASPECT}),sar,1)"
    factor = f"min(1,min({width}/(iw*{sar}),{height}/ih))"
    wide, high = (f"max(2,trunc({side}*{factor}/2)*2)" for side in (f"iw*{sar}", "ih"))
    # A JPEG always has full-range BT.601 colours; most videos have BT.709 colours.
    # https://www.w3.org/Graphics/JPEG/jfif3.pdf
    colours = "out_color_matrix=bt601:out_range=pc"
    return f"scale=w='{wide}':h='{high}':{colours},format=yuvj420p,setsar=1"
