"""`DELETE /videos/{id}`."""

import pytest
from starlette.testclient import TestClient

from functions.core.keys import source_key
from tests.examples import ID, done_video, failed_video, video
from tests.fakes.catalog import FakeCatalog
from tests.fakes.storage import FakeStorage
from tests.logs import logged
from tests.problems import problem

OTHER = "507f1f77bcf86cd799439012"


@pytest.fixture(autouse=True)
def stored(objects: FakeStorage) -> None:
    for video_id in (ID, OTHER):
        objects.uploads[source_key(video_id)] = b"file"
        for token in ("first", "second"):
            objects.thumbnails[f"thumbnails/{video_id}/{token}.jpg"] = b"jpeg"


@pytest.mark.parametrize("found", [video(), done_video(), failed_video()])
def test_removes_the_record_and_its_objects_and_no_others(
    client: TestClient, records: FakeCatalog, objects: FakeStorage, found: object
) -> None:
    records.videos = {ID: found, OTHER: video(OTHER)}  # type: ignore[dict-item]  # videos all
    response = client.delete(f"/videos/{ID}")
    assert (response.status_code, response.content) == (204, b"")
    assert "content-type" not in response.headers
    assert list(records.videos) == [OTHER]
    assert list(objects.uploads) == [source_key(OTHER)]
    assert len(objects.thumbnails) == 2
    assert client.get(f"/videos/{ID}").status_code == 404


def test_that_ended_half_way_can_be_repeated(
    client: TestClient, records: FakeCatalog, objects: FakeStorage
) -> None:
    records.videos = {ID: done_video()}
    objects.down = True
    body = problem(client.delete(f"/videos/{ID}"))
    assert (body["status"], body["code"]) == (503, "storage_unavailable")
    assert records.videos == {}, "first the record: a done video never lacks its thumbnail"
    objects.down = False
    assert client.delete(f"/videos/{ID}").status_code == 204
    assert list(objects.uploads) == [source_key(OTHER)]
    assert client.delete(f"/videos/{ID}").status_code == 204


def test_without_a_database_touches_no_object(
    client: TestClient, records: FakeCatalog, objects: FakeStorage
) -> None:
    records.videos = {ID: done_video()}
    records.down = True
    assert client.delete(f"/videos/{ID}").status_code == 503
    assert source_key(ID) in objects.uploads


def test_takes_an_id_in_either_case(
    client: TestClient, records: FakeCatalog, objects: FakeStorage
) -> None:
    records.videos = {ID: done_video()}
    for _ in range(2):
        assert client.delete(f"/videos/{ID.upper()}").status_code == 204
        assert source_key(ID) not in objects.uploads


def test_of_an_unknown_video_touches_no_object(client: TestClient, objects: FakeStorage) -> None:
    """A restore of the database may have lost its record."""
    with logged() as lines:
        assert client.delete(f"/videos/{ID}").status_code == 204
    assert source_key(ID) in objects.uploads
    assert len(objects.thumbnails) == 4
    assert "video deleted" not in [line["message"] for line in lines]


def test_leaves_older_versions_unless_it_purges(
    client: TestClient, records: FakeCatalog, objects: FakeStorage
) -> None:
    records.videos = {ID: done_video(), OTHER: done_video(OTHER)}
    assert client.delete(f"/videos/{ID}", params={"purge": "false"}).status_code == 204
    assert list(objects.older) == [source_key(ID)]
    assert client.delete(f"/videos/{ID}", params={"purge": "true"}).status_code == 204
    assert client.delete(f"/videos/{OTHER}", params={"purge": "true"}).status_code == 204
    assert objects.older == {}


@pytest.mark.parametrize("purge", ["1", "True", "yes", "purge"])
def test_purges_only_for_a_plain_true(client: TestClient, objects: FakeStorage, purge: str) -> None:
    body = problem(client.delete(f"/videos/{ID}", params={"purge": purge}))
    assert (body["status"], body["code"]) == (422, "invalid_request")
    assert source_key(ID) in objects.uploads


@pytest.mark.parametrize("video_id", ["x", "0" * 25, "%24ne"])
def test_refuses_what_is_no_id(client: TestClient, video_id: str) -> None:
    assert problem(client.delete(f"/videos/{video_id}"))["code"] == "invalid_id"
