"""The user's own AWS credentials, in the functions of a local stack that uses another S3."""

from pathlib import Path

import pytest

from clipo.errors import ClipoError
from clipo.local.emulators import others_storage_environ
from functions.adapters.request_failed import RequestFailed
from functions.adapters.signed.credentials import Credentials, credential_source

GIVEN = {"AWS_ENDPOINT_URL_S3": "https://minio.example"}


@pytest.fixture(autouse=True)
def profiles(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """The user's file of credentials, and nothing else that boto3 could find."""
    file = tmp_path / "credentials"
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(file))
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    return file


def test_a_profiles_credentials_reach_the_functions(
    profiles: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    profiles.write_text("[mine]\naws_access_key_id = AKIA\naws_secret_access_key = hidden\n")
    monkeypatch.setenv("AWS_PROFILE", "mine")
    environ = others_storage_environ(GIVEN)
    assert "hidden" not in str(environ)
    assert credential_source(environ)() == Credentials("AKIA", "hidden")
    stranger = environ | {"AWS_CONTAINER_AUTHORIZATION_TOKEN": "guessed"}
    with pytest.raises(RequestFailed, match="403"):
        credential_source(stranger)()


def test_the_environments_credentials_are_handed_on() -> None:
    keys = {"AWS_ACCESS_KEY_ID": "AKIA", "AWS_SECRET_ACCESS_KEY": "hidden"}
    environ = others_storage_environ(GIVEN | keys)
    assert not [name for name in environ if "CONTAINER" in name]
    assert credential_source(environ)() == Credentials("AKIA", "hidden")


def test_without_any_credentials_the_stack_does_not_start() -> None:
    with pytest.raises(ClipoError, match="AWS_PROFILE"):
        others_storage_environ(GIVEN)
