"""`clipo doctor`: finds problems, and says how to fix them."""

import os
from collections.abc import Callable, Mapping
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from clipo.cli import deployment, machine, terminal, view
from clipo.cli.command import ApiOption, JsonOption, bypass_proxies, import_for_aws, run
from clipo.cli.finding import Finding, State, broken
from clipo.client import address, credentials, faults
from clipo.client import api as api_client
from clipo.errors import ClipoError, Misuse

if TYPE_CHECKING:
    from clipo.cli.terminal import Terminal


def command(
    *,
    api_url: ApiOption = None,
    stack: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            help="Check this stack in AWS and nothing else, with your AWS credentials.",
            show_default=False,
        ),
    ] = None,
    as_json: JsonOption = False,
) -> int:
    """Check this machine, the API and its storage; say how to fix each problem.

    It announces a video to learn the address of the storage, and deletes it again.
    """
    if stack:
        return _check_stack(terminal.Terminal(as_json=as_json), stack)
    # The checks see the user's environment, without the changes of `bypass_proxies`.
    environ = dict(os.environ)
    bypass_proxies()
    return run(_check(terminal.Terminal(as_json=as_json), api_url, environ))


def _check_stack(output: "Terminal", stack: str) -> int:
    """Report each finding on a stack in AWS; return 1 if something is broken."""
    deployed_stack = import_for_aws("clipo.cli.deployed_stack")
    findings = []
    for finding in deployed_stack.findings(deployed_stack.connect(), stack):
        findings.append(finding)
        _report(output, finding)
    return _end(output, findings)


def _report(output: "Terminal", finding: Finding) -> None:
    if not output.as_json:
        output.write(view.finding(finding))


def _end(output: "Terminal", findings: list[Finding]) -> int:
    if output.as_json:
        output.write_json([asdict(finding) for finding in findings], indent=2)
    return int(_sum_up(output, findings))


async def _check(output: "Terminal", option: str | None, environ: Mapping[str, str]) -> int:
    """Report each finding; return 1 if something is broken."""
    findings: list[Finding] = []

    def report(finding: Finding) -> None:
        findings.append(finding)
        _report(output, finding)

    if option:
        address.check(option, "--api")
    for finding in machine.findings(environ, option):
        report(finding)
    try:
        url = address.choose(option, environ)
    except Misuse:
        pass  # `machine.findings` has reported it.
    else:
        await _check_api(url, environ, report)
    return _end(output, findings)


async def _check_api(
    url: str, environ: Mapping[str, str], report: Callable[[Finding], None]
) -> None:
    try:
        credential = credentials.choose(url, environ)
    except ClipoError as error:
        fix = f"Correct it, or unset it and log in: {address.login_command(url)}"
        report(broken("Login", str(error), fix))
        return
    async with api_client.connect(
        url, credential=credential, timeouts=faults.DOCTOR_TIMEOUTS
    ) as api:
        async for finding in deployment.findings(api):
            report(finding)


def _sum_up(output: "Terminal", findings: list[Finding]) -> bool:
    broken = sum(finding.state is State.BROKEN for finding in findings)
    warnings = sum(finding.state is State.WARNING for finding in findings)
    if broken:
        output.message(
            f"\n{broken} broken{': fix the first one first' * (broken > 1)}.", "bold red"
        )
    elif warnings:
        plural = "s" * (warnings > 1)
        output.message(f"\nEverything works, with {warnings} warning{plural}.", "bold yellow")
    else:
        output.message("\nAll is well.", "bold green")
    return broken > 0
