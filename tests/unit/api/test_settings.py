import pytest

from functions.api.settings import ApiSettings
from functions.core.access import Scope
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


LOGIN = {"OIDC_ISSUER": "https://login.example.com/", "OIDC_AUDIENCE": "a, b"}


def test_a_login_has_an_issuer_and_audiences() -> None:
    assert ApiSettings.read(OPEN).login is None
    login = ApiSettings.read(OPEN | LOGIN).login
    assert login
    assert login.issuer == "https://login.example.com/"
    assert login.audiences == {"a", "b"}
    assert login.scopes == {Scope.UPLOAD, Scope.READ, Scope.DELIVER}
    assert (login.audience_claim, login.owner_claim) == ("aud", "sub")
    assert (login.owner_prefix, login.jwks_uri) == ("oidc:", None)
    other = ApiSettings.read(OPEN | LOGIN | {"OIDC_OWNER_PREFIX": "none"}).login
    assert other
    assert other.owner_prefix == ""


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("OIDC_ISSUER", "http://login.example.com"),
        ("OIDC_ISSUER", "https://login.example.com/?x"),
        ("OIDC_ISSUER", "https://user@login.example.com"),
        ("OIDC_ISSUER", "https://"),
        ("OIDC_ISSUER", "https://login.example.com:port"),
        ("OIDC_ISSUER", "https://login example.com"),
        ("OIDC_JWKS_URI", "file:///etc/passwd"),
        ("OIDC_AUDIENCE", ""),
        ("OIDC_AUDIENCE", " , "),
        ("OIDC_AUDIENCE_CLAIM", "sub"),
        ("OIDC_SCOPES", "read,admin"),
        ("OIDC_SCOPES", "openid"),
        ("OIDC_SCOPES", ","),
        ("OIDC_OWNER_PREFIX", "oidc"),
        ("OIDC_OWNER_PREFIX", "$legacy:"),
        ("OIDC_OWNER_PREFIX", "x" * 40 + ":"),
    ],
)
def test_what_makes_no_login_is_refused(name: str, text: str) -> None:
    with pytest.raises(SettingsError, match=name):
        ApiSettings.read(OPEN | LOGIN | {name: text})
