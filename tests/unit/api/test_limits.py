"""Limits of tokens and of the stack, as the API enforces them."""

from typing import Any

import pytest
from starlette.testclient import TestClient

from functions.api.settings import ApiSettings
from tests.credentials import KEYS, bearer, issue
from tests.fakes.api_keys import FakeApiKeys
from tests.fakes.catalog import FakeCatalog

CLIP = {"filename": "clip.mp4", "size": 5000}
PAGE = {"Origin": "https://testserver"}


@pytest.fixture
def settings() -> ApiSettings:
    return ApiSettings.read(KEYS)


class TestDuration:
    def test_of_the_token_is_kept_on_the_video(
        self, client: TestClient, api_keys: FakeApiKeys, records: FakeCatalog
    ) -> None:
        anna = bearer(issue(api_keys).token(max_duration_s=60))
        made = client.post("/videos", json=CLIP, headers=anna).json()
        assert records.videos[made["id"]].max_duration_s == 60
        form = {"file": ("clip.mp4", b"x" * 10)}
        made = client.post("/upload-video/", files=form, headers=anna).json()
        assert records.videos[made["id"]].max_duration_s == 60

    def test_also_holds_in_a_session_of_the_page(
        self, client: TestClient, api_keys: FakeApiKeys, records: FakeCatalog
    ) -> None:
        client.base_url = client.base_url.copy_with(scheme="https")
        token = issue(api_keys).token(max_duration_s=60)
        client.post("/session", headers=bearer(token) | PAGE)
        made: dict[str, Any] = client.post("/videos", json=CLIP, headers=PAGE).json()
        assert records.videos[made["id"]].max_duration_s == 60

    def test_of_a_key_is_none(
        self, client: TestClient, api_keys: FakeApiKeys, records: FakeCatalog
    ) -> None:
        made = client.post("/videos", json=CLIP, headers=bearer(issue(api_keys).key)).json()
        assert records.videos[made["id"]].max_duration_s is None

    def test_asked_for_is_in_the_signed_token(
        self, client: TestClient, api_keys: FakeApiKeys, records: FakeCatalog
    ) -> None:
        fields = {"owner": "anna", "scopes": ["upload"], "expires_in_s": 900, "max_duration_s": 60}
        key = bearer(issue(api_keys).key)
        token = client.post("/tokens", json=fields, headers=key).json()["token"]
        made = client.post("/videos", json=CLIP, headers=bearer(token)).json()
        assert records.videos[made["id"]].max_duration_s == 60
