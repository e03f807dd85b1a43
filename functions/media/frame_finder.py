"""Finds the frame that a video shows at a moment, and draws it."""

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import partial

from functions.core import failures
from functions.core.failures import BadMedia
from functions.media import encoded, ffmpeg_errors, probe, shown
from functions.media.children import CHILD_S, SEARCH_S, Children
from functions.media.drawing import Drawing
from functions.media.frame_command import FrameCommand
from functions.media.picture import Picture
from functions.media.position import PRE_ROLL_S
from functions.media.probed import Probed
from functions.media.reader.source import OpenSource
from functions.media.sandbox import Finished
from functions.media.shown import Shown
from functions.media.splice.views import View, Views

_ROUNDING_S = 0.001
"""Precision of times in Matroska and FLV, in seconds."""

_LATE_FRAMES = 0.25
"""Frames by which a frame may begin after the wanted moment: timestamps are rounded."""

_ROLLS_S = (15.0, 60.0, math.inf)
"""Seconds to decode before the wanted moment if the file marks frames falsely as keyframes."""

_FRAGMENT_S = 1.0
"""Seconds before the wanted moment from which to look if the fragment found begins after it."""

_LAST_FRAMES = 2
"""Frames by which the last frame may begin before the last packet, where packets state no time."""

_PICTURE_CLOCK = {"mpeg-ts", "mpeg-ps", "ogg"}
"""Containers in which ffmpeg counts time from the beginning of the picture, not of the file."""


@dataclass(frozen=True, slots=True)
class Taken:
    """A frame, with its time and size as ffmpeg printed them, if it did."""

    picture: Picture
    at_s: float
    """The time of the frame, or the wanted moment if that is later."""
    shown: Shown | None
    pixels: bytes | None
    """The picture in few pixels, if ffmpeg wrote them."""
    is_doubtful: bool = False
    """True if the decoder began between keyframes, so that a part of the picture may be missing."""


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
    is_last: bool
    """Whether to take the last frame after that, instead of the first one."""


class FrameFinder:
    """Finds frames of one file. Each moment counts from the file's beginning, in seconds."""

    def __init__(self, children: Children, views: Views, drawing: Drawing) -> None:
        self._children = children
        self._views = views
        self._drawing = drawing

    def at(self, probed: Probed, at_s: float, *, seen: bool = False) -> Taken | None:
        """Take the frame that is shown at a moment.

        With `seen`, a frame that begins later will do.
        """
        first_s = at_s - probed.frame_s + _ROUNDING_S if probed.frame_s else at_s
        seek_s = max(0, probed.tick_after_s(first_s))
        taken = self._take_from(probed, seek_s, at_s)
        if taken and taken.is_doubtful:
            taken = self._take_surely(probed, seek_s, at_s) or taken
        late_s = taken.at_s - at_s if taken else 0
        if late_s > _LATE_FRAMES * probed.frame_s and not seen:
            # A fragment is found by its decoding time, which is before its first picture's time.
            before = partial(self._take_from, probed, seek_s, at_s, roll_s=_FRAGMENT_S)
            return self.earlier(probed, at_s) or before() or taken
        return taken

    def earlier(self, probed: Probed, at_s: float) -> Taken | None:
        """Take the last frame before a moment, which is shown for an unusually long time."""
        if probed.media.container in PRE_ROLL_S or not self._children.has_spare_time():
            return None
        begin_s = self._last_packet_s(probed, at_s)
        if begin_s is None:
            return None
        return self._take_from(probed, max(0, begin_s - _ROUNDING_S), at_s)

    def last(self, probed: Probed, until_s: float) -> Taken | None:
        """Take the last frame before a moment at the end, after which there may be none."""
        for roll_s in (PRE_ROLL_S.get(probed.media.container, 0), *_ROLLS_S):
            if not self._children.has_spare_time():
                break
            packet_s = self._last_packet_s(probed, until_s, roll_s=roll_s)
            if packet_s is None:
                continue
            seek_s = max(0, packet_s - _LAST_FRAMES * probed.frame_s - _ROUNDING_S)
            taken = self._take_from(probed, seek_s, until_s, is_last=True)
            if taken:
                return taken
        return None

    def first(self, probed: Probed) -> Taken:
        """Take the first frame that decodes. Raises `BadMedia` if there is none."""
        command = self._command(probed, self._views.whole().source)
        finished = command.run(limit_s=CHILD_S - SEARCH_S)
        taken = self._verify(command, finished)
        if taken:
            return replace(taken, at_s=0)
        if probed.protected:
            raise BadMedia(failures.ENCRYPTED)
        raise ffmpeg_errors.undecodable(finished.stderr, probed.media.video_codec)

    def after_keyframes(self, probed: Probed, moments_s: list[float]) -> dict[float, View]:
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

    def _take_surely(self, probed: Probed, seek_s: float, at_s: float) -> Taken | None:
        """Take a frame by decoding from ever earlier moments, until that changes nothing."""
        before = None
        for roll_s in _ROLLS_S:
            if not self._children.has_spare_time():
                break
            taken = self._take_from(probed, seek_s, at_s, roll_s=roll_s)
            if taken and before and taken.picture.content == before.picture.content:
                return taken
            before = taken or before
            if not taken or not taken.is_doubtful:
                break
        return before

    def _last_packet_s(self, probed: Probed, at_s: float, *, roll_s: float = 0) -> float | None:
        """Return the time of the last packet before a moment, from the keyframe before it on.

        `roll_s` looks at packets from so many seconds earlier on.
        """
        view = self._view(probed, max(0, at_s - roll_s), at_s)
        early_s = view.clock_s - probed.start_s
        until_s = at_s - early_s
        begin = f"{until_s - roll_s:.3f}" if at_s > roll_s else ""
        packets = replace(self._children, source=view.source).run_ffprobe(
            *("-select_streams", str(probed.index), *probe.PACKET_TIMES),
            *("-read_intervals", f"{begin}%{until_s + 1:.3f}"),
            deep=probed.deep,
        )
        last_s = probe.last_time_s(packets.stdout, until_s=until_s)
        return None if last_s is None else last_s + early_s

    def _take_from(
        self,
        probed: Probed,
        seek_s: float,
        at_s: float,
        *,
        roll_s: float = 0,
        is_last: bool = False,
    ) -> Taken | None:
        """Take the first frame that begins at or after `seek_s`, for the moment `at_s`.

        ffmpeg decodes at least `roll_s` before it, or from the beginning. With `is_last` it takes
        the last frame instead.
        """
        media = probed.media
        roll_s = max(roll_s, PRE_ROLL_S.get(media.container, 0))
        if probed.palette or probed.joined or seek_s < 2 * roll_s:
            roll_s = seek_s  # decode from the beginning
        jump_s = probed.tick_after_s(seek_s - roll_s) if seek_s > roll_s else 0
        base_s = max(jump_s, probed.late_s) if media.container in _PICTURE_CLOCK else jump_s
        moment = _Moment(at_s, jump_s, base_s, max(0, seek_s - base_s), is_last)
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
        command = replace(command, is_last=moment.is_last)
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
            self._drawing,
            jump_s=jump_s,
            skip_s=skip_s,
            deep=probed.deep,
        )

    def _verify(
        self, command: FrameCommand, finished: Finished, *, at_s: float = 0, offset_s: float = 0
    ) -> Taken | None:
        """Return the picture if it is complete. ffmpeg may exit with 0 without writing one.

        `offset_s` is the moment from which ffmpeg counts the time of the frame.
        """
        content, pixels = command.take_picture(), command.take_pixels()
        picture = encoded.picture(content, self._drawing.format) if content else None
        if not picture:
            return None
        frame = shown.parse(finished.stderr)
        if frame:
            at_s = max(at_s, round(offset_s + frame.at_s, 3))
        is_doubtful = ffmpeg_errors.began_between_keyframes(finished.stderr)
        return Taken(picture, at_s, frame, pixels, is_doubtful)
