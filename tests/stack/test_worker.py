"""A server of one's own: workers that find uploads in MongoDB, and the processes beside them."""

import json
import random
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from pymongo import MongoClient

from tests.clips import Clips
from tests.faulty_stack import PROGRAMS, Gate, write_stubs
from tests.receivers import SECRET, receiver
from tests.running_stack import post_form
from tests.self_hosted import Process, SelfHosted, self_hosted
from tests.time_travel import let_time_pass
from tests.waiting import eventually

pytestmark = pytest.mark.long

_UPLOADS = 20
_KILLS = 4
_LEASE_AGE = timedelta(seconds=4)
"""The age after which a lease counts as a killed worker's."""


@pytest.fixture(scope="module")
def programs(tmp_path_factory: pytest.TempPathFactory, ffmpeg_dir: Path) -> Path:
    """Return a folder of programs that gates can hold."""
    folder = tmp_path_factory.mktemp("programs")
    write_stubs(folder, ffmpeg_dir)
    assert all((folder / name).exists() for name in PROGRAMS)
    return folder


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory, programs: Path) -> Iterator[SelfHosted]:
    with self_hosted(tmp_path_factory.mktemp("server"), programs) as server:
        yield server


@pytest.fixture
def worker(server: SelfHosted) -> Iterator[Process]:
    """Run a worker for one test."""
    worker = server.worker()
    yield worker
    assert worker.stop() == 0, worker.log.read_text()


def lines(process: Process) -> list[dict[str, Any]]:
    """Return the log of a process."""
    return [json.loads(one) for one in process.log.read_text().splitlines() if one[:1] == "{"]


def test_a_worker_finds_an_upload_without_an_event(
    server: SelfHosted, worker: Process, clips: Clips
) -> None:
    done = server.finished(server.upload(clips["tiny.mp4"]))
    assert done["status"] == "done"
    assert server.client.get(done["thumbnail"]["url"]).status_code == 200
    assert worker.get("/health").status_code == 200
    eventually(lambda: 'clipo_videos_total{status="done"} 1.0' in worker.get("/metrics").text)
    assert "clipo_claimable_videos 0.0" in worker.get("/metrics").text


def test_a_failed_video_is_retried_by_its_record_alone(
    server: SelfHosted, worker: Process, clips: Clips
) -> None:
    video_id = server.upload(clips["text.mp4"])
    assert server.finished(video_id)["error"]["code"] == "not_a_video"
    assert server.client.post(f"/videos/{video_id}/retry").status_code == 202
    again = server.finished(video_id)
    assert (again["error"]["code"], again["attempts"]) == ("not_a_video", 1)
    assert worker.running.poll() is None


def test_a_stopping_worker_gives_its_video_back(
    server: SelfHosted, programs: Path, clips: Clips
) -> None:
    gate = Gate(programs / "ffprobe-begin")
    gate.file.touch()
    stopping = server.run("worker", "--concurrency", "1", WORKER_STOP_SECONDS="1")
    video_id = server.upload(clips["tiny.mp4"])
    gate.await_reached()
    assert stopping.stop() == 0, stopping.log.read_text()
    gate.open()
    assert server.client.get(f"/videos/{video_id}").json()["status"] == "processing"
    assert [one["video_id"] for one in lines(stopping) if one["message"] == "video given back"] == [
        video_id
    ]
    other = server.worker()
    assert server.finished(video_id)["status"] == "done"
    assert other.stop() == 0


def test_the_processes_beside_it(server: SelfHosted, worker: Process, clips: Clips) -> None:
    """Upkeep sweeps, and webhooks are delivered without a queue."""
    with receiver() as told:
        settings = {
            "WEBHOOK_URL": told.url,
            "WEBHOOK_SECRET": SECRET,
            "WEBHOOK_ALLOW_PRIVATE": "true",
        }
        webhooks, upkeep = server.run("webhooks", **settings), server.run("upkeep")
        # Of this worker alone the results have a webhook.
        assert worker.stop() == 0
        notifying = server.run("worker", WEBHOOKS="true")
        video_id = server.upload(clips["tiny.mp4"])
        eventually(lambda: any(video_id in str(event) for _, event in told.got))
        for process in (webhooks, upkeep):
            assert process.get("/health").status_code == 200
        eventually(lambda: any(one["message"] == "swept" for one in lines(upkeep)))
        assert [one.stop() for one in (webhooks, upkeep, notifying)] == [0, 0, 0]


def test_nothing_is_lost_while_workers_are_killed_and_the_database_restarts(
    server: SelfHosted, clips: Clips
) -> None:
    chance = random.Random(1)
    workers = [server.worker(1) for _ in range(2)]
    ids = []
    for number in range(_UPLOADS):
        created = server.announce(clips["tiny.mp4"])
        if number % (_UPLOADS // _KILLS) == 0:
            victim = workers.pop(chance.randrange(len(workers)))
            victim.kill()
            workers.append(server.worker(1))
        if number == _UPLOADS // 2:
            server.database.stop()
            server.database.start()
        assert post_form(created["upload"], clips["tiny.mp4"].read_bytes()).status_code == 204
        ids.append(str(created["id"]))
    with MongoClient[dict[str, Any]](server.database.uri) as mongo:
        videos = mongo.clipo.videos

        def is_settled() -> bool:
            # The leases of killed workers end only after minutes.
            let_time_pass(videos, workers=_LEASE_AGE, waiting=timedelta(hours=1))
            return not videos.count_documents({"claimable_at": {"$exists": True}})

        eventually(is_settled)
    statuses = {one: server.client.get(f"/videos/{one}").json()["status"] for one in ids}
    assert statuses == dict.fromkeys(ids, "done")
    assert [one.stop() for one in workers] == [0, 0]
