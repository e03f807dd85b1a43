"""Takes the keyframes at many moments by one run of ffmpeg over a list that names the moments.

Each entry of the list opens the file, or a view of it, and seeks in it. The list says that an entry
lasts longer than the file, so the time of a frame tells to which entry it belongs, and its time in
the file. https://ffmpeg.org/ffmpeg-formats.html#concat-1
"""

from collections.abc import Mapping

from functions.core.formats import DEMUXERS
from functions.media.children import OVER_HTTP
from functions.media.decoders import SOUND_DECODERS, SUBTITLE_DECODERS, VIDEO_DECODERS
from functions.media.ffmpeg_errors import MAX_OTHER_STREAMS, MAX_STREAMS
from functions.media.probed import Probed
from functions.media.splice.views import View
from functions.media.storyboard.contents import MemoryContent
from functions.media.storyboard.tiles import KEYFRAMES, Tile, TileCommand

_OPTIONS = {
    # An entry accepts any demuxer but this one's: no upload leads ffmpeg to another file.
    "format_whitelist": ",".join(DEMUXERS),
    "codec_whitelist": ",".join([VIDEO_DECODERS, SOUND_DECODERS, SUBTITLE_DECODERS]),
    "max_streams": str(MAX_STREAMS + MAX_OTHER_STREAMS),
    **dict(zip((name[1:] for name in OVER_HTTP[::2]), OVER_HTTP[1::2], strict=True)),
}
"""The limits of each entry. Only those on protocols would be inherited."""

_SKIP_NONE = ("vp9",)
"""Codecs whose decoder ignores `KEYFRAMES`: it shows the very frame of each moment."""

_LIST_ALONE = [
    # The times of the list, not counted from the first frame.
    *("-copyts", "-format_whitelist", "concat", "-f", "concat", "-safe", "0"),
    # The entries are of one file, so that one description of its streams suits all of them.
    *("-auto_convert", "0"),
]
_APART_S = 1000
"""Seconds by which an entry lasts longer than the file."""

_SHORT_S = 0.001
_ROUNDING_MS = 2
_EARLIER_S = 0.25
"""Seconds by which to seek earlier where a keyframe is late: an index may count by decoding."""


def take_listed(command: TileCommand, views: Mapping[int, View]) -> dict[int, Tile]:
    """Return the tile of the keyframe at or before each moment, in milliseconds.

    `views` has what to read for each. A moment without a keyframe is missing.
    """
    found = _take(command, views)
    late = {
        at_ms: views[at_ms] for at_ms, tile in found.items() if tile.at_ms > at_ms + _ROUNDING_MS
    }
    return found | _take(command, late, earlier_s=_EARLIER_S) if late else found


def _take(
    command: TileCommand, views: Mapping[int, View], *, earlier_s: float = 0
) -> dict[int, Tile]:
    media = command.probed.media
    length_s = round(media.duration_s or 0) + _APART_S
    seeks_s = {at_ms: max(0.0, at_ms / 1000 - earlier_s) for at_ms in sorted(views)}
    entries = [
        _entry(views[at_ms], command.probed, seek_s, length_s) for at_ms, seek_s in seeks_s.items()
    ]
    last_frames = ""
    if media.video_codec in _SKIP_NONE:
        last_frames = f"fps=1/{length_s}:start_time=0:round=up"
        entries.append(entries[-1])  # the filter drops what the last entry shows
    script = MemoryContent("\n".join(["ffconcat version 1.0", *entries, ""]).encode())
    source = command.children.source.view(script)
    options = [*KEYFRAMES, *_LIST_ALONE]
    tiles = command.run(*options, location=source.location, filters=last_frames)
    found: dict[int, Tile] = {}
    for number, (at_ms, seek_s) in enumerate(seeks_s.items()):
        begin_ms = number * length_s * 1000
        # A keyframe stands before the moment of its entry, or shortly after it.
        own = [at for at in tiles if begin_ms - length_s * 1000 < at - _APART_S * 500 <= begin_ms]
        shown = {at - begin_ms + round(seek_s * 1000): tiles[at] for at in own}
        if shown:
            time_ms = max((at for at in shown if at <= at_ms + _ROUNDING_MS), default=min(shown))
            found[at_ms] = Tile(time_ms, shown[time_ms])
    return found


def _entry(view: View, probed: Probed, at_s: float, length_s: int) -> str:
    inpoint_s = probed.start_s + at_s - view.clock_s
    options = [f"option {name} {value}" for name, value in _OPTIONS.items()]
    return "\n".join(
        [
            f"file {view.source.location}",
            *options,
            f"duration {length_s}",
            f"inpoint {inpoint_s:.3f}",
            f"outpoint {inpoint_s + _SHORT_S:.3f}",
        ]
    )
