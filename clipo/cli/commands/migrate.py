"""`clipo migrate`: brings a database to this release's schema."""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from clipo import typed
from clipo.cli.command import DONE, explained, open_terminal
from clipo.cli.later import later
from clipo.local import checkout

if TYPE_CHECKING:
    from rich import progress

    from clipo.cli.terminal import Terminal
    from clipo.local import catalog
else:
    progress = later("rich.progress")
    catalog = later("clipo.local.catalog")


def command() -> int:
    """Bring a database of release 0.1 to this release's schema.

    Run it after you have deployed this release. The functions may run meanwhile. It can be stopped
    and run again at any time. docs/upgrade.md says what it changes.

    Environment: MONGODB_URI, the database's connection string, and MONGODB_DATABASE (clipo).
    Without MONGODB_URI it migrates the database of the running local stack.
    """
    checkout.require()
    on = open_terminal()
    settings = catalog.chosen(os.environ)
    where = f"{settings.database} at {catalog.without_password(settings.uri)}"
    again = f"Stopped. To continue, run {typed.clipo()} migrate again."
    with explained(lambda: again), _progress(on) as report:
        on.message(f"Migrating the database {where}", "dim")
        changed = catalog.migrate(settings, report)
    on.data(
        f"Migrated: {changed.records:,} records changed, {changed.indexes_built} indexes built,"
        f" {changed.indexes_dropped} indexes dropped."
    )
    return DONE


@contextmanager
def _progress(on: "Terminal") -> Iterator[Callable[[str, int, int], None]]:
    """Yield what shows the progress: a bar for each step, or lines if nothing can be drawn."""
    if not on.animated:
        yield lambda what, done, total: on.message(f"{what}: {done:,} of {total:,}")
        return
    columns = (
        progress.TextColumn("{task.description}"),
        progress.BarColumn(),
        progress.MofNCompleteColumn(),
        progress.TimeElapsedColumn(),
    )
    with progress.Progress(*columns, console=on.err) as bars:
        tasks: dict[str, progress.TaskID] = {}

        def show(what: str, done: int, total: int) -> None:
            if what not in tasks:
                tasks[what] = bars.add_task(what)
            # A step without work is complete, too.
            bars.update(tasks[what], completed=done or int(not total), total=total or 1)

        yield show
