"""`clipo upload`: uploads videos, and follows them to the end."""

from collections.abc import Sequence
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from clipo import typed
from clipo.cli.command import (
    DONE,
    FAILED,
    ApiOption,
    JsonOption,
    QuietOption,
    ask,
    explained,
    open_terminal,
)
from clipo.cli.later import later
from clipo.client.address import page
from clipo.errors import Misuse

if TYPE_CHECKING:
    import asyncio

    from clipo.cli import bars, picture, sample, view
    from clipo.cli.terminal import Terminal
    from clipo.client import uploads
    from clipo.client.api import Api, Video
else:
    asyncio = later("asyncio")
    bars = later("clipo.cli.bars")
    picture = later("clipo.cli.picture")
    sample = later("clipo.cli.sample")
    uploads = later("clipo.client.uploads")
    view = later("clipo.cli.view")


def command(
    files: Annotated[list[Path] | None, typer.Argument(metavar="FILE", show_default=False)] = None,
    *,
    wait: Annotated[
        bool, typer.Option("--wait/--no-wait", help="Follow each video until it is done or failed.")
    ] = True,
    with_sample: Annotated[
        bool, typer.Option("--sample", help="Make a clip of a few seconds, and upload that.")
    ] = False,
    api: ApiOption = None,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> int:
    """Upload videos, and follow them to the end.

    Files over 100 MB go in parts. After an interruption the same command goes on where it was.
    """
    if not files and not with_sample:
        raise Misuse("Name the videos to upload, or try --sample.")
    on = open_terminal(as_json=as_json, quiet=quiet)
    upload = _Upload(on, wait=wait)
    with explained(upload.interrupted):
        return ask(api, on, lambda to: upload.run(to, files or [], with_sample=with_sample))


class _Upload:
    """One run of the command. It knows what to say where Ctrl-C ends it."""

    def __init__(self, on: "Terminal", *, wait: bool) -> None:
        """Take whether to follow each video to its end."""
        self._on = on
        self._wait = wait
        self._uploads: uploads.Uploads | None = None
        self._only_sample = False

    async def run(self, api: "Api", files: Sequence[Path], *, with_sample: bool) -> int:
        """Upload files, and a sample where it is wanted."""
        self._only_sample = with_sample and not files
        self._uploads = uploads.Uploads(api, wait=self._wait)
        with ExitStack() as until_the_end:
            sent = uploads.given_files(files)
            if len(sent) < len(files):
                self._on.message("A file that is named twice is uploaded once.", "yellow")
            if with_sample:
                self._on.message("Making a sample of 5 s.", "dim")
                clip = until_the_end.enter_context(sample.sample())
                sent.append(uploads.GivenFile(clip, clip.name, lasting=False))
            outcomes = await self._shown(api, self._uploads, sent)
        return self._sum_up(outcomes)

    def interrupted(self) -> str:
        """Return what to tell a person who has pressed Ctrl-C."""
        if self._uploads and self._uploads.all_sent:
            return f"Everything is uploaded, and is processed without us: see {typed.clipo()} list"
        if self._only_sample:
            return "Stopped."
        return "Stopped. The same command goes on where it was."

    async def _shown(
        self, api: "Api", running: "uploads.Uploads", files: "Sequence[uploads.GivenFile]"
    ) -> "list[uploads.Outcome]":
        if not self._on.animated:
            return await running.run(files, bars.Lines(self._on).row, partial(self._tell, api))
        # Nothing may be written to a terminal on which bars are drawn, and a pipe may end on it.
        ended: list[uploads.Outcome] = []
        try:
            with bars.Bars(self._on) as shown:
                outcomes = await running.run(files, shown.row, ended.append)
        except asyncio.CancelledError:
            for outcome in ended:
                self._tell(api, outcome)
            raise
        for outcome in outcomes:
            self._tell(api, outcome)
            if outcome.video and not (self._on.as_json or self._on.quiet):
                await picture.show(self._on, api, outcome.video)
        return outcomes

    def _tell(self, api: "Api", outcome: "uploads.Outcome") -> None:
        on, video = self._on, outcome.video
        if outcome.error:
            said = f"{view.plain(outcome.file.given)}: {view.plain(str(outcome.error))}"
            on.error(said)
        if outcome.file.lasting and getattr(outcome.error, "goes_on", False):
            on.error("The same command goes on where it was.", "default")
        if on.as_json:
            on.json(_document(api, outcome))
        elif video and on.quiet:
            on.data(video["id"])
        elif video:
            on.data(view.result(video, name=outcome.file.name))
            on.whole(f"  {page(api.address, video['id'])}")

    def _sum_up(self, outcomes: "Sequence[uploads.Outcome]") -> int:
        good = sum(outcome.good for outcome in outcomes)
        if len(outcomes) > 1:
            style = "" if good == len(outcomes) else "red"
            what = "done" if self._wait else "uploaded"
            self._on.message(f"{good} of {len(outcomes)} videos are {what}.", style)
        return DONE if good == len(outcomes) else FAILED


def _document(api: "Api", outcome: "uploads.Outcome") -> "Video":
    document: Video = {"file": outcome.file.given}
    if outcome.video:
        document |= outcome.video | {"page": page(api.address, outcome.video["id"])}
        document.pop("upload", None)
    if outcome.error:
        document["error"] = outcome.error.document()
    return document
