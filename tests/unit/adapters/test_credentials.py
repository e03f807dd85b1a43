"""Where the credentials come from that sign requests."""

import pytest

from functions.adapters.signed.credentials import (
    Credentials,
    credential_source,
)
from functions.core.settings import SettingsError

KEYS = {"AWS_ACCESS_KEY_ID": "AKIA", "AWS_SECRET_ACCESS_KEY": "hidden"}


def test_the_environments_credentials_come_with_their_token() -> None:
    found = credential_source(KEYS | {"AWS_SESSION_TOKEN": "passing"})()
    assert found == Credentials("AKIA", "hidden", "passing")
    assert "hidden" not in repr(found)
    assert "passing" not in repr(found)


def test_the_environments_credentials_win_against_an_endpoint() -> None:
    there = {"AWS_CONTAINER_CREDENTIALS_FULL_URI": "http://127.0.0.1:9/credentials"}
    assert credential_source(KEYS | there)() == Credentials("AKIA", "hidden")


@pytest.mark.parametrize("environ", [{}, KEYS | {"AWS_SECRET_ACCESS_KEY": ""}])
def test_without_any_credentials_a_function_does_not_start(environ: dict[str, str]) -> None:
    with pytest.raises(SettingsError, match="AWS_SECRET_ACCESS_KEY"):
        credential_source(environ)


@pytest.mark.parametrize("token", ["two\nlines", "tökén"])
def test_credentials_that_no_header_can_carry_are_refused_unsaid(token: str) -> None:
    with pytest.raises(ValueError, match="printable") as caught:
        Credentials("AKIA", "secret", token)
    assert token not in str(caught.value)
    with pytest.raises(SettingsError, match="printable") as refused:
        credential_source(KEYS | {"AWS_SESSION_TOKEN": token})
    assert token not in str(refused.value)
