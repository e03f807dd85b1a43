"""`clipo token`: makes a token for a user of your product."""

import os
from typing import TYPE_CHECKING, Annotated

import typer

from clipo.cli import byte_size, duration, scopes, terminal
from clipo.cli.command import DONE, ApiOption, JsonOption, ask, check_video_id
from clipo.client.address import login_command, program_for
from clipo.client.credentials import VARIABLE
from clipo.errors import Misuse

if TYPE_CHECKING:
    from clipo.cli.terminal import Terminal
    from clipo.client.api import Api

_SCOPES = "upload,read,deliver"


def command(
    *,
    owner: Annotated[str, typer.Option(metavar="OWNER", help="Whose videos it is for.")],
    scope: Annotated[
        list[str] | None,
        typer.Option(
            metavar="SCOPES",
            parser=scopes.check,
            autocompletion=scopes.complete,
            help="upload, read, deliver or write, with commas. Can be repeated.",
            show_default=_SCOPES,
        ),
    ] = None,
    expires: Annotated[
        int,
        typer.Option(
            metavar="TIME",
            parser=duration.parse_within_a_day,
            help="How long it is valid, at most 24h.",
        ),
    ] = "1h",  # type: ignore[assignment]  # Typer parses the default, too, and shows it
    video: Annotated[
        str | None,
        typer.Option(metavar="ID", parser=check_video_id, help="The only video that it is for."),
    ] = None,
    max_bytes: Annotated[
        int | None,
        typer.Option(
            metavar="SIZE",
            parser=byte_size.parse,
            help="Size limit of each video, in bytes or such as 500kB, 20MB, 5GB or 1TB.",
        ),
    ] = None,
    max_videos: Annotated[
        int | None, typer.Option(min=1, metavar="NUMBER", help="How many videos OWNER may have.")
    ] = None,
    max_duration: Annotated[
        int | None,
        typer.Option(
            metavar="TIME", parser=duration.parse, help="Duration limit of each video, such as 90s."
        ),
    ] = None,
    api_url: ApiOption = None,
    as_json: JsonOption = False,
) -> int:
    """Write a token for one owner, signed with the API key in use.

    Your own server can sign tokens without asking Clipo: see docs/access.md.
    """
    output = terminal.Terminal(as_json=as_json)
    fields = {
        "owner": owner,
        "scopes": scopes.split(scope or [_SCOPES]),
        "expires_in_s": expires,
        "video_id": video,
        "max_bytes": max_bytes,
        "max_duration_s": max_duration,
        "max_videos": max_videos,
    }
    return ask(api_url, output, lambda api: _token(api, output, fields))


async def _token(api: "Api", output: "Terminal", fields: dict[str, object]) -> int:
    if api.credential is None:
        create = f"{program_for(api.address, os.environ)} keys create --name NAME"
        login = login_command(api.address)
        raise Misuse(
            "A token is signed with an API key, and this command has none. Make one with"
            f" {create}, and log in: {login} (or set {VARIABLE}). An open Clipo needs neither key"
            " nor token."
        )
    made = await api.create_token(**fields)
    if output.as_json:
        output.write_json(made)
    else:
        output.write_unwrapped(made["token"])
    return DONE
