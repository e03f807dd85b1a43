"""`clipo webhooks`, with an API in this process."""

from typing import Any

import httpx2
from typer.testing import CliRunner, Result

from clipo.cli.app import app
from tests.scripted_api import Scripted


def webhooks(scripted: Scripted, *arguments: str) -> Result:
    return CliRunner().invoke(app, ["webhooks", *arguments, "--api", scripted.url])


def receiver(description: str | None) -> dict[str, Any]:
    made = {"id": "rcv_1", "url": "https://a.example", "events": ["video.done"], "owner": None}
    return made | {"description": description, "enabled": True, "secret": "whsec_a"}


def test_a_description_is_shown(scripted: Scripted) -> None:
    made = receiver("my app")
    scripted.answers["POST /webhooks"] = httpx2.Response(201, json=made)
    scripted.answers["GET /webhooks"] = httpx2.Response(200, json={"data": [made]})
    assert "Description  my app" in webhooks(scripted, "add", made["url"]).output
    assert "my app" in webhooks(scripted, "list").output


def test_a_receiver_without_a_description_has_no_row_of_it(scripted: Scripted) -> None:
    made = receiver(None)
    scripted.answers["GET /webhooks"] = httpx2.Response(200, json={"data": [made]})
    assert "Description" not in webhooks(scripted, "list").output
