"""The ancestor's endpoints, in the shapes that its README documents."""

import re

import pytest
from starlette.testclient import TestClient

from functions.api.app import create_app
from functions.api.services import Backend
from functions.api.settings import ApiSettings
from functions.core.video import Status
from tests.examples import ID, OPEN, done_video, failed_video, video
from tests.fakes.api_keys import FakeApiKeys
from tests.fakes.catalog import FakeCatalog
from tests.fakes.pictures import fake_pictures
from tests.fakes.processing import FakeProcessing
from tests.fakes.storage import FakeStorage
from tests.problems import problem

ANCESTOR_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")


def upload(client: TestClient, name: str = "clip.mp4", content: bytes = b"video"):  # type: ignore[no-untyped-def]
    return client.post("/upload-video/", files={"file": (name, content, "video/mp4")})


def test_health(client: TestClient) -> None:
    response = client.get("/health")
    assert response.json() == {"status": "healthy", "message": "Clipo AI Backend is running"}


def test_health_asks_no_service(client: TestClient, records: FakeCatalog) -> None:
    records.down = True
    assert client.get("/health").status_code == 200


def test_an_upload_is_accepted(
    client: TestClient, records: FakeCatalog, objects: FakeStorage
) -> None:
    response = upload(client, "my clip.mp4", b"bytes")
    assert response.status_code == 202
    body = response.json()
    assert list(body) == ["id", "filename", "upload_time", "status", "message"]
    assert ANCESTOR_TIME.fullmatch(body["upload_time"])
    assert (body["filename"], body["status"]) == ("my clip.mp4", "pending")
    assert body["message"] == "Video uploaded successfully. Processing started."
    assert objects.uploads == {f"uploads/{body['id']}/source": b"bytes"}
    assert records.videos[body["id"]].declared_size == 5
    assert records.methods == {body["id"]: "form"}


def test_the_record_is_there_before_the_bytes(
    client: TestClient, records: FakeCatalog, objects: FakeStorage
) -> None:
    known_at_put: list[int] = []
    put = objects.put_upload

    def watching_put(*args: object, **kwargs: object) -> None:
        known_at_put.append(len(records.videos))
        put(*args, **kwargs)  # type: ignore[arg-type]

    objects.put_upload = watching_put  # type: ignore[method-assign]
    upload(client)
    assert known_at_put == [1]


@pytest.mark.parametrize(
    "name", ["A.MP4", "a.Mov", "a.b.webm", "a b+%.avi", "ü.flv", "😀.mkv", ".wmv"]
)
def test_extensions_are_accepted_in_any_case(client: TestClient, name: str) -> None:
    response = upload(client, name)
    assert response.status_code == 202
    assert response.json()["filename"] == name


@pytest.mark.parametrize("name", ["notes.txt", "mp4", "clip.mp4.exe", "clip.", "clip.mp4 "])
def test_other_extensions_are_refused(client: TestClient, records: FakeCatalog, name: str) -> None:
    body = problem(upload(client, name))
    assert (body["status"], body["code"]) == (400, "unsupported_extension")
    assert "mp4" in body["detail"]
    assert records.videos == {}


def test_an_empty_file_is_refused(client: TestClient) -> None:
    body = problem(upload(client, content=b""))
    assert (body["status"], body["code"]) == (400, "empty_file")


@pytest.mark.parametrize("size", [10_001, 2_000_000])
def test_a_file_over_the_limit_is_refused(
    client: TestClient, records: FakeCatalog, size: int
) -> None:
    body = problem(upload(client, content=bytes(size)))
    assert (body["status"], body["code"]) == (413, "file_too_large")
    assert "10,000" in body["detail"]
    assert records.videos == {}


def test_a_file_for_which_the_form_is_too_small_is_shown_the_way(
    records: FakeCatalog, objects: FakeStorage
) -> None:
    limits = {"MAX_UPLOAD_BYTES": "10000", "MAX_MULTIPART_BYTES": "50"}
    app = create_app(
        Backend(
            ApiSettings.read(OPEN | limits),
            records,
            objects,
            FakeProcessing(),
            FakeApiKeys(),
            fake_pictures(),
        )
    )
    for size in (51, 2_000_000):
        body = problem(upload(TestClient(app), content=bytes(size)))
        assert body["status"] == 413
        assert "POST /videos takes up to 10,000" in body["detail"]


def test_a_file_of_exactly_the_limit_is_accepted(client: TestClient) -> None:
    assert upload(client, content=bytes(10_000)).status_code == 202


def test_a_form_without_a_file_is_refused(client: TestClient) -> None:
    text = problem(client.post("/upload-video/", data={"file": "text"}))
    assert "must be a file" in text["detail"]
    body = problem(client.post("/upload-video/", data={"other": "x"}))
    assert body["status"] == 422
    assert body["errors"] == [{"field": "body.file", "message": "is required"}]


def test_a_body_that_is_no_form_is_refused(client: TestClient) -> None:
    headers = {"content-type": "multipart/form-data; boundary=x"}
    body = problem(client.post("/upload-video/", content=b"nonsense", headers=headers))
    assert 400 <= body["status"] < 500


def test_an_upload_without_storage_leaves_no_record(
    client: TestClient, records: FakeCatalog, objects: FakeStorage
) -> None:
    objects.down = True
    body = problem(upload(client))
    assert (body["status"], body["code"]) == (503, "storage_unavailable")
    assert records.videos == {}


def test_status(client: TestClient, records: FakeCatalog) -> None:
    records.videos[ID] = done_video()
    assert client.get(f"/video-status/{ID}").json() == {"id": ID, "status": "done"}


def test_metadata_of_a_done_video(client: TestClient, records: FakeCatalog) -> None:
    records.videos[ID] = done_video()
    assert client.get(f"/video-metadata/{ID}").json() == {
        "filename": "clip.mp4",
        "upload_time": "2026-01-02T03:04:05.678Z",
        "status": "done",
        "duration": "00:00:30",
        "thumbnail_url": f"http://testserver/thumbnails/{ID}.jpg",
        "file_size": 2000,
        "error_message": None,
    }


def test_metadata_of_a_pending_video(client: TestClient, records: FakeCatalog) -> None:
    records.videos[ID] = video()
    body = client.get(f"/video-metadata/{ID}").json()
    assert (body["duration"], body["thumbnail_url"], body["error_message"]) == (None, None, None)
    assert body["file_size"] == 1000


def test_metadata_shows_no_error_of_an_earlier_upload(
    client: TestClient, records: FakeCatalog
) -> None:
    records.videos[ID] = video(status=Status.PROCESSING, error=failed_video().error)
    assert client.get(f"/video-metadata/{ID}").json()["error_message"] is None


def test_metadata_of_a_failed_video(client: TestClient, records: FakeCatalog) -> None:
    records.videos[ID] = failed_video()
    body = client.get(f"/video-metadata/{ID}").json()
    assert (body["status"], body["error_message"]) == ("failed", "The file is damaged.")


@pytest.mark.parametrize("path", ["/video-status", "/video-metadata"])
def test_lookups_tell_an_unknown_id_from_what_is_no_id(client: TestClient, path: str) -> None:
    assert problem(client.get(f"{path}/{ID}"))["status"] == 404
    assert problem(client.get(f"{path}/not-an-id"))["status"] == 400


def test_the_thumbnail_opens(
    client: TestClient, records: FakeCatalog, objects: FakeStorage
) -> None:
    records.videos[ID] = done = done_video()
    assert done.thumbnail
    objects.thumbnails[done.thumbnail.key] = b"jpeg"
    response = client.get(f"/thumbnails/{ID}.jpg")
    assert (response.status_code, response.content) == (200, b"jpeg")
    assert response.headers["content-type"] == "image/jpeg"


def test_a_thumbnail_that_is_being_replaced_is_not_an_error_of_ours(
    client: TestClient, records: FakeCatalog
) -> None:
    records.videos[ID] = done_video()
    assert problem(client.get(f"/thumbnails/{ID}.jpg"))["code"] == "thumbnail_not_found"


def test_a_path_without_its_slash_is_as_good(client: TestClient) -> None:
    """Some proxies take it away; a redirect would make clients send the file again, or give up."""
    response = client.post("/upload-video", files={"file": ("a.mp4", b"x")})
    assert response.status_code == 202
    too_large = client.post("/upload-video", files={"file": ("a.mp4", b"x" * 10_001)})
    assert too_large.json()["code"] == "file_too_large"
