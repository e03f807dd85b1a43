"""`clipo delete`: deletes videos after a confirmation."""

import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Annotated, Any, TypeAlias

import typer

from clipo.cli import terminal, view
from clipo.cli.command import (
    DONE,
    FAILED,
    ApiOption,
    Id,
    JsonOption,
    QuietOption,
    ask,
    confirm,
    do_each,
)
from clipo.cli.commands.list import Status
from clipo.cli.selection import (
    CodeOption,
    OwnerOption,
    SinceOption,
    UntilOption,
    check_span,
    counted,
    others,
)
from clipo.client import deletes, faults
from clipo.errors import Misuse
from clipo.program import program_name

if TYPE_CHECKING:
    from clipo.cli.terminal import Terminal
    from clipo.client.api import Api, Video

_NOTHING = "Nothing is deleted."
_NAMED = ("id", "filename", "status", "created_at")
"""Fields of a video in a dry run's report."""

_Conditions: TypeAlias = dict[str, Any]


@dataclass(slots=True)
class _Deletes:
    deleted: int = 0
    left: list[dict[str, str]] = field(default_factory=list)
    remaining: int = 0
    """The number of videos that were not tried, because the storage has failed."""


def command(
    ids: Annotated[list[str] | None, Id] = None,
    *,
    all_failed: Annotated[
        bool, typer.Option("--all-failed", help="Delete all videos that have failed.")
    ] = False,
    status: Annotated[
        list[Status] | None,
        typer.Option(
            metavar="STATUS",
            case_sensitive=False,
            help="Only videos that are pending, processing, done or failed. Can be repeated.",
            show_default=False,
        ),
    ] = None,
    code: CodeOption = None,
    owner: OwnerOption = None,
    since: SinceOption = None,
    until: UntilOption = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Count the videos, name the newest, and delete none.")
    ] = False,
    yes: Annotated[
        bool, typer.Option("--yes", "-y", help="Delete without asking for confirmation.")
    ] = False,
    purge: Annotated[
        bool,
        typer.Option(
            "--purge", help="Remove the files for good, so that the operator cannot restore them."
        ),
    ] = False,
    api_url: ApiOption = None,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> int:
    """Delete videos with their files: those with the given ids, or all that the options select.

    A video that is gone already is no failure.
    """
    if all_failed and status:
        raise Misuse("Give either --all-failed or --status.")
    check_span(since, until)
    conditions = {
        "statuses": [Status.FAILED] if all_failed else status,
        "codes": code,
        "owner": owner,
        "created_after": since,
        "created_before": until,
    }
    given: _Conditions = {name: value for name, value in conditions.items() if value}
    if bool(ids) == bool(given):
        delete = f"{program_name()} delete"
        raise Misuse(
            f"Give either ids or options that select videos: {delete} ID…, or {delete}"
            " --all-failed."
        )
    if not (yes or dry_run or (sys.stdin and sys.stdin.isatty())):
        raise Misuse("Deleting needs a confirmation. Without a terminal, confirm with --yes.")
    output = terminal.Terminal(as_json=as_json, quiet=quiet)
    if given:
        given |= {"purge": True} if purge else {}
        return _delete_selected(api_url, output, given, asks=not yes, dry_run=dry_run)
    if dry_run:
        return _count_named(api_url, output, ids or [])
    return _delete_named(api_url, output, ids or [], asks=not yes, purge=purge)


def _count_named(api_url: str | None, output: "Terminal", ids: Sequence[str]) -> int:
    videos, exit_code = ask(api_url, output, lambda api: _look_up(api, output, ids))
    here = [{name: one[name] for name in _NAMED} for one in videos.values() if one]
    _report_dry_run(output, len(here), here)
    return exit_code


def _report_dry_run(output: "Terminal", found: int, first: "Sequence[Video]") -> None:
    """Report the number of videos, and the first ones, if the credential may read them."""
    if output.as_json:
        report = {"dry_run": True, "found": found, "first": first, "deleted": 0, "left": []}
        output.write_json(report)
        return
    if found:
        _name_first(output, found, first, output.write_unwrapped)
    output.message(f"{_videos(found)} would be deleted." if found else "No video matches.")


def _name_first(
    output: "Terminal", found: int, first: "Sequence[Video]", write: Callable[[str], None]
) -> None:
    for video in [] if output.quiet else first:
        write(view.to_delete(video))
    if first and found > len(first):
        output.message(f"and {others(found, len(first))} more", "dim")


def _videos(found: int) -> str:
    return f"{counted(found)} {'video' if found == 1 else 'videos'}"


def _delete_named(
    api_url: str | None, output: "Terminal", ids: Sequence[str], *, asks: bool, purge: bool
) -> int:
    videos, exit_code = ask(api_url, output, lambda api: _look_up(api, output, ids))
    names = {id_: view.plain(one["filename"]) if one else "" for id_, one in videos.items()}
    here = [name for name in names.values() if name]
    if here and asks and not confirm(f"Delete {', '.join(here)}?", otherwise=_NOTHING):
        output.message(_NOTHING)
        return FAILED
    return max(
        exit_code, ask(api_url, output, lambda api: _delete(api, output, names, purge=purge))
    )


async def _look_up(
    api: "Api", output: "Terminal", ids: Sequence[str]
) -> "tuple[dict[str, Video | None], int]":
    """Return the videos, `None` for one that is gone, and the exit code: 1 after an error."""
    videos: dict[str, Video | None] = {}

    async def look_up(video_id: str) -> None:
        try:
            videos[video_id] = await api.get(video_id)
        except faults.Problem as problem:
            if problem.code != "video_not_found":
                raise
            videos[video_id] = None

    return videos, await do_each(output, ids, look_up)


async def _delete(api: "Api", output: "Terminal", names: dict[str, str], *, purge: bool) -> int:
    async def delete(video_id: str) -> None:
        await api.delete(video_id, purge=purge)
        if output.as_json:
            status = "deleted" if names[video_id] else "gone"
            output.write_json({"id": video_id, "status": status})
        elif not output.quiet:
            output.write(f"deleted  {video_id}  {names[video_id] or '(it was gone already)'}")

    return await do_each(output, list(names), delete)


def _delete_selected(
    api_url: str | None, output: "Terminal", conditions: _Conditions, *, asks: bool, dry_run: bool
) -> int:
    counts = ask(api_url, output, lambda api: api.delete_selected(**conditions, dry_run=True))
    # An older API names none.
    found, first, report = counts["found"], counts.get("first", []), _Deletes()
    if dry_run:
        _report_dry_run(output, found, first)
        return DONE
    if found:
        if asks and not _confirm_selected(output, found, first, conditions):
            output.message(_NOTHING)
            return FAILED
        ask(api_url, output, lambda api: _delete_all(api, output, conditions, report))
    if output.as_json:
        done = {"deleted": report.deleted, "left": report.left}
        output.write_json({"dry_run": False, "found": found} | done)
    elif not found:
        output.message("No video matches.")
    else:
        output.message(_summary(report))
    return FAILED if report.left else DONE


def _confirm_selected(
    output: "Terminal", found: int, first: "Sequence[Video]", conditions: _Conditions
) -> bool:
    _name_first(output, found, first, output.message)
    for_good = " for good" if "purge" in conditions else ""
    return confirm(f"Delete {_videos(found)}{for_good}?", otherwise=_NOTHING)


async def _delete_all(
    api: "Api", output: "Terminal", conditions: _Conditions, report: _Deletes
) -> None:
    async for found in deletes.delete_all(api, conditions):
        report.deleted += len(found["deleted"])
        report.left += found["left"]
        for left in found["left"]:
            output.error(view.plain(f"{left['message']} ({left['code']})"))
        if deletes.has_stopped(found):
            report.remaining = found["remaining"]
        elif found["next_cursor"]:
            output.message(f"deleted: {report.deleted:,}, to do: {found['remaining']:,}", "dim")


def _summary(report: _Deletes) -> str:
    left = f", {len(report.left):,} left" if report.left else ""
    not_tried = ""
    if report.remaining:
        not_tried = f" Not tried: {counted(report.remaining)}. Repeat the command later."
    return f"{report.deleted:,} deleted{left}.{not_tried}"
