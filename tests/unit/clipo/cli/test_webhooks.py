"""`clipo webhooks`, with an API in this process."""

from typing import Any

import httpx2
import pytest
from typer.testing import CliRunner, Result

from clipo.cli.app import app
from clipo.client import webhooks as client
from tests.scripted_api import Scripted

OFF = "Webhooks are off. Start the local stack with WEBHOOKS=true."


def webhooks(scripted: Scripted, *arguments: str) -> Result:
    return CliRunner().invoke(app, ["webhooks", *arguments, "--api", scripted.url])


@pytest.fixture
def off(scripted: Scripted) -> Scripted:
    """An API whose webhooks are off."""
    empty: dict[str, Any] = {"data": [], "next_cursor": None}
    for call in ("GET /webhooks", "GET /webhooks/deliveries"):
        scripted.answers[call] = httpx2.Response(200, json=empty)
    scripted.refuse("GET /webhooks/events", 409, "webhooks_off", OFF)
    return scripted


@pytest.mark.parametrize("name", ["log", "list"])
def test_an_empty_list_says_that_webhooks_are_off(off: Scripted, name: str) -> None:
    found = webhooks(off, name)
    assert (found.exit_code, found.output) == (0, f"{OFF}\n")


def test_listen_fails_at_once_if_webhooks_are_off(off: Scripted) -> None:
    found = webhooks(off, "listen")
    assert (found.exit_code, found.output) == (1, f"{OFF} (webhooks_off)\n")


def test_an_empty_list_of_an_api_with_webhooks_says_how_to_add_one(off: Scripted) -> None:
    off.answers["GET /webhooks/events"] = httpx2.Response(200, json={"data": []})
    assert f"Add one: CLIPO_API={off.url} clipo webhooks add URL" in webhooks(off, "list").output


def test_the_log_of_something_else_than_a_video_is_a_misuse(scripted: Scripted) -> None:
    found = webhooks(scripted, "log", "--video", "abc")
    assert found.exit_code == 2
    assert "see clipo list" in " ".join(found.output.replace("│", "").split())


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


def delivery(*, delivered: bool, attempts: int) -> httpx2.Response:
    attempt = {"reason": "the connection was refused"}
    status = "delivered" if delivered else "failed"
    fields = {"id": "dlv_1", "status": status, "attempts": [attempt] * attempts}
    return httpx2.Response(200, json=fields | {"type": "video.done"})


def test_a_test_of_the_settings_says_that_they_name_no_receiver(scripted: Scripted) -> None:
    pending = {"id": "dlv_1", "status": "pending", "attempts": []}
    scripted.answers["POST /webhooks/settings/test"] = httpx2.Response(202, json=pending)
    scripted.answers["GET /webhooks/deliveries/dlv_1"] = delivery(delivered=False, attempts=0)
    found = webhooks(scripted, "test", "settings")
    assert found.exit_code == 1
    assert found.stderr.startswith("WEBHOOK_URL is not set where Clipo runs")
    scripted.answers["GET /webhooks/deliveries/dlv_1"] = delivery(delivered=False, attempts=1)
    assert webhooks(scripted, "test", "settings").stderr == ""


def test_listen_refuses_a_wrong_secret_at_once(scripted: Scripted) -> None:
    found = webhooks(scripted, "listen", "--secret", "foo")
    assert (found.exit_code, scripted.requests) == (2, [])
    assert found.stderr.startswith("--secret must be whsec_")


@pytest.mark.parametrize(
    ("filters", "said"),
    [
        ([], "There are no deliveries yet.\n"),
        (["--status", "failed"], "The log has no such delivery.\n"),
    ],
)
def test_an_empty_log_says_whether_there_are_deliveries(
    off: Scripted, filters: list[str], said: str
) -> None:
    off.answers["GET /webhooks/events"] = httpx2.Response(200, json={"data": []})
    assert webhooks(off, "log", *filters).stderr == said


@pytest.mark.parametrize(("delivered", "code"), [(True, 0), (False, 1)])
def test_the_exit_code_of_a_resend_is_its_result(
    scripted: Scripted, monkeypatch: pytest.MonkeyPatch, code: int, *, delivered: bool
) -> None:
    monkeypatch.setattr(client, "_ATTEMPT_S", 0)
    scripted.answers["GET /webhooks/deliveries/dlv_1"] = delivery(delivered=delivered, attempts=1)
    scripted.answers["POST /webhooks/deliveries/dlv_1/resend"] = httpx2.Response(202, json={"a": 1})
    assert webhooks(scripted, "resend", "dlv_1").exit_code == code


def test_a_test_is_not_sent_again_but_the_command_for_another_one_is_named(
    scripted: Scripted,
) -> None:
    tested = {"id": "dlv_1", "type": "webhook.test", "receiver": "rcv_1", "attempts": []}
    scripted.answers["GET /webhooks/deliveries/dlv_1"] = httpx2.Response(200, json=tested)
    found = webhooks(scripted, "resend", "dlv_1")
    another = f"CLIPO_API={scripted.url} clipo webhooks test rcv_1"
    said = f"This delivery was a test. Send another one: {another}\n"
    assert (found.exit_code, found.stderr) == (1, said)
