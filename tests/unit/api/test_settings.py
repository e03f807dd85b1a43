import pytest

from functions.api.settings import ApiSettings
from functions.core.formats import EXTENSIONS
from functions.core.settings import SettingsError
from tests.examples import OPEN


def test_the_default_limits_are_s3_s_for_a_form_and_100_mb_for_the_legacy_endpoint() -> None:
    settings = ApiSettings.read(OPEN)
    assert settings.allowed_extensions == set(EXTENSIONS)
    assert (settings.max_upload_bytes, settings.max_multipart_bytes) == (5_000_000_000, 100_000_000)


def test_the_legacy_endpoint_takes_no_larger_files_than_the_others() -> None:
    settings = ApiSettings.read(OPEN | {"MAX_UPLOAD_BYTES": "900"})
    assert (settings.max_upload_bytes, settings.max_multipart_bytes) == (900, 900)


def test_the_form_takes_less_where_a_request_may_not_be_larger() -> None:
    settings = ApiSettings.read(OPEN | {"MAX_UPLOAD_BYTES": "900", "MAX_MULTIPART_BYTES": "50"})
    assert (settings.max_upload_bytes, settings.max_multipart_bytes) == (900, 50)


def test_extensions_are_read_in_any_case_and_with_spaces() -> None:
    settings = ApiSettings.read(OPEN | {"ALLOWED_EXTENSIONS": "MP4, m4v"})
    assert settings.allowed_extensions == {"mp4", "m4v"}


@pytest.mark.parametrize("text", [".mp4", "mp4,,mov", "mp4;mov", ",", "*"])
def test_extensions_that_make_no_sense_are_refused(text: str) -> None:
    with pytest.raises(SettingsError, match="ALLOWED_EXTENSIONS"):
        ApiSettings.read(OPEN | {"ALLOWED_EXTENSIONS": text})


@pytest.mark.parametrize("text", ["/", "prod", "/prod/", "/a b", "//", "/prod?x"])
def test_what_is_not_a_base_path_is_refused(text: str) -> None:
    assert ApiSettings.read(OPEN | {"BASE_PATH": "/v1/prod"}).base_path == "/v1/prod"
    with pytest.raises(SettingsError, match="BASE_PATH"):
        ApiSettings.read(OPEN | {"BASE_PATH": text})


def test_origins_are_read_in_lower_case() -> None:
    settings = ApiSettings.read(
        OPEN | {"API_ORIGINS": "https://App.example.com, http://localhost:3000"}
    )
    assert settings.origins == {"https://app.example.com", "http://localhost:3000"}
    assert ApiSettings.read(OPEN).origins == frozenset()


@pytest.mark.parametrize("text", ["*", "app.example.com", "https://app.example.com/", "null"])
def test_what_is_not_an_origin_is_refused(text: str) -> None:
    with pytest.raises(SettingsError, match="API_ORIGINS"):
        ApiSettings.read(OPEN | {"API_ORIGINS": text})
