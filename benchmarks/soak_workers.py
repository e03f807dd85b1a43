"""Many small uploads to a server whose workers are killed, without events: none may be lost.

Usage: make soak-workers [ARGS="--uploads 200 --workers 1 --seed 2"]

It starts a server of its own: the API, upkeep, workers of one slot each, and the emulators of S3
and MongoDB. Meanwhile it kills workers with all that they run and starts others, and kills the
database twice. The store sends no events. The leases of killed workers end after seconds, not
minutes.
"""

import argparse
import json
import random
import sys
import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import timedelta
from http import HTTPStatus
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import httpx2
from pymongo import MongoClient
from pymongo.errors import PyMongoError

from clipo.local.ffmpeg import prepare
from tests.clips import Clips
from tests.running_stack import post_form
from tests.self_hosted import Process, SelfHosted, self_hosted
from tests.time_travel import let_time_pass

_CLIPS = ["tiny.mp4", "tiny.mov", "tiny.mkv", "tiny.webm", "tiny.avi", "tiny.wmv", "tiny.flv"]
_KILL_EVERY_S = (4.0, 10.0)
_LEASE_AGE = timedelta(seconds=5)
"""The age after which a lease counts as a killed worker's."""
_NEVER = timedelta(days=1)
_DATABASE_RESTARTS = (0.3, 0.6)
"""The shares of the uploads after which the database is killed and started again."""
_DOWN_S = 3
_PATIENCE_S = 600


@dataclass
class Soak:
    """One run, and what is counted in it."""

    server: SelfHosted
    clips: Clips
    uploads: int
    chance: random.Random
    counts: Counter[str] = field(default_factory=Counter[str])
    ids: list[str] = field(default_factory=list)
    over: threading.Event = field(default_factory=threading.Event)

    def upload(self, number: int) -> None:
        """Upload one video, and repeat what the restarting database refuses."""
        clip = self.clips[_CLIPS[number % len(_CLIPS)]]
        deadline = time.monotonic() + _PATIENCE_S
        while time.monotonic() < deadline:
            answer = self.server.client.post(
                "/videos",
                json={"filename": clip.name, "size": clip.stat().st_size},
                headers={"Idempotency-Key": f"soak-{number}"},
            )
            if answer.status_code != HTTPStatus.SERVICE_UNAVAILABLE:
                break
            self.counts["calls refused with 503"] += 1
            time.sleep(0.5)
        created = answer.raise_for_status().json()
        post_form(created["upload"], clip.read_bytes()).raise_for_status()
        self.ids.append(str(created["id"]))

    def kill_workers(self, workers: list[Process]) -> None:
        """Kill a worker now and then, and start another in its place."""
        while not self.over.wait(self.chance.uniform(*_KILL_EVERY_S)):
            workers.pop(self.chance.randrange(len(workers))).kill()
            workers.append(self.server.worker(1))
            self.counts["workers killed"] += 1

    def restart_the_database(self) -> None:
        """Kill the database at two moments, and start it again after some seconds."""
        for share in _DATABASE_RESTARTS:
            while len(self.ids) < share * self.uploads:
                if self.over.wait(0.1):
                    return
            self.server.database.stop()
            self.over.wait(_DOWN_S)
            self.server.database.start()
            self.counts["database killed"] += 1

    def end_leases(self, videos: Any) -> None:
        """Have the leases of killed workers end."""
        while not self.over.wait(1):
            try:
                let_time_pass(videos, workers=_LEASE_AGE, waiting=_NEVER)
            except PyMongoError:
                self.counts["database unreachable"] += 1

    def settle(self, videos: Any) -> None:
        """Wait until no video is unfinished."""
        deadline = time.monotonic() + _PATIENCE_S
        unfinished = {"status": {"$nin": ["done", "failed"]}}
        while len(self.ids) < self.uploads or videos.count_documents(unfinished):
            if time.monotonic() > deadline:
                return
            time.sleep(0.2)

    def report(self, videos: Any) -> dict[str, Any]:
        """Return the counts, and the number of broken promises."""
        found = {str(one["_id"]): one for one in videos.find({})}
        s3 = self.server.s3()
        shown = {
            item["Key"]
            for page in s3.get_paginator("list_objects_v2").paginate(Bucket="clipo-media")
            for item in page.get("Contents", [])
        }
        done = [one for one in found.values() if one["status"] == "done"]
        return {
            "uploads": len(self.ids),
            "videos by status": dict(Counter(one["status"] for one in found.values())),
            **self.counts,
            "attempts after the first": sum(one["attempts"] - 1 for one in done),
            "lost": len(set(self.ids) - found.keys()),
            "not done": len(found) - len(done),
            "without thumbnail": sum(one["thumbnail"]["key"] not in shown for one in done),
        }


def _run(soak: Soak, workers: int, videos: Any) -> dict[str, Any]:
    running = [soak.server.worker(1) for _ in range(workers)]
    soak.server.run("upkeep", UPKEEP_SECONDS="5")
    threads = [
        threading.Thread(target=soak.kill_workers, args=(running,)),
        threading.Thread(target=soak.restart_the_database),
        threading.Thread(target=soak.end_leases, args=(videos,)),
    ]
    started = time.monotonic()
    for thread in threads:
        thread.start()
    try:
        with ThreadPoolExecutor(8) as pool:
            list(pool.map(soak.upload, range(soak.uploads)))
        soak.settle(videos)
        seconds = time.monotonic() - started
    finally:
        soak.over.set()
        for thread in threads:
            thread.join()
    return soak.report(videos) | {
        "seconds": round(seconds),
        "videos a second": round(soak.uploads / seconds, 2),
    }


def main() -> None:
    """Run it and print the report; exit with 1 if a video is lost or not done."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--uploads", type=int, default=1000)
    parser.add_argument("--workers", type=int, default=4)
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    with TemporaryDirectory() as folder:
        clips = Clips(Path(folder))
        for name in _CLIPS:
            _ = clips[name]
        (home := Path(folder) / "server").mkdir()
        with (
            self_hosted(home, prepare(Path(folder) / "ffmpeg", chosen=None)) as server,
            MongoClient[dict[str, Any]](server.database.uri, timeoutMS=5000) as mongo,
        ):
            server.client.timeout = httpx2.Timeout(60)
            chance = random.Random(given.seed)  # noqa: S311 (to be repeated)
            soak = Soak(server, clips, given.uploads, chance)
            report = _run(soak, given.workers, mongo.clipo.videos)
    print(json.dumps({"workers": given.workers, "seed": given.seed} | report, indent=2))
    sys.exit(any(report[name] for name in ("lost", "not done", "without thumbnail")))


if __name__ == "__main__":
    main()
