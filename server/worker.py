"""`python -m server.worker` processes the uploads that it finds in MongoDB, until SIGTERM.

It needs no events and no broker. Any number of workers can share a database: leases keep them from
processing a video twice.
"""

import argparse
import os
import sys
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from random import uniform

from functions.adapters.mongo.catalog import MongoCatalog
from functions.adapters.signed.service import SignedService
from functions.adapters.signed.storage import SignedStorage
from functions.adapters.telemetry import logger
from functions.core.clock import utc_now
from functions.core.s3_event import created_event
from functions.core.settings import CatalogSettings, SettingsError, StorageSettings, positive_int
from functions.core.unavailable import Unavailable
from functions.core.video import UploadedObject
from server.environment import read_secret_files
from server.execution_environment import (
    ExecutionEnvironment,
    InvocationFailed,
    InvocationInterrupted,
)
from server.metrics import WorkerMetrics
from server.probe import serve_probe
from server.queue import VideoQueue
from server.stopping import StopRequest, listen_for_stop

FUNCTION_TIMEOUT_S = 120
"""The seconds for one video, as on Lambda: the limits of ffmpeg's work are made for them."""

_SHORTEST_PAUSE_S, _LONGEST_PAUSE_S = 0.1, 2.0
_PAUSE_GROWTH = 1.5
_STOP_S = 25
"""The seconds for which a stopping worker finishes its videos by default. Then it gives them back.
Kubernetes kills a container after 30."""

_STUCK_S = FUNCTION_TIMEOUT_S + 180
"""The seconds without a sign of life after which a slot counts as stuck: more than the start of its
process and a whole attempt may take."""

_CATALOG_TIMEOUT_MS = 5000
_S3_ATTEMPTS = 2
_S3_READ_TIMEOUT_S = 5
_MOST_COUNTED = 10_000


@dataclass(slots=True)
class Slot:
    """Processes one video at a time, in a process of its own."""

    queue: VideoQueue
    environment: ExecutionEnvironment
    metrics: WorkerMetrics
    bucket: str
    stopping: threading.Event
    beat: float = field(default_factory=time.monotonic)
    """The time of the last sign of life, on the monotonic clock."""

    def run(self) -> None:
        """Process videos until the worker stops. Pauses grow while there are none."""
        pause_s = _SHORTEST_PAUSE_S
        while not self.stopping.is_set():
            self.beat = time.monotonic()
            if self._try_work():
                pause_s = _SHORTEST_PAUSE_S
            else:
                # At different times, so that the slots and workers do not ask in step.
                self.stopping.wait(uniform(pause_s / 2, pause_s))  # noqa: S311 (no secret)
                pause_s = min(pause_s * _PAUSE_GROWTH, _LONGEST_PAUSE_S)
        self.environment.stop()

    def _try_work(self) -> bool:
        try:
            return self.work()
        except Unavailable as error:
            logger().warning("queue unavailable", reason=str(error))
        except Exception:  # noqa: BLE001 (a fault at one video must not end the slot)
            logger().exception("slot failed")
        return False

    def work(self) -> bool:
        """Process the next video; `False` if there is none. Raises `Unavailable`."""
        with self.queue.next_upload() as upload:
            if upload is None:
                return False
            with self.metrics.busy.track_inprogress():
                self._process(upload)
            return True

    def _process(self, upload: UploadedObject) -> None:
        started = time.monotonic()
        try:
            answer = self.environment.invoke(created_event(upload, bucket=self.bucket))
        except InvocationInterrupted:
            logger().info("video given back", video_id=upload.video_id)
        except InvocationFailed as error:
            logger().warning("attempt failed", video_id=upload.video_id, reason=str(error))
            self.metrics.failed_attempts.inc()
            self.queue.put_back(upload)
        else:
            for outcome in answer["outcomes"]:
                if outcome["result"] in ("done", "failed"):
                    self.metrics.finished.labels(outcome["result"]).inc()
                    self.metrics.seconds.observe(time.monotonic() - started)


@dataclass(frozen=True, slots=True)
class Worker:
    """Some slots that work at the same time."""

    slots: Sequence[Slot]
    stopping: threading.Event
    stop_s: int
    """The seconds for which it finishes its videos when it is asked to stop."""

    def run(self, asked_to_stop: StopRequest) -> None:
        """Work until a signal, then finish the videos or give them back."""
        threads = [threading.Thread(target=slot.run) for slot in self.slots]
        for thread in threads:
            thread.start()
        asked_to_stop.get()
        self.stopping.set()
        ends = time.monotonic() + self.stop_s
        for slot, thread in zip(self.slots, threads, strict=True):
            thread.join(max(0, ends - time.monotonic()))
            if thread.is_alive():
                slot.environment.interrupt()
        for thread in threads:
            thread.join()

    def is_healthy(self) -> bool:
        """Tell whether no slot is stuck. A database that does not answer makes none stuck."""
        return all(time.monotonic() - slot.beat < _STUCK_S for slot in self.slots)


def _wire(concurrency: int) -> tuple[Worker, WorkerMetrics]:
    """Read the settings and build everything. Raises `SettingsError`."""
    storage = StorageSettings.read(os.environ)
    catalog = MongoCatalog(
        CatalogSettings.read(os.environ),
        pool_size=concurrency + 1,
        timeout_ms=_CATALOG_TIMEOUT_MS,
    )
    s3 = SignedService.read(
        "s3", os.environ, attempts=_S3_ATTEMPTS, read_timeout_s=_S3_READ_TIMEOUT_S
    )
    stopping = threading.Event()
    queue = VideoQueue(catalog, SignedStorage(storage, s3), stopping.is_set)
    metrics = WorkerMetrics(lambda: catalog.count_claimable(before=utc_now(), limit=_MOST_COUNTED))
    metrics.slots.set(concurrency)
    stop_s = positive_int(os.environ, "WORKER_STOP_SECONDS", _STOP_S)
    environments = [ExecutionEnvironment(timeout_s=FUNCTION_TIMEOUT_S) for _ in range(concurrency)]
    slots = [Slot(queue, one, metrics, storage.uploads_bucket, stopping) for one in environments]
    return Worker(slots, stopping, stop_s), metrics


def _concurrency() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--concurrency",
        type=int,
        metavar="N",
        help="videos to process at a time (default: WORKER_CONCURRENCY, or one for each processor)",
    )
    given: int | None = parser.parse_args().concurrency
    return given or positive_int(os.environ, "WORKER_CONCURRENCY", os.cpu_count() or 1)


def main() -> None:
    """Work until SIGTERM."""
    asked_to_stop = listen_for_stop()
    try:
        read_secret_files(os.environ)
        worker, metrics = _wire(_concurrency())
        serve_probe(worker.is_healthy, metrics.text)
    except SettingsError as error:
        sys.exit(str(error))
    logger().info("worker started", slots=len(worker.slots))
    worker.run(asked_to_stop)
    logger().info("worker stopped")


if __name__ == "__main__":
    main()
