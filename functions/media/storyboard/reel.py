"""Takes keyframes by a reel: a short file of nothing but the wanted keyframes of a longer one.

The index of the file tells where its keyframes are. So storage sends those alone, many at once, and
ffmpeg decodes them by one run, without seeking.
"""

import threading
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Protocol

from functions.media.reader.ranged_object import RangedObject
from functions.media.splice.boundary import Readable
from functions.media.splice.windows import Doubt
from functions.media.storyboard import asf, avi, flv, matroska, mp4
from functions.media.storyboard.contents import MemoryContent
from functions.media.storyboard.keyframe import Fetch, Keyframe
from functions.media.storyboard.tiles import KEYFRAMES, Tile, TileCommand

_AT_ONCE = 16
"""Requests to storage at the same time."""

_MAX_BYTES = 64 << 20
"""Most bytes of keyframes to fetch: they are in memory."""


class Index(Protocol):
    """The index of one file. Each function raises `Doubt` if the file is not as it says."""

    @property
    def stream(self) -> int:
        """The index of the picture's stream in the reel."""

    def find(self, fetch: Fetch, at_ms: int, /) -> Keyframe:
        """Return the keyframe at or before a moment on the file's own clock, or else the first."""

    def load(self, fetch: Fetch, keyframe: Keyframe) -> bytes:
        """Return a keyframe as the reel contains it."""

    def write(self, keyframes: Sequence[bytes]) -> bytes:
        """Return the reel."""


_OPENERS: dict[str, Callable[[Readable, int], Index]] = {
    "mp4": mp4.open_index,
    "mov": mp4.open_index,
    "matroska": matroska.open_index,
    "webm": matroska.open_index,
    "avi": avi.open_index,
    "asf": asf.open_index,
    "flv": flv.open_index,
}
"""The functions that open the index of a file for its stream with an index in ffmpeg."""


def take_reel(command: TileCommand, moments: Sequence[int]) -> dict[int, Tile]:
    """Return the tile of the keyframe at or before each moment, in milliseconds.

    It is empty if the file has no such index, or a doubtful one.
    """
    source, probed = command.children.source, command.probed
    open_index = _OPENERS.get(probed.media.container)
    if not open_index or probed.colours.alpha_decoder:
        return {}
    start_ms = round(probed.start_s * 1000)
    try:
        index = open_index(source, probed.index)
        wanted, reel = _write(index, source.content, [at_ms + start_ms for at_ms in moments])
    except Doubt:
        return {}
    location = source.view(MemoryContent(reel)).location
    tiles = command.run(*KEYFRAMES, location=location, stream=index.stream)
    keyframes = _in_order(wanted)
    if len(tiles) != len(keyframes):
        return {}
    shown = {
        keyframe: Tile(keyframe.at_ms - start_ms, pixels)
        for keyframe, pixels in zip(keyframes, tiles.values(), strict=True)
    }
    return {at_ms - start_ms: shown[keyframe] for at_ms, keyframe in wanted.items()}


class _Fetcher:
    """Fetches ranges of an object for several threads, up to a limit. Raises `Doubt`."""

    def __init__(self, content: RangedObject) -> None:
        self._content = content
        self._left = _MAX_BYTES
        self._counting = threading.Lock()

    def __call__(self, start: int, end: int) -> bytes:
        if not 0 <= start < end <= self._content.size:
            raise Doubt
        with self._counting:
            self._left -= end - start
            if self._left < 0:
                raise Doubt
        found = self._content.peek(start, end) or self._content.fetch(start, end)
        if len(found) != end - start:
            raise Doubt
        return found


def _write(
    index: Index, content: RangedObject, moments: Sequence[int]
) -> tuple[dict[int, Keyframe], bytes]:
    """Return the keyframe of each moment, and the reel that shows them in order."""
    fetch = _Fetcher(content)
    try:
        with ThreadPoolExecutor(_AT_ONCE) as threads:
            found = threads.map(lambda at_ms: index.find(fetch, at_ms), moments)
            wanted = dict(zip(moments, found, strict=True))
            loaded = threads.map(lambda keyframe: index.load(fetch, keyframe), _in_order(wanted))
            reel = index.write(list(loaded))
            # While ffmpeg runs, only the reel is in memory.
            return {at_ms: replace(one, content=b"") for at_ms, one in wanted.items()}, reel
    except RuntimeError as error:  # no thread is free
        raise Doubt from error


def _in_order(wanted: Mapping[int, Keyframe]) -> list[Keyframe]:
    return sorted(set(wanted.values()), key=lambda keyframe: keyframe.at_ms)
