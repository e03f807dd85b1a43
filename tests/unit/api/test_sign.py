"""`POST /videos/{id}/upload/sign`."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from starlette.testclient import TestClient

from functions.core.keys import source_key
from functions.core.video import Status, Video
from tests.examples import ID, done_video, video
from tests.fakes.catalog import FakeCatalog
from tests.problems import problem

UPLOAD = "VXBsb2FkIElE"


PART = 8 << 20
SIZE = 2 * PART + 5


def announced() -> Video:
    upload = replace(video().upload, part_size=PART)
    return video(declared_size=SIZE, upload=upload)


@pytest.fixture(autouse=True)
def pending(records: FakeCatalog) -> None:
    records.videos[ID] = announced()


def sign(client: TestClient, **request: Any) -> Any:
    return client.post(f"/videos/{ID}/upload/sign", json=request)


def test_a_fresh_form(client: TestClient) -> None:
    # As Uppy asks for an upload in one request.
    response = sign(client, method="PUT", key=source_key(ID), contentType="video/x-other")
    assert response.status_code == 200
    body = response.json()
    assert body["url"] == "https://uploads.example/"
    assert body["fields"] == {
        "key": source_key(ID),
        "Content-Type": "video/mp4",
        "policy": f"{SIZE} bytes in 900 s",
    }
    assert "headers" not in body


@pytest.mark.parametrize(
    ("request_", "signed"),
    [
        ({"method": "POST"}, "create_multipart_upload&Content-Type:video/mp4&None&None&900"),
        (
            {"method": "PUT", "uploadId": UPLOAD, "partNumber": 2},
            f"upload_part&Content-Length:{PART}&{UPLOAD}&2&900",
        ),
        (
            {"method": "PUT", "uploadId": UPLOAD, "partNumber": 3},
            f"upload_part&Content-Length:5&{UPLOAD}&3&900",
        ),
        ({"method": "GET", "uploadId": UPLOAD}, f"list_parts&&{UPLOAD}&None&900"),
        (
            {"method": "POST", "uploadId": UPLOAD},
            f"complete_multipart_upload&x-amz-mp-object-size:{SIZE}&{UPLOAD}&None&900",
        ),
        (
            {"method": "DELETE", "uploadId": UPLOAD},
            f"abort_multipart_upload&&{UPLOAD}&None&900",
        ),
    ],
)
def test_each_step_of_an_upload_in_parts(
    client: TestClient, request_: dict[str, Any], signed: str
) -> None:
    body = sign(client, key=source_key(ID), **request_).json()
    assert body["url"] == f"https://uploads.example/{source_key(ID)}?{signed}"
    assert body["key"] == source_key(ID)
    assert "fields" not in body, "Uppy takes it for a form otherwise"
    assert body["part_size"] == PART


def test_the_client_gets_the_headers_that_it_has_to_set(client: TestClient) -> None:
    assert sign(client, method="POST").json()["headers"] == {"Content-Type": "video/mp4"}
    completion = sign(client, method="POST", uploadId=UPLOAD).json()
    assert completion["headers"] == {"x-amz-mp-object-size": str(SIZE)}
    part = sign(client, method="PUT", uploadId=UPLOAD, partNumber=1).json()
    assert "headers" not in part, "a browser lets no script set Content-Length"


@pytest.mark.parametrize("number", [4, 10_000])
def test_a_part_that_the_file_does_not_have_is_refused(
    client: TestClient, records: FakeCatalog, number: int
) -> None:
    body = problem(sign(client, method="PUT", uploadId=UPLOAD, partNumber=number))
    assert (body["status"], body["code"]) == (409, "no_such_part")
    assert body["errors"] == [{"field": "body.partNumber", "message": "The file has 3 parts"}]
    assert "8,388,608 bytes" in body["detail"]
    assert records.videos[ID] == announced(), "the upload is not extended"


def test_an_upload_of_release_0_1_keeps_its_own_parts(
    client: TestClient, records: FakeCatalog
) -> None:
    records.videos[ID] = video()
    part = sign(client, method="PUT", uploadId=UPLOAD, partNumber=10_000).json()
    assert part["url"].endswith(f"upload_part&&{UPLOAD}&10000&900")
    assert "headers" not in sign(client, method="POST", uploadId=UPLOAD).json()
    assert part["part_size"] == PART


@pytest.mark.parametrize(
    "request_",
    [{"method": "PUT"}, {"method": "PUT", "uploadId": UPLOAD, "partNumber": 1}],
)
def test_the_upload_is_awaited_as_long_as_the_signature_is_good(
    client: TestClient, records: FakeCatalog, request_: dict[str, Any]
) -> None:
    body = sign(client, **request_).json()
    awaited = records.videos[ID].upload.expires_at
    assert timedelta(minutes=14) < awaited - datetime.now(UTC) <= timedelta(minutes=15)
    assert datetime.fromisoformat(body["expires_at"]) - awaited < timedelta(milliseconds=1)


def test_others_see_until_when_the_upload_is_awaited(
    client: TestClient, records: FakeCatalog
) -> None:
    now = datetime.now(UTC)
    late = replace(announced().upload, expires_at=now)
    records.videos[ID] = replace(announced(), upload=late)
    shown = client.get(f"/videos/{ID}").json()["upload_expires_at"]
    assert abs(datetime.fromisoformat(shown) - now) < timedelta(seconds=1)
    sign(client, method="POST")
    shown = client.get(f"/videos/{ID}").json()["upload_expires_at"]
    assert datetime.fromisoformat(shown) > now + timedelta(minutes=14)


@pytest.mark.parametrize(
    "key", ["uploads/507f1f77bcf86cd799439012/source", "thumbnails/x.jpg", "", "../x"]
)
@pytest.mark.parametrize(
    "request_", [{"method": "PUT"}, {"method": "POST"}, {"method": "DELETE", "uploadId": UPLOAD}]
)
def test_another_key_is_refused(
    client: TestClient, records: FakeCatalog, key: str, request_: dict[str, Any]
) -> None:
    body = problem(sign(client, key=key, **request_))
    assert (body["status"], body["code"]) == (403, "foreign_key")
    assert source_key(ID) in body["detail"]
    assert records.videos[ID] == announced()


@pytest.mark.parametrize(
    "request_",
    [
        {},
        {"method": "HEAD"},
        {"method": "GET"},
        {"method": "DELETE"},
        {"method": "PUT", "uploadId": UPLOAD},
        {"method": "PUT", "partNumber": 1},
        {"method": "POST", "uploadId": UPLOAD, "partNumber": 1},
        {"method": "PUT", "uploadId": UPLOAD, "partNumber": 0},
        {"method": "PUT", "uploadId": UPLOAD, "partNumber": 10_001},
        {"method": "PUT", "uploadId": UPLOAD, "partNumber": "1"},
        {"method": "GET", "uploadId": ""},
        {"method": "GET", "uploadId": "a b"},
        {"method": "GET", "uploadId": "ü"},
        {"method": "GET", "uploadId": {"$gt": ""}},
        {"method": "GET", "uploadId": "x" * 1025},
        {"method": "PUT", "key": 5},
    ],
)
def test_what_is_no_step_is_refused(client: TestClient, request_: dict[str, Any]) -> None:
    assert problem(sign(client, **request_))["code"] == "invalid_request"


@pytest.mark.parametrize("found", [video(status=Status.PROCESSING), done_video()])
def test_is_for_pending_videos_only(client: TestClient, records: FakeCatalog, found: Any) -> None:
    records.videos[ID] = found
    body = problem(sign(client, method="PUT"))
    assert (body["status"], body["code"]) == (409, "not_pending")
    assert found.status in body["detail"]


@pytest.mark.parametrize(
    "content",
    [b"", b"null", b"[]", b"{", b"\xff", b'{"method": "PUT", "key": "\\ud800"}', b"[" * 50_000],
)
def test_bodies_that_are_not_its_json_are_refused(client: TestClient, content: bytes) -> None:
    headers = {"content-type": "application/json"}
    response = client.post(f"/videos/{ID}/upload/sign", content=content, headers=headers)
    assert 400 <= problem(response)["status"] < 500


def test_what_uppy_may_say_some_day_is_no_error(client: TestClient) -> None:
    assert sign(client, method="PUT", expiresIn=5, more={"a": 1}).status_code == 200


def test_of_an_unknown_video(client: TestClient, records: FakeCatalog) -> None:
    records.videos.clear()
    assert problem(sign(client, method="PUT"))["code"] == "video_not_found"
