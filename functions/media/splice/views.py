"""Shows ffprobe and ffmpeg a short view of a recording, or else the whole file."""

import threading
from collections.abc import Callable
from dataclasses import dataclass

from functions.media.reader.fragments import is_unindexed
from functions.media.reader.loopback import Content
from functions.media.reader.source import OpenSource
from functions.media.splice import avi, clusters, flv, fragments
from functions.media.splice.bisect import last_boundary
from functions.media.splice.boundary import Readable, Recording, Splice
from functions.media.splice.spliced_object import SplicedObject

_SMALL = 8 << 20
"""Size of the largest object, in bytes, that is always fetched whole."""

_HEAD = 64 << 10

_BEFORE_S, _AFTER_S = 0.5, 1.0
"""Seconds around a moment that a view shows. ffmpeg seeks to a keyframe 0.13 s or more before it.

It does so because it seeks by the times of decoding. https://ffmpeg.org/ffmpeg.html#Main-options
"""

_OPENERS: tuple[Callable[[Readable], Recording | None], ...] = (
    fragments.open_recording,
    clusters.open_recording,
    flv.open_recording,
    avi.open_recording,
)
"""The functions that recognize a recording, by container."""


@dataclass(frozen=True, slots=True)
class View:
    """What ffmpeg reads to show a moment."""

    source: OpenSource
    clock_s: float = 0
    """What to subtract from a time of the file to get the time in the view."""
    is_whole: bool = False
    """Whether it shows the whole file."""


class Views:
    """The views of one file. A file that is no recording, or a doubtful one, is shown whole."""

    def __init__(self, source: OpenSource) -> None:
        self._source = source
        self._opening = threading.Lock()
        self._opened: tuple[Recording | None] | None = None

    def header(self) -> OpenSource:
        """Return what ffprobe reads. It may start at once: the server looks at the file first."""
        if self._source.size <= _SMALL:
            return self._source
        return self._source.view(_Later(self._show_header))

    def around(self, begin_s: float, end_s: float, *, file_end_s: float) -> View:
        """Return what ffmpeg reads to show a time span on the file's own clock.

        The file ends at about `file_end_s`.
        """
        splice = self._splice(begin_s - _BEFORE_S, end_s + _AFTER_S, file_end_s)
        if not splice:
            return self.whole()
        source = self._source.view(SplicedObject(self._source.content, splice))
        return View(source, splice.clock_s)

    def whole(self) -> View:
        """Return the file itself, which is fetched whole if ffmpeg reads all of it."""
        if is_unindexed(self._source.read(0, _HEAD)):
            self._source.content.read_whole()
        return View(self._source, is_whole=True)

    def end_s(self) -> float | None:
        """Return the time at which a recording ends, on its own clock."""
        recording = self._recording()
        return recording.end_s() if recording else None

    def _show_header(self) -> Content:
        recording = self._recording()
        splice = recording.probed() if recording else None
        if splice:
            return SplicedObject(self._source.content, splice)
        return self._source.content if recording else self.whole().source.content

    def _splice(self, begin_s: float, end_s: float, file_end_s: float) -> Splice | None:
        recording = self._recording()
        if not recording:
            return None
        size = self._source.size
        boundary = last_boundary(recording, begin_s, size=size, end_s=file_end_s)
        return recording.splice(boundary, end_s) if boundary else None

    def _recording(self) -> Recording | None:
        with self._opening:
            if self._opened is None:
                small = self._source.size <= _SMALL
                found = (open_recording(self._source) for open_recording in _OPENERS)
                self._opened = (None if small else next(filter(None, found), None),)
            return self._opened[0]


class _Later:
    """A content that is chosen when it is first read."""

    def __init__(self, choose: Callable[[], Content]) -> None:
        self._choose = choose
        self._choosing = threading.Lock()
        self._chosen: Content | None = None

    @property
    def size(self) -> int:
        return self._content().size

    def read(self, position: int) -> bytes:
        return self._content().read(position)

    def _content(self) -> Content:
        with self._choosing:
            self._chosen = self._chosen or self._choose()
            return self._chosen
