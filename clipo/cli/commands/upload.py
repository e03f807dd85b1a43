"""`clipo upload`: uploads videos, and follows them until they are done or failed."""

import os
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from clipo.cli import bars, picture, piped, sample, terminal, view
from clipo.cli.command import (
    DONE,
    FAILED,
    ApiOption,
    IdsOnlyOption,
    JsonOption,
    ask,
    end_at_sigterm,
    in_options,
    report_errors,
)
from clipo.client import uploads
from clipo.client.address import page_url, program_for
from clipo.errors import ClipoError, Misuse

if TYPE_CHECKING:
    from clipo.cli.terminal import Terminal
    from clipo.client.api import Api, Video

_RESUME = "Run the same command again to resume."
_FEW = 6
"""How many videos of one run get a picture at most, so that the results stay readable."""


def command(
    files: Annotated[
        list[Path] | None,
        typer.Argument(
            metavar="FILE", help="Videos to upload; - for standard input.", show_default=False
        ),
    ] = None,
    *,
    wait: Annotated[
        bool, typer.Option("--wait/--no-wait", help="Wait until each video is done or failed.")
    ] = True,
    recursive: Annotated[
        bool, typer.Option("--recursive", "-r", help="Upload the videos in folders and below them.")
    ] = False,
    with_sample: Annotated[
        bool, typer.Option("--sample", help="Make a video of 5 seconds and upload it.")
    ] = False,
    name: Annotated[
        str | None,
        typer.Option(
            metavar="NAME", help="Filename of the video that - reads from standard input."
        ),
    ] = None,
    passthrough: Annotated[
        str | None,
        typer.Option(
            metavar="TEXT", help="A text of yours that Clipo keeps with each video, such as an id."
        ),
    ] = None,
    visibility: Annotated[
        Literal["public", "private"] | None,
        typer.Option(help="Whether everyone gets the files.", show_default="private"),
    ] = None,
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
    quiet: IdsOnlyOption = False,
) -> int:
    """Upload videos, and follow them until they are done or failed.

    Files over 100 MB go in parts. After an interruption the same command resumes the upload.
    """
    if not files and not with_sample:
        raise Misuse("Name the videos to upload, or try --sample.")
    output = terminal.Terminal(as_json=as_json, quiet=quiet)
    given = {"owner": owner, "passthrough": passthrough, "visibility": visibility}
    fields = {field: value for field, value in given.items() if value is not None}
    upload = _Upload(output, wait=wait, recursive=recursive, fields=fields)
    end_at_sigterm()
    with report_errors(upload.interrupted), TemporaryDirectory(prefix="clipo-") as folder:
        paths = files or []
        if recursive:
            paths = list(uploads.videos_in(paths, partial(_report_link, output)))
        named = _distinct(output, [path for path in paths if path != piped.STDIN])
        piped_name = _name(name, paths)
        if piped_name:
            # The input may be long, and cannot be read again.
            ask(api_url, output, lambda api: api.me())
        made = _make(output, Path(folder), sample_wanted=with_sample, piped_name=piped_name)
        inputs = [*named, *made]
        upload.resumable = bool(named)
        return ask(api_url, output, lambda api: upload.run(api, inputs))


def _name(name: str | None, paths: "Sequence[Path]") -> str | None:
    """Return the name of the video from standard input, `None` if there is none."""
    if any(re.match("https?:/", str(path)) for path in paths):
        raise Misuse(f"Upload files, not addresses: curl -L URL | {piped.example()}")
    if piped.STDIN in paths:
        return piped.check_name(name)
    if name:
        raise Misuse(f"--name is for a video from standard input: {piped.example()}")
    return None


def _report_link(output: "Terminal", path: Path) -> None:
    output.message(
        f"Skipped {view.plain(str(path))}: it is a link to a file outside the folder. To upload"
        " that file, name it.",
        "yellow",
    )


def _distinct(output: "Terminal", paths: "Sequence[Path]") -> "list[uploads.InputFile]":
    found = uploads.distinct_files(paths)
    if len(found) < len(paths):
        output.message("A file that is named twice is uploaded once.", "yellow")
    return found


def _make(
    output: "Terminal", folder: Path, *, sample_wanted: bool, piped_name: str | None
) -> "Iterator[uploads.InputFile]":
    """Yield the files that the command itself writes to a temporary folder."""
    if sample_wanted:
        output.message("Making a sample of 5 s.", "dim")
        clip = folder / "sample" / "sample.mp4"
        clip.parent.mkdir()
        sample.write(clip)
        yield uploads.InputFile(clip, clip.name, temporary=True)
    if piped_name:
        output.message("Reading the video from standard input.", "dim")
        piped.save(folder / piped_name)
        yield uploads.InputFile(folder / piped_name, piped_name, temporary=True)


class _Upload:
    """One run of the command, which knows what to say after Ctrl-C."""

    def __init__(
        self, output: "Terminal", *, wait: bool, recursive: bool, fields: Mapping[str, str]
    ) -> None:
        self._output = output
        self._recursive = recursive
        self._fields = fields
        self.resumable = False
        self._wait = wait
        self._uploads: uploads.Uploads | None = None
        self._program = "clipo"

    async def run(self, api: "Api", inputs: "Sequence[uploads.InputFile]") -> int:
        """Upload files. Return the exit code."""
        self._program = program_for(api.address, os.environ)
        self._uploads = uploads.Uploads(
            api, wait=self._wait, recursive=self._recursive, fields=self._fields
        )
        await self._show_quota(api)
        return self._sum_up(await self._run_and_report(api, self._uploads, inputs))

    async def _show_quota(self, api: "Api") -> None:
        """Say how much of the quota is used, if there is one."""
        if "owner" in self._fields or self._output.as_json or self._output.quiet:
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
        return f"Stopped. {_RESUME}" if self.resumable else "Stopped."

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
        few = len(outcomes) <= _FEW
        for outcome in outcomes:
            self._report(api, outcome)
            if outcome.video and few and not (self._output.as_json or self._output.quiet):
                await picture.show(self._output, api, outcome.video)
        return outcomes

    def _report(self, api: "Api", outcome: "uploads.Outcome") -> None:
        output, video = self._output, outcome.video
        if outcome.error:
            output.error(view.plain(f"{outcome.file.typed}: {in_options(outcome.error)}"))
        elif video and output.quiet and video["status"] == "failed":
            output.error(f"{view.plain(outcome.file.typed)}: {view.error_line(video)}")
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
