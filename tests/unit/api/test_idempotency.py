"""`Idempotency-Key` on `POST /videos`."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from starlette.testclient import TestClient

from functions.adapters.catalog import KeyUse
from functions.core.failures import UPLOAD_EXPIRED
from functions.core.keys import source_key
from tests.examples import CREATED, done_video, failed_video
from tests.fakes.catalog import FakeCatalog
from tests.problems import problem

KEY = "8e03978e-40d5-43dd-bc93-6894a57f9324"
GOOD = {"filename": "holiday.mp4", "size": 5000}


def create(client: TestClient, key: str | None = KEY, **changes: Any) -> Any:
    headers = {"Idempotency-Key": key} if key is not None else {}
    return client.post("/videos", json=GOOD | changes, headers=headers)


def test_the_same_request_again_gets_the_same_video_and_a_good_form(
    client: TestClient, records: FakeCatalog
) -> None:
    first = create(client)
    video_id = first.json()["id"]
    found = records.videos[video_id]
    records.videos[video_id] = replace(found, upload=replace(found.upload, expires_at=CREATED))
    second = create(client)
    assert second.status_code == first.status_code == 201
    assert second.headers["location"] == first.headers["location"]
    assert len(records.videos) == 1
    upload = second.json()["upload"]
    assert upload["fields"]["key"] == source_key(video_id)
    assert datetime.fromisoformat(upload["expires_at"]) > datetime.now(UTC) + timedelta(minutes=14)


def test_what_is_left_out_is_the_same_as_null(client: TestClient) -> None:
    assert create(client).json()["id"] == create(client, passthrough=None).json()["id"]


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ({"filename": "Café.mp4"}, {"filename": "Cafe\u0301.mp4"}),
        ({"content_type": "video/mp4"}, {"content_type": "Video/MP4; codecs=avc1"}),
        ({}, {"content_type": ""}),
        ({"size": 5000}, {"size": 5000.0}),
    ],
)
def test_the_same_request_in_another_notation_is_the_same(
    client: TestClient, first: dict[str, Any], second: dict[str, Any]
) -> None:
    assert create(client, **first).json()["id"] == create(client, **second).json()["id"]


def test_other_keys_and_none_get_videos_of_their_own(
    client: TestClient, records: FakeCatalog
) -> None:
    for key in (KEY, "another", None, None):
        create(client, key)
    assert len(records.videos) == 4


@pytest.mark.parametrize(
    "changes",
    [{"filename": "b.mp4"}, {"size": 6}, {"passthrough": "x"}, {"content_type": "video/mp4"}],
)
def test_another_body_is_refused(
    client: TestClient, records: FakeCatalog, changes: dict[str, Any]
) -> None:
    create(client)
    body = problem(create(client, **changes))
    assert (body["status"], body["code"]) == (422, "idempotency_key_reused")
    assert len(records.videos) == 1


def test_a_request_that_was_refused_does_not_use_its_key_up(client: TestClient) -> None:
    assert create(client, filename="notes.txt").status_code == 400
    assert create(client).status_code == 201


def test_a_first_request_that_ended_half_way_is_carried_out(
    client: TestClient, records: FakeCatalog
) -> None:
    video_id = create(client).json()["id"]
    records.videos.clear()
    assert create(client).json()["id"] == video_id
    assert list(records.videos) == [video_id]
    assert records.videos[video_id].upload.key == source_key(video_id)


def test_a_video_whose_file_has_arrived_gets_no_form(
    client: TestClient, records: FakeCatalog
) -> None:
    video_id = create(client).json()["id"]
    records.videos[video_id] = done_video(video_id)
    response = create(client)
    assert response.status_code == 201
    assert (response.json()["status"], response.json()["upload"]) == ("done", None)


def test_a_video_whose_file_never_came_is_awaited_again(
    client: TestClient, records: FakeCatalog
) -> None:
    video_id = create(client).json()["id"]
    expired = failed_video(video_id)
    never_came = UPLOAD_EXPIRED.failure()
    records.videos[video_id] = replace(expired, source=None, error=never_came)
    body = create(client).json()
    assert (body["id"], body["status"], body["error"]) == (video_id, "pending", None)
    assert body["upload"]["fields"]["key"] == source_key(video_id)
    assert datetime.fromisoformat(body["upload_expires_at"]) > datetime.now(UTC)
    records.videos[video_id] = expired
    body = create(client).json()
    assert (body["status"], body["upload"]) == ("failed", None), "this one's file is bad"


def test_after_a_delete_the_key_makes_a_new_video(client: TestClient) -> None:
    video_id = create(client).json()["id"]
    client.delete(f"/videos/{video_id}")
    assert create(client).json()["id"] != video_id


def test_a_delete_while_a_repetition_is_answered_does_not_bring_the_video_back(
    client: TestClient, records: FakeCatalog, monkeypatch: pytest.MonkeyPatch
) -> None:
    video_id = create(client).json()["id"]

    def delete_before_get(self: FakeCatalog, video_id: str, **_: object) -> None:
        monkeypatch.undo()
        self.delete(video_id)

    monkeypatch.setattr(FakeCatalog, "get", delete_before_get)
    repeated = create(client)
    assert repeated.status_code == 201
    assert repeated.json()["id"] != video_id
    assert list(records.videos) == [repeated.json()["id"]]
    assert create(client).json()["id"] == repeated.json()["id"]


def test_a_delete_while_the_first_request_is_answered_does_not_bring_its_id_back(
    client: TestClient, records: FakeCatalog, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The delete has still to remove the objects of that id, which would be the new video's."""

    def delete_before_check(self: FakeCatalog, use: KeyUse) -> KeyUse | None:
        monkeypatch.undo()
        self.delete(use.video_id)
        return self.first_use(use)

    monkeypatch.setattr(FakeCatalog, "first_use", delete_before_check)
    created = create(client).json()["id"]
    assert list(records.videos) == [created]
    assert created not in records.tombstones
    assert create(client).json()["id"] == created


def test_keys_are_kept_as_long_as_parts(client: TestClient, records: FakeCatalog) -> None:
    create(client)
    kept = records.keys[None, KEY].expires_at - datetime.now(UTC)
    assert timedelta(days=6, hours=23) < kept <= timedelta(days=7)


@pytest.mark.parametrize("key", ["", "a b", "x" * 256])
def test_keys_that_cannot_be_used_are_refused(
    client: TestClient, records: FakeCatalog, key: str
) -> None:
    body = problem(create(client, key))
    assert (body["status"], body["code"]) == (422, "invalid_request")
    assert body["errors"][0]["field"].lower() == "header.idempotency-key"
    assert records.videos == {}
