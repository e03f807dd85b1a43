"""The terms of a splice: a recording, its boundaries, and the view of it that ffmpeg reads.

A recording is a file without an index, so ffmpeg would have to read up to the wanted moment. It
consists of a head, which describes the streams, and of stretches that each begin at a boundary.
A splice keeps the head and the first stretch, from which ffmpeg takes the file's start time, and
hides the rest up to one boundary. So ffmpeg soon finds a moment after it, with the same `-ss`.
"""

from dataclasses import dataclass
from typing import Protocol


class Readable(Protocol):
    """An object of which any range can be read: a `reader.source.OpenSource`."""

    @property
    def size(self) -> int:
        """The object's size in bytes."""

    def read(self, start: int, end: int) -> bytes:
        """Return the bytes of a range, fewer at the object's end or if reading it fails."""


@dataclass(frozen=True, slots=True)
class Boundary:
    """A place from which a decoder can start: a keyframe of the picture follows."""

    offset: int
    """Bytes before it in the object."""
    time_s: float
    """Time of its keyframe on the file's own clock, in seconds."""


@dataclass(frozen=True, slots=True)
class Hidden:
    """Bytes of an object that a view does not show."""

    start: int
    end: int
    """The position after the last hidden byte."""
    cover: bytes = b""
    """What stands in their place: the header of an element that readers skip."""


@dataclass(frozen=True, slots=True)
class Splice:
    """A view of an object that hides some of its bytes."""

    hidden: tuple[Hidden, ...]
    """The stretches that it hides, in order."""
    keeps_offsets: bool = True
    """Whether zeros follow each cover, so that what comes after it is where it is in the object.

    The cover is then the header of an element of the length of all hidden bytes, such as `free` in
    MP4. Without zeros the view is shorter than the object.
    """
    clock_s: float = 0
    """What to subtract from a time of the file to get the time in the view.

    It is 0 if packets state their time and the first stretch is shown.
    """


class Recording(Protocol):
    """A file without an index whose boundaries can be found."""

    @property
    def begin(self) -> int:
        """The position from which on boundaries are found: the end of the head."""

    def next_boundary(self, offset: int) -> Boundary | None:
        """Return the first boundary that begins at `offset` or later.

        A boundary counts only if what follows it parses: sizes, sequence numbers, the next header.
        `None` means doubt, or that there is none up to the end.
        """

    def end_s(self) -> float | None:
        """Return the time at which the file ends, on its own clock. `None` means doubt.

        It is the end that ffprobe finds when it reads every packet of picture and sound.
        """

    def probed(self) -> Splice | None:
        """Return the view that ffprobe reads instead of the file.

        `None` if ffprobe reads little of the file itself, and `end_s` decides on the duration.
        """

    def splice(self, boundary: Boundary, until_s: float) -> Splice | None:
        """Return the view in which the boundary follows the first stretch. `None` means doubt.

        It shows everything from the boundary up to the first frame at or after `until_s`. After
        that it may end, or hide more.
        """
