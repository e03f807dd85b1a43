"""Limits of tokens and of the stack, as the API enforces them."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from starlette.testclient import TestClient

from functions.api.app import create_app
from functions.api.services import Backend
from functions.api.settings import ApiSettings
from functions.core.failures import UPLOAD_EXPIRED
from functions.core.keys import source_key
from functions.core.lifecycle import stuck
from functions.core.quotas import Usage
from functions.core.video import Status
from tests.credentials import KEYS, bearer, issue
from tests.examples import failed_video
from tests.fakes.api_keys import FakeApiKeys
from tests.fakes.catalog import FakeCatalog
from tests.fakes.pictures import fake_pictures
from tests.fakes.processing import FakeProcessing
from tests.fakes.storage import FakeStorage
from tests.problems import problem

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


def announce(
    client: TestClient, headers: dict[str, str], *, key: str = "", size: int = 5000
) -> Any:
    keyed = {"Idempotency-Key": key} if key else {}
    return client.post("/videos", json=CLIP | {"size": size}, headers=headers | keyed)


def upload_form(client: TestClient, headers: dict[str, str], size: int = 10) -> Any:
    form = {"file": ("clip.mp4", b"x" * size)}
    return client.post("/upload-video/", files=form, headers=headers)


class TestSizeOfATokensVideo:
    def test_is_limited_by_the_token(
        self, client: TestClient, api_keys: FakeApiKeys, records: FakeCatalog
    ) -> None:
        anna = bearer(issue(api_keys).token(max_bytes=100))
        assert announce(client, anna, size=100).status_code == 201
        for response in (announce(client, anna, size=101), upload_form(client, anna, 101)):
            body = problem(response)
            assert (body["status"], body["code"]) == (403, "quota_exceeded")
            assert body["left"] == {"videos": None, "bytes": 100}
            assert "has 101 bytes, and your token allows 100" in body["detail"]
        assert len(records.videos) == 1


class TestNumberOfATokensVideos:
    def test_counts_all_videos_of_the_owner(
        self, client: TestClient, api_keys: FakeApiKeys
    ) -> None:
        key = issue(api_keys)
        assert announce(client, bearer(key.token())).status_code == 201
        limited = bearer(key.token(max_videos=2))
        assert announce(client, limited).status_code == 201
        body = problem(announce(client, limited))
        assert (body["code"], body["left"]) == ("quota_exceeded", {"videos": 0, "bytes": None})
        assert announce(client, bearer(key.token(sub="bob", max_videos=2))).status_code == 201


class TestQuota:
    @pytest.fixture
    def settings(self) -> ApiSettings:
        return ApiSettings.read(
            KEYS | {"MAX_VIDEOS_PER_OWNER": "3", "MAX_BYTES_PER_OWNER": "10000"}
        )

    @pytest.fixture
    def anna(self, api_keys: FakeApiKeys) -> dict[str, str]:
        return bearer(issue(api_keys, owner="anna").key)

    def test_limits_the_videos_of_each_owner(
        self, client: TestClient, api_keys: FakeApiKeys, anna: dict[str, str]
    ) -> None:
        server = bearer(issue(api_keys).key)
        for headers, quota in (
            (anna, "Your quota"),
            (server, "The quota of videos without an owner"),
        ):
            made = [announce(client, headers, size=10) for _ in range(3)]
            assert [one.status_code for one in made] == [201] * 3
            for refused in (announce(client, headers, size=10), upload_form(client, headers)):
                body = problem(refused)
                assert (body["status"], body["code"]) == (403, "quota_exceeded")
                assert body["left"] == {"videos": 0, "bytes": 9970}
                assert body["detail"].startswith(f"{quota} is used up: it allows 3 videos.")

    def test_limits_their_bytes(self, client: TestClient, anna: dict[str, str]) -> None:
        assert announce(client, anna, size=9000).status_code == 201
        body = problem(announce(client, anna, size=1001))
        assert body["left"] == {"videos": 2, "bytes": 1000}
        assert "Your quota has room for 1,000 more bytes, and the file has 1,001" in body["detail"]
        assert announce(client, anna, size=1000).status_code == 201

    def test_of_another_is_called_the_owners(
        self,
        client: TestClient,
        records: FakeCatalog,
        objects: FakeStorage,
        api_keys: FakeApiKeys,
        anna: dict[str, str],
    ) -> None:
        announce(client, anna, size=10_000)
        of_anna = replace(failed_video(), owner="anna", charged=False)
        records.videos[of_anna.id] = of_anna
        objects.uploads[source_key(of_anna.id)] = b"video"
        server = bearer(issue(api_keys).key)
        body = problem(client.post(f"/videos/{of_anna.id}/retry", headers=server))
        assert body["detail"].startswith("The owner's quota has room for 0 more bytes")

    def test_of_the_token_holds_if_it_is_smaller(
        self, client: TestClient, api_keys: FakeApiKeys
    ) -> None:
        key = issue(api_keys)
        for limit, allowed in ((2, 2), (9, 3)):
            headers = bearer(key.token(sub=f"user-{limit}", max_videos=limit))
            made = [announce(client, headers, size=10).status_code for _ in range(4)]
            assert made.count(201) == allowed

    def test_is_free_again_after_a_delete(self, client: TestClient, anna: dict[str, str]) -> None:
        video_id = announce(client, anna, size=10_000).json()["id"]
        assert announce(client, anna, size=1).status_code == 403
        for _ in range(2):
            assert client.delete(f"/videos/{video_id}", headers=anna).status_code == 204
        assert announce(client, anna, size=10_000).status_code == 201
        assert announce(client, anna, size=1).status_code == 403

    def test_is_not_used_by_a_form_that_the_storage_refuses(
        self,
        client: TestClient,
        records: FakeCatalog,
        objects: FakeStorage,
        anna: dict[str, str],
    ) -> None:
        objects.down = True
        assert upload_form(client, anna).status_code == 503
        assert records.usage.counters["anna"] == Usage()

    def test_is_used_once_by_a_repeated_request(
        self, client: TestClient, records: FakeCatalog, anna: dict[str, str]
    ) -> None:
        made = {announce(client, anna, key="k", size=10_000).json()["id"] for _ in range(3)}
        assert len(made) == 1
        assert records.usage.counters["anna"] == Usage(1, 10_000)

    def test_keeps_no_idempotency_key_of_a_refused_request(
        self, client: TestClient, records: FakeCatalog, anna: dict[str, str]
    ) -> None:
        first = announce(client, anna, size=10_000).json()["id"]
        assert announce(client, anna, key="k", size=1).status_code == 403
        assert records.keys == {}
        client.delete(f"/videos/{first}", headers=anna)
        assert announce(client, anna, key="k", size=2).status_code == 201, "another body"

    def test_is_reserved_again_by_a_retry_after_it_was_given_back(
        self,
        client: TestClient,
        records: FakeCatalog,
        objects: FakeStorage,
        anna: dict[str, str],
    ) -> None:
        announce(client, anna, size=9_500)
        given_back = replace(failed_video(), owner="anna", declared_size=600, charged=False)
        records.videos[given_back.id] = given_back
        objects.uploads[source_key(given_back.id)] = b"restored"
        again = f"/videos/{given_back.id}/retry"
        assert problem(client.post(again, headers=anna))["left"] == {"videos": 2, "bytes": 500}
        assert records.videos[given_back.id] == given_back
        records.videos[given_back.id] = replace(given_back, declared_size=500)
        assert client.post(again, headers=anna).status_code == 202
        assert records.videos[given_back.id].charged
        assert records.usage.counters["anna"] == Usage(2, 10_000)
        assert client.post(again, headers=anna).status_code == 409
        assert records.usage.counters["anna"] == Usage(2, 10_000)

    def test_is_not_reserved_by_a_retry_that_another_call_overtakes(
        self,
        client: TestClient,
        records: FakeCatalog,
        objects: FakeStorage,
        anna: dict[str, str],
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        announce(client, anna, size=10)
        failed = replace(failed_video(), owner="anna", charged=False)
        records.videos[failed.id] = failed
        objects.uploads[source_key(failed.id)] = b"restored"
        reserve = records.usage.reserve

        def reserve_late(*given: Any) -> bool:
            reserved = reserve(*given)
            records.videos[failed.id] = replace(failed, status=Status.PENDING, version=9)
            return reserved

        monkeypatch.setattr(records.usage, "reserve", reserve_late)
        assert client.post(f"/videos/{failed.id}/retry", headers=anna).status_code == 409
        assert records.usage.counters["anna"] == Usage(1, 10)

    def test_is_reserved_again_by_a_repeated_announcement_whose_upload_had_expired(
        self, client: TestClient, records: FakeCatalog, anna: dict[str, str]
    ) -> None:
        made = announce(client, anna, key="k", size=6000).json()["id"]
        expired = stuck.fail_stuck(
            records.videos[made],
            error=UPLOAD_EXPIRED.failure(),
            webhook=None,
            now=datetime.now(UTC),
        )
        records.save(records.videos[made], expired)
        assert records.usage.counters["anna"] == Usage()
        other = announce(client, anna, size=5000).json()["id"]
        assert problem(announce(client, anna, key="k", size=6000))["code"] == "quota_exceeded"
        client.delete(f"/videos/{other}", headers=anna)
        assert announce(client, anna, key="k", size=6000).json()["id"] == made
        assert records.usage.counters["anna"] == Usage(1, 6000)

    def test_is_shown_to_the_caller(
        self, client: TestClient, api_keys: FakeApiKeys, anna: dict[str, str]
    ) -> None:
        announce(client, anna, size=9000)
        me = client.get("/me", headers=anna).json()
        assert me["usage"] == {"videos": 1, "bytes": 9000}
        assert (me["limits"]["videos"], me["limits"]["bytes"]) == (3, 10_000)
        token = issue(api_keys).token(max_bytes=70, max_duration_s=60, max_videos=2)
        assert client.get("/me", headers=bearer(token)).json()["limits"] == {
            "video_bytes": 70,
            "video_duration_s": 60,
            "videos": 2,
            "bytes": 10_000,
        }
        server = client.get("/me", headers=bearer(issue(api_keys).key)).json()
        assert server["usage"] == {"videos": 0, "bytes": 0}, "the videos without an owner"

    def test_costs_nothing_where_there_is_none(
        self,
        records: FakeCatalog,
        objects: FakeStorage,
        processing: FakeProcessing,
        api_keys: FakeApiKeys,
    ) -> None:
        app = create_app(
            Backend(ApiSettings.read(KEYS), records, objects, processing, api_keys, fake_pictures())
        )
        with TestClient(app) as client:
            assert announce(client, bearer(issue(api_keys).token())).status_code == 201
        assert records.usage.counters == {}
