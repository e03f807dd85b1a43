"""`clipo redrive`: sends the events of a failure queue to processing again."""

from dataclasses import asdict
from typing import Annotated

import typer

from clipo.cli import bars, terminal
from clipo.cli.command import DONE, FAILED, JsonOption, import_for_aws, report_errors
from clipo.program import program_name


def command(
    *,
    stack: Annotated[
        str,
        typer.Option(
            metavar="NAME", help="The stack in AWS, with your AWS credentials.", show_default=False
        ),
    ],
    limit: Annotated[
        int | None,
        typer.Option(min=1, metavar="N", help="Send at most N events.", show_default="all"),
    ] = None,
    as_json: JsonOption = False,
) -> int:
    """Send the events of a stack's failure queue to processing again.

    Use it after a pause or an outage: docs/operations.md has the runbook, Pause processing.

    A message leaves the queue when Lambda has accepted its event.

    You can stop the command and run it again at any time: finished videos stay as they are.
    """
    deployed_stack = import_for_aws("clipo.cli.deployed_stack")
    failure_queue = import_for_aws("clipo.cli.failure_queue")
    output = terminal.Terminal(as_json=as_json)
    again = f"Stopped. To continue, run {program_name()} redrive again."
    with report_errors(lambda: again), bars.steps(output) as progress:
        report = failure_queue.redrive(
            deployed_stack.connect(),
            stack,
            limit=limit,
            progress=lambda done, total: progress("events", done, total),
        )
    if output.as_json:
        output.write_json(asdict(report))
    else:
        output.write(f"{report.redriven:,} events sent to processing.")
    if report.not_understood:
        output.error(f"{report.not_understood:,} messages have no event, and stay on the queue.")
    return FAILED if report.not_understood else DONE
