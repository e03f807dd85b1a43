import pytest

from functions.core.settings import (
    CatalogSettings,
    SettingsError,
    StorageSettings,
    max_upload_bytes,
)

STORAGE = {"UPLOADS_BUCKET": "up", "MEDIA_BUCKET": "media", "AWS_REGION": "eu-west-1"}


def test_storage_is_aws_unless_an_endpoint_is_set() -> None:
    assert StorageSettings.read(STORAGE).endpoint_url is None
    other = StorageSettings.read(STORAGE | {"AWS_ENDPOINT_URL_S3": "http://127.0.0.1:1"})
    assert other.endpoint_url == "http://127.0.0.1:1"


def test_storage_uses_the_endpoint_for_all_services_unless_it_has_its_own() -> None:
    general = STORAGE | {"AWS_ENDPOINT_URL": "http://127.0.0.1:2"}
    assert StorageSettings.read(general).endpoint_url == "http://127.0.0.1:2"
    own = StorageSettings.read(general | {"AWS_ENDPOINT_URL_S3": "http://127.0.0.1:1"})
    assert own.endpoint_url == "http://127.0.0.1:1"


@pytest.mark.parametrize("name", STORAGE)
def test_a_missing_storage_setting_is_named(name: str) -> None:
    with pytest.raises(SettingsError, match=name):
        StorageSettings.read(STORAGE | {name: ""})


def test_the_database_has_a_default_name() -> None:
    settings = CatalogSettings.read({"MONGODB_URI": "mongodb://h"})
    assert (settings.uri, settings.database) == ("mongodb://h", "clipo")


def test_a_result_is_saved_with_its_webhook_if_webhooks_are_on() -> None:
    catalog = {"MONGODB_URI": "mongodb://h"}
    assert not CatalogSettings.read(catalog).webhooks_on
    assert not CatalogSettings.read(catalog | {"WEBHOOKS": "false"}).webhooks_on
    assert CatalogSettings.read(catalog | {"WEBHOOKS": "true"}).webhooks_on


def test_the_size_limit_is_s3_s_for_a_form_by_default() -> None:
    assert max_upload_bytes({}) == 5_000_000_000
    assert max_upload_bytes({"MAX_UPLOAD_BYTES": "5"}) == 5
    assert max_upload_bytes({"MAX_UPLOAD_BYTES": str(5 << 40)}) == 5 << 40


@pytest.mark.parametrize("text", ["0", "-1", "1e9", "many", "1.5", "²", str((5 << 40) + 1)])
def test_an_invalid_size_limit_is_refused(text: str) -> None:
    with pytest.raises(SettingsError, match="MAX_UPLOAD_BYTES"):
        max_upload_bytes({"MAX_UPLOAD_BYTES": text})
