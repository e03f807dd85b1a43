"""`clipo keys create`: creates an API key."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Annotated

import typer

from clipo.cli import duration, scopes, terminal, view
from clipo.cli.command import DONE, ApiOption, JsonOption, StackOption, ask_as_operator

if TYPE_CHECKING:
    from clipo.cli.terminal import Terminal
    from clipo.client.api import Api

_SECRETS = ("id", "key", "signing_secret")


def command(
    *,
    name: Annotated[str, typer.Option(metavar="NAME", help="What the key is for.")],
    scope: Annotated[
        list[str] | None,
        typer.Option(
            metavar="SCOPES",
            parser=scopes.check,
            autocompletion=scopes.complete,
            help="upload, read, deliver, write or admin, with commas. Can be repeated.",
            show_default="upload,read,deliver,write",
        ),
    ] = None,
    owner: Annotated[
        str | None,
        typer.Option(metavar="OWNER", help="The only owner that it is for.", show_default="all"),
    ] = None,
    expires: Annotated[
        int | None,
        typer.Option(
            metavar="TIME",
            parser=duration.parse,
            help="How long it is valid, such as 90d.",
            show_default="until it is revoked",
        ),
    ] = None,
    stack: StackOption = None,
    api_url: ApiOption = None,
    as_json: JsonOption = False,
) -> int:
    """Create an API key and show it once.

    Needs the root secret: that of the local stack in this folder, or with --stack that in AWS.
    An API key with the scope admin works, too.
    """
    output = terminal.Terminal(as_json=as_json)
    fields = {
        "name": name,
        "scopes": scopes.split(scope) if scope else None,
        "owner": owner,
        "expires_at": _end(expires) if expires else None,
    }
    return ask_as_operator(stack, api_url, output, lambda api: _create(api, output, fields))


def _end(seconds: int) -> str:
    return (datetime.now(UTC) + timedelta(seconds=seconds)).isoformat(timespec="seconds")


async def _create(api: "Api", output: "Terminal", fields: Mapping[str, object]) -> int:
    made = await api.create_key(**fields)
    if output.as_json:
        output.write_json({field: made[field] for field in _SECRETS})
        return DONE
    output.write(view.new_key(made))
    output.message(
        "Copy both now: Clipo does not show them again. They belong on your server, not in a page.",
        "yellow",
    )
    return DONE
