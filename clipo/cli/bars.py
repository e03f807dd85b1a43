"""Shows how far uploads are: a bar each on a terminal, else a line a step."""

from typing import Self

from rich.progress import BarColumn, Progress, ProgressColumn, SpinnerColumn, Task, TaskID
from rich.table import Column
from rich.text import Text

from clipo.cli.terminal import Terminal
from clipo.cli.view import plain, size
from clipo.client.upload import Row

_NARROW = 60
_BAR = 40


class Bars:
    """A bar for each file, while the `with` block runs."""

    def __init__(self, terminal: Terminal) -> None:
        """Take the terminal, whose width decides how much is told."""
        width = terminal.err.width
        bar = max(5, min(_BAR, width // 5))
        self._progress = Progress(
            SpinnerColumn(finished_text=" "),
            _Name(max_width=max(10, width - bar - (10 if width < _NARROW else 38))),
            BarColumn(bar_width=bar),
            _Details(short=width < _NARROW),
            console=terminal.err,
            transient=True,
            # stdout may be somebody else's.
            redirect_stdout=False,
            redirect_stderr=False,
        )

    def __enter__(self) -> Self:
        self._progress.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._progress.stop()

    def row(self, name: str, size: int) -> Row:
        """Begin a bar."""
        task = self._progress.add_task(plain(name), total=size, status="")
        return _BarRow(self._progress, task)


class _BarRow:
    def __init__(self, progress: Progress, task: TaskID) -> None:
        self._progress = progress
        self._task = task

    def sent(self, count: int) -> None:
        self._progress.update(self._task, advance=count, status="")

    def waits(self) -> None:
        self._progress.update(self._task, status="retrying")

    def resumes(self, arrived: int) -> None:
        # Not counted as speed.
        self._progress.reset(self._task, completed=arrived, status="")

    def says(self, status: str) -> None:
        # All of it has been sent, also where that was earlier.
        total = self._progress.tasks[self._task].total
        self._progress.update(self._task, completed=total, status=_SHOWN.get(status, status))


_SHOWN = {"pending": "uploaded"}
"""The API's `pending`, where everything has been sent."""


class _Name(ProgressColumn):
    def __init__(self, max_width: int) -> None:
        column = Column(no_wrap=True, overflow="ellipsis", max_width=max_width)
        super().__init__(table_column=column)

    def render(self, task: Task) -> Text:
        return Text(task.description)


class _Details(ProgressColumn):
    """The share, the speed and the time left; then the video's status."""

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
        ends = "" if left is None or task.finished else f"{clock(left)} left"
        return share.append(f"  {speed:>11}  {ends}")


class Lines:
    """A line for each step of each file, on stderr."""

    def __init__(self, terminal: Terminal) -> None:
        """Take where to write."""
        self._terminal = terminal

    def row(self, name: str, count: int) -> Row:
        """Tell that an upload of so many bytes begins."""
        row = _LineRow(self._terminal, name)
        row.tell(f"uploading {size(count)}")
        return row


class _LineRow:
    def __init__(self, terminal: Terminal, name: str) -> None:
        self._terminal = terminal
        self._name = name
        self._waits = False

    def tell(self, what: str) -> None:
        self._terminal.message(f"{plain(self._name)}: {what}")

    def sent(self, count: int) -> None:
        if count > 0:
            self._waits = False

    def waits(self) -> None:
        # The parts of a file wait for the same thing.
        if not self._waits:
            self.tell("interrupted, trying again")
        self._waits = True

    def resumes(self, arrived: int) -> None:
        self.tell(f"going on: {size(arrived)} have arrived before")

    def says(self, status: str) -> None:
        self.tell(_SHOWN.get(status, status))


def clock(seconds: float) -> str:
    """Return a time of 75 s as 1:15."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"
