import base64

import pytest

from functions.core.settings import SettingsError
from functions.webhooks.settings import WebhookSettings

SECRET = "whsec_" + base64.b64encode(bytes(range(32))).decode()
ON = {
    "WEBHOOK_URL": "https://example.com/hooks?of=clipo",
    "WEBHOOK_SECRET": SECRET,
    "WEBHOOK_QUEUE_URL": "https://sqs.eu-west-1.amazonaws.com/1/webhooks",
}


API = {"API_URL": "https://api.example.com/"}


def refused(**changes: str) -> str:
    with pytest.raises(SettingsError) as raised:
        WebhookSettings.read(ON | API | changes)
    return str(raised.value)


def test_without_settings_webhooks_are_off() -> None:
    assert WebhookSettings.read({}) is None
    assert WebhookSettings.read(dict.fromkeys(ON, "") | API) is None


def test_settings_are_read_and_hidden_in_reprs() -> None:
    settings = WebhookSettings.read(ON | API)
    assert settings
    assert settings.api_url == "https://api.example.com"
    assert (settings.url, settings.secrets) == (ON["WEBHOOK_URL"], (SECRET,))
    assert not settings.allow_private
    assert ON["WEBHOOK_URL"] not in repr(settings)
    assert SECRET not in repr(settings)


@pytest.mark.parametrize("missing", [*ON, "API_URL"])
def test_a_missing_setting_is_named(missing: str) -> None:
    assert missing in refused(**{missing: ""})


@pytest.mark.parametrize(
    "url",
    [
        "http://example.com/",
        "ftp://example.com/",
        "//example.com/",
        "example.com",
        "https://",
        "https:///path",
        "https://example.com:0/",
        "https://example.com:99999/",
        "https://example.com:port/",
        "https://name:s3cret@example.com/",
        "https://s3cret@example.com/",
        "https://example.com/#s3cret",
        "https://example.com/s3cret path",
        "https://example.com/s3cret\r\nx: y",
        "https://exämple.com/",
        "https://[::1/",
    ],
)
def test_an_invalid_url_is_refused_and_not_repeated(url: str) -> None:
    message = refused(WEBHOOK_URL=url)
    assert "WEBHOOK_URL" in message
    assert "s3cret" not in message


def test_plain_http_is_allowed_only_with_private_addresses() -> None:
    local = {"WEBHOOK_URL": "http://localhost:9000", "WEBHOOK_ALLOW_PRIVATE": "true"}
    settings = WebhookSettings.read(ON | API | local)
    assert settings
    assert settings.allow_private


@pytest.mark.parametrize(
    "secret",
    [
        SECRET.removeprefix("whsec_"),
        "whsec_",
        "whsec_" + base64.b64encode(bytes(23)).decode(),
        "whsec_" + base64.b64encode(bytes(65)).decode(),
        SECRET + "!",
        SECRET[:-2],
        "whsec_" + "ü" * 44,
    ],
)
def test_an_invalid_secret_is_refused_and_not_repeated(secret: str) -> None:
    message = refused(WEBHOOK_SECRET=secret)
    assert "openssl rand" in message
    assert secret.removeprefix("whsec_")[:8] not in message or secret == "whsec_"


@pytest.mark.parametrize("size", [24, 64])
def test_the_shortest_and_the_longest_secret_are_accepted(size: int) -> None:
    secret = "whsec_" + base64.b64encode(bytes(size)).decode()
    assert WebhookSettings.read(ON | API | {"WEBHOOK_SECRET": secret})


OLD_SECRET = "whsec_" + base64.b64encode(bytes(24)).decode()


@pytest.mark.parametrize("between", [" ", "\n", "  "])
def test_two_secrets_sign_while_one_replaces_the_other(between: str) -> None:
    settings = WebhookSettings.read(
        ON | API | {"WEBHOOK_SECRET": f"{SECRET}{between}{OLD_SECRET}\n"}
    )
    assert settings
    assert settings.secrets == (SECRET, OLD_SECRET)
    assert OLD_SECRET not in repr(settings)
    assert "openssl rand" in refused(WEBHOOK_SECRET=f"{SECRET} whsec_short")
