"""`clipo upload`: uploads videos, and follows them until they are done or failed."""

import os
from collections.abc import Sequence
from contextlib import ExitStack, suppress
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from clipo.cli import bars, picture, sample, terminal, view
from clipo.cli.command import DONE, FAILED, ApiOption, JsonOption, QuietOption, ask, report_errors
from clipo.client import uploads
from clipo.client.address import page_url, program_for
from clipo.errors import ClipoError, Misuse

if TYPE_CHECKING:
    from clipo.cli.terminal import Terminal
    from clipo.client.api import Api, Video

_RESUME = "Run the same command again to resume."


def command(
    files: Annotated[
        list[Path] | None,
        typer.Argument(metavar="FILE", help="Videos to upload.", show_default=False),
    ] = None,
    *,
    wait: Annotated[
        bool, typer.Option("--wait/--no-wait", help="Wait until each video is done or failed.")
    ] = True,
    with_sample: Annotated[
        bool, typer.Option("--sample", help="Make a video of 5 seconds and upload it.")
    ] = False,
    owner: Annotated[
        str | None,
        typer.Option(
            metavar="OWNER",
            help="Owner of the videos, if the key is for all owners.",
            show_default="none",
        ),
    ] = None,
    api_url: ApiOption = None,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> int:
    """Upload videos, and follow them until they are done or failed.

    Files over 100 MB go in parts. After an interruption the same command resumes the upload.
    """
    if not files and not with_sample:
        raise Misuse("Name the videos to upload, or try --sample.")
    output = terminal.Terminal(as_json=as_json, quiet=quiet)
    upload = _Upload(output, wait=wait, owner=owner)
    with report_errors(upload.interrupted):
        return ask(
            api_url, output, lambda api: upload.run(api, files or [], with_sample=with_sample)
        )


class _Upload:
    """One run of the command, which knows what to say after Ctrl-C."""

    def __init__(self, output: "Terminal", *, wait: bool, owner: str | None) -> None:
        self._output = output
        self._owner = owner
        self._wait = wait
        self._uploads: uploads.Uploads | None = None
        self._program = "clipo"
        self._only_sample = False

    async def run(self, api: "Api", files: Sequence[Path], *, with_sample: bool) -> int:
        """Upload files, and a sample if wanted. Return the exit code."""
        self._only_sample = with_sample and not files
        self._program = program_for(api.address, os.environ)
        self._uploads = uploads.Uploads(api, wait=self._wait, owner=self._owner)
        with ExitStack() as until_the_end:
            inputs = uploads.distinct_files(files)
            if len(inputs) < len(files):
                self._output.message("A file that is named twice is uploaded once.", "yellow")
            if with_sample:
                self._output.message("Making a sample of 5 s.", "dim")
                clip = until_the_end.enter_context(sample.make_sample())
                inputs.append(uploads.InputFile(clip, clip.name, temporary=True))
            await self._show_quota(api)
            outcomes = await self._run_and_report(api, self._uploads, inputs)
        return self._sum_up(outcomes)

    async def _show_quota(self, api: "Api") -> None:
        """Say how much of the quota is used, if there is one."""
        if self._owner or self._output.as_json or self._output.quiet:
            return
        # The upload itself says what is wrong.
        with suppress(ClipoError):
            if used := view.quota(await api.me()):
                self._output.message(f"Used: {used}.", "dim")

    def interrupted(self) -> str:
        """Return the message after Ctrl-C."""
        if self._uploads and self._uploads.all_sent:
            done = "All files are uploaded, and Clipo continues to process them."
            return f"{done} To see them: {self._program} list"
        return "Stopped." if self._only_sample else f"Stopped. {_RESUME}"

    async def _run_and_report(
        self, api: "Api", running: "uploads.Uploads", files: "Sequence[uploads.InputFile]"
    ) -> "list[uploads.Outcome]":
        if not self._output.animated:
            return await running.run(
                files, bars.Lines(self._output).row, partial(self._report, api)
            )
        # Bars must have the terminal for themselves, so outcomes follow them; stdout may be a pipe
        # that ends on the same terminal.
        ended: list[uploads.Outcome] = []
        outcomes: list[uploads.Outcome] | None = None
        try:
            with bars.Bars(self._output) as shown:
                outcomes = await running.run(files, shown.row, ended.append)
        finally:
            if outcomes is None:  # interrupted
                for outcome in ended:
                    self._report(api, outcome)
        for outcome in outcomes:
            self._report(api, outcome)
            if outcome.video and not (self._output.as_json or self._output.quiet):
                await picture.show(self._output, api, outcome.video)
        return outcomes

    def _report(self, api: "Api", outcome: "uploads.Outcome") -> None:
        output, video = self._output, outcome.video
        if outcome.error:
            output.error(f"{view.plain(outcome.file.typed)}: {view.plain(str(outcome.error))}")
        if not outcome.file.temporary and getattr(outcome.error, "resumable", False):
            output.error(_RESUME, "default")
        if output.as_json:
            output.write_json(_document(api, outcome))
        elif video and output.quiet:
            output.write(video["id"])
        elif video:
            output.write(view.result(video, name=outcome.file.label))
            output.write_unwrapped(f"  {page_url(api.address, video['id'])}")

    def _sum_up(self, outcomes: "Sequence[uploads.Outcome]") -> int:
        good = sum(outcome.good for outcome in outcomes)
        if len(outcomes) > 1:
            style = "" if good == len(outcomes) else "red"
            state = "done" if self._wait else "uploaded"
            self._output.message(f"{good} of {len(outcomes)} videos are {state}.", style)
        return DONE if good == len(outcomes) else FAILED


def _document(api: "Api", outcome: "uploads.Outcome") -> "Video":
    document: Video = {"file": outcome.file.typed}
    if outcome.video:
        document |= outcome.video | {"page": page_url(api.address, outcome.video["id"])}
        document.pop("upload", None)
    if outcome.error:
        document["error"] = outcome.error.document()
    return document
