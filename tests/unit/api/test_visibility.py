"""Public and private videos: announced so, and changed."""

from dataclasses import replace
from typing import Any

import pytest
from starlette.testclient import TestClient

from functions.api.settings import ApiSettings
from functions.core.video import Status, Visibility
from tests.credentials import KEYS, bearer, issue
from tests.examples import ID, done_video, failed_video, video
from tests.fakes.api_keys import FakeApiKeys
from tests.fakes.catalog import FakeCatalog
from tests.problems import problem

CLIP = {"filename": "clip.mp4", "size": 5000}


@pytest.fixture
def settings() -> ApiSettings:
    return ApiSettings.read(KEYS)


@pytest.fixture
def server(api_keys: FakeApiKeys) -> dict[str, str]:
    return bearer(issue(api_keys).key)


@pytest.mark.parametrize(
    ("fields", "expected"),
    [({}, "private"), ({"visibility": "private"}, "private"), ({"visibility": "public"}, "public")],
)
def test_a_video_is_announced_private_or_public(
    client: TestClient,
    records: FakeCatalog,
    server: dict[str, str],
    fields: dict[str, str],
    expected: str,
) -> None:
    made = client.post("/videos", json=CLIP | fields, headers=server).json()
    assert made["visibility"] == records.videos[made["id"]].visibility == expected


def test_a_repeated_announcement_must_name_the_same_visibility(
    client: TestClient, server: dict[str, str]
) -> None:
    once = server | {"Idempotency-Key": "key"}
    first = client.post("/videos", json=CLIP, headers=once).json()
    again = client.post("/videos", json=CLIP | {"visibility": "private"}, headers=once)
    assert again.json()["id"] == first["id"]
    other = client.post("/videos", json=CLIP | {"visibility": "public"}, headers=once)
    assert problem(other)["code"] == "idempotency_key_reused"


def test_only_callers_who_may_change_videos_announce_public_ones(
    client: TestClient, records: FakeCatalog, api_keys: FakeApiKeys
) -> None:
    browser = bearer(issue(api_keys).token(scope="upload read deliver"))
    refused = problem(client.post("/videos", json=CLIP | {"visibility": "public"}, headers=browser))
    assert (refused["status"], refused["code"]) == (403, "forbidden")
    assert "write" in refused["detail"]
    assert not records.videos
    assert client.post("/videos", json=CLIP, headers=browser).status_code == 201


@pytest.mark.parametrize(
    "before", [video(), done_video(), failed_video(), video(status=Status.PROCESSING)]
)
def test_a_change_alters_nothing_else_whatever_the_status(
    client: TestClient, records: FakeCatalog, server: dict[str, str], before: Any
) -> None:
    records.videos[ID] = before
    for visibility in ("public", "public", "private"):
        changed = client.patch(f"/videos/{ID}", json={"visibility": visibility}, headers=server)
        assert (changed.status_code, changed.json()["visibility"]) == (200, visibility)
        assert client.get(f"/videos/{ID}", headers=server).json() == changed.json()
    after = records.videos[ID]
    assert replace(after, version=before.version) == before
    assert after.version == before.version + 2, "the repetition writes nothing"


@pytest.mark.parametrize(
    "body", [{}, {"visibility": "secret"}, {"visibility": None}, {"status": "done"}, [], "public"]
)
def test_another_change_is_refused(
    client: TestClient, records: FakeCatalog, server: dict[str, str], body: Any
) -> None:
    records.videos[ID] = done_video()
    assert problem(client.patch(f"/videos/{ID}", json=body, headers=server))["status"] == 422
    assert records.videos[ID] == done_video()


def test_a_video_that_is_deleted_meanwhile_is_unknown(
    client: TestClient,
    records: FakeCatalog,
    server: dict[str, str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    records.videos[ID] = done_video()

    def save(*_: object) -> None:
        del records.videos[ID]

    monkeypatch.setattr(records, "save", save)
    response = client.patch(f"/videos/{ID}", json={"visibility": "public"}, headers=server)
    assert problem(response)["code"] == "video_not_found"


def test_a_record_of_release_0_1_is_private() -> None:
    assert done_video().visibility is Visibility.PRIVATE
