"""`clipo migrate`: brings a database to this release's schema."""

import os

from clipo.cli import bars, terminal
from clipo.cli.command import DONE, report_errors
from clipo.local import catalog, checkout
from clipo.program import program_name


def command() -> int:
    """Bring a database of release 0.1 to this release's schema.

    Run it after you have deployed this release. The functions may run meanwhile.

    You can stop it and run it again at any time. docs/upgrade.md says what it changes.

    Environment: MONGODB_URI, the database's connection string, and MONGODB_DATABASE (clipo).

    Without MONGODB_URI it migrates the database of the running local stack.
    """
    checkout.require()
    output = terminal.Terminal()
    settings = catalog.choose(os.environ)
    where = f"{settings.database} at {catalog.without_password(settings.uri)}"
    again = f"Stopped. To continue, run {program_name()} migrate again."
    with report_errors(lambda: again), bars.steps(output) as progress:
        output.message(f"Migrating the database {where}", "dim")
        migration = catalog.migrate(settings, progress)
    output.write(
        f"Migrated: {migration.records:,} records changed,"
        f" {migration.indexes_built} indexes built, {migration.indexes_dropped} indexes dropped."
    )
    return DONE
