"""Finds the frame that a video's thumbnail shows."""

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace

from functions.core import failures
from functions.core.failures import BadMedia
from functions.core.video import Fallback
from functions.media import ffmpeg_errors, jpeg, plain, probe, shown, thumbhash
from functions.media.children import CHILD_S, SEARCH_S, Children
from functions.media.frame_command import FrameCommand
from functions.media.header import HeaderReader
from functions.media.position import PRE_ROLL_S, THUMBNAIL_SHARE
from functions.media.probe import Probed
from functions.media.reader.source import OpenSource
from functions.media.sandbox import Finished
from functions.media.shown import Shown
from functions.media.splice.views import View, Views
from functions.media.survey import survey

_BRIGHTER_POSITIONS = (0.25, 0.5)
"""Shares of the duration at which to look for a frame that is better than a dark one."""

_SURVEYED_POSITIONS = (0.03, 0.35, 0.65, 0.8, 0.95)
"""Shares at whose keyframes to look for the most contrast, if those frames are dark, too."""

_ROUNDING_S = 0.001
"""Precision of times in Matroska and FLV, in seconds."""

_LATE_FRAMES = 0.25
"""Frames by which a frame may begin after the wanted moment: timestamps are rounded."""

_ROLLS_S = (15.0, 60.0, math.inf)
"""Seconds to decode before the wanted moment if the file marks frames falsely as keyframes."""

_PICTURE_CLOCK = {"mpeg-ts", "mpeg-ps", "ogg"}
"""Containers in which ffmpeg counts time from the beginning of the picture, not of the file."""


@dataclass(frozen=True, slots=True)
class Frame:
    """The thumbnail: a JPEG that is known to be complete."""

    jpeg: bytes
    width: int
    height: int
    at_s: float
    fallback: Fallback | None = None
    placeholder: str | None = None
    """A ThumbHash."""


@dataclass(frozen=True, slots=True)
class Taken:
    """A frame, with its time and size as ffmpeg printed them, if it did."""

    frame: Frame
    shown: Shown | None
    pixels: bytes | None
    """The picture in few pixels, if ffmpeg wrote them."""
    is_doubtful: bool = False
    """True if the decoder began between keyframes, so that a part of the picture may be missing."""

    @property
    def is_plain(self) -> bool:
        """Whether the picture is nearly black or of one colour."""
        return self.pixels is not None and plain.is_plain(self.pixels)

    def with_placeholder(self) -> "Taken":
        """Return the same frame with its ThumbHash."""
        if not self.pixels:
            return self
        hashed = thumbhash.thumbhash(self.pixels, self.frame.width, self.frame.height)
        return replace(self, frame=replace(self.frame, placeholder=hashed))


@dataclass(frozen=True, slots=True)
class _Moment:
    """A moment of the file, and how ffmpeg gets there."""

    at_s: float
    jump_s: float
    """The moment to seek."""
    base_s: float
    """The moment from which ffmpeg counts the time of frames after that."""
    skip_s: float
    """Seconds of frames to decode and drop."""


class FrameFinder:
    """Finds the frame of one file."""

    def __init__(self, children: Children, header: HeaderReader, views: Views) -> None:
        self._children = children
        self._header = header
        self._views = views

    def find(self, probed: Probed) -> tuple[Probed, Taken]:
        """Return the frame, and the description with a duration that suits it.

        Raises `BadMedia` if no frame decodes.
        """
        probed.colours.write_table(self._children.directory)
        at_s = probed.position_s(THUMBNAIL_SHARE)
        taken = self._take(probed, at_s) if probed.length_s else None
        if not taken and at_s > 0 and self._children.has_spare_time():
            # The stated duration may be wrong, or one frame may be shown for a long time.
            probed = self._header.measure(probed)
            taken = self._take_again(probed, at_s)
        if not taken:
            return probed, self._take_first(probed).with_placeholder()
        if taken.is_plain:
            taken = self._take_brighter(probed) or taken
        return probed, taken.with_placeholder()

    def _take_again(self, probed: Probed, tried_s: float) -> Taken | None:
        at_s = probed.position_s(THUMBNAIL_SHARE)
        if 0 < at_s < tried_s:
            return self._take(probed, at_s)
        return self._take_earlier(probed, tried_s)

    def _take_first(self, probed: Probed) -> Taken:
        command = self._command(probed, self._views.whole().source)
        finished = command.run(limit_s=CHILD_S - SEARCH_S)
        taken = self._verify(command, finished, at_s=0, fallback=Fallback.START)
        if taken:
            return taken
        if probed.protected:
            raise BadMedia(failures.ENCRYPTED)
        raise ffmpeg_errors.undecodable(finished.stderr, probed.media.video_codec)

    def _take_brighter(self, probed: Probed) -> Taken | None:
        """Look for a frame that shows more than the plain one at 10%."""
        try:
            for at_s in self._brighter_moments(probed):
                taken = self._take(probed, at_s, seen=True)
                if taken and not taken.is_plain:
                    return replace(taken, frame=replace(taken.frame, fallback=Fallback.DARK))
                if not self._children.has_spare_time():
                    break
        except BadMedia:  # a later part is damaged; the frame at 10% is not
            pass
        return None

    def _brighter_moments(self, probed: Probed) -> Iterator[float]:
        """Yield moments that may show more, and at last the most contrasting one of several."""
        if not self._children.has_spare_time():
            return
        yield from map(probed.position_s, _BRIGHTER_POSITIONS)
        moments = self._after_keyframes(probed, list(map(probed.position_s, _SURVEYED_POSITIONS)))
        seen = survey(self._children, str(probed.index), moments) if moments else {}
        if seen:
            yield max(seen, key=lambda at_s: plain.contrast(seen[at_s]))

    def _after_keyframes(self, probed: Probed, moments_s: list[float]) -> dict[float, View]:
        """Return the times of the frames that follow the keyframes before some moments.

        Only the beginning of a group of pictures is quick to decode. Each comes with its view.
        """
        views: dict[View, list[float]] = {}
        for at_s in moments_s:
            views.setdefault(self._view(probed, at_s), []).append(at_s)
        return dict(
            sorted(
                (
                    (time_s, view)
                    for view, near_s in views.items()
                    for time_s in self._after_keyframes_in(view, probed, near_s)
                ),
                key=lambda found: found[0],
            )
        )

    def _after_keyframes_in(
        self, view: View, probed: Probed, moments_s: list[float]
    ) -> Iterator[float]:
        early_s = view.clock_s - probed.start_s
        intervals = ",".join(f"{at_s - early_s:.3f}%+#1" for at_s in moments_s)
        options = ["-select_streams", str(probed.index), "-read_intervals", intervals]
        children = replace(self._children, source=view.source)
        keyframes = children.run_ffprobe(*options, *probe.PACKET_TIMES, deep=probed.deep)
        for time_s in probe.times_s(keyframes.stdout):
            yield round(time_s + early_s + probed.frame_s, 3)

    def _take(self, probed: Probed, at_s: float, *, seen: bool = False) -> Taken | None:
        """Take the frame that is shown at a moment."""
        seek_s = max(0, at_s - probed.frame_s + _ROUNDING_S) if probed.frame_s else at_s
        taken = self._take_from(probed, seek_s, at_s)
        if taken and taken.is_doubtful:
            taken = self._take_surely(probed, seek_s, at_s) or taken
        late_s = taken.frame.at_s - at_s if taken else 0
        if late_s > _LATE_FRAMES * probed.frame_s and not seen:
            return self._take_earlier(probed, at_s) or taken
        return taken

    def _take_surely(self, probed: Probed, seek_s: float, at_s: float) -> Taken | None:
        """Take a frame by decoding from ever earlier moments, until that changes nothing."""
        before = None
        for roll_s in _ROLLS_S:
            if not self._children.has_spare_time():
                break
            taken = self._take_from(probed, seek_s, at_s, roll_s=roll_s)
            if taken and before and taken.frame.jpeg == before.frame.jpeg:
                return taken
            before = taken or before
            if not taken or not taken.is_doubtful:
                break
        return before

    def _take_earlier(self, probed: Probed, at_s: float) -> Taken | None:
        """Take the last frame before a moment, which is shown for an unusually long time."""
        if probed.media.container in PRE_ROLL_S or not self._children.has_spare_time():
            return None
        until_s = at_s + probed.start_s
        view = self._view(probed, at_s)
        until_s -= view.clock_s
        packets = replace(self._children, source=view.source).run_ffprobe(
            *("-select_streams", str(probed.index), *probe.PACKET_TIMES),
            *("-read_intervals", f"{until_s:.3f}%{until_s + 1:.3f}"),
            deep=probed.deep,
        )
        begin_s = probe.last_time_s(packets.stdout, until_s=until_s)
        if begin_s is None:
            return None
        seek_s = begin_s + view.clock_s - probed.start_s - _ROUNDING_S
        return self._take_from(probed, max(0, seek_s), at_s)

    def _take_from(
        self, probed: Probed, seek_s: float, at_s: float, *, roll_s: float = 0
    ) -> Taken | None:
        """Take the first frame that begins at or after `seek_s`, for the moment `at_s`.

        ffmpeg decodes at least `roll_s` before it, or from the beginning.
        """
        media = probed.media
        roll_s = max(roll_s, PRE_ROLL_S.get(media.container, 0))
        if probed.palette or probed.joined or seek_s < 2 * roll_s:
            roll_s = seek_s  # decode from the beginning
        jump_s = seek_s - roll_s
        base_s = max(jump_s, probed.late_s) if media.container in _PICTURE_CLOCK else jump_s
        moment = _Moment(at_s, jump_s, base_s, skip_s=max(0, seek_s - base_s))
        if jump_s > 0:
            view = self._view(probed, jump_s, at_s)
            taken = self._take_in(probed, moment, view)
            if taken or view.is_whole:
                return taken
        return self._take_in(probed, moment, self._views.whole())

    def _view(self, probed: Probed, begin_s: float, end_s: float | None = None) -> View:
        """Return what to read to show a time span, or a moment."""
        end_s = begin_s if end_s is None else end_s
        start_s, file_end_s = probed.start_s, probed.end_s
        return self._views.around(start_s + begin_s, start_s + end_s, file_end_s=file_end_s)

    def _take_in(self, probed: Probed, moment: _Moment, view: View) -> Taken | None:
        """Take a frame in a view of the file."""
        jump_s = moment.jump_s - view.clock_s
        command = self._command(probed, view.source, jump_s=jump_s, skip_s=moment.skip_s)
        finished = command.try_run()
        if finished and probed.protected and f"[{probed.media.video_codec} @" in finished.stderr:
            # The first part is often clear; the decoder fails in the encrypted part after it.
            raise BadMedia(failures.ENCRYPTED)
        if not finished:
            return None
        return self._verify(command, finished, at_s=moment.at_s, offset_s=moment.base_s)

    def _command(
        self, probed: Probed, source: OpenSource, *, jump_s: float = 0, skip_s: float = 0
    ) -> FrameCommand:
        return FrameCommand(
            replace(self._children, source=source),
            str(probed.index),
            probed.colours,
            jump_s=jump_s,
            skip_s=skip_s,
            deep=probed.deep,
        )

    def _verify(
        self,
        command: FrameCommand,
        finished: Finished,
        *,
        at_s: float,
        offset_s: float = 0,
        fallback: Fallback | None = None,
    ) -> Taken | None:
        """Return the picture if it is complete. ffmpeg may exit with 0 without writing one.

        `offset_s` is the moment from which ffmpeg counts the time of the frame.
        """
        picture, pixels = command.take_jpeg(), command.take_pixels()
        size = jpeg.size(picture) if picture else None
        if not picture or not size:
            return None
        frame = shown.parse(finished.stderr)
        if frame and not fallback:
            at_s = max(at_s, round(offset_s + frame.at_s, 3))
        is_doubtful = ffmpeg_errors.began_between_keyframes(finished.stderr)
        return Taken(Frame(picture, *size, at_s, fallback), frame, pixels, is_doubtful)
