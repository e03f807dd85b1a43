"""`POST /videos/retry`."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from starlette.testclient import TestClient

from functions.core.failures import RETRIES_EXHAUSTED
from functions.core.keys import source_key
from functions.core.lifecycle.replays import MAX_REPLAYS_AWAITED
from functions.core.video import ExpectedUpload, Status, Video
from tests.examples import CREATED, failed_video
from tests.fakes.catalog import FakeCatalog
from tests.fakes.processing import FakeProcessing
from tests.fakes.storage import FakeStorage
from tests.problems import problem

EXHAUSTED = RETRIES_EXHAUSTED.failure()


@pytest.fixture
def failed(records: FakeCatalog, objects: FakeStorage) -> list[str]:
    """Return the ids of five failed videos, oldest first; the file of the second one is gone."""
    found = [made(number) for number in range(1, 6)]
    records.videos |= {one.id: one for one in found}
    objects.uploads = {one.upload.key: b"file" for one in found if one != found[1]}
    return [one.id for one in found]


def made(number: int, **fields: Any) -> Video:
    video_id = f"{number:024x}"
    return replace(
        failed_video(video_id),
        error=EXHAUSTED,
        upload=ExpectedUpload(source_key(video_id), CREATED),
        created_at=CREATED + timedelta(hours=number),
        **fields,
    )


def retry(client: TestClient, **body: Any) -> dict[str, Any]:
    response = client.post("/videos/retry", json=body)
    assert response.status_code == 202, response.text
    report: dict[str, Any] = response.json()
    return report


def test_starts_the_newest_first_and_reports_what_remains(
    client: TestClient, records: FakeCatalog, processing: FakeProcessing, failed: list[str]
) -> None:
    report = retry(client, limit=2)
    assert report["retried"] == [failed[4], failed[3]]
    assert (report["refused"], report["remaining"]) == ([], 3)
    assert [started.video_id for started in processing.started] == report["retried"]
    assert records.videos[failed[4]].status is Status.PENDING

    second = retry(client, limit=2, cursor=report["next_cursor"])
    assert second["retried"] == [failed[2]]
    (refused,) = second["refused"]
    assert (refused["id"], refused["code"]) == (failed[1], "source_gone")
    assert "Upload it as a new one" in refused["message"]

    last = retry(client, limit=2, cursor=second["next_cursor"])
    assert last == {"retried": [failed[0]], "refused": [], "remaining": 0, "next_cursor": None}


def test_with_a_limit_of_0_only_counts(
    client: TestClient, processing: FakeProcessing, failed: list[str]
) -> None:
    report = {"retried": [], "refused": [], "remaining": len(failed), "next_cursor": None}
    assert retry(client, limit=0) == report
    assert processing.started == []


@pytest.mark.usefixtures("failed")
@pytest.mark.parametrize(
    ("conditions", "numbers"),
    [
        ({"codes": ["timed_out"]}, [6]),
        ({"codes": ["timed_out", "out_of_memory"]}, [7, 6]),
        ({"owner": "anna"}, [8]),
        ({"created_after": "2026-01-02T11:00:00Z"}, [8]),
        ({"created_before": "2026-01-02T05:00:00Z"}, [1]),
    ],
)
def test_takes_those_that_meet_all_conditions(
    client: TestClient,
    records: FakeCatalog,
    objects: FakeStorage,
    conditions: dict[str, Any],
    numbers: list[int],
) -> None:
    final = replace(EXHAUSTED, retryable=False)
    others = [
        replace(made(6), error=replace(final, code="timed_out")),
        replace(made(7), error=replace(final, code="out_of_memory")),
        made(8, owner="anna"),
    ]
    records.videos |= {one.id: one for one in others}
    objects.uploads |= {one.upload.key: b"file" for one in others}
    assert retry(client, **conditions)["retried"] == [f"{number:024x}" for number in numbers]


def test_leaves_those_out_that_would_fail_again(
    client: TestClient, records: FakeCatalog, failed: list[str]
) -> None:
    final = replace(EXHAUSTED, retryable=False)
    records.videos[failed[4]] = replace(records.videos[failed[4]], error=final)
    assert failed[4] not in retry(client)["retried"]


def test_waits_while_many_of_them_wait_for_a_worker(
    client: TestClient, records: FakeCatalog, processing: FakeProcessing, failed: list[str]
) -> None:
    waiting = [
        made(number, status=Status.PENDING, replays=1)
        for number in range(100, 99 + MAX_REPLAYS_AWAITED)
    ]
    records.videos |= {one.id: one for one in waiting}
    report = retry(client)
    assert (report["retried"], report["remaining"]) == ([failed[4]], 4)

    refused = client.post("/videos/retry", json={"cursor": report["next_cursor"]})
    assert problem(refused)["code"] == "too_many_retries"
    assert refused.headers["Retry-After"] == "10"
    assert len(processing.started) == 1
    assert retry(client, limit=0)["remaining"] == 4

    claimed = replace(waiting[0], status=Status.PROCESSING, replays=0)
    records.videos[claimed.id] = claimed
    assert retry(client, cursor=report["next_cursor"])["retried"] == [failed[3]]


@pytest.mark.usefixtures("failed")
def test_refuses_the_cursor_of_other_conditions(client: TestClient) -> None:
    cursor = retry(client, limit=1)["next_cursor"]
    for body in ({"codes": ["timed_out"]}, {"owner": "anna"}, {"cursor": ""}):
        refused = client.post("/videos/retry", json={"cursor": cursor} | body)
        assert problem(refused)["code"] == "invalid_cursor"


@pytest.mark.parametrize(
    "body",
    [{"codes": ["unknown"]}, {"codes": []}, {"code": "timed_out"}, {"limit": 101}, {"limit": -1}],
)
def test_refuses_what_it_does_not_know(client: TestClient, body: dict[str, Any]) -> None:
    assert problem(client.post("/videos/retry", json=body))["code"] == "invalid_request"
