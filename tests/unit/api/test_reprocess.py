"""`POST /videos/{id}/reprocess`."""

from dataclasses import replace
from typing import Any

import pytest
from starlette.testclient import TestClient

from functions.core.keys import source_key
from functions.core.video import Status, Video
from tests.examples import ID, done_video, failed_video, processing, video
from tests.fakes.catalog import FakeCatalog
from tests.fakes.processing import FakeProcessing
from tests.fakes.storage import FakeStorage
from tests.problems import problem


@pytest.fixture(autouse=True)
def done(records: FakeCatalog, objects: FakeStorage) -> Video:
    thumbnail = done_video().thumbnail
    assert thumbnail
    objects.uploads[source_key(ID)] = b"file"
    objects.thumbnails[thumbnail.key] = b"old picture"
    records.videos[ID] = replace(done_video(), source=objects.find_upload(source_key(ID)))
    return records.videos[ID]


def reprocess(client: TestClient) -> Any:
    return client.post(f"/videos/{ID}/reprocess")


def test_moves_to_pending_and_starts_processing(
    client: TestClient, processing: FakeProcessing
) -> None:
    response = reprocess(client)
    assert response.status_code == 202
    assert (response.json()["status"], response.json()["attempts"]) == ("pending", 0)
    (started,) = processing.started
    assert (started.video_id, started.key) == (ID, source_key(ID))


def test_shows_the_old_result_meanwhile(client: TestClient) -> None:
    before = client.get(f"/videos/{ID}").json()
    legacy = client.get(f"/video-metadata/{ID}").json()
    reprocess(client)
    after = client.get(f"/videos/{ID}").json()
    for shown in ("media", "thumbnail", "processing"):
        assert after[shown] == before[shown]
    assert client.get(f"/video-metadata/{ID}").json() == legacy | {"status": "pending"}
    assert client.get(f"/thumbnails/{ID}.jpg").content == b"old picture"
    assert client.get(f"/videos/{ID}/thumbnail", follow_redirects=False).status_code == 307


def test_says_which_release_made_a_result(client: TestClient, records: FakeCatalog) -> None:
    assert client.get(f"/videos/{ID}").json()["processing"]["release"] is None
    records.videos[ID] = replace(done_video(), processing=replace(processing(), release="0.2.0"))
    assert client.get(f"/videos/{ID}").json()["processing"]["release"] == "0.2.0"


_WAIT = "Wait until it is done, then reprocess it."


@pytest.mark.parametrize(
    ("found", "advice"),
    [
        (video(), _WAIT),
        (video(status=Status.PROCESSING), _WAIT),
        (failed_video(), "To process a failed video again, retry it."),
    ],
)
def test_is_for_done_videos_only(
    client: TestClient, records: FakeCatalog, processing: FakeProcessing, found: Video, advice: str
) -> None:
    records.videos[ID] = found
    body = problem(reprocess(client))
    assert (body["status"], body["code"]) == (409, "not_done")
    assert body["detail"] == f"Video {ID} is {found.status}. {advice}"
    assert (records.videos[ID], processing.started) == (found, [])


def test_leaves_a_video_alone_whose_file_is_gone(
    client: TestClient, records: FakeCatalog, objects: FakeStorage, done: Video
) -> None:
    objects.uploads.clear()
    assert problem(reprocess(client))["code"] == "source_gone"
    assert records.videos[ID] == done


def test_keeps_the_result_of_a_file_that_another_has_replaced(
    client: TestClient,
    records: FakeCatalog,
    objects: FakeStorage,
    processing: FakeProcessing,
    done: Video,
) -> None:
    """The upload of the other file was one too many, so Clipo has not processed it."""
    objects.uploads[source_key(ID)] = b"another file"
    body = problem(reprocess(client))
    assert (body["status"], body["code"]) == (409, "source_gone")
    assert "Another upload has replaced the file" in body["detail"]
    assert (records.videos[ID], processing.started) == (done, [])


def test_lets_nothing_be_uploaded_in_its_place(client: TestClient) -> None:
    reprocess(client)
    signed = problem(client.post(f"/videos/{ID}/upload/sign", json={"method": "PUT"}))
    assert signed["code"] == "not_pending"
    assert signed["detail"] == (
        f"Video {ID} is being processed again, and its file cannot be replaced."
        " Upload another file as a new one: POST /videos."
    )
