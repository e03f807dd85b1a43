"""Chooses the frame that a video's thumbnail shows."""

from collections.abc import Iterator
from dataclasses import dataclass

from functions.core.failures import BadMedia
from functions.core.video import Fallback
from functions.media import drawing, plain, thumbhash
from functions.media.children import Children
from functions.media.frame_finder import FrameFinder, Taken
from functions.media.header import HeaderReader
from functions.media.position import THUMBNAIL_SHARE
from functions.media.probed import Probed
from functions.media.shown import Shown
from functions.media.splice.views import Views
from functions.media.survey import survey

_BRIGHTER_POSITIONS = (0.25, 0.5)
"""Shares of the duration at which to look for a frame that is better than a dark one."""

_SURVEYED_POSITIONS = (0.03, 0.35, 0.65, 0.8, 0.95)
"""Shares at whose keyframes to look for the most contrast, if those frames are dark, too."""


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
class ChosenFrame:
    """The chosen frame."""

    frame: Frame
    shown: Shown | None
    """Its time and size as ffmpeg printed them, if it did."""

    @classmethod
    def of(cls, taken: Taken, fallback: Fallback | None = None) -> "ChosenFrame":
        """Return a frame with its ThumbHash, and why it is not the one at 10%."""
        picture, pixels = taken.picture, taken.pixels
        hashed = thumbhash.thumbhash(pixels, picture.width, picture.height) if pixels else None
        sides = picture.width, picture.height
        return cls(Frame(picture.content, *sides, taken.at_s, fallback, hashed), taken.shown)


class ThumbnailFinder:
    """Finds the thumbnail of one file."""

    def __init__(self, children: Children, header: HeaderReader, views: Views) -> None:
        self._children = children
        self._header = header
        self._finder = FrameFinder(children, views, drawing.thumbnail())

    def find(self, probed: Probed) -> tuple[Probed, ChosenFrame]:
        """Return the thumbnail, and the description with a duration that suits it.

        Raises `BadMedia` if no frame decodes.
        """
        probed.colours.write_table(self._children.directory)
        at_s = probed.position_s(THUMBNAIL_SHARE)
        taken = self._finder.at(probed, at_s) if probed.length_s else None
        if not taken and at_s > 0 and self._children.has_spare_time():
            # The stated duration may be wrong, or one frame may be shown for a long time.
            probed = self._header.measure(probed)
            taken = self._take_again(probed, at_s)
        if not taken:
            return probed, ChosenFrame.of(self._finder.first(probed), Fallback.START)
        brighter = self._take_brighter(probed) if _is_plain(taken) else None
        if brighter:
            return probed, ChosenFrame.of(brighter, Fallback.DARK)
        return probed, ChosenFrame.of(taken)

    def _take_again(self, probed: Probed, tried_s: float) -> Taken | None:
        at_s = probed.position_s(THUMBNAIL_SHARE)
        if 0 < at_s < tried_s:
            return self._finder.at(probed, at_s)
        return self._finder.earlier(probed, tried_s)

    def _take_brighter(self, probed: Probed) -> Taken | None:
        """Look for a frame that shows more than the plain one at 10%."""
        try:
            for at_s in self._brighter_moments(probed):
                taken = self._finder.at(probed, at_s, seen=True)
                if taken and not _is_plain(taken):
                    return taken
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
        surveyed = list(map(probed.position_s, _SURVEYED_POSITIONS))
        moments = self._finder.after_keyframes(probed, surveyed)
        seen = survey(self._children, str(probed.index), moments) if moments else {}
        if seen:
            yield max(seen, key=lambda at_s: plain.contrast(seen[at_s]))


def _is_plain(taken: Taken) -> bool:
    """Tell whether the picture is nearly black or of one colour."""
    return taken.pixels is not None and plain.is_plain(taken.pixels)
