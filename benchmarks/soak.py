"""Many small uploads while workers die: none may be lost, stuck, wrong or done twice.

Usage: make soak [ARGS="--uploads 200 --seed 2"]

It starts a stack of its own. Meanwhile it kills workers, delivers events again, takes others away,
and lets an hour pass for videos that were processed or waited for some seconds. It pauses the
database once. In the middle it stops the whole stack, with abandoned uploads and unprocessed ones
lying about, and starts it again.
"""

import argparse
import json
import os
import random
import signal
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import timedelta
from http import HTTPStatus
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import psutil
from bson import ObjectId
from pymongo import MongoClient

from tests.clips import Clips
from tests.running_stack import RunningStack, post_form, running_stack
from tests.time_travel import let_time_pass

_GOOD = ["tiny.mp4", "tiny.mov", "tiny.mkv", "tiny.webm", "tiny.avi", "tiny.wmv", "tiny.flv"]
_HOSTILE = ["text.mp4", "playlist.mp4", "concat.mp4", "truncated.mp4", "audio-only.mp4"]
_HOSTILE_SHARE = 0.05
_REPEATED_SHARE = 0.05
_RETRY_S = 4
_WORKER_AGE = timedelta(seconds=3)
"""Less than that: a worker's lease is to end before its event comes again, as on AWS."""
_WAITING_AGE = timedelta(seconds=30)
_KILL_EVERY_S = (3.0, 8.0)
_STEAL_EVERY_S = (5.0, 15.0)
_PAUSE_AFTER_S = (5.0, 8.0)
_PATIENCE_S = 180
_ABANDONED = 60
_UNPROCESSED = 20
"""Videos that are uploaded right before the stack stops."""
_PAUSE_S = 6
"""How long the database answers nothing: longer than the API waits for it."""
_RETRIES = 3
_FINISHED = {"$in": ["done", "failed"]}


@dataclass
class Soak:
    """One run, and what is counted in it."""

    clips: Clips
    seed: int
    counts: Counter[str] = field(default_factory=Counter[str])
    hostile: dict[str, bool] = field(default_factory=dict)
    """Whether each video is a hostile file."""
    lines: list[dict[str, Any]] = field(default_factory=list)
    """The logs of processing and upkeep, which a start removes."""
    over: threading.Event = field(default_factory=threading.Event)

    def use(self, stack: RunningStack, videos: Any) -> None:
        """Go on with a stack that has just started. boto3's clients are safe to share."""
        self.stack, self.videos = stack, videos
        self._s3, self._sqs = stack.cloud("s3"), stack.cloud("sqs")
        self._queue = self._sqs.get_queue_url(QueueName="clipo-events")["QueueUrl"]

    def upload(self, number: int) -> None:
        """Upload one video and wait until it is finished."""
        self.follow(self.send(number))

    def send(self, number: int) -> str:
        """Upload one video; return its id."""
        chance = random.Random(f"{self.seed}/{number}")  # noqa: S311 (to be repeated)
        hostile = chance.random() < _HOSTILE_SHARE
        clip = self.clips[chance.choice(_HOSTILE if hostile else _GOOD)]
        created = self._post(
            "/videos",
            json={"filename": clip.name, "size": clip.stat().st_size},
            headers={"Idempotency-Key": f"soak-{self.seed}-{number}"},
        )
        video_id = str(created["id"])
        self.hostile[video_id] = hostile
        post_form(created["upload"], clip.read_bytes()).raise_for_status()
        if chance.random() < _REPEATED_SHARE:
            self._repeat_event(created["upload"]["fields"]["key"])
        return video_id

    def follow(self, video_id: str) -> None:
        """Wait until a video is finished, and retry it as a person would."""
        for _ in range(_RETRIES):
            if not self._is_to_be_retried(video_id):
                return
            self._post(f"/videos/{video_id}/retry")
            self.counts["retried by people"] += 1

    def _post(self, path: str, **request: Any) -> dict[str, Any]:
        """Return the API's answer, which says 503 while the database is paused."""
        deadline = time.monotonic() + _PATIENCE_S
        while True:
            answer = self.stack.client.post(path, **request)
            if answer.status_code != HTTPStatus.SERVICE_UNAVAILABLE or time.monotonic() > deadline:
                answer.raise_for_status()
                return dict(answer.json())
            self.counts["calls refused with 503"] += 1
            time.sleep(0.5)

    def abandon(self) -> None:
        """Announce videos that are never uploaded, and let their time pass."""
        for number in range(_ABANDONED):
            self._post("/videos", json={"filename": f"{number}.mp4", "size": 1})
        let_time_pass(self.videos, workers=_WORKER_AGE, waiting=timedelta(0))
        self.counts["abandoned"] += _ABANDONED

    def pause_the_database(self, _: random.Random) -> None:
        """Let the database answer nothing for a while, once."""
        if self.counts["database paused"]:
            return
        self.counts["database paused"] += 1
        database = psutil.Process(self.stack.children()["secantusd"])
        database.suspend()
        try:
            self.over.wait(_PAUSE_S)
        finally:
            database.resume()

    def settle(self) -> None:
        """Wait until no video is unfinished."""
        deadline = time.monotonic() + _PATIENCE_S
        unfinished = {"status": {"$nin": _FINISHED["$in"]}}
        while self.videos.find_one(unfinished) and time.monotonic() < deadline:
            self.let_time_pass(random.Random(0))  # noqa: S311 (not used)
            time.sleep(1)

    def _is_to_be_retried(self, video_id: str) -> bool:
        """Wait until a video is finished; tell whether it says that a retry may help."""
        deadline = time.monotonic() + _PATIENCE_S
        one = {"_id": ObjectId(video_id), "status": _FINISHED}
        while time.monotonic() < deadline:
            if found := self.videos.find_one(one):
                return bool(found["status"] == "failed" and found["error"]["retryable"])
            time.sleep(0.5)
        return False

    def _repeat_event(self, key: str) -> None:
        head = self._s3.head_object(Bucket="clipo-uploads", Key=key)
        stored = {"key": key, "size": head["ContentLength"], "eTag": head["ETag"].strip('"')}
        record = {
            "eventName": "ObjectCreated:Post",
            "s3": {"bucket": {"name": "clipo-uploads"}, "object": stored},
        }
        for _ in range(2):
            body = json.dumps({"Records": [record]})
            self._sqs.send_message(QueueUrl=self._queue, MessageBody=body)
        self.counts["events sent again"] += 2

    def kill_a_worker(self, chance: random.Random) -> None:
        """End an execution environment with all that runs in it, as Lambda does."""
        dispatcher = psutil.Process(self.stack.children()["clipo.local.dispatcher"])
        # Another one may have ended them all a moment ago.
        with suppress(psutil.NoSuchProcess, IndexError):
            environment = chance.choice([c for c in dispatcher.children() if _is_environment(c)])
            children = environment.children(recursive=True)
            environment.send_signal(signal.SIGKILL)
            for child in children:
                child.kill()
        self.counts["workers killed"] += 1

    def steal_an_event(self, _: random.Random) -> None:
        """Take an event off the queue before processing gets it."""
        found = self._sqs.receive_message(QueueUrl=self._queue, VisibilityTimeout=60)
        for message in found.get("Messages", []):
            self._sqs.delete_message(QueueUrl=self._queue, ReceiptHandle=message["ReceiptHandle"])
            self.counts["events taken away"] += 1

    def keep_doing(
        self, what: Callable[[random.Random], None], every_s: tuple[float, float]
    ) -> None:
        """Do something again and again, at moments that the seed chooses."""
        chance = random.Random(f"{self.seed}/{what.__name__}")  # noqa: S311 (to be repeated)
        while not self.over.wait(chance.uniform(*every_s)):
            what(chance)

    def let_time_pass(self, _: random.Random) -> None:
        """Have leases lapse and upload windows end."""
        let_time_pass(self.videos, workers=_WORKER_AGE, waiting=_WAITING_AGE)

    def report(self) -> dict[str, Any]:
        """Return the counts, and the number of broken promises."""
        said = Counter(line["message"] for line in self.lines)
        refused = Counter(
            line["reason"] for line in self.lines if line["message"] == "nothing to do"
        )
        records = {str(found["_id"]): found for found in self.videos.find({})}
        statuses = Counter(
            found["status"] if found["status"] != "failed" else f"failed {found['error']['code']}"
            for found in records.values()
        )
        done = Counter(line["video_id"] for line in self.lines if line["message"] == "video done")
        return {
            "seed": self.seed,
            "uploads": len(self.hostile),
            "hostile": sum(self.hostile.values()),
            **self.counts,
            "deliveries again": said["event will be retried"],
            "events given up": said["event given up"],
            "started again by upkeep": said["lost event found"] + said["lapsed lease found"],
            "duplicates dropped": refused["duplicate"] + refused["superseded"],
            "videos by status": dict(statuses),
            "lost": sum(self._is_lost(records.get(video_id)) for video_id in self.hostile),
            "stuck": sum(found["status"] not in ("done", "failed") for found in records.values()),
            "wrong": sum(
                self.hostile.get(video_id) is (found["status"] == "done")
                for video_id, found in records.items()
            ),
            "done twice": sum(times > 1 for times in done.values()),
        }

    def keep_logs(self) -> None:
        """Take over the lines of this start."""
        for name in ("processing", "upkeep"):
            self.lines += _log(self.stack.home, name)

    def _is_lost(self, record: Any) -> bool:
        if record is None:
            return True
        if record["status"] != "done":
            return False
        key = record["thumbnail"]["key"]
        return not self._s3.list_objects_v2(Bucket="clipo-media", Prefix=key)["KeyCount"]


def _is_environment(process: psutil.Process) -> bool:
    return any("spawn_main" in word for word in process.cmdline())


def _log(home: Path, name: str) -> list[dict[str, Any]]:
    lines = (home / "logs" / f"{name}.log").read_text().splitlines()
    return [json.loads(line) for line in lines if line.startswith("{")]


def _run(soak: Soak, numbers: Sequence[int], at_once: int) -> None:
    soak.over.clear()
    troubles = [
        (soak.kill_a_worker, _KILL_EVERY_S),
        (soak.steal_an_event, _STEAL_EVERY_S),
        (soak.let_time_pass, (1.0, 1.0)),
        (soak.pause_the_database, _PAUSE_AFTER_S),
    ]
    threads = [threading.Thread(target=soak.keep_doing, args=trouble) for trouble in troubles]
    for thread in threads:
        thread.start()
    try:
        with ThreadPoolExecutor(at_once) as pool:
            for number, _ in zip(numbers, pool.map(soak.upload, numbers), strict=True):
                if (number + 1) % 100 == 0:
                    print(f"{number + 1} uploads", file=sys.stderr)
    finally:
        soak.over.set()
        for thread in threads:
            thread.join()


@contextmanager
def _started(soak: Soak, home: Path) -> Iterator[None]:
    settings = {"CLIPO_UPKEEP_SECONDS": "1", "CLIPO_RETRY_SECONDS": str(_RETRY_S)}
    with (
        running_stack(home, None, **settings) as stack,
        MongoClient[dict[str, Any]](stack.addresses["mongodb"]) as mongo,
    ):
        soak.counts["stack started"] += 1
        soak.use(stack, mongo.clipo.videos)
        yield


def main() -> None:
    """Run it and print the report; exit with 1 where a promise was broken."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--uploads", type=int, default=2000)
    parser.add_argument("--at-once", type=int, default=50)
    parser.add_argument("--seed", type=int, default=int(os.environ.get("CLIPO_SEED", "1")))
    given = parser.parse_args()
    with TemporaryDirectory() as folder:
        clips = Clips(Path(folder))
        for name in [*_GOOD, *_HOSTILE]:
            _ = clips[name]
        soak, home, half = Soak(clips, given.seed), Path(folder) / "home", given.uploads // 2
        started = time.monotonic()
        with _started(soak, home):
            _run(soak, range(half), given.at_once)
            soak.abandon()
            sent = [soak.send(number) for number in range(half, half + _UNPROCESSED)]
        soak.keep_logs()
        with _started(soak, home):
            for video_id in sent:
                soak.follow(video_id)
            _run(soak, range(half + _UNPROCESSED, given.uploads), given.at_once)
            soak.settle()
            soak.keep_logs()
            report = soak.report() | {"seconds": round(time.monotonic() - started)}
    print(json.dumps(report, indent=2))
    sys.exit(any(report[name] for name in ("lost", "stuck", "wrong", "done twice")))


if __name__ == "__main__":
    main()
