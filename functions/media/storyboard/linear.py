"""Takes tiles by decoding a file from its beginning to its end."""

from functions.media.storyboard.tiles import KEYFRAMES, Tile, TileCommand


def take_linear(
    command: TileCommand, *, only_keyframes: bool = False, limit_s: float | None = None
) -> dict[int, Tile]:
    """Return the frame that is shown at the start of each cue, by that moment in milliseconds.

    `only_keyframes` decodes no others, and takes the last one before the moment. `limit_s` makes a
    timeout an error. A moment is missing if ffmpeg fails before it.
    """
    plan, source = command.plan, command.children.source
    source.content.read_whole()
    options = KEYFRAMES if only_keyframes else []
    # `round=up` gives a moment the last frame that begins at or before it.
    rate = f"fps={1000 * plan.tiles}/{plan.duration_ms}:start_time=0:round=up"
    tiles = command.run(*options, location=source.location, filters=rate, limit_s=limit_s)
    starts = [cue.start_ms for cue in plan.cues]
    numbers = {round(at_ms * plan.tiles / plan.duration_ms): at_ms for at_ms in tiles}
    found = {
        starts[number]: Tile(starts[number], tiles[at_ms])
        for number, at_ms in numbers.items()
        if 0 <= number < len(starts)
    }
    late = [start for start in starts if start > max(found, default=0)]
    if not found or not late:
        return found
    # The filter drops the last frame where that is not said to last until the moment.
    after = f"trim=start={max(found) / 1000:.3f}"
    rest = command.run(*options, location=source.location, filters=after)
    if not rest:
        return found
    last = Tile(max(rest), rest[max(rest)])
    return found | {start: last for start in late if start >= last.at_ms}
