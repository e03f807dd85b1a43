"""Describes a file from its header, and from its packets where the header lacks something."""

from dataclasses import replace
from tempfile import NamedTemporaryFile

from functions.core import failures
from functions.core.failures import BadMedia, FailureCode
from functions.media import drawing, ffmpeg_errors, joined, matroska_crop, probe
from functions.media.children import FROM_FILE, LIMITS, OVER_HTTP, Children
from functions.media.colour import Colours
from functions.media.frame_command import FrameCommand
from functions.media.probed import Probed
from functions.media.sandbox import Finished
from functions.media.splice import clusters
from functions.media.splice.views import Views

_SIGNATURE = 16
"""Bytes at the beginning of a file that hold the signature of any supported container."""

_MAX_SCANNED = 256 << 20
"""Largest file, in bytes, that Clipo reads to its end to learn its duration."""

_AVI_CHUNK_HEADER = 8
"""Bytes of an AVI file before each of its frames."""

_WITHOUT_HEADER = {"mpeg", "mpegts", "flv"}
"""ffprobe's names of the formats that do not list their streams in a header."""


class HeaderReader:
    """Reads the description of one file."""

    def __init__(self, children: Children, views: Views, *, stores_location: bool) -> None:
        self._children = children
        self._views = views
        self._options = probe.report_options(with_location=stores_location)

    def read(self) -> Probed:
        """Return the description. Raises `BadMedia` if the file has none, or is encrypted."""
        finished = self._report()
        if ffmpeg_errors.has_too_many_streams(finished.stderr):
            raise BadMedia(failures.TOO_MANY_STREAMS, limit=ffmpeg_errors.MAX_STREAMS)
        probed = self._parse(finished) if finished.exit_code == 0 else self._outline(finished)
        if not probed.packet_seen:
            selected = ["-select_streams", str(probed.index)]
            first_packet = self._children.run_ffprobe(
                *selected, *probe.FIRST_PACKET, deep=probed.deep
            )
            if probe.is_encrypted(first_packet.stdout):
                raise BadMedia(failures.ENCRYPTED)
        if self._states_too_many_frames(probed):
            probed = probed.without_duration()
        if probed.media.container == "mpeg-ts" and joined.is_joined(self._children.source):
            return self.measure(replace(probed, joined=True))
        return probed if probed.media.duration_s else self.measure(probed)

    def _states_too_many_frames(self, probed: Probed) -> bool:
        """Tell whether an AVI file is shorter than its frames: its recorder broke off.

        Recorders write the number at the end. ffmpeg states 2^30 until then.
        """
        least_size = probed.frames * _AVI_CHUNK_HEADER
        return probed.media.container == "avi" and least_size > self._children.source.size

    def measure(self, probed: Probed) -> Probed:
        """Replace the duration by the one that the packets show, if they show any."""
        duration_s = self._find_duration_s(probed)
        if not duration_s:
            return probed
        bit_rate = int(self._children.source.size * 8 / duration_s)
        media = replace(probed.media, duration_s=duration_s, bit_rate=bit_rate)
        return replace(probed, media=media, length_s=duration_s)

    def _report(self) -> Finished:
        finished = self._children.run_ffprobe(*self._options)
        if not matroska_crop.is_refused(finished.stderr):
            return finished
        matroska_crop.remove(self._children.source)
        return self._children.run_ffprobe(*self._options)

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
        later = self._children.run_ffprobe(*self._options, deep=True)
        try:
            return replace(probe.parse_report(later.stdout), deep=True)
        except probe.MALFORMED as error:
            # The reason may be a missing decoder, which only ffmpeg reports.
            tried = FrameCommand(self._children, "V:0", Colours.of({}), drawing.thumbnail()).run()
            codec = probe.picture_codec(finished.stdout)
            raise ffmpeg_errors.undescribed(finished.stderr + tried.stderr, codec) from error

    def _outline(self, failed: Finished) -> Probed:
        """Describe a file although the decoder of one stream, often the sound, does not open."""
        from functions.media import outline  # noqa: PLC0415 (few files need it: start sooner)

        source = self._children.source
        head = source.read(0, _SIGNATURE)
        if failed.exit_code < 0:
            raise ffmpeg_errors.unreadable(failed.stderr, head=head, crashed=True)
        outlined = self._children.run_ffprobe(loglevel=outline.OPTIONS).stderr
        broken = outline.broken_stream(outlined)
        if broken is None:
            raise ffmpeg_errors.unreadable(failed.stderr, head=head)
        try:
            return probe.parse(outline.report(outlined, size=source.size), broken=broken)
        except BadMedia as error:
            if error.code is not FailureCode.NO_VIDEO_STREAM:
                raise
            codec = outline.codec(outlined, broken)
            raise ffmpeg_errors.unreadable(failed.stderr, head=head, codec=codec) from error
        except probe.MALFORMED as error:
            raise ffmpeg_errors.unreadable(failed.stderr, head=head) from error

    def _find_duration_s(self, probed: Probed) -> float | None:
        """Find a duration that the file does not state: in its last packets, or in all of them."""
        from functions.media import last_packets  # noqa: PLC0415 (as above)

        end_s = self._views.end_s()
        if end_s and end_s > probed.start_s:
            return round(end_s - probed.start_s, 3)
        for clip in clusters.clips(self._children.source):
            finished = self._probe_clip(clip, last_packets.REPORT)
            end_s = last_packets.end_s(finished.stdout) if finished else None
            if end_s and end_s > probed.start_s:
                return round(end_s - probed.start_s, 3)
        is_short = self._children.source.size <= _MAX_SCANNED
        return self._scan_duration_s(probed) if is_short else None

    def _probe_clip(self, clip: bytes, report: list[str]) -> Finished | None:
        with NamedTemporaryFile(dir=self._children.directory) as file:
            file.write(clip)
            file.flush()
            options = ["-v", "error", *LIMITS, *FROM_FILE, *report]
            return self._children.try_run(self._children.ffprobe, *options, file.name)

    def _scan_duration_s(self, probed: Probed) -> float | None:
        """Find the duration by reading every packet of the picture and, if possible, the sound."""
        from functions.media import last_packets  # noqa: PLC0415 (as above)

        self._children.source.content.read_whole()
        for sound in (["-map", "0:a?"], []):
            scanned = self._children.try_run(
                *(self._children.ffmpeg, "-nostdin", "-v", "error", *LIMITS, *OVER_HTTP),
                *(*(probe.DEEP if probed.deep else []), "-i", self._children.source.location),
                *("-map", f"0:{probed.index}", *sound, "-c", "copy", "-f", "null"),
                *(*last_packets.PROGRESS, "-"),
            )
            duration_s = last_packets.progress_s(scanned.stdout) if scanned else None
            if duration_s:
                return duration_s
        return None
