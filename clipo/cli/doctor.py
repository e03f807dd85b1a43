"""The command `doctor`: what a newcomer can get wrong, and how it is mended."""

from collections.abc import Mapping
from dataclasses import asdict

from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from clipo.cli import deployment, machine
from clipo.cli.finding import Finding, State
from clipo.cli.terminal import Terminal, plain
from clipo.client import address, faults
from clipo.client.api import connected
from clipo.errors import Misuse

_MARKS = {State.OK: ("✓", "green"), State.WARNING: ("!", "yellow"), State.BROKEN: ("✗", "red")}


async def examine(terminal: Terminal, option: str | None, environ: Mapping[str, str]) -> int:
    """Tell each finding; return 1 where something is broken."""
    found: list[Finding] = []

    def tell(finding: Finding) -> None:
        found.append(finding)
        if not terminal.as_json:
            terminal.data(_shown(finding))

    if option:
        address.checked(option, "--api")
    for finding in machine.findings(environ, option):
        tell(finding)
    try:
        url = address.chosen(option, environ)
    except Misuse:
        pass  # It has been said.
    else:
        async with connected(url, timeouts=faults.DOCTOR_TIMEOUTS) as api:
            async for finding in deployment.findings(api):
                tell(finding)
    if terminal.as_json:
        terminal.json([asdict(finding) for finding in found], indent=2)
    return int(_verdict(terminal, found))


def _verdict(terminal: Terminal, found: list[Finding]) -> bool:
    bad = sum(finding.state is State.BROKEN for finding in found)
    doubtful = sum(finding.state is State.WARNING for finding in found)
    if bad:
        terminal.message(f"\n{bad} broken{': the first one first' if bad > 1 else ''}.", "bold red")
    elif doubtful:
        terminal.message(f"\nAll works, with {doubtful} to look at.", "bold yellow")
    else:
        terminal.message("\nAll is well.", "bold green")
    return bad > 0


def _shown(finding: Finding) -> Padding:
    mark, style = _MARKS[finding.state]
    said = Text(plain(finding.said))
    if finding.fix:
        said.append(f"\n→ {plain(finding.fix)}", style="bold")
    table = Table.grid(padding=(0, 1, 0, 0))
    table.add_column(style=style)
    table.add_column(style=style, width=11)
    table.add_column(overflow="fold")
    table.add_row(mark, finding.name, said)
    return Padding(table, 0, expand=False)
