"""`GET /owners/export` and `POST /owners/erase`."""

from dataclasses import replace
from typing import Any

import pytest
from starlette.testclient import TestClient

from functions.adapters.catalog import KeyUse
from functions.api import owner_data
from functions.api.settings import ApiSettings
from functions.core.keys import source_key
from functions.core.quotas import Usage
from tests.credentials import KEYS, admin_token, bearer, issue
from tests.examples import CREATED, ID, done_video, video
from tests.fakes.api_keys import FakeApiKeys
from tests.fakes.catalog import FakeCatalog
from tests.fakes.storage import FakeStorage
from tests.logs import logged
from tests.problems import problem

OWNER = "auth0|anna@example.com"


@pytest.fixture
def settings() -> ApiSettings:
    return ApiSettings.read(KEYS)


@pytest.fixture
def server(api_keys: FakeApiKeys) -> dict[str, str]:
    return bearer(issue(api_keys).key)


def store(records: FakeCatalog, objects: FakeStorage, number: int, owner: str = OWNER) -> str:
    """Store a done video with its file."""
    video_id = f"{number:024x}"
    stored = replace(done_video(), id=video_id, owner=owner)
    records.videos[video_id] = stored
    objects.uploads[source_key(video_id)] = b"file"
    return video_id


def export(client: TestClient, headers: dict[str, str], **query: str) -> Any:
    return client.get("/owners/export", params={"owner": OWNER} | query, headers=headers)


def erase(client: TestClient, headers: dict[str, str], owner: str = OWNER) -> Any:
    return client.post("/owners/erase", json={"owner": owner}, headers=headers)


class TestExport:
    def test_returns_all_records_page_by_page(
        self,
        client: TestClient,
        records: FakeCatalog,
        objects: FakeStorage,
        server: dict[str, str],
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        monkeypatch.setattr(owner_data, "_PAGE", 2)
        wanted = [store(records, objects, number) for number in range(4)]
        store(records, objects, 9, "ben")
        client.delete(f"/videos/{wanted[0]}", headers=server)
        found: list[tuple[str, str]] = []
        cursor: Any = ""
        while len(found) < 4:
            page = export(client, server, cursor=cursor).json()
            assert 1 <= len(page["data"]) <= 2
            found += [(one["kind"], one["id"]) for one in page["data"]]
            cursor = page["next_cursor"]
        assert cursor is None
        assert found == [
            *(("videos", one) for one in wanted[1:]),
            ("deleted_videos", wanted[0]),
        ]

    @pytest.mark.parametrize(
        "cursor", ["x", "schema:5", "videos:5", f"videos:{ID}\n", "api_keys:", "api_keys:ä"]
    )
    def test_refuses_other_cursors(
        self, client: TestClient, server: dict[str, str], cursor: str
    ) -> None:
        assert problem(export(client, server, cursor=cursor))["code"] == "invalid_cursor"


class TestErasure:
    def test_leaves_nothing_of_the_owner(
        self,
        client: TestClient,
        records: FakeCatalog,
        objects: FakeStorage,
        api_keys: FakeApiKeys,
        server: dict[str, str],
    ) -> None:
        for number in range(25):
            store(records, objects, number)
        deleted, kept = store(records, objects, 30), store(records, objects, 31, "ben")
        client.delete(f"/videos/{deleted}", headers=server)
        assert objects.older, "a delete keeps the file for some days"
        records.keys[OWNER, "k"] = KeyUse("k", "f", "5" * 24, CREATED, OWNER)
        records.usage.counters[OWNER] = Usage(25, 5)
        issue(api_keys, owner=OWNER)
        with logged() as lines:
            report = erase(client, server).json()
        assert report == {
            "videos": 25,
            "tombstones": 26,
            "idempotency_keys": 1,
            "counters": 1,
            "api_keys_left": 1,
            "finished": True,
        }
        assert list(records.videos) == [kept]
        assert (list(objects.uploads), objects.older) == ([source_key(kept)], {})
        assert len(records.tombstones) == 26
        for tombstone in records.tombstones.values():
            assert (tombstone.owner, tombstone.purge) == (None, True)
        assert records.keys == {}
        assert records.usage.counters == {}
        assert OWNER not in str([line for line in lines if line["message"] == "owner erased"])
        assert erase(client, server).json() == report | {
            "videos": 0,
            "tombstones": 0,
            "idempotency_keys": 0,
            "counters": 0,
        }

    def test_continues_after_an_error_and_after_its_time(
        self,
        client: TestClient,
        records: FakeCatalog,
        objects: FakeStorage,
        server: dict[str, str],
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        store(records, objects, 1)
        objects.down = True
        assert problem(erase(client, server))["code"] == "storage_unavailable"
        objects.down = False
        monkeypatch.setattr(owner_data, "_ERASE_S", 0.0)
        assert erase(client, server).json()["finished"] is False
        assert objects.uploads, "there was no time for it"
        monkeypatch.undo()
        report = erase(client, server).json()
        assert (report["videos"], report["tombstones"], report["finished"]) == (0, 1, True)
        assert objects.uploads == objects.older == {}

    def test_of_pending_videos_keeps_their_late_uploads_out(
        self, client: TestClient, records: FakeCatalog, server: dict[str, str]
    ) -> None:
        records.videos["1" * 24] = video("1" * 24, owner=OWNER)
        assert erase(client, server).json()["videos"] == 1
        left = records.deleted("1" * 24)
        assert left
        assert (left.owner, left.purge) == (None, True)


def test_a_query_parameter_that_is_unknown_is_refused(
    client: TestClient, server: dict[str, str]
) -> None:
    assert problem(export(client, server, limit="5"))["errors"][0]["field"] == "query.limit"


def test_only_credentials_for_all_owners_may(
    client: TestClient, records: FakeCatalog, objects: FakeStorage, api_keys: FakeApiKeys
) -> None:
    store(records, objects, 1)
    own = issue(api_keys, owner=OWNER)
    for credential in (own.key, own.token(sub=OWNER), issue(api_keys).token(sub=OWNER)):
        for response in (export(client, bearer(credential)), erase(client, bearer(credential))):
            body = problem(response)
            assert (body["status"], body["code"]) == (403, "forbidden")
    assert records.videos
    assert export(client, bearer(admin_token())).status_code == 200
    assert erase(client, bearer(admin_token())).status_code == 200


@pytest.mark.parametrize("owner", ["", "*", "$none", "a b", "x" * 129])
def test_another_text_names_no_owner(
    client: TestClient, server: dict[str, str], owner: str
) -> None:
    assert problem(erase(client, server, owner))["code"] == "invalid_request"
    assert problem(export(client, server, owner=owner))["code"] == "invalid_request"
