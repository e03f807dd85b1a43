"""`clipo version`: shows the version."""

from clipo.cli import overview, terminal
from clipo.cli.command import DONE


def command() -> int:
    """Show the version."""
    terminal.Terminal().write(f"clipo {overview.version()}")
    return DONE
