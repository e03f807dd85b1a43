import os
import re
from pathlib import Path

import pytest

from clipo.local import environment
from tests.foreign import hostile_environ

_TEMPLATE = Path(__file__).parents[4] / "template.yaml"
_OTHER = "AWS_ENDPOINT_URL_S3"
_NOT_TAKEN_OVER = {
    # The stack computes these itself.
    *(
        "WEBHOOK_QUEUE_URL",
        "WEBHOOK_ROOT",
        "PROCESSING_FUNCTION",
        "IMAGES_FUNCTION",
        "EVENTS_QUEUE_URL",
    ),
    "API_URL",
    # The local API has no API Gateway before it.
    "BASE_PATH",
    "ROOT_SECRETS",  # the data folder has one
    # Of the distribution, which only AWS has, and of sam local.
    *("DELIVERY_URL", "DELIVERY_KEY_ID", "DELIVERY_KEY", "AWS_ENDPOINT_URL_LAMBDA"),
}


@pytest.fixture
def hostile(tmp_path: Path) -> dict[str, str]:
    return hostile_environ(tmp_path, tmp_path / "home")


def test_nothing_is_taken_over_that_is_not_listed(hostile: dict[str, str]) -> None:
    kept = environment.allowed(hostile | {"PORT": "8001", "NEW_NAME": "x", "AWS_NEW_NAME": "x"})
    terminal = {"FORCE_COLOR": "1", "COLUMNS": "wide"}
    assert kept == {"PORT": "8001"} | terminal | environment.NO_AWS_SETTINGS


def test_aws_settings_are_taken_over_for_another_store_only(hostile: dict[str, str]) -> None:
    hostile |= {_OTHER: "https://s3.example.com"}
    kept = environment.allowed(hostile)
    for name in ("AWS_PROFILE", "AWS_CONFIG_FILE", "HOME", "HTTP_PROXY", _OTHER):
        assert kept[name] == hostile[name]
    for name in ("AWS_DEFAULTS_MODE", "AWS_MAX_ATTEMPTS", "POWERTOOLS_LOG_LEVEL", "PYTHONPATH"):
        assert name not in kept


def test_no_proxy_is_between_the_stack_and_a_store_on_this_machine(hostile: dict[str, str]) -> None:
    kept = environment.allowed(hostile | {_OTHER: "http://127.0.0.1:9000"})
    assert [name for name in kept if "proxy" in name.lower()] == []


def test_certificates_that_are_not_there_are_left_out(tmp_path: Path) -> None:
    (tmp_path / "there.pem").touch()
    given = {"SSL_CERT_FILE": str(tmp_path / "there.pem"), "SSL_CERT_DIR": "/none"}
    kept = environment.allowed(given)
    assert kept["SSL_CERT_FILE"] == given["SSL_CERT_FILE"]
    assert "SSL_CERT_DIR" not in kept


def test_an_environment_is_restricted_in_place(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOG_LEVEL", "WARNING")
    before = dict(os.environ)
    try:
        environment.restrict(os.environ)
        assert "LOG_LEVEL" not in os.environ
        assert os.environ["AWS_CONFIG_FILE"] == os.devnull
    finally:
        os.environ.clear()
        os.environ.update(before)


def test_each_setting_of_the_deployed_functions_is_taken_over() -> None:
    names = set(re.findall(r"^ {6,10}([A-Z][A-Z_]+): ", _TEMPLATE.read_text(), re.MULTILINE))
    settings = {name for name in names if not name.startswith("POWERTOOLS_")} - _NOT_TAKEN_OVER
    assert "MAX_UPLOAD_BYTES" in settings
    given = dict.fromkeys(settings, "x") | {_OTHER: "https://s3.example.com"}
    assert settings - environment.allowed(given).keys() == set()
