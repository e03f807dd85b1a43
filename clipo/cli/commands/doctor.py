"""`clipo doctor`: finds what can be wrong, and how it is mended."""

import os
from collections.abc import Mapping
from dataclasses import asdict
from typing import TYPE_CHECKING

from clipo.cli.command import ApiOption, JsonOption, bypass_proxies, open_terminal
from clipo.cli.finding import Finding, State
from clipo.cli.later import later
from clipo.client import address
from clipo.errors import Misuse

if TYPE_CHECKING:
    import asyncio

    from clipo.cli import deployment, machine, view
    from clipo.cli.terminal import Terminal
    from clipo.client import api as client
    from clipo.client import faults
else:
    asyncio = later("asyncio")
    client = later("clipo.client.api")
    deployment = later("clipo.cli.deployment")
    machine = later("clipo.cli.machine")
    faults = later("clipo.client.faults")
    view = later("clipo.cli.view")


def command(*, api: ApiOption = None, as_json: JsonOption = False) -> int:
    """Check everything that can be wrong here, and tell how it is mended.

    It announces a video to learn where the storage is, and deletes it again.
    """
    # What the user has set is looked at, before proxies are bypassed for ourselves.
    given = dict(os.environ)
    bypass_proxies()
    return asyncio.run(_examine(open_terminal(as_json=as_json), api, given))


async def _examine(on: "Terminal", option: str | None, environ: Mapping[str, str]) -> int:
    """Tell each finding; return 1 where something is broken."""
    found: list[Finding] = []

    def tell(finding: Finding) -> None:
        found.append(finding)
        if not on.as_json:
            on.data(view.finding(finding))

    if option:
        address.checked(option, "--api")
    for finding in machine.findings(environ, option):
        tell(finding)
    try:
        url = address.chosen(option, environ)
    except Misuse:
        pass  # It has been said.
    else:
        async with client.connected(url, timeouts=faults.DOCTOR_TIMEOUTS) as to:
            async for finding in deployment.findings(to):
                tell(finding)
    if on.as_json:
        on.json([asdict(finding) for finding in found], indent=2)
    return int(_verdict(on, found))


def _verdict(on: "Terminal", found: list[Finding]) -> bool:
    bad = sum(finding.state is State.BROKEN for finding in found)
    doubtful = sum(finding.state is State.WARNING for finding in found)
    if bad:
        on.message(f"\n{bad} broken{': the first one first' if bad > 1 else ''}.", "bold red")
    elif doubtful:
        on.message(f"\nAll works, with {doubtful} to look at.", "bold yellow")
    else:
        on.message("\nAll is well.", "bold green")
    return bad > 0
