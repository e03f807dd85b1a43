import pytest

from functions.api.settings import ApiSettings
from functions.core.formats import EXTENSIONS
from functions.core.settings import SettingsError


def test_the_ancestors_limits_hold_unless_set() -> None:
    settings = ApiSettings.read({})
    assert settings.allowed_extensions == set(EXTENSIONS)
    assert settings.max_upload_bytes == settings.max_multipart_bytes == 100_000_000


def test_the_form_takes_less_where_a_request_may_not_be_larger() -> None:
    settings = ApiSettings.read({"MAX_UPLOAD_BYTES": "900", "MAX_MULTIPART_BYTES": "50"})
    assert (settings.max_upload_bytes, settings.max_multipart_bytes) == (900, 50)


def test_extensions_are_read_in_any_case_and_with_spaces() -> None:
    settings = ApiSettings.read({"ALLOWED_EXTENSIONS": "MP4, m4v"})
    assert settings.allowed_extensions == {"mp4", "m4v"}


@pytest.mark.parametrize("text", [".mp4", "mp4,,mov", "mp4;mov", ",", "*"])
def test_extensions_that_make_no_sense_are_refused(text: str) -> None:
    with pytest.raises(SettingsError, match="ALLOWED_EXTENSIONS"):
        ApiSettings.read({"ALLOWED_EXTENSIONS": text})
