"""The resource API."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from starlette.testclient import TestClient

from functions.core.lifecycle import attempts
from functions.core.s3_event import pad_sequencer
from functions.core.video import Fallback, Lease, Status, Video
from tests.examples import CREATED, ID, done_video, failed_video, odd_video, uploaded, video
from tests.fakes.catalog import FakeCatalog
from tests.fakes.storage import FakeStorage
from tests.problems import problem

GOOD = {"filename": "holiday.mp4", "size": 5000}


def create(client: TestClient, **changes: Any) -> Any:
    return client.post("/videos", json=GOOD | changes)


class TestCreate:
    def test_returns_the_video_and_where_to_find_it(
        self, client: TestClient, records: FakeCatalog
    ) -> None:
        response = create(client, passthrough="order-1042")
        assert response.status_code == 201
        body = response.json()
        assert response.headers["location"] == f"http://testserver/videos/{body['id']}"
        assert (body["status"], body["size"], body["passthrough"]) == (
            "pending",
            5000,
            "order-1042",
        )
        assert records.videos[body["id"]].status is Status.PENDING

    def test_returns_a_form_for_this_videos_key_and_type(self, client: TestClient) -> None:
        body = create(client).json()
        assert body["upload"]["method"] == "POST"
        assert body["upload"]["fields"] == {
            "key": f"uploads/{body['id']}/source",
            "Content-Type": "video/mp4",
            "policy": "5000 bytes in 900 s",
        }
        assert body["upload"]["part_size"] == 8 << 20
        expires = datetime.fromisoformat(body["upload"]["expires_at"]) - datetime.now(UTC)
        assert timedelta(minutes=14) < expires <= timedelta(minutes=15)

    @pytest.mark.parametrize(
        ("filename", "content_type"),
        [
            ("a.mp4", "video/mp4"),
            ("a.MOV", "video/quicktime"),
            ("a.mkv", "video/x-matroska"),
            ("a.webm", "video/webm"),
            ("a.avi", "video/x-msvideo"),
            ("a.wmv", "video/x-ms-wmv"),
            ("a.flv", "video/x-flv"),
        ],
    )
    def test_takes_the_type_from_the_extension(
        self, client: TestClient, filename: str, content_type: str
    ) -> None:
        assert create(client, filename=filename).json()["content_type"] == content_type

    def test_pins_the_type_that_the_client_announces(self, client: TestClient) -> None:
        body = create(client, content_type="video/x-custom").json()
        assert body["upload"]["fields"]["Content-Type"] == "video/x-custom"

    @pytest.mark.parametrize(
        ("announced", "pinned"),
        [
            ("Video/MP4", "video/mp4"),
            ("video/webm;codecs=vp9,opus", "video/webm"),
            (' video/mp4 ; codecs="avc1.4d002a"', "video/mp4"),
            ("APPLICATION/octet-stream", "application/octet-stream"),
            ("", "video/mp4"),
            (" ", "video/mp4"),
            (None, "video/mp4"),
        ],
    )
    def test_pins_the_type_in_lower_case_and_without_parameters(
        self, client: TestClient, announced: str | None, pinned: str
    ) -> None:
        body = create(client, content_type=announced).json()
        assert body["content_type"] == pinned
        assert body["upload"]["fields"]["Content-Type"] == pinned

    def test_normalises_the_filename(self, client: TestClient) -> None:
        assert create(client, filename="Cafe\u0301.mp4").json()["filename"] == "Café.mp4"

    @pytest.mark.parametrize("length", [255, 5])
    def test_accepts_names_up_to_255_characters(self, client: TestClient, length: int) -> None:
        assert create(client, filename="😀" * (length - 4) + ".mp4").status_code == 201

    @pytest.mark.parametrize(
        ("changes", "status", "code"),
        [
            ({"filename": "notes.txt"}, 400, "unsupported_extension"),
            ({"filename": ""}, 400, "invalid_filename"),
            ({"filename": "a" * 252 + ".mp4"}, 400, "invalid_filename"),
            ({"filename": "a\x00.mp4"}, 400, "invalid_filename"),
            ({"filename": "a\n.mp4"}, 400, "invalid_filename"),
            ({"filename": 5}, 422, "invalid_request"),
            ({"filename": {"$gt": ""}}, 422, "invalid_request"),
            ({"size": 10_001}, 413, "file_too_large"),
            ({"size": 0}, 400, "empty_file"),
            ({"size": -1}, 422, "invalid_request"),
            ({"size": "5000"}, 422, "invalid_request"),
            ({"size": 1.5}, 422, "invalid_request"),
            ({"size": True}, 422, "invalid_request"),
            ({"size": 2**63}, 422, "invalid_request"),
            ({"size": None}, 422, "invalid_request"),
            ({"content_type": "text/html"}, 422, "invalid_request"),
            ({"content_type": "video/"}, 422, "invalid_request"),
            ({"content_type": "video/mp4, video/webm"}, 422, "invalid_request"),
            ({"content_type": 5}, 422, "invalid_request"),
            ({"content_type": "video/mp4\r\nx: y"}, 422, "invalid_request"),
            ({"content_type": "video/mp4\n"}, 422, "invalid_request"),
            ({"passthrough": "x" * 256}, 422, "invalid_request"),
            ({"passthrough": {"a": 1}}, 422, "invalid_request"),
            ({"sise": 5}, 422, "invalid_request"),
        ],
    )
    def test_refuses_with_a_reason(
        self,
        client: TestClient,
        records: FakeCatalog,
        changes: dict[str, Any],
        status: int,
        code: str,
    ) -> None:
        body = problem(create(client, **changes))
        assert (body["status"], body["code"]) == (status, code)
        assert records.videos == {}

    def test_names_the_fields_that_are_wrong(self, client: TestClient) -> None:
        body = problem(client.post("/videos", json={"size": -1}))
        assert {error["field"] for error in body["errors"]} == {"body.filename", "body.size"}
        assert "body.size" in body["detail"]

    @pytest.mark.parametrize(
        "content",
        [
            b"",
            b"{",
            b"[]",
            b'"text"',
            b"\xff\xfe",
            b'{"filename": "\\ud800.mp4", "size": 1}',
            b'{"filename": "a.mp4", "size": ' + b"9" * 5000 + b"}",
            b"[" * 50_000,
        ],
    )
    def test_refuses_bodies_that_are_not_its_json(self, client: TestClient, content: bytes) -> None:
        headers = {"content-type": "application/json"}
        body = problem(client.post("/videos", content=content, headers=headers))
        assert 400 <= body["status"] < 500

    def test_refuses_huge_bodies(self, client: TestClient) -> None:
        body = problem(create(client, passthrough="x" * 200_000))
        assert (body["status"], body["code"]) == (413, "body_too_large")


class TestGet:
    def test_shows_everything_about_a_done_video(
        self, client: TestClient, records: FakeCatalog
    ) -> None:
        records.videos[ID] = done_video()
        response = client.get(f"/videos/{ID}")
        body = response.json()
        assert (body["status"], body["size"], body["error"]) == ("done", 2000, None)
        assert (body["media"]["duration_s"], body["media"]["duration"]) == (30.02, "00:00:30")
        assert body["thumbnail"]["url"].startswith(f"http://testserver/videos/{ID}/thumbnail?v=")
        assert body["processing"]["wall_ms"] == 120
        assert "retry-after" not in response.headers

    @pytest.mark.parametrize(
        ("fallback", "reason", "shown"),
        [
            (False, None, None),
            (True, Fallback.DARK, "dark"),
            (True, None, "start"),  # as release 0.1 wrote it
        ],
    )
    def test_says_why_the_thumbnail_is_not_at_10_percent(
        self,
        client: TestClient,
        records: FakeCatalog,
        fallback: object,
        reason: Fallback | None,
        shown: str | None,
    ) -> None:
        done = odd_video()
        assert done.thumbnail
        thumbnail = replace(done.thumbnail, fallback=bool(fallback), fallback_reason=reason)
        records.videos[ID] = replace(done, thumbnail=thumbnail)
        body = client.get(f"/videos/{ID}").json()
        assert body["thumbnail"]["fallback"] == shown
        assert body["warnings"] == ["truncated"]

    def test_says_when_to_ask_again_while_it_is_unfinished(
        self, client: TestClient, records: FakeCatalog
    ) -> None:
        records.videos[ID] = video(status=Status.PROCESSING)
        response = client.get(f"/videos/{ID}")
        assert response.headers["retry-after"] == "1"
        assert response.json()["media"] is None

    def test_shows_why_a_video_failed(self, client: TestClient, records: FakeCatalog) -> None:
        records.videos[ID] = failed_video()
        body = client.get(f"/videos/{ID}").json()
        assert body["error"] == {
            "code": "corrupt",
            "message": "The file is damaged.",
            "retryable": False,
        }
        assert (body["media"], body["thumbnail"]) == (None, None)

    def test_shows_a_video_that_failed_before_any_worker_saw_it(
        self, client: TestClient, records: FakeCatalog
    ) -> None:
        records.videos[ID] = video(status=Status.FAILED, error=failed_video().error)
        response = client.get(f"/videos/{ID}")
        assert response.status_code == 200
        assert response.json()["error"]["code"] == "corrupt"
        assert response.json()["processing"] is None

    def test_shows_nothing_of_an_earlier_upload_while_a_newer_one_is_processed(
        self, client: TestClient, records: FakeCatalog
    ) -> None:
        newer = uploaded(etag="b", sequencer=pad_sequencer("FF"))
        claimed = attempts.claim(done_video(), newer, Lease("token", CREATED), now=CREATED)
        assert isinstance(claimed, Video)
        records.videos[ID] = claimed
        body = client.get(f"/videos/{ID}").json()
        assert (body["media"], body["thumbnail"], body["processing"]) == (None, None, None)

    @pytest.mark.parametrize(
        ("video_id", "status"), [(ID, 404), ("x", 400), ("0" * 25, 400), ("%00", 400)]
    )
    def test_tells_an_unknown_id_from_what_is_no_id(
        self, client: TestClient, video_id: str, status: int
    ) -> None:
        assert problem(client.get(f"/videos/{video_id}"))["status"] == status


class TestList:
    @pytest.fixture(autouse=True)
    def five_videos(self, records: FakeCatalog) -> None:
        for number in range(5):
            video_id = f"{number:024x}"
            records.videos[video_id] = video(video_id) if number % 2 else done_video(video_id)

    def test_is_newest_first(self, client: TestClient) -> None:
        body = client.get("/videos").json()
        assert [int(v["id"], 16) for v in body["data"]] == [4, 3, 2, 1, 0]
        assert (body["has_more"], body["next_cursor"]) == (False, None)

    def test_goes_on_where_the_page_before_ended(self, client: TestClient) -> None:
        seen: list[int] = []
        parameters: dict[str, Any] = {"limit": 2}
        for _ in range(3):
            body = client.get("/videos", params=parameters).json()
            seen += [int(v["id"], 16) for v in body["data"]]
            parameters["cursor"] = body["next_cursor"]
        assert seen == [4, 3, 2, 1, 0]
        assert not body["has_more"]

    def test_can_be_of_one_status(self, client: TestClient) -> None:
        body = client.get("/videos", params={"status": "pending"}).json()
        assert [int(v["id"], 16) for v in body["data"]] == [3, 1]

    @pytest.mark.parametrize(
        "parameters",
        [
            {"limit": "0"},
            {"limit": "101"},
            {"limit": "x"},
            {"status": "gone"},
            {"status": ["done", "gone"]},
            {"sort": "size"},
            {"sort": "newest", "search": "a"},
            {"search": "a" * 256},
            {"passthrough": "a" * 256},
            {"created_after": "2026-01-02"},
            {"created_after": "1767323045"},
            {"created_before": "0001-01-01T00:00:00+01:00"},
            {"counts": "yes"},
            {"limit": ["", "5"]},
            {"cursor": ["", ""]},
        ],
    )
    def test_refuses_parameters_out_of_range(
        self, client: TestClient, parameters: dict[str, Any]
    ) -> None:
        assert problem(client.get("/videos", params=parameters))["status"] == 422

    @pytest.mark.parametrize("name", ["status", "limit", "cursor", "search", "sort", "counts"])
    def test_takes_an_empty_parameter_as_left_out(self, client: TestClient, name: str) -> None:
        assert client.get("/videos", params={name: ""}).json() == client.get("/videos").json()

    @pytest.mark.parametrize("query", ["stauts=done", "status[$ne]=done", "Status=done", "=", "x"])
    def test_does_not_ignore_a_parameter_that_it_does_not_know(
        self, client: TestClient, query: str
    ) -> None:
        found = problem(client.get(f"/videos?{query}"))
        (error,) = found["errors"]
        assert (found["status"], error["field"]) == (422, f"query.{query.partition('=')[0]}")
        assert (
            "This call takes limit, cursor, owner, counts, status, search, passthrough,"
            in found["detail"]
        )

    @pytest.mark.parametrize("cursor", ["x", "%00", "é", "AAAA", "A" * 1000, "AAAAAAAAAAAAAAAA="])
    def test_refuses_a_cursor_that_it_did_not_make(self, client: TestClient, cursor: str) -> None:
        body = problem(client.get("/videos", params={"cursor": cursor}))
        assert (body["status"], body["code"]) == (400, "invalid_cursor")


class TestThumbnail:
    def test_leads_to_a_short_lived_address(self, client: TestClient, records: FakeCatalog) -> None:
        records.videos[ID] = done_video()
        response = client.get(f"/videos/{ID}/thumbnail")
        assert response.status_code == 307
        assert response.headers["location"] == (
            f"https://media.example/thumbnails/{ID}/token.jpg?expires=900"
        )
        assert response.headers["cache-control"] == "no-store"

    def test_gives_the_reason_when_there_is_none(
        self, client: TestClient, records: FakeCatalog
    ) -> None:
        records.videos[ID] = video()
        body = problem(client.get(f"/videos/{ID}/thumbnail"))
        assert (body["status"], body["code"]) == (404, "thumbnail_not_found")
        assert "pending" in body["detail"]
        records.videos[ID] = failed_video()
        assert "damaged" in problem(client.get(f"/videos/{ID}/thumbnail"))["detail"]


def test_signing_needs_no_storage(client: TestClient, objects: FakeStorage) -> None:
    objects.down = True
    assert create(client).status_code == 201
