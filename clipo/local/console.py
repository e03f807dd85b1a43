"""The output of `clipo up`: the stack's addresses, then a line for each step of a video."""

import json
from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import datetime
from typing import Any

from rich.text import Text

from clipo.cli.terminal import RaisingConsole
from clipo.cli.view import STYLES, elapsed

_STEPS = {
    "upload signed": ("pending", "waiting for {size:,} byte{s}"),
    "upload received": ("pending", "{size:,} byte{s} received"),
    "processing started": ("processing", "{size:,} byte{s}"),
    "video done": ("done", "{length}, {width}x{height}, in {elapsed}"),
    "video failed": ("failed", "{code}"),
    "video retried": ("pending", "{size:,} byte{s}, to be processed again"),
    "video reprocessed": ("pending", "{size:,} byte{s}, to be processed again"),
    "reprocessing failed": ("done", "could not be processed again ({code}): the old result stays"),
    "video deleted": ("deleted", ""),
    "processing not started": ("problem", "the video waits until processing can be started"),
    "lost event found": ("retry", "its event was lost: it is started again"),
    "lapsed lease found": ("retry", "its worker has stopped: it is started again"),
    "video not settled": ("problem", "upkeep could not settle it: see upkeep.log"),
    "database not migrated": ("problem", "the database is of an older release: run clipo migrate"),
    "webhook delivered": ("webhook", "{event_type} delivered"),
    "webhook not delivered": ("webhook", "{event_type} not delivered, to be tried again: {reason}"),
    "webhook given up": ("given up", "{event_type} not delivered {attempt} times: {reason}"),
    "processing interrupted": ("retry", "{reason}"),
    "not now": ("retry", "it is {reason}"),
    "event will be retried": ("retry", "Clipo retries the event in {seconds} s"),
    "event given up": ("given up", "the event has failed {deliveries} times: {reason}"),
    "catalog_unavailable": ("problem", "the database does not answer"),
    "issuer_unavailable": ("problem", "the login's issuer does not answer"),
    "storage_unavailable": ("problem", "the object storage does not answer"),
}
"""Log messages about videos, with the status and the text that the console prints for each."""


class StackConsole:
    """Prints messages to the terminal that runs the stack."""

    def __init__(self) -> None:
        self._console = RaisingConsole(highlight=False, soft_wrap=True)

    def say(self, text: str, style: str = "") -> None:
        """Print a line."""
        self._print(Text(text, style=style))

    def welcome(self, addresses: Sequence[tuple[str, str]], *, next_command: str) -> None:
        """Print the table of addresses and the next command."""
        self.say("\nClipo is running. Stop it with Ctrl-C.\n", "bold green")
        for name, address in addresses:
            self._print(Text.assemble((f"  {name:9}", "bold"), address))
        self.say(
            "\nTry it in another terminal: --sample makes a clip, or name a video of yours", "bold"
        )
        self.say(f"  {next_command}\n")

    def report_exit(self, name: str, exit_code: int | None, last_lines: Sequence[str]) -> None:
        """Report a process that ended by itself."""
        self.say(f"{name} has stopped, exit code {exit_code}. Its last lines:", "bold red")
        for line in last_lines:
            self.say(f"  {line}", "dim")

    def log_line(self, line: str) -> None:
        """Print the step of a video that a function's log line reports; most report none."""
        try:
            entry = json.loads(line)
        except ValueError:
            return
        if not isinstance(entry, dict):
            return
        try:
            self._step(entry)
        except (LookupError, TypeError, ValueError):
            # A line may lack a field. The thread that reads it must go on: without a reader, the
            # child would stop in the middle of a line as soon as the pipe is full.
            self.say(line.rstrip(), "dim")

    def _step(self, entry: Mapping[str, Any]) -> None:
        if entry.get("message") not in _STEPS:
            return
        status, details = _STEPS[entry["message"]]
        seconds = entry.get("duration_s")
        length = "unknown length" if seconds is None else f"{seconds:g} s"
        s = "" if entry.get("size") == 1 else "s"
        fields = {**entry, "length": length, "s": s}
        if "wall_ms" in entry:
            fields["elapsed"] = elapsed(entry["wall_ms"])
        text = Text(f"{datetime.now():%H:%M:%S}  ", style="dim")  # noqa: DTZ005 (a wall clock)
        text.append(f"{entry.get('video_id', ''):24}  ", style="default")
        text.append(f"{status:10}", style=STYLES.get(status, "yellow"))
        text.append(f"  {details.format_map(fields)}", style="default")
        self._print(text)

    def _print(self, text: Text) -> None:
        # The stack keeps running after its output's reader has gone, or its disk is full.
        with suppress(OSError):
            self._console.print(text)
