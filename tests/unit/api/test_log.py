"""What the API says of each request, also while others are under way."""

import asyncio
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import httpx2
import pytest
from starlette.testclient import TestClient

from functions.api.app import create_app
from functions.api.services import Backend
from functions.api.settings import ApiSettings
from functions.core.trace import parse_trace
from functions.core.video import Status
from tests.examples import ID, video
from tests.fakes.api_keys import FakeApiKeys
from tests.fakes.catalog import FakeCatalog
from tests.fakes.pictures import fake_pictures
from tests.fakes.processing import FakeProcessing
from tests.fakes.storage import FakeStorage
from tests.logs import logged, measured

REQUESTS = 400


@pytest.fixture
def hasty_threads() -> Iterator[None]:
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(before)


@pytest.mark.usefixtures("hasty_threads")
def test_no_line_is_lost_or_under_another_request_however_many_come_at_once(
    settings: ApiSettings, records: FakeCatalog, objects: FakeStorage
) -> None:
    app = create_app(
        Backend(settings, records, objects, FakeProcessing(), FakeApiKeys(), fake_pictures())
    )

    async def post_all() -> list[httpx2.Response]:
        transport = httpx2.ASGITransport(app)
        async with httpx2.AsyncClient(transport=transport, base_url="http://clipo") as client:
            body = {"filename": "a.mp4", "size": 5}
            return await asyncio.gather(
                *(client.post("/videos", json=body) for _ in range(REQUESTS))
            )

    # In a thread: the one of the tests keeps the event loop that Mangum has made there.
    with logged() as lines, ThreadPoolExecutor(1) as thread:
        responses = thread.submit(asyncio.run, post_all()).result()
    said = {(line["request_id"], line["video_id"]) for line in lines}
    assert said == {(r.headers["x-request-id"], r.json()["id"]) for r in responses}
    assert len(lines) == REQUESTS


def test_a_refusal_says_its_code_and_never_the_name(client: TestClient) -> None:
    with logged() as lines:
        response = client.post("/videos", json={"filename": "secret holiday.txt", "size": 5})
    (line,) = lines
    assert line["request_id"] == response.headers["x-request-id"]
    assert (line["message"], line["code"], line["status"]) == (
        "refused",
        "unsupported_extension",
        400,
    )
    assert "holiday" not in str(line)


def test_a_refusal_names_the_video_but_nothing_else_of_the_path(client: TestClient) -> None:
    with logged() as lines:
        client.get(f"/videos/{ID}")
        client.get("/videos/holiday.mp4")
    assert [line.get("video_id") for line in lines] == [ID, None]
    assert "holiday" not in str(lines)


def test_a_bug_is_logged_under_its_request(
    client: TestClient, records: FakeCatalog, monkeypatch: pytest.MonkeyPatch
) -> None:
    def bug(_: str) -> None:
        raise RuntimeError("oops")

    monkeypatch.setattr(records, "get", bug)
    with logged() as lines:
        response = client.get(f"/videos/{ID}")
    (line,) = lines
    assert line["message"] == "bug"
    assert line["request_id"] == response.headers["x-request-id"]
    assert line["video_id"] == ID


def test_what_people_begin_is_counted(
    client: TestClient,
    records: FakeCatalog,
    objects: FakeStorage,
    capsys: pytest.CaptureFixture[str],
) -> None:
    key = {"Idempotency-Key": "one"}
    for _ in range(2):
        client.post("/videos", json={"filename": "a.mp4", "size": 5}, headers=key)
    client.post("/upload-video/", files={"file": ("a.mp4", b"video")})
    assert measured(capsys.readouterr().out) == {"Uploads": 2}
    failed = video(status=Status.FAILED)
    records.videos[ID] = failed
    objects.uploads[failed.upload.key] = b"video"
    client.post(f"/videos/{ID}/retry")
    assert measured(capsys.readouterr().out) == {"Retries": 1}


TRACE = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
TRACE_ID = TRACE[3:35]


def test_a_caller_s_trace_is_in_the_lines_and_on_the_record(
    client: TestClient, records: FakeCatalog
) -> None:
    with logged() as lines:
        body = {"filename": "a.mp4", "size": 5}
        created = client.post("/videos", json=body, headers={"traceparent": TRACE})
    assert [line["trace_id"] for line in lines] == [TRACE_ID]
    stored = parse_trace(records.videos[created.json()["id"]].traceparent)
    assert stored
    assert (stored.id, stored.sampled) == (TRACE_ID, True)
    assert stored.header != TRACE, "it is the API's own step"
    assert "traceparent" not in created.json()


@pytest.mark.parametrize("headers", [{}, {"traceparent": "00-no-trace-01"}])
def test_a_request_without_a_trace_begins_one(
    client: TestClient, records: FakeCatalog, headers: dict[str, str]
) -> None:
    with logged() as lines:
        for _ in range(2):
            client.post("/videos", json={"filename": "a.mp4", "size": 5}, headers=headers)
    traces = [parse_trace(one.traceparent) for one in records.videos.values()]
    assert len({trace.id for trace in traces if trace}) == 2
    assert [line["trace_id"] for line in lines] == [trace.id for trace in traces if trace]
