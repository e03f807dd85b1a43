import pytest
import typer

from clipo.cli import scopes
from functions.core.access import Scope


def test_the_scopes_are_those_of_the_api() -> None:
    assert tuple(Scope) == scopes.NAMES


@pytest.mark.parametrize("text", ["read", "upload,read", ",".join(Scope)])
def test_known_scopes_are_accepted(text: str) -> None:
    assert scopes.check(text) == text


@pytest.mark.parametrize("text", ["raed", "upload read", "upload, read", "read,", ""])
def test_others_are_refused_with_the_known_ones(text: str) -> None:
    with pytest.raises(typer.BadParameter, match="upload, read, deliver, write and admin"):
        scopes.check(text)
