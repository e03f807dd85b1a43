"""Progress of uploads and of a migration: bars on a terminal, else a line for each step."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Self

from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    SpinnerColumn,
    Task,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
)
from rich.table import Column
from rich.text import Text

from clipo.cli.terminal import Terminal
from clipo.cli.view import plain, size
from clipo.client.upload import NewRow, ProgressRow

_NARROW = 60
_BAR = 40


class Bars:
    """A progress bar for each file, shown during a `with` block."""

    def __init__(self, terminal: Terminal) -> None:
        width = terminal.err.width
        bar = max(5, min(_BAR, width // 5))
        self._progress = Progress(
            SpinnerColumn(finished_text=" "),
            _Name(max_width=max(10, width - bar - (10 if width < _NARROW else 38))),
            BarColumn(bar_width=bar),
            _Details(short=width < _NARROW),
            console=terminal.err,
            transient=True,
            # Rich must not capture stdout, which may go to another program.
            redirect_stdout=False,
            redirect_stderr=False,
        )

    def __enter__(self) -> Self:
        self._progress.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._progress.stop()

    def row(self, name: str, size: int) -> ProgressRow:
        """Add a bar."""
        task = self._progress.add_task(plain(name), total=size, status="")
        self._make_room()
        return _BarRow(self._progress, task)

    def _make_room(self) -> None:
        """Hide the bars of files that are sent, the oldest first, if there are more than lines."""
        shown = [task for task in self._progress.tasks if task.visible]
        sent = [task for task in shown if task.finished]
        for task in sent[: max(0, len(shown) - self._progress.console.height + 2)]:
            self._progress.update(task.id, visible=False)


class _BarRow:
    def __init__(self, progress: Progress, task: TaskID) -> None:
        self._progress = progress
        self._task = task

    def advance(self, count: int) -> None:
        self._progress.update(self._task, advance=count, status="")

    def show_retry(self) -> None:
        self._progress.update(self._task, status="retrying")

    def resume(self, arrived: int) -> None:
        # `reset` keeps these bytes out of the speed.
        self._progress.reset(self._task, completed=arrived, status="")

    def show_status(self, status: str) -> None:
        # A resumed upload may have had nothing left to send.
        total = self._progress.tasks[self._task].total
        self._progress.update(self._task, completed=total, status=_SHOWN.get(status, status))


_SHOWN = {"pending": "uploaded"}
"""Words that the bars show instead of the API's. After an upload, `pending` means uploaded."""


class _Name(ProgressColumn):
    def __init__(self, max_width: int) -> None:
        column = Column(no_wrap=True, overflow="ellipsis", max_width=max_width)
        super().__init__(table_column=column)

    def render(self, task: Task) -> Text:
        return Text(task.description)


class _Details(ProgressColumn):
    """The share sent, the speed and the time left; after the upload, the video's status."""

    def __init__(self, *, short: bool) -> None:
        super().__init__(table_column=Column(no_wrap=True))
        self._short = short

    def render(self, task: Task) -> Text:
        status = task.fields["status"]
        if status:
            style = {"retrying": "yellow", "failed": "red", "done": "green"}.get(status, "cyan")
            return Text(status, style=style)
        share = Text(f"{task.percentage:3.0f}%")
        if self._short:
            return share
        speed = f"{size(task.speed)}/s" if task.speed else ""
        left = task.time_remaining
        ends = "" if left is None or task.finished else f"{short_time(left)} left"
        return share.append(f"  {speed:>11}  {ends}")


@dataclass(frozen=True, slots=True)
class Words:
    """The words for the transfer of a file."""

    begin: str
    have: str


UPLOAD = Words("uploading", "are uploaded already")
DOWNLOAD = Words("downloading", "are here already")


class Lines:
    """A line on stderr for each step of each file."""

    def __init__(self, terminal: Terminal, words: Words = UPLOAD) -> None:
        self._terminal = terminal
        self._words = words

    def row(self, name: str, count: int) -> ProgressRow:
        """Write that the transfer of a file with `count` bytes begins."""
        row = _LineRow(self._terminal, name, self._words)
        row.write(f"{self._words.begin} {size(count)}")
        return row


@contextmanager
def shown(terminal: Terminal, words: Words) -> Iterator[NewRow]:
    """Yield the maker of rows that the terminal can show."""
    if terminal.animated:
        with Bars(terminal) as bars:
            yield bars.row
    else:
        yield Lines(terminal, words).row


class _LineRow:
    def __init__(self, terminal: Terminal, name: str, words: Words) -> None:
        self._terminal = terminal
        self._words = words
        self._name = name
        self._retrying = False

    def write(self, what: str) -> None:
        self._terminal.message(f"{plain(self._name)}: {what}")

    def advance(self, count: int) -> None:
        if count > 0:
            self._retrying = False

    def show_retry(self) -> None:
        # The parts of a file fail together, and one line is enough.
        if not self._retrying:
            self.write("interrupted, retrying")
        self._retrying = True

    def resume(self, arrived: int) -> None:
        self.write(f"resuming: {size(arrived)} {self._words.have}")

    def show_status(self, status: str) -> None:
        self.write(_SHOWN.get(status, status))


def short_time(seconds: float) -> str:
    """Return 75 s as 1:15."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


@contextmanager
def steps(terminal: Terminal) -> Iterator[Callable[[str, int, int], None]]:
    """Yield a function that shows how much of a step is done: its name, the count, the total."""
    if not terminal.animated:
        yield lambda name, done, total: terminal.message(f"{name}: {done:,} of {total:,}")
        return
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    with Progress(*columns, TimeElapsedColumn(), console=terminal.err) as progress:
        tasks: dict[str, TaskID] = {}

        def show(name: str, done: int, total: int) -> None:
            if name not in tasks:
                tasks[name] = progress.add_task(name)
            # A step without work counts as one that is complete.
            progress.update(tasks[name], completed=done or int(not total), total=total or 1)

        yield show
