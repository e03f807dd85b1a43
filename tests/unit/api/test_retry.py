"""`POST /videos/{id}/retry`."""

from dataclasses import replace
from typing import Any

import pytest
from starlette.testclient import TestClient

from functions.core.keys import source_key
from functions.core.video import ExpectedUpload, Status
from tests.examples import CREATED, ID, SEQUENCER, done_video, failed_video, video
from tests.fakes.catalog import FakeCatalog
from tests.fakes.processing import FakeProcessing
from tests.fakes.storage import FakeStorage
from tests.problems import problem


@pytest.fixture(autouse=True)
def failed(records: FakeCatalog, objects: FakeStorage) -> None:
    records.videos[ID] = replace(failed_video(), attempts=5)
    objects.uploads[source_key(ID)] = b"file"


def retry(client: TestClient) -> Any:
    return client.post(f"/videos/{ID}/retry")


def test_moves_to_pending_and_starts_processing(
    client: TestClient, processing: FakeProcessing
) -> None:
    response = retry(client)
    assert response.status_code == 202
    body = response.json()
    assert (body["status"], body["attempts"], body["error"]) == ("pending", 0, None)
    assert body["upload_expires_at"] is None, "its file is there"
    (started,) = processing.started
    assert (started.video_id, started.key) == (ID, source_key(ID))
    assert (started.source.size, started.source.sequencer) == (4, SEQUENCER)


def test_of_a_video_that_was_never_claimed_has_no_sequencer(
    client: TestClient, records: FakeCatalog, processing: FakeProcessing
) -> None:
    records.videos[ID] = replace(failed_video(), source=None)
    assert retry(client).status_code == 202
    assert processing.started[0].source.sequencer == ""


@pytest.mark.parametrize("found", [video(), video(status=Status.PROCESSING), done_video()])
def test_is_for_failed_videos_only(
    client: TestClient, records: FakeCatalog, processing: FakeProcessing, found: Any
) -> None:
    records.videos[ID] = found
    body = problem(retry(client))
    assert (body["status"], body["code"]) == (409, "not_failed")
    assert found.status in body["detail"]
    assert records.videos[ID] == found
    assert processing.started == []


def test_points_to_the_reprocess_of_a_done_video(client: TestClient, records: FakeCatalog) -> None:
    records.videos[ID] = done_video()
    assert problem(retry(client))["detail"] == (
        f"Video {ID} is done. There is nothing to retry. To process it again, reprocess it."
    )


def test_says_so_where_the_file_is_gone(
    client: TestClient, records: FakeCatalog, objects: FakeStorage, processing: FakeProcessing
) -> None:
    objects.uploads.clear()
    body = problem(retry(client))
    assert (body["status"], body["code"]) == (409, "source_gone")
    assert records.videos[ID].status is Status.FAILED
    assert processing.started == []


def test_that_comes_second_starts_nothing(
    client: TestClient,
    records: FakeCatalog,
    objects: FakeStorage,
    processing: FakeProcessing,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    find = objects.find_upload

    def meanwhile(key: str) -> Any:
        records.videos[ID] = video(status=Status.PROCESSING, upload=ExpectedUpload(key, CREATED))
        return find(key)

    monkeypatch.setattr(objects, "find_upload", meanwhile)
    body = problem(retry(client))
    assert (body["code"], processing.started) == ("not_failed", [])
    assert "processing" in body["detail"]


def test_is_on_record_where_processing_cannot_be_started(
    client: TestClient, processing: FakeProcessing, caplog: pytest.LogCaptureFixture
) -> None:
    processing.down = True
    response = retry(client)
    assert (response.status_code, response.json()["status"]) == (202, "pending")
    assert "processing not started" in caplog.messages


def test_without_storage_changes_nothing(
    client: TestClient, records: FakeCatalog, objects: FakeStorage
) -> None:
    objects.down = True
    assert problem(retry(client))["code"] == "storage_unavailable"
    assert records.videos[ID].status is Status.FAILED


def test_of_an_unknown_video(client: TestClient, records: FakeCatalog) -> None:
    records.videos.clear()
    assert problem(retry(client))["code"] == "video_not_found"
    assert problem(client.post("/videos/x/retry"))["code"] == "invalid_id"
