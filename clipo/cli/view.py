"""Text and tables that show videos, API keys and the findings of `clipo doctor` to a person."""

import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from rich.console import Group, RenderableType
from rich.filesize import decimal
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from clipo.cli.finding import Finding, State
from clipo.client.address import is_local
from clipo.client.api import Video

STYLES = {"pending": "cyan", "processing": "blue", "done": "green", "failed": "red"}

_MARKS = {
    State.OK: ("✓", "green"),
    State.WARNING: ("!", "yellow"),
    State.BROKEN: ("✗", "red"),
    State.ABSENT: ("–", "dim"),  # noqa: RUF001 (a dash, for what is not there)
}
_WARNINGS = {
    "truncated": "The end of the file is missing, so a player may stop early.",
    "dolby_vision_5": (
        "Only a decoder by Dolby can convert the colours, so the thumbnail is grey."
    ),
}
"""Sentences for the warnings of the API. One that a newer API adds is shown as its code."""
_CLOSED = "closed: requests need an API key or a token"
_TABLE_FROM = 100
_FACTS_FROM = 80
_DELIVERIES_FROM = 140
"""Smallest widths in columns: of a table, of all facts but the filename on one line, and of the
table of deliveries, which has two long ids."""


def status(video: Video) -> Text:
    """Return the status in its colour."""
    return Text(video["status"], style=STYLES.get(video["status"], ""))


def result(video: Video, *, name: str) -> Group:
    """Return a few lines about the video that a file became."""
    failed = video["status"] == "failed"
    said = error_line(video) if failed else media_line(video)
    first = Text.assemble(status(video), "  ", plain(name), no_wrap=True, overflow="ellipsis")
    lines: list[str | Text] = [said, *warnings(video)]
    return Group(first, *(Padding(line, (0, 0, 0, 2), expand=False) for line in lines))


def warnings(video: Video) -> list[Text]:
    """Return a sentence for each fault of the file that does not keep a player from playing it."""
    # An API of release 0.1 knows none.
    codes = video.get("warnings", [])
    return [Text(_WARNINGS.get(code, plain(code)), style="yellow") for code in codes]


def media_line(video: Video) -> str:
    """Return the metadata in a line."""
    media = video.get("media")
    if not media:
        return size(video["size"])
    codecs = " and ".join(filter(None, [media["video_codec"], media["audio_codec"]]))
    length = "unknown length" if media["duration_s"] is None else f"{media['duration_s']:g} s"
    picture = f"{media['width']}x{media['height']}"
    return f"{length}, {picture}, {plain(codecs)}, {size(video['size'])}"


def error_line(video: Video) -> str:
    """Return why a video failed."""
    return f"{plain(video['error']['message'])} ({video['error']['code']})"


def change(video: Video) -> Text:
    """Return a line with the new status of a video and the time now."""
    line = Text(f"{datetime.now():%H:%M:%S}  ", style="dim")  # noqa: DTZ005 (local time)
    line.append(f"{video['id']}  ", style="default")
    line.append(f"{video['status']:10}", style=STYLES.get(video["status"], "yellow"))
    failed = video["status"] == "failed"
    said = video["error"]["code"] if failed else media_line(video)
    line.append(f"  {plain(video['filename'])}  {said}", style="default")
    return Text("  ").join([line, *warnings(video)])


def listing(videos: Sequence[Video], *, width: int) -> RenderableType:
    """Return a table, or two or three lines for each video if the terminal is narrow."""
    return _table(videos, width) if width >= _TABLE_FROM else _stack(videos, width)


def _table(videos: Sequence[Video], width: int) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
    # Only filenames may be shortened: an id must stay complete to be copied.
    for heading, least in (("ID", 24), ("Status", 10), ("Announced", 19)):
        table.add_column(heading, no_wrap=True, min_width=least)
    for heading in ("Length", "Size"):
        table.add_column(heading, justify="right", no_wrap=True, min_width=8)
    # Without `max_width` a long filename would squeeze the other columns.
    table.add_column("File", no_wrap=True, overflow="ellipsis", max_width=width - _FACTS_FROM)
    for video in videos:
        announced, length, count = _facts(video)
        name = Text(plain(video["filename"]))
        table.add_row(video["id"], status(video), announced, length, count, name)
    return table


def _stack(videos: Sequence[Video], width: int) -> Group:
    lines = []
    for video in videos:
        announced, length, count = _facts(video)
        facts = f"\n  {announced} {length} {count}"
        if width >= _FACTS_FROM:
            facts = f"{'':{10 - len(video['status'])}}  {announced} {length:>8} {count:>8}"
        lines += [
            Text(plain(video["filename"]), no_wrap=True, overflow="ellipsis"),
            Text.assemble("  ", video["id"], "  ", status(video), facts),
        ]
    return Group(*lines)


def _facts(video: Video) -> tuple[str, str, str]:
    length = (video["media"] or {}).get("duration") or "-"
    return when(video["created_at"]), length, size(video["size"])


def to_delete(video: Video) -> str:
    """Return a line with the id, the age and the name of a video."""
    return f"{plain(video['id'])}  {age(video['created_at']):14}  {plain(video['filename'])}"


def details(video: Video, *, program: str) -> RenderableType:
    """Return all facts about a video, its history, and what to do next by calling `program`."""
    table = grid(
        [
            ("Status", status(video)),
            ("ID", video["id"]),
            ("Size", f"{video['size']:,} bytes"),
            ("Type", plain(video["content_type"])),
            *_texts(video),
            *_visibility(video),
            *_media(video),
            *(("Warning", warning) for warning in warnings(video)),
            *_thumbnail(video),
            *_webhook(video),
        ]
    )
    parts: list[RenderableType] = [Text(plain(video["filename"]), style="bold"), table, Text()]
    parts += [Text("What happened", style="bold"), grid(list(timeline(video)))]
    advice = next_step(video, program)
    if advice:
        parts += [Text(), advice]
    return Group(*parts)


def grid(rows: Sequence[tuple[str, str | Text]], name_width: int | None = None) -> Padding:
    """Return rows of a name and a value. Grids with the same `name_width` have aligned values."""
    table = Table.grid(padding=(0, 2, 0, 0))
    table.add_column(style="dim", no_wrap=True, min_width=name_width)
    table.add_column(overflow="fold")
    for name, value in rows:
        table.add_row(name, value)
    return Padding(table, (0, 0, 0, 2), expand=False)


def _texts(video: Video) -> Iterator[tuple[str, str]]:
    if video.get("owner"):
        yield "Owner", plain(video["owner"])
    if video["passthrough"]:
        yield "Passthrough", plain(video["passthrough"])


def _visibility(video: Video) -> Iterator[tuple[str, str]]:
    # An API of release 0.1 knows none.
    if video.get("visibility"):
        yield "Visibility", video["visibility"]


def _media(video: Video) -> Iterator[tuple[str, str]]:
    media = video["media"]
    if not media:
        return
    yield "Length", media["duration"] or "unknown"
    rotated = f", rotated by {media['rotation']}°" if media["rotation"] else ""
    yield "Picture", f"{media['width']}x{media['height']}{rotated}"
    rate = f", {media['frame_rate']:g} frames per second" if media["frame_rate"] else ""
    yield "Video", f"{plain(media['video_codec'])}{rate}"
    yield "Audio", plain(media["audio_codec"] or "none")
    yield "Container", plain(media["container"])
    if media.get("playback"):
        yield "Browsers", plain(media["playback"]["message"])
    if media["bit_rate"]:
        yield "Bit rate", f"{media['bit_rate'] / 1000:,.0f} kbit/s"
    if media.get("created_at"):
        yield "Recorded", when(media["created_at"])
    for stream in media.get("streams", []):
        yield f"Stream {stream['index']}", plain(", ".join(_stream(stream)))


def _stream(stream: Mapping[str, Any]) -> Iterator[str]:
    """Yield the facts about a stream, as in `video`, `h264 High 4.0`, `8 bits`."""
    yield stream["kind"]
    yield " ".join(filter(None, (stream.get(name) for name in ("codec", "profile", "level"))))
    if stream.get("bit_depth"):
        yield f"{stream['bit_depth']} bits"
    yield from filter(None, (stream.get(name) for name in ("hdr", "channel_layout", "language")))


def _thumbnail(video: Video) -> Iterator[tuple[str, str]]:
    thumbnail = video["thumbnail"]
    if thumbnail:
        moment = (
            "the first frame" if thumbnail["fallback"] == "start" else f"at {thumbnail['at_s']:g} s"
        )
        yield "Thumbnail", f"{thumbnail['width']}x{thumbnail['height']}, {moment}"


def _webhook(video: Video) -> Iterator[tuple[str, str]]:
    webhook = video.get("webhook")
    if webhook:
        state = "delivered" if webhook["delivered_at"] else "not delivered yet"
        if not webhook["delivered_at"] and not webhook["due_at"]:
            state = "given up"
        yield "Webhook", f"{state}, {webhook['attempts']} attempts"


def elapsed(milliseconds: int) -> str:
    """Return a time that something took, as in `105 ms` or `62.3 s`."""
    return f"{milliseconds} ms" if milliseconds < 1000 else f"{milliseconds / 1000:,.1f} s"  # noqa: PLR2004 (a second)


def timeline(video: Video) -> Iterator[tuple[str, str]]:
    """Yield the events in the history of a video, each with its time."""
    yield when(video["created_at"]), "announced"
    processing = video["processing"]
    if processing:
        attempt = f", attempt {video['attempts']}" if video["attempts"] > 1 else ""
        yield when(processing["started_at"]), f"processing started{attempt}"
        requests = f"{processing['requests']} request{'s' * (processing['requests'] != 1)}"
        read = f"{size(processing['bytes_read'])} read in {requests}"
        yield (
            when(processing["finished_at"]),
            f"{video['status']} in {elapsed(processing['wall_ms'])}, {read}",
        )
    elif video["status"] != "pending":
        yield when(video["updated_at"]), video["status"]
    webhook = video.get("webhook") or {}
    if webhook.get("delivered_at"):
        yield when(webhook["delivered_at"]), "webhook delivered"


def next_step(video: Video, program: str) -> Text | None:
    """Return why a video is not done, and what to do; `None` if it is done."""
    if video["status"] == "failed":
        text = Text(error_line(video), style="red")
        if video["error"]["retryable"]:
            text.append(f"\nProcess it again: {program} retry {video['id']}", style="default")
        return text
    if video["status"] == "pending":
        return Text(
            "Clipo is waiting for the file. To resume an interrupted upload, run the same"
            f" {program} upload command again. The upload expires half an hour after its"
            " last signature."
        )
    if video["status"] == "processing":
        return Text(f"Follow it: {program} watch {video['id']}")
    return None


def caller(me: Mapping[str, Any], *, api: str, source: str) -> RenderableType:
    """Return what the credential in use is and may do. `source` says where it comes from."""
    rows = [
        ("API", reach(me, api=api)),
        ("Credential", f"{me['credential']}, from {source}" if me["key_id"] else source),
        ("Key", me["key_id"]),
        ("Owner", _owner(me)),
        ("Scopes", " ".join(me["scopes"])),
        ("Video", me["video_id"]),
        ("Valid until", me["expires_at"] and when(me["expires_at"])),
        ("Limits", _limits(me)),
        ("Used", quota(me)),
    ]
    return grid([(name, value) for name, value in rows if value])


def reach(me: Mapping[str, Any], *, api: str) -> str:
    """Return the address of an API, and whether it is open or closed."""
    return f"{api} ({_CLOSED if me['access'] == 'keys' else _open(api)})"


def quota(me: Mapping[str, Any]) -> str | None:
    """Return how much of its quota an owner has used, `None` without a quota."""
    used, limits = me.get("usage"), me.get("limits", {})
    if not used:
        return None
    videos = limits["videos"] and f"{used['videos']:,} of {limits['videos']:,} videos"
    total = limits["bytes"] and f"{size(used['bytes'])} of {size(limits['bytes'])}"
    return ", ".join(filter(None, (videos, total)))


def _limits(me: Mapping[str, Any]) -> str | None:
    if "limits" not in me:  # an older release
        return None
    seconds = me["limits"]["video_duration_s"]
    duration = f" and {seconds:,} s" if seconds else ""
    return f"{size(me['limits']['video_bytes'])}{duration} for each video"


def _open(api: str) -> str:
    return "open to every program on this machine" if is_local(api) else "open to everyone"


def new_key(key: Mapping[str, Any]) -> RenderableType:
    """Return a new API key with its secrets."""
    width = len("Signing secret")
    facts = [
        ("ID", key["id"]),
        ("Name", plain(key["name"])),
        ("Scopes", " ".join(key["scopes"])),
        ("Owner", _owner(key)),
    ]
    return Group(
        grid(facts, width),
        _unbroken("Key", key["key"], width),
        _unbroken("Signing secret", key["signing_secret"], width),
    )


def _unbroken(name: str, value: str, name_width: int) -> Text:
    """Return a row of a grid that only the terminal may wrap, so that its value can be copied."""
    row = Text("  ", no_wrap=True, overflow="ignore")
    return row.append(f"{name:{name_width}}", style="dim").append(f"  {value}")


def keys(found: Sequence[Mapping[str, Any]], *, width: int) -> RenderableType:
    """Return a table of API keys."""
    headings = ("ID", "Name", "Scopes", "Owner", "Expires", "Last used", "Root")
    rows = [
        (
            key["id"],
            plain(key["name"]),
            " ".join(key["scopes"]),
            _owner(key),
            _expiry(key["expires_at"]) if key["expires_at"] else "never",
            when(key["last_used_at"])[:-3] if key["last_used_at"] else "never",
            str(key["root_generation"]),
        )
        for key in found
    ]
    return _records(headings, rows, as_table=width >= _FACTS_FROM)


def _expiry(moment: str) -> str:
    expired = datetime.fromisoformat(moment) <= datetime.now(UTC)
    return f"{when(moment)} (expired)" if expired else when(moment)


def _records(
    headings: Sequence[str], rows: Sequence[Sequence[str]], *, as_table: bool
) -> RenderableType:
    """Return a table, or for a narrow terminal a grid for each row."""
    if not as_table:
        grids = (grid([*zip(headings, row, strict=True)]) for row in rows)
        return Group(*[part for one in grids for part in (Text(), one)][1:])
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
    for heading in headings:
        # An id must stay complete to be copied.
        table.add_column(heading, overflow="fold", no_wrap=heading == "ID")
    for row in rows:
        table.add_row(*row)
    return table


def new_receiver(receiver: Mapping[str, Any]) -> RenderableType:
    """Return a new webhook receiver with its secret."""
    rows = [
        ("ID", receiver["id"]),
        ("URL", plain(receiver["url"])),
        ("Events", " ".join(receiver["events"])),
        ("Owner", _owner(receiver)),
    ]
    if description := receiver.get("description"):
        rows.append(("Description", plain(description)))
    width = max(len(name) for name, _ in rows)
    return Group(grid(rows, width), _unbroken("Secret", receiver["secret"], width))


def receivers(found: Sequence[Mapping[str, Any]], *, width: int) -> RenderableType:
    """Return a table of webhook receivers."""
    described = any(one.get("description") for one in found)
    about = ["Description"] if described else []
    rows = []
    for one in found:
        state, events = "on" if one["enabled"] else "off", " ".join(one["events"])
        text = [plain(one.get("description") or "")] if described else []
        rows.append([one["id"], plain(one["url"]), events, _owner(one), state, *text])
    headings = ["ID", "URL", "Events", "Owner", "State", *about]
    return _records(headings, rows, as_table=width >= _TABLE_FROM)


def deliveries(found: Sequence[Mapping[str, Any]], *, width: int) -> RenderableType:
    """Return a table of webhook deliveries."""
    headings = ("Created", "Event", "Video", "Status", "Attempts", "Latest", "ID")
    rows = []
    for one in found:
        attempts = one["attempts"]
        latest = plain(attempts[-1]["reason"]) if attempts else ""
        created, video = when(one["created_at"]), one["video_id"] or ""
        count = str(len(attempts))
        rows.append([created, one["type"], video, one["status"], count, latest, one["id"]])
    return _records(headings, rows, as_table=width >= _DELIVERIES_FROM)


def delivery(one: Mapping[str, Any]) -> str:
    """Return the result of a webhook delivery as a line."""
    attempts = one["attempts"]
    latest = f": {plain(attempts[-1]['reason'])}" if attempts else ""
    return f"{one['status']}  {one['id']}{latest}"


def _owner(record: Mapping[str, Any]) -> str:
    return record["owner"] or "all owners"


def when(moment: str) -> str:
    """Return a time of the API as local time."""
    return datetime.fromisoformat(moment).astimezone().strftime("%Y-%m-%d %H:%M:%S")


def age(moment: str) -> str:
    """Return how long ago a time is, in the largest unit that it fills.

    A text that is not a time with a zone is returned as it is, with escapes.
    """
    try:
        seconds = (datetime.now(UTC) - datetime.fromisoformat(moment)).total_seconds()
    except (TypeError, ValueError):
        return plain(moment)
    for unit, length in (("day", 86_400), ("hour", 3600), ("minute", 60)):
        if seconds >= length:
            count = int(seconds // length)
            return f"{count:,} {unit}{'s' * (count > 1)} ago"
    return "seconds ago"


def plain(text: str) -> str:
    """Return a text with escapes for all characters that would affect the terminal.

    These are control characters, those that change the writing direction, and surrogates.
    """
    return "".join(
        ascii(character)[1:-1] if _is_active(character) else character for character in text
    )


def _is_active(character: str) -> bool:
    category = unicodedata.category(character)
    # U+200D joins the parts of an emoji.
    return category in ("Cc", "Cs", "Zl", "Zp") or (category == "Cf" and character != "\u200d")


def size(count: float) -> str:
    """Return 690,400 bytes as 690.4 kB."""
    return decimal(int(count))


def finding(found: Finding) -> Padding:
    """Return the result of a check, and what to do."""
    mark, style = _MARKS[found.state]
    said = Text(plain(found.said))
    if found.fix:
        said.append(f"\n→ {plain(found.fix)}", style="bold")
    table = Table.grid(padding=(0, 1, 0, 0))
    table.add_column(style=style)
    table.add_column(style=style, width=11)
    table.add_column(overflow="fold")
    table.add_row(mark, found.name, said)
    return Padding(table, 0, expand=False)
