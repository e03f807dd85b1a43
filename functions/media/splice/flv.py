"""Finds the boundaries of an FLV recording: the tags of keyframes."""

from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from itertools import islice

from functions.media.splice.boundary import Boundary, Hidden, Readable, Splice
from functions.media.splice.flv_tags import (
    FILE_HEADER,
    INDEX,
    PICTURE,
    SCRIPT,
    SIGNATURE,
    SOUND,
    TAG,
    TRAILER,
    packet_in,
    tag_at,
    tags_in,
)
from functions.media.splice.windows import CutOff, Doubt, look

_MIN_FIRST_STRETCH, _MAX_FIRST_STRETCH = 256 << 10, 5_000_000
"""Bytes of the first tags that a splice keeps.

The minimum has been read anyway. After the maximum ffmpeg, too, stops waiting for the first sound
(its option `probesize`).
"""

_MAX_TRIES = 10_000
"""Most places that look like a tag to check in one window."""

_HAS_SOUND = 4
"""Bit in the file's header."""


@dataclass(frozen=True, slots=True)
class _Tags:
    """A recording in tags."""

    source: Readable
    begin: int
    """The position of the first tag."""
    kinds: frozenset[int]
    """The kinds of its tags: picture, and perhaps sound."""
    headers: frozenset[bytes]
    """The parameters of the decoders that precede the first frames."""

    def next_boundary(self, offset: int) -> Boundary | None:
        """Return the first tag of a keyframe at or after `offset`."""
        start = max(offset, self.begin)
        found = look(self.source, start, self._first_keyframe)
        return found and Boundary(start + found[0], found[1] / 1000)

    def end_s(self) -> float | None:
        """Return `None`: ffprobe takes the duration from the last tag, too."""
        return None

    def probed(self) -> Splice | None:
        """Return `None`: ffprobe reads the first tags and the last."""
        return None

    def splice(self, boundary: Boundary, until_s: float) -> Splice | None:  # noqa: ARG002
        """Return a view in which the boundary follows the first tags."""
        first_stretch = look(self.source, self.begin, self._stretch_end)
        if first_stretch is None:
            return None
        start = self.begin + first_stretch
        if boundary.offset <= start:
            return Splice(())
        return Splice((Hidden(start, boundary.offset),), keeps_offsets=False)

    def _first_keyframe(self, window: bytes) -> tuple[int, int]:
        """Return the position of the first keyframe, and the time of its picture.

        Raises `Doubt` if the decoders get other parameters in the middle of the file.
        """
        for tag in tags_in(window, _first_tag(window)):
            packet = packet_in(tag)
            if packet.is_header and tag.content not in self.headers:
                raise Doubt
            if packet.is_keyframe:
                return tag.begin, tag.ms + packet.offset_ms
        raise CutOff

    def _stretch_end(self, window: bytes) -> int:
        """Return the end of the tags from which ffmpeg learns when picture and sound begin."""
        missing = set(self.kinds)
        for tag in tags_in(window, 0):
            if packet_in(tag).is_frame:
                missing.discard(tag.kind)
            if tag.end >= _MIN_FIRST_STRETCH and (not missing or tag.end >= _MAX_FIRST_STRETCH):
                return tag.end
        raise CutOff


def open_recording(source: Readable) -> _Tags | None:
    """Open an FLV file without an index. `None` means another file, or doubt."""
    header = source.read(0, FILE_HEADER)
    if not header.startswith(SIGNATURE) or len(header) < FILE_HEADER:
        return None
    begin = int.from_bytes(header[5:9]) + TRAILER
    kinds = {PICTURE, SOUND} if header[4] & _HAS_SOUND else {PICTURE}
    headers = look(source, begin, partial(_headers, kinds))
    return _Tags(source, begin, frozenset(kinds), headers) if headers is not None else None


def _headers(kinds: set[int], window: bytes) -> frozenset[bytes]:
    """Return the decoders' parameters among the first tags. Raises `Doubt` at an index."""
    missing, headers = set(kinds), set()
    for tag in tags_in(window, 0):
        if tag.kind == SCRIPT and INDEX in tag.content:
            raise Doubt
        packet = packet_in(tag)
        if packet.is_header:
            headers.add(tag.content)
        if packet.is_frame:
            missing.discard(tag.kind)
        if not missing or tag.end >= _MAX_FIRST_STRETCH:
            return frozenset(headers)
    raise CutOff


def _first_tag(window: bytes) -> int:
    """Return the position of the first tag that another follows."""
    for found in islice(TAG.finditer(window), _MAX_TRIES):
        with suppress(Doubt):
            return tag_at(window, found.start()).begin
    raise CutOff
