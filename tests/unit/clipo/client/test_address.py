from pathlib import Path

import pytest

from clipo.client import address
from clipo.errors import Misuse


@pytest.mark.parametrize(
    ("given", "meant"),
    [
        ("localhost:8330", "http://localhost:8330"),
        ("127.0.0.1", "http://127.0.0.1"),
        ("[::1]:8000/", "http://[::1]:8000"),
        ("clips.example", "https://clips.example"),
        (" clips.example:8443/api/ ", "https://clips.example:8443/api"),
        ("http://clips.example", "http://clips.example"),
    ],
)
def test_an_address_needs_no_scheme(given: str, meant: str) -> None:
    assert address.check(given, "--api") == meant


@pytest.mark.parametrize("given", ["", ":8000", "http:/x", "ftp://x", "me@host", "a b", "x:99999"])
def test_another_text_is_a_misuse(given: str) -> None:
    with pytest.raises(Misuse, match="--api must be an address"):
        address.check(given, "--api")


@pytest.mark.parametrize(
    "given",
    ["user:secret@host", "http://user:secret@host?x=1", "http://user:sec ret@h", "ftp://sec@x@h"],
)
def test_an_error_does_not_show_a_password(given: str) -> None:
    with pytest.raises(Misuse) as caught:
        address.check(given, "--api")
    assert "sec" not in str(caught.value)


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        ("http://user:secret@host:8000/api", "http://host:8000/api"),
        ("https://host/a@b", "https://host/a@b"),
    ],
)
def test_an_address_is_shown_without_a_password(given: str, shown: str) -> None:
    assert address.without_login(given) == shown


def test_a_command_to_type_names_the_api_unless_it_is_used_anyway(tmp_path: Path) -> None:
    environ = {"CLIPO_HOME": str(tmp_path)}
    other = "http://127.0.0.1:8330"
    assert address.program_for(address.DEFAULT, environ) == "clipo"
    assert address.program_for(other, environ) == f"CLIPO_API={other} clipo"
    assert address.program_for(other, environ | {"CLIPO_API": other}) == "clipo"
    wrong = environ | {"CLIPO_API": "no address"}
    assert address.program_for(other, wrong) == f"CLIPO_API={other} clipo"
