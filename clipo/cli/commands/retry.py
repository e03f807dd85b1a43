"""`clipo retry`: processes failed videos again."""

import os
import sys
from collections.abc import Sequence
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
from clipo.cli.selection import (
    CodeOption,
    OwnerOption,
    SinceOption,
    UntilOption,
    check_span,
    counted,
)
from clipo.client import address, retries
from clipo.client.address import program_for
from clipo.errors import Misuse
from clipo.program import program_name

if TYPE_CHECKING:
    from clipo.cli.terminal import Terminal
    from clipo.client.api import Api

_FEW = 10
"""How many ids the suggested command names at most."""

_NOTHING = "Nothing is retried."

_Conditions: TypeAlias = dict[str, Any]


@dataclass(slots=True)
class _Report:
    retried: int = 0
    refused: list[dict[str, str]] = field(default_factory=list)


def command(
    ids: Annotated[list[str] | None, Id] = None,
    *,
    all_failed: Annotated[
        bool,
        typer.Option("--all-failed", help="Retry all failed videos that may succeed now."),
    ] = False,
    code: CodeOption = None,
    owner: OwnerOption = None,
    since: SinceOption = None,
    until: UntilOption = None,
    yes: Annotated[
        bool, typer.Option("--yes", "-y", help="Retry many without asking for confirmation.")
    ] = False,
    api_url: ApiOption = None,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> int:
    """Process failed videos again: those with the given ids, or all that the options select.

    Without --code, the options select the videos that may succeed now.
    """
    check_span(since, until)
    conditions = {"codes": code, "owner": owner, "created_after": since, "created_before": until}
    given = {name: value for name, value in conditions.items() if value}
    if bool(ids) == bool(all_failed or given):
        again = f"{program_name()} retry"
        raise Misuse(f"Give either ids or options: {again} ID…, or {again} --all-failed.")
    output = terminal.Terminal(as_json=as_json, quiet=quiet)
    if ids:
        return ask(api_url, output, lambda api: _retry(api, output, ids))
    if not yes and not (sys.stdin and sys.stdin.isatty()):
        raise Misuse("Many retries need a confirmation. Without a terminal, confirm with --yes.")
    return _retry_selected(api_url, output, given, asks=not yes)


async def _retry(api: "Api", output: "Terminal", ids: Sequence[str]) -> int:
    async def retry(video_id: str) -> None:
        video = await api.retry(video_id)
        if output.as_json:
            output.write_json(video)
        elif not output.quiet:
            output.write(f"retried  {video_id}  {view.plain(video['filename'])}")

    exit_code = await do_each(output, ids, retry)
    if exit_code == DONE and not output.as_json:
        program = program_for(api.address, os.environ)
        watched = "".join(f" {video_id}" for video_id in ids) if len(ids) <= _FEW else ""
        output.message(f"Follow: {program} watch{watched}", "dim")
    return exit_code


def _retry_selected(
    api_url: str | None, output: "Terminal", conditions: _Conditions, *, asks: bool
) -> int:
    found = ask(api_url, output, lambda api: api.retry_failed(**conditions, limit=0))
    count = found["remaining"]
    if count and asks and not confirm(_question(count, conditions), otherwise=_NOTHING):
        output.message(_NOTHING)
        return FAILED
    report = _Report()
    if count:
        ask(api_url, output, lambda api: _retry_all(api, output, conditions, report))
    api = address.without_login(address.choose(api_url, os.environ))
    follow = f"{program_for(api, os.environ)} watch"
    return _end(output, report, follow=follow, nothing=_nothing_to_retry(conditions))


def _question(count: int, conditions: _Conditions) -> str:
    videos = "failed video" if count == 1 else "failed videos"
    may = "" if "codes" in conditions else " that may succeed now"
    return f"Process {counted(count)} {videos}{may} again?"


def _nothing_to_retry(conditions: _Conditions) -> str:
    if "codes" in conditions:
        return "No failed video matches."
    return (
        "No video has failed for a reason that may be gone now. To retry others all the same, name"
        " their ids or --code."
    )


async def _retry_all(
    api: "Api", output: "Terminal", conditions: _Conditions, report: _Report
) -> None:
    def say_that_it_waits() -> None:
        output.message("Waiting for workers to take the retried videos …", "dim")

    async for found in retries.retry_all(api, conditions, say_that_it_waits):
        report.retried += len(found["retried"])
        report.refused += found["refused"]
        for refused in found["refused"]:
            output.error(view.plain(f"{refused['message']} ({refused['code']})"))
        if found["next_cursor"]:
            output.message(f"retried: {report.retried:,}, to do: {found['remaining']:,}", "dim")


def _end(output: "Terminal", report: _Report, *, follow: str, nothing: str) -> int:
    if output.as_json:
        output.write_json({"retried": report.retried, "refused": report.refused})
    elif report.retried or report.refused:
        refused = f", {len(report.refused):,} refused" if report.refused else ""
        output.message(f"{report.retried:,} retried{refused}. Follow: {follow}")
    else:
        output.message(nothing)
    return FAILED if report.refused else DONE
