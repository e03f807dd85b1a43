"""Settings of the processes of a server."""

from pathlib import Path

import pytest

from functions.core.settings import SettingsError
from server.environment import read_secret_files


def test_a_secret_can_be_in_a_file(tmp_path: Path) -> None:
    (file := tmp_path / "uri").write_text("mongodb://clipo:secret@mongodb\n")
    environ = {"MONGODB_URI_FILE": str(file), "AWS_REGION": "us-east-1"}
    read_secret_files(environ)
    assert environ == {"MONGODB_URI": "mongodb://clipo:secret@mongodb", "AWS_REGION": "us-east-1"}


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"MONGODB_URI_FILE is .*: No such file"):
        read_secret_files({"MONGODB_URI_FILE": str(tmp_path / "none")})


def test_a_secret_is_given_once(tmp_path: Path) -> None:
    (file := tmp_path / "uri").write_text("secret")
    with pytest.raises(SettingsError, match="not both"):
        read_secret_files({"MONGODB_URI_FILE": str(file), "MONGODB_URI": "secret"})
