import json

import httpx2
import pytest
import typer
from typer.testing import CliRunner

from clipo.cli import scopes
from clipo.cli.app import app
from functions.core.access import Scope
from tests.scripted_api import Scripted


def test_the_scopes_are_those_of_the_api() -> None:
    assert tuple(Scope) == scopes.NAMES


@pytest.mark.parametrize("text", ["read", "upload,read", ",".join(Scope)])
def test_known_scopes_are_accepted(text: str) -> None:
    assert scopes.check(text) == text


@pytest.mark.parametrize("text", ["raed", "upload read", "upload, read", "read,", ""])
def test_others_are_refused_with_the_known_ones(text: str) -> None:
    with pytest.raises(typer.BadParameter, match="upload, read, deliver, write and admin"):
        scopes.check(text)


@pytest.mark.parametrize(
    ("options", "wanted"),
    [
        (["--scope", "read", "--scope", "upload,read"], ["read", "upload"]),
        (["--scope", "upload,read"], ["upload", "read"]),
        ([], ["upload", "read", "deliver"]),
    ],
)
def test_the_option_can_be_repeated(
    scripted: Scripted,
    monkeypatch: pytest.MonkeyPatch,
    options: list[str],
    wanted: list[str],
) -> None:
    monkeypatch.setenv("CLIPO_API_KEY", "clipo_sk_a")
    scripted.answers["POST /tokens"] = httpx2.Response(201, json={"token": "t"})
    made = CliRunner().invoke(app, ["token", "--owner", "anna", *options, "--api", scripted.url])
    assert made.output == "t\n"
    assert json.loads(scripted.requests[-1].content)["scopes"] == wanted


def test_so_can_that_of_keys(scripted: Scripted) -> None:
    key = {"id": "k", "key": "s", "signing_secret": "x"}
    scripted.answers["POST /keys"] = httpx2.Response(201, json=key)
    options = ["--scope", "read", "--scope", "upload", "--json", "--api", scripted.url]
    CliRunner().invoke(app, ["keys", "create", "--name", "a", *options])
    assert json.loads(scripted.requests[-1].content)["scopes"] == ["read", "upload"]
