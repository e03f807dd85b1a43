"""Reads a video's metadata and makes its thumbnail, with ffprobe and ffmpeg in a sandbox."""

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import NamedTemporaryFile

from functions.core import failures
from functions.core.failures import BadMedia, FailureCode
from functions.core.formats import DEMUXERS
from functions.core.video import Fallback, Media, MediaWarning
from functions.media import (
    completeness,
    ffmpeg_errors,
    last_packets,
    matroska_crop,
    outline,
    plain,
    probe,
    sandbox,
    shown,
)
from functions.media.colour import Colours
from functions.media.decoders import SOUND_DECODERS, SUBTITLE_DECODERS, VIDEO_DECODERS
from functions.media.probe import Probed
from functions.media.reader.source import OpenSource
from functions.media.sandbox import Finished
from functions.media.shown import Shown

PROTOCOLS = ("http", "tcp")
"""The protocols that ffmpeg may use: it reads every upload from the loopback server."""

_THUMBNAIL_BOX = (320, 240)
"""Largest width and height in pixels, as in the legacy API; the aspect ratio is kept."""

_THUMBNAIL_POSITION = 0.1
"""Position of the thumbnail as a share of the duration, as in the legacy API: past black frames."""

_BRIGHTER_POSITIONS = (0.25, 0.5)
"""Shares of the duration at which to look for a frame that is better than a dark one."""

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

_ROUNDING_S = 0.001
"""Precision of times in Matroska and FLV, in seconds."""

_LATE_FRAMES = 0.25
"""Frames by which a frame may begin after the wanted moment: timestamps are rounded."""

_PRE_ROLL_S = {"mpeg-ts": 12.0, "mpeg-ps": 12.0, "avi": 1.0}
"""Seconds to seek before the wanted moment, in containers with an inexact index.

MPEG streams have no index, so a seek may land anywhere. AVI's index counts coded frames, and DivX
packs two pictures into one. The values cover the old and broadcast files that were measured.
"""

_WITHOUT_HEADER = {"mpeg", "mpegts", "flv"}
"""ffprobe's names of the formats that do not list their streams in a header."""

_PICTURE_CLOCK = {"mpeg-ts", "mpeg-ps", "ogg"}
"""Containers in which ffmpeg counts time from the beginning of the picture, not of the file."""

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
    *("-max_streams", str(ffmpeg_errors.MAX_OTHER_STREAMS + ffmpeg_errors.MAX_STREAMS)),
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
    fallback: Fallback | None = None


@dataclass(frozen=True, slots=True)
class _Taken:
    """A frame, with its time and size as ffmpeg printed them, if it did."""

    frame: Frame
    shown: Shown | None

    @property
    def is_plain(self) -> bool:
        return plain.is_plain(self.frame.jpeg)


@dataclass(frozen=True, slots=True)
class Inspection:
    """The metadata and the thumbnail of one file."""

    media: Media
    frame: Frame


class OutOfTime(Exception):
    """The function ran out of time before the file used up its own: another attempt may succeed."""


class Engine:
    """Inspects files with the ffprobe and ffmpeg of one directory."""

    def __init__(self, ffmpeg_dir: Path, *, memory: int = sandbox.MAX_MEMORY) -> None:
        """Store the directory, and the limit of a child's memory in bytes."""
        self._memory = memory
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
        inspector = _Inspector(self._ffmpeg, self._ffprobe, self._memory, source, directory, budget)
        probed = inspector.probe()
        inspection = inspector.make_thumbnail(probed)
        truncated = MediaWarning.TRUNCATED if completeness.is_truncated(source) else None
        warnings = tuple(found for found in (truncated, probed.colours.warning) if found)
        return replace(inspection, media=replace(inspection.media, warnings=warnings))


@dataclass(frozen=True, slots=True)
class _Budget:
    """The time for one file."""

    ends: float
    """Deadline on the monotonic clock."""
    is_full: bool
    """True if the file gets all of `_FILE_S`, not only the time that the function has left."""

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
    memory: int
    source: OpenSource
    directory: Path
    budget: _Budget

    def probe(self) -> Probed:
        finished = self._run_ffprobe(*probe.REPORT)
        if matroska_crop.is_refused(finished.stderr):
            matroska_crop.remove(self.source)
            finished = self._run_ffprobe(*probe.REPORT)
        if ffmpeg_errors.has_too_many_streams(finished.stderr):
            raise BadMedia(failures.TOO_MANY_STREAMS, limit=ffmpeg_errors.MAX_STREAMS)
        probed = self._parse(finished) if finished.exit_code == 0 else self._outline(finished)
        if not probed.packet_seen:
            selected = ["-select_streams", str(probed.index)]
            first_packet = self._run_ffprobe(*selected, *probe.FIRST_PACKET, deep=probed.deep)
            if probe.is_encrypted(first_packet.stdout):
                raise BadMedia(failures.ENCRYPTED)
        return probed if probed.media.duration_s else self._measure(probed)

    def _parse(self, finished: Finished) -> Probed:
        try:
            return probe.parse_report(finished.stdout)
        except BadMedia as error:
            has_no_header = probe.format_name(finished.stdout) in _WITHOUT_HEADER
            if error.code is not FailureCode.NO_VIDEO_STREAM or not has_no_header:
                raise
            return self._parse_deeply(finished)
        except probe.MALFORMED:
            return self._parse_deeply(finished)

    def _parse_deeply(self, finished: Finished) -> Probed:
        """Probe more of a file whose picture begins late or states no size at its beginning."""
        later = self._run_ffprobe(*probe.REPORT, deep=True)
        try:
            return replace(probe.parse_report(later.stdout), deep=True)
        except probe.MALFORMED as error:
            # The reason may be a missing decoder, which only ffmpeg reports.
            first = self.directory / "first.jpg"
            tried = self._run(*self._frame_command("V:0", first, Colours.of({})))
            codec = probe.picture_codec(finished.stdout)
            raise ffmpeg_errors.undescribed(finished.stderr + tried.stderr, codec) from error

    def _outline(self, failed: Finished) -> Probed:
        """Describe a file although the decoder of one stream, often the sound, does not open."""
        head = self.source.read(0, _SIGNATURE)
        if failed.exit_code < 0:
            raise ffmpeg_errors.unreadable(failed.stderr, head=head, crashed=True)
        outlined = self._run_ffprobe(loglevel=outline.OPTIONS).stderr
        broken = outline.broken_stream(outlined)
        if broken is None:
            raise ffmpeg_errors.unreadable(failed.stderr, head=head)
        try:
            report = outline.report(outlined, size=self.source.size)
            return probe.parse(report, broken=broken)
        except BadMedia as error:
            if error.code is not FailureCode.NO_VIDEO_STREAM:
                raise
            codec = outline.codec(outlined, broken)
            raise ffmpeg_errors.unreadable(failed.stderr, head=head, codec=codec) from error
        except probe.MALFORMED as error:
            raise ffmpeg_errors.unreadable(failed.stderr, head=head) from error

    def _run_ffprobe(
        self, *options: str, loglevel: tuple[str, ...] = ("-v", "error"), deep: bool = False
    ) -> Finished:
        command = [self.ffprobe, *loglevel, *_LIMITS, *_OVER_HTTP, *options]
        return self._run(*command, *(probe.DEEP if deep else []), self.source.location)

    def _measure(self, probed: Probed) -> Probed:
        """Replace the duration by the one that the packets show, if they show any."""
        duration_s = self._find_duration_s(probed)
        if not duration_s:
            return probed
        bit_rate = int(self.source.size * 8 / duration_s)
        media = replace(probed.media, duration_s=duration_s, bit_rate=bit_rate)
        return replace(probed, media=media, length_s=duration_s)

    def _find_duration_s(self, probed: Probed) -> float | None:
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
            if end_s and end_s > probed.start_s:
                return round(end_s - probed.start_s, 3)
        return self._scan_duration_s(probed) if self.source.size <= _MAX_SCANNED else None

    def _scan_duration_s(self, probed: Probed) -> float | None:
        """Find the duration by reading every packet of the picture and, if possible, the sound."""
        for sound in (["-map", "0:a?"], []):
            scanned = self._try(
                *(self.ffmpeg, "-nostdin", "-v", "error", *_LIMITS, *_OVER_HTTP),
                *(*(probe.DEEP if probed.deep else []), "-i", self.source.location),
                *("-map", f"0:{probed.index}", *sound, "-c", "copy", "-f", "null"),
                *(*last_packets.PROGRESS, "-"),
            )
            duration_s = last_packets.progress_s(scanned.stdout) if scanned else None
            if duration_s:
                return duration_s
        return None

    def make_thumbnail(self, probed: Probed) -> Inspection:
        probed.colours.write_table(self.directory)
        at_s = probed.position_s(_THUMBNAIL_POSITION)
        taken = self._take(probed, at_s) if probed.length_s else None
        if not taken and at_s > 0 and self._has_spare_time():
            # The stated duration may be wrong, or one frame may be shown for a long time.
            probed = self._measure(probed)
            taken = self._take_again(probed, at_s)
        if not taken:
            taken = self._take_first(probed)
        elif taken.is_plain:
            taken = self._take_brighter(probed) or taken
        return Inspection(self._describe(probed, taken), taken.frame)

    def _take_again(self, probed: Probed, tried_s: float) -> _Taken | None:
        at_s = probed.position_s(_THUMBNAIL_POSITION)
        if 0 < at_s < tried_s:
            return self._take(probed, at_s)
        return self._take_earlier(probed, tried_s)

    def _take_first(self, probed: Probed) -> _Taken:
        finished = self._run(
            *self._frame_command(str(probed.index), self._jpeg, probed.colours, deep=probed.deep),
            limit_s=_CHILD_S - _SEARCH_S,
        )
        taken = self._verify(finished, at_s=0, fallback=Fallback.START)
        if taken:
            return taken
        if probed.protected:
            raise BadMedia(failures.ENCRYPTED)
        raise ffmpeg_errors.undecodable(finished.stderr, probed.media.video_codec)

    def _take_brighter(self, probed: Probed) -> _Taken | None:
        """Look for a frame that shows more than the plain one at 10%."""
        for share in _BRIGHTER_POSITIONS:
            if not self._has_spare_time():
                return None
            try:
                taken = self._take(probed, probed.position_s(share), seen=True)
            except BadMedia:  # a later part is damaged; the frame at 10% is not
                return None
            if taken and not taken.is_plain:
                return replace(taken, frame=replace(taken.frame, fallback=Fallback.DARK))
        return None

    def _has_spare_time(self) -> bool:
        """Tell whether an optional step leaves enough time for the necessary ones."""
        return self.budget.left_s() > 2 * _SEARCH_S

    def _take(self, probed: Probed, at_s: float, *, seen: bool = False) -> _Taken | None:
        """Take the frame that is shown at a moment."""
        seek_s = max(0, at_s - probed.frame_s + _ROUNDING_S) if probed.frame_s else at_s
        taken = self._take_from(probed, seek_s, at_s)
        late_s = taken.frame.at_s - at_s if taken else 0
        if late_s > _LATE_FRAMES * probed.frame_s and not seen:
            return self._take_earlier(probed, at_s) or taken
        return taken

    def _take_earlier(self, probed: Probed, at_s: float) -> _Taken | None:
        """Take the last frame before a moment, which is shown for an unusually long time."""
        if probed.media.container in _PRE_ROLL_S or not self._has_spare_time():
            return None
        until_s = at_s + probed.start_s
        packets = self._run_ffprobe(
            *("-select_streams", str(probed.index), *probe.PACKET_TIMES),
            *("-read_intervals", f"{until_s:.3f}%{until_s + 1:.3f}"),
            deep=probed.deep,
        )
        begin_s = probe.last_time_s(packets.stdout, until_s=until_s)
        if begin_s is None:
            return None
        return self._take_from(probed, max(0, begin_s - probed.start_s - _ROUNDING_S), at_s)

    def _take_from(self, probed: Probed, seek_s: float, at_s: float) -> _Taken | None:
        """Take the first frame that begins at or after `seek_s`, for the moment `at_s`."""
        media = probed.media
        roll_s = _PRE_ROLL_S.get(media.container, 0)
        if probed.palette or seek_s < 2 * roll_s:
            roll_s = seek_s  # decode from the beginning
        jump_s = seek_s - roll_s
        base_s = max(jump_s, probed.late_s) if media.container in _PICTURE_CLOCK else jump_s
        finished = self._try(
            *self._frame_command(
                str(probed.index),
                self._jpeg,
                probed.colours,
                jump_s=jump_s,
                skip_s=max(0, seek_s - base_s),
                deep=probed.deep,
            )
        )
        if finished and probed.protected and f"[{media.video_codec} @" in finished.stderr:
            # The first part is often clear; the decoder fails in the encrypted part after it.
            raise BadMedia(failures.ENCRYPTED)
        return self._verify(finished, at_s=at_s, offset_s=base_s) if finished else None

    def _describe(self, probed: Probed, taken: _Taken) -> Media:
        """Return the header's metadata, corrected by the frame's."""
        media, frame = probed.media, taken.shown
        if not frame:
            return media
        expected = (media.width, media.height)
        if media.rotation in (90, 270):
            expected = expected[::-1]
        turned = expected == (frame.height, frame.width) and frame.width != frame.height
        rotation = self._find_rotation(probed) if turned or media.video_codec == "mjpeg" else None
        if rotation is None:
            rotation = media.rotation
        return replace(media, width=frame.width, height=frame.height, rotation=rotation)

    def _find_rotation(self, probed: Probed) -> int | None:
        """Read the rotation of the first frame: Exif and SEI messages may state it."""
        frames = self._try(
            *(self.ffprobe, "-v", "error", *_LIMITS, *_OVER_HTTP, *probe.ORIENTATION),
            *("-select_streams", str(probed.index), "-read_intervals", "%+#1"),
            self.source.location,
        )
        return probe.orientation(frames.stdout) if frames else None

    @property
    def _jpeg(self) -> Path:
        return self.directory / "thumbnail.jpg"

    def _frame_command(
        self,
        stream: str,
        jpeg: Path,
        colours: Colours,
        *,
        jump_s: float = 0,
        skip_s: float = 0,
        deep: bool = False,
    ) -> list[str]:
        """Return the command that writes one frame of a stream.

        ffmpeg jumps to `jump_s`, decodes forward from the keyframe before it, and drops the frames
        of the next `skip_s` seconds.
        """
        return [
            *(self.ffmpeg, "-nostdin", "-hide_banner", "-v", "repeat+error", *_LIMITS, *_OVER_HTTP),
            # `-ss 0` would drop frames whose time is unknown or negative.
            *("-threads", "2", *(["-ss", f"{jump_s:.3f}"] if jump_s > 0 else [])),
            *(probe.DEEP if deep else []),
            *(*colours.decoder_options(), *self._alpha_decoder(colours)),
            *("-i", self.source.location, *(["-ss", f"{skip_s:.3f}"] if skip_s else [])),
            *("-map", f"0:{stream}", "-an", "-sn", "-dn", "-map_metadata", "-1", "-frames:v", "1"),
            # If the size changes, the thumbnail must not get the shape of an earlier frame.
            *("-noautoscale", "-vf", _thumbnail_filters(*_THUMBNAIL_BOX, colours, after_s=skip_s)),
            *("-q:v", "2", "-f", "image2", "-update", "1", "-y", str(jpeg)),
        ]

    def _alpha_decoder(self, colours: Colours) -> list[str]:
        """Select the decoder that reads the picture's transparency, if this ffmpeg contains it."""
        if not colours.alpha_decoder:
            return []
        described = self._run(self.ffmpeg, "-v", "error", "-h", f"decoder={colours.alpha_decoder}")
        return ["-c:v", colours.alpha_decoder] if described.stdout.startswith(b"Decoder") else []

    def _verify(
        self,
        finished: Finished,
        *,
        at_s: float,
        offset_s: float = 0,
        fallback: Fallback | None = None,
    ) -> _Taken | None:
        """Return the picture if it decodes. ffmpeg may exit with 0 without writing one.

        `offset_s` is the moment from which ffmpeg counts the time of the frame.
        """
        jpeg = sandbox.read_output_file(self._jpeg)
        if not jpeg:
            return None
        self._jpeg.unlink()  # a later command may write none
        taken = self.directory / "taken.jpg"
        taken.write_bytes(jpeg)
        verified = self._run(
            *(self.ffprobe, "-v", "error", *_FROM_FILE, "-f", "jpeg_pipe"),
            *(*probe.PICTURE_REPORT, str(taken)),
        )
        size = probe.picture_size(verified.stdout)
        if verified.exit_code != 0 or verified.stderr or not size:
            return None
        frame = shown.parse(finished.stderr)
        if frame and not fallback:
            at_s = max(at_s, round(offset_s + frame.at_s, 3))
        return _Taken(Frame(jpeg, *size, at_s, fallback), frame)

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
            return sandbox.run(
                list(command),
                directory=self.directory,
                timeout_s=timeout_s,
                memory=self.memory,
            )
        except sandbox.ChildUsedUpMemory as error:
            raise BadMedia(failures.OUT_OF_MEMORY) from error
        except sandbox.ChildUsedUpCpu as error:
            raise BadMedia(failures.TOO_SLOW) from error
        except sandbox.ChildTimedOut as error:
            reason = self.budget.used_up() if left_s < limit_s else BadMedia(failures.TOO_SLOW)
            raise reason from error


def _thumbnail_filters(width: int, height: int, colours: Colours, *, after_s: float) -> str:
    """Return filters that fit the picture into a box, with even sides and square pixels.

    They keep the aspect ratio, never enlarge, and print the frames that are not before `after_s`
    for `shown.parse`.
    """
    across = f"iw*{shown.PIXEL_ASPECT}"
    factor = f"min(1,min({width}/({across}),{height}/ih))"
    wide, high = (f"max(2,trunc({side}*{factor}/2)*2)" for side in (across, "ih"))
    size = f"w='{wide}':h='{shown.expression(after_s)};{high}':eval=frame"
    return f"{colours.filters(size)},setsar=1"
