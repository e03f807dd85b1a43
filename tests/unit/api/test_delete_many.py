"""`POST /videos/delete`."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from starlette.testclient import TestClient

from functions.api import many_videos
from functions.core.failures import RETRIES_EXHAUSTED
from functions.core.keys import source_key
from functions.core.unavailable import StorageUnavailable
from functions.core.video import DeletedVideo, Status, Video
from tests.examples import CREATED, done_video, failed_video, video
from tests.fakes.catalog import FakeCatalog
from tests.fakes.storage import FakeStorage
from tests.logs import logged
from tests.problems import problem

EXHAUSTED = RETRIES_EXHAUSTED.failure()
CORRUPT = replace(EXHAUSTED, code="corrupt", retryable=False)
EVERY_STATUS = {"statuses": [*Status]}
EMPTY = {"dry_run": False, "found": 0, "first": [], "deleted": [], "left": [], "remaining": 0}


def made(number: int, of: Video, **fields: Any) -> Video:
    return replace(of, created_at=CREATED + timedelta(hours=number), **fields)


@pytest.fixture(autouse=True)
def ids(records: FakeCatalog, objects: FakeStorage) -> list[str]:
    """Return the ids of six videos, oldest first: pending, done, and four that have failed."""
    names = [f"{number:024x}" for number in range(1, 7)]
    videos = [
        made(1, video(names[0])),
        made(2, done_video(names[1])),
        made(3, failed_video(names[2]), error=EXHAUSTED),
        made(4, failed_video(names[3]), error=CORRUPT),
        made(5, failed_video(names[4]), error=CORRUPT, owner="anna"),
        made(6, failed_video(names[5]), error=EXHAUSTED, owner="bob"),
    ]
    records.videos |= {one.id: one for one in videos}
    for one in names:
        objects.uploads[source_key(one)] = b"file"
        objects.thumbnails[f"thumbnails/{one}/token.jpg"] = b"jpeg"
    return names


def delete(client: TestClient, **body: Any) -> dict[str, Any]:
    response = client.post("/videos/delete", json=body)
    assert response.status_code == 200, response.text
    report: dict[str, Any] = response.json()
    return report


@pytest.mark.parametrize(
    ("conditions", "numbers"),
    [
        ({"statuses": ["failed"]}, [6, 5, 4, 3]),
        ({"statuses": ["done", "pending"]}, [2, 1]),
        ({"codes": ["corrupt"]}, [5, 4]),
        ({"codes": ["corrupt"], "statuses": ["failed"]}, [5, 4]),
        ({"codes": ["corrupt", "retries_exhausted"], "owner": "bob"}, [6]),
        ({"owner": "anna"}, [5]),
        ({"created_after": "2026-01-02T08:00:00Z"}, [6, 5]),
        ({"created_before": "2026-01-02T05:00:00Z"}, [1]),
        ({"statuses": ["failed"], "created_before": "2026-01-02T07:00:00Z"}, [3]),
        ({"codes": ["timed_out"]}, []),
    ],
)
def test_removes_those_that_meet_all_conditions_and_no_others(
    client: TestClient,
    records: FakeCatalog,
    objects: FakeStorage,
    ids: list[str],
    conditions: dict[str, Any],
    numbers: list[int],
) -> None:
    chosen = [ids[number - 1] for number in numbers]
    counted = delete(client, **conditions, dry_run=True)
    count = len(chosen)
    assert [one["id"] for one in counted.pop("first")] == chosen
    nothing = EMPTY | {"dry_run": True, "found": count, "remaining": count, "next_cursor": None}
    assert counted == {name: value for name, value in nothing.items() if name != "first"}
    assert (len(records.videos), records.tombstones) == (6, {})
    assert len(objects.uploads) == 6

    report = delete(client, **conditions)
    assert report == EMPTY | {"found": count, "deleted": chosen, "next_cursor": None}
    kept = [one for one in ids if one not in chosen]
    assert sorted(records.videos) == kept
    assert sorted(objects.uploads) == [source_key(one) for one in kept]
    assert len(objects.thumbnails) == len(kept)
    assert sorted(records.tombstones) == sorted(chosen)
    assert delete(client, **conditions)["found"] == 0


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"dry_run": True},
        {"purge": True, "limit": 1},
        dict.fromkeys(("statuses", "codes", "owner", "created_after", "created_before")),
    ],
)
def test_without_a_condition_is_refused(
    client: TestClient, records: FakeCatalog, body: dict[str, Any]
) -> None:
    found = problem(client.post("/videos/delete", json=body))
    assert found["code"] == "invalid_request"
    assert "Say which videos to delete" in found["detail"]
    assert len(records.videos) == 6


@pytest.mark.parametrize(
    "body",
    [
        {"statuses": []},
        {"statuses": ["deleted"]},
        {"statuses": "failed"},
        {"codes": []},
        {"codes": ["unknown"]},
        {"codes": ["corrupt"], "statuses": ["done"]},
        {"codes": ["corrupt"], "statuses": ["failed", "done"]},
        {"status": "failed"},
        EVERY_STATUS | {"limit": 0},
        EVERY_STATUS | {"limit": 101},
        EVERY_STATUS | {"dry_run": "true"},
        EVERY_STATUS | {"dry-run": True},
        EVERY_STATUS | {"purge": 1},
    ],
)
def test_refuses_what_it_does_not_know(
    client: TestClient, records: FakeCatalog, body: dict[str, Any]
) -> None:
    assert problem(client.post("/videos/delete", json=body))["code"] == "invalid_request"
    assert len(records.videos) == 6


def test_goes_on_with_the_cursor(client: TestClient, ids: list[str]) -> None:
    first = delete(client, **EVERY_STATUS, limit=4)
    assert first["deleted"] == ids[:1:-1]
    assert (first["found"], first["remaining"]) == (6, 2)
    counted = delete(client, **EVERY_STATUS, cursor=first["next_cursor"], dry_run=True)
    assert counted["found"] == 2
    assert [one["id"] for one in counted["first"]] == ids[1::-1]
    second = delete(client, **EVERY_STATUS, cursor=first["next_cursor"])
    report = {"found": 2, "deleted": ids[1::-1], "next_cursor": None}
    assert second == EMPTY | report


def test_a_dry_run_names_the_newest_ten(client: TestClient, records: FakeCatalog) -> None:
    videos = [made(number, video(f"{number:024x}")) for number in range(10, 22)]
    records.videos |= {one.id: one for one in videos}
    counted = delete(client, statuses=["pending"], dry_run=True)
    assert (counted["found"], len(counted["first"])) == (13, 10)
    assert counted["first"][0] == {
        "id": videos[-1].id,
        "filename": videos[-1].filename,
        "status": "pending",
        "created_at": "2026-01-03T00:04:05.678Z",
    }
    assert len(delete(client, statuses=["pending"], dry_run=True, limit=3)["first"]) == 3


def test_refuses_the_cursor_of_other_conditions(client: TestClient, records: FakeCatalog) -> None:
    cursor = delete(client, statuses=["failed"], limit=1)["next_cursor"]
    for body in ({"statuses": ["done"]}, {"statuses": ["failed"], "owner": "anna"}):
        refused = client.post("/videos/delete", json={"cursor": cursor} | body)
        assert problem(refused)["code"] == "invalid_cursor"
    assert len(records.videos) == 5


def test_ends_when_the_time_is_up(
    client: TestClient, ids: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    seconds = iter(range(0, 100, 4))
    monkeypatch.setattr(many_videos, "monotonic", lambda: next(seconds))
    report = delete(client, **EVERY_STATUS)
    assert report["deleted"] == [ids[5], ids[4]]
    assert report["remaining"] == 4
    assert report["next_cursor"]


@pytest.mark.parametrize("purge", [True, False])
def test_keeps_older_versions_unless_it_purges(
    client: TestClient, records: FakeCatalog, objects: FakeStorage, ids: list[str], *, purge: bool
) -> None:
    with logged() as lines:
        delete(client, owner="anna", purge=purge)
    assert (source_key(ids[4]) in objects.older) is not purge
    assert records.tombstones[ids[4]].purge is purge
    (line,) = [one for one in lines if one["message"] == "video deleted"]
    assert (line["video_id"], line["owner"], line["purge"]) == (ids[4], "anna", purge)


def test_stops_when_the_storage_fails_and_names_the_video(
    client: TestClient,
    records: FakeCatalog,
    objects: FakeStorage,
    ids: list[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    remove = objects.delete_objects_of

    def fail_once(deleted: DeletedVideo) -> None:
        if deleted.id == ids[4]:
            raise StorageUnavailable
        remove(deleted)

    monkeypatch.setattr(objects, "delete_objects_of", fail_once)
    report = delete(client, **EVERY_STATUS)
    assert (report["deleted"], report["remaining"]) == ([ids[5]], 4)
    (left,) = report["left"]
    assert (left["id"], left["code"]) == (ids[4], "storage_unavailable")
    assert f"repeat DELETE /videos/{ids[4]}" in left["message"]
    assert ids[4] not in records.videos, "first the record: a done video never lacks its thumbnail"
    assert ids[4] in records.tombstones, "so the daily search removes the files"
    rest = delete(client, **EVERY_STATUS, cursor=report["next_cursor"])
    assert rest["deleted"] == ids[3::-1]


def test_leaves_a_video_that_has_changed_meanwhile(
    client: TestClient, records: FakeCatalog, objects: FakeStorage, ids: list[str]
) -> None:
    changed, gone = records.videos[ids[4]], records.videos[ids[3]]
    remove = records.delete

    def move_others(video_id: str, **how: Any) -> DeletedVideo | None:
        if video_id == ids[5]:
            records.videos[changed.id] = replace(changed, status=Status.PENDING, version=9)
            del records.videos[gone.id]
        return remove(video_id, **how)

    records.delete = move_others  # type: ignore[method-assign]  # as other callers do
    report = delete(client, statuses=["failed"])
    assert report["deleted"] == [ids[5], ids[2]]
    (left,) = report["left"]
    assert (left["id"], left["code"]) == (changed.id, "changed")
    assert records.videos[changed.id].status is Status.PENDING
    assert source_key(changed.id) in objects.uploads
    assert changed.id not in records.tombstones


def test_without_a_database_touches_no_object(
    client: TestClient, records: FakeCatalog, objects: FakeStorage
) -> None:
    records.down = True
    refused = client.post("/videos/delete", json=EVERY_STATUS)
    assert problem(refused)["code"] == "catalog_unavailable"
    assert len(objects.uploads) == 6
