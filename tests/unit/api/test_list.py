"""`GET /videos`: search, order, counts, and answers that tell of changes."""

from dataclasses import replace
from typing import Any

import pytest
from starlette.testclient import TestClient

from functions.core.access import ALL_OWNERS
from functions.core.video import Status
from tests.examples import CREATED, done_video, failed_video, video
from tests.fakes.catalog import FakeCatalog
from tests.problems import problem

NAMES = ["beach.mp4", "Holiday 2.mp4", "holiday 1.mp4", "order-7.mp4"]


@pytest.fixture(autouse=True)
def four_videos(records: FakeCatalog) -> None:
    for number, name in enumerate(NAMES):
        one = video(f"{number:024x}", filename=name, passthrough="order-7" if number < 2 else None)
        records.videos[one.id] = one


def listed(client: TestClient, **query: Any) -> list[int]:
    """Return the numbers of the videos of a list, read in pages of one."""
    found: list[int] = []
    query["limit"] = 1
    while True:
        page = client.get("/videos", params=query).json()
        found += [int(one["id"], 16) for one in page["data"]]
        if not page["has_more"]:
            return found
        query["cursor"] = page["next_cursor"]


@pytest.mark.parametrize(
    ("query", "numbers"),
    [
        ({"search": "HOLI"}, [2, 1]),
        ({"search": "order-7"}, [0, 1, 3]),
        ({"search": f"{3:024x}"}, [3]),
        ({"search": "holi", "status": "done"}, []),
        ({"search": ".*"}, []),
        ({"passthrough": "order-7"}, [1, 0]),
        ({"passthrough": "ORDER-7"}, []),
        ({"sort": "oldest"}, [0, 1, 2, 3]),
        ({"sort": "name"}, [0, 2, 1, 3]),
        ({"sort": "name", "search": "h"}, [2, 1]),
        ({"status": ["pending", "done"]}, [3, 2, 1, 0]),
        ({"status": ["processing", "done"]}, []),
        ({"created_after": CREATED.isoformat()}, [3, 2, 1, 0]),
        ({"created_before": CREATED.isoformat()}, []),
    ],
)
def test_conditions_and_order(
    client: TestClient, query: dict[str, Any], numbers: list[int]
) -> None:
    assert listed(client, **query) == numbers


def test_a_cursor_is_for_its_own_list_only(client: TestClient) -> None:
    asked = {"sort": "name", "limit": "1"}
    cursor = client.get("/videos", params=asked).json()["next_cursor"]
    others: list[dict[str, str]] = [
        {},
        {"sort": "oldest"},
        {"search": "h"},
        {"sort": "name", "status": "pending"},
        {"sort": "name", "owner": "anna"},
    ]
    for other in others:
        found = problem(client.get("/videos", params=other | {"cursor": cursor}))
        assert (found["status"], found["code"]) == (400, "invalid_cursor")
    asked |= {"cursor": cursor, "limit": "9", "counts": "true"}
    assert len(client.get("/videos", params=asked).json()["data"]) == 3


def test_counts_are_of_all_statuses_and_end_at_10000(
    client: TestClient, records: FakeCatalog, monkeypatch: pytest.MonkeyPatch
) -> None:
    records.videos["f" * 24] = done_video("f" * 24)
    assert client.get("/videos").json()["counts"] is None
    asked = {"counts": "true", "status": "failed"}
    page = client.get("/videos", params=asked).json()
    assert page["data"] == []
    assert page["counts"] == {"pending": 4, "processing": 0, "done": 1, "failed": 0}
    limits: list[int] = []

    def count_many(_: FakeCatalog, *, owner: str | None, limit: int) -> dict[Status, int]:
        assert owner == ALL_OWNERS
        limits.append(limit)
        return dict.fromkeys(Status, limit)

    monkeypatch.setattr(FakeCatalog, "count_by_status", count_many)
    assert client.get("/videos", params=asked).json()["counts"]["done"] == 10_000
    assert limits == [10_000]


class TestRevalidation:
    def test_an_unchanged_list_has_no_body(self, client: TestClient) -> None:
        first = client.get("/videos")
        assert first.headers["cache-control"] == "private, no-cache"
        etag = first.headers["etag"]
        for known in (etag, etag.removeprefix("W/"), f'"other", {etag}', "*"):
            again = client.get("/videos", headers={"If-None-Match": known})
            assert (again.status_code, again.content) == (304, b"")
            assert again.headers["etag"] == etag
            assert again.headers["cache-control"] == "private, no-cache"

    def test_every_change_of_what_is_shown_changes_the_tag(
        self, client: TestClient, records: FakeCatalog
    ) -> None:
        video_id = f"{3:024x}"
        states = [
            replace(records.videos[video_id], attempts=1),
            replace(records.videos[video_id], status=Status.PROCESSING),
            failed_video(video_id),
            done_video(video_id),
            replace(done_video(video_id), passthrough="new"),
        ]
        tags = {client.get("/videos").headers["etag"]}
        for count, state in enumerate(states, start=2):
            records.videos[video_id] = state
            tags.add(client.get("/videos").headers["etag"])
            assert len(tags) == count
        del records.videos[video_id]
        tags.add(client.get("/videos").headers["etag"])
        assert len(tags) == len(states) + 2

    def test_counts_tell_of_changes_behind_the_page(
        self, client: TestClient, records: FakeCatalog
    ) -> None:
        asked = {"limit": "1", "counts": "true"}
        etag = client.get("/videos", params=asked).headers["etag"]
        oldest = f"{0:024x}"
        records.videos[oldest] = done_video(oldest)
        again = client.get("/videos", params=asked, headers={"If-None-Match": etag})
        assert again.status_code == 200

    def test_an_outage_is_no_304(self, client: TestClient, records: FakeCatalog) -> None:
        records.down = True
        assert client.get("/videos", headers={"If-None-Match": "*"}).status_code == 503
