"""A local stack in which tests can make S3, MongoDB and ffmpeg fail."""

import json
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import psutil
from bson import ObjectId
from pymongo import MongoClient

from functions.core.keys import source_key
from tests.fault_proxy import MongoProxy, S3Proxy, Trap, run_proxies
from tests.running_stack import UNTIL_EVENT_S, RunningStack, post_form, running_stack
from tests.servers import S3, MongoDB, mongodb, s3
from tests.time_travel import let_time_pass
from tests.waiting import eventually

PROGRAMS = ("ffprobe", "ffmpeg")

_CREDENTIALS = {"AWS_ACCESS_KEY_ID": "LOCALTEST", "AWS_SECRET_ACCESS_KEY": "secret"}
_OLD = timedelta(seconds=4)
"""Age after which a lease counts as abandoned by its worker."""
_HOUR = timedelta(hours=1)
_PATIENCE_S = 60

_STUB = """#!/bin/sh
wait_at() {{
  [ -e {folder}/$1 ] || return
  echo $$ >{folder}/$1.new && mv {folder}/$1.new {folder}/$1.reached
  while [ -e {folder}/$1 ]; do sleep 0.05; done
}}
[ -e {folder}/{name}-fails ] && exit 1
wait_at {name}-begin
{real}/{name} "$@"
status=$?
wait_at {name}-end
exit $status
"""


@dataclass(frozen=True)
class Gate:
    """A point at which a program waits while a file exists."""

    file: Path

    def await_reached(self) -> int:
        """Wait until a program reaches the gate, and return its process id."""
        eventually(self._reached.exists)
        return int(self._reached.read_text())

    def open(self) -> None:
        self.file.unlink(missing_ok=True)
        self._reached.unlink(missing_ok=True)

    @property
    def _reached(self) -> Path:
        return self.file.with_suffix(".reached")


@dataclass
class FaultyStack:
    """A stack, the fault proxies that it uses, and the servers behind them."""

    stack: RunningStack
    storage: S3Proxy
    database: MongoProxy
    s3_server: S3
    mongodb_server: MongoDB
    videos: Any
    programs: Path
    """Folder of the stub programs, and of the files that control them."""
    gates: list[Gate] = field(default_factory=list)

    @property
    def s3(self) -> Any:
        return self.stack.cloud("s3")

    @property
    def sqs(self) -> Any:
        return self.stack.cloud("sqs")

    def restore(self) -> None:
        """Repair everything and abort unfinished multipart uploads."""
        for proxy in (self.storage, self.database):
            proxy.disarm()
        for gate in self.gates:
            gate.open()
        self.gates.clear()
        self._abort_uploads_in_parts()

    def _abort_uploads_in_parts(self) -> None:
        s3, bucket = self.stack.cloud("s3"), "clipo-uploads"
        for one in s3.list_multipart_uploads(Bucket=bucket).get("Uploads", []):
            # The stack may abort the upload of a deleted video at the same moment.
            with suppress(s3.exceptions.NoSuchUpload):
                s3.abort_multipart_upload(Bucket=bucket, Key=one["Key"], UploadId=one["UploadId"])

    def upload(self, created: dict[str, Any], clip: Path) -> str:
        response = post_form(created["upload"], clip.read_bytes())
        assert response.status_code == 204, response.text
        return str(created["id"])

    def gate(self, program: str, moment: str) -> Gate:
        """Make a program wait at its "begin" or "end"."""
        return self._gate(f"{program}-{moment}")

    def failing(self, program: str) -> Gate:
        """Make a program fail until the gate is opened."""
        return self._gate(f"{program}-fails")

    def _gate(self, name: str) -> Gate:
        gate = Gate(self.programs / name)
        gate.file.touch()
        self.gates.append(gate)
        return gate

    def let_time_pass(self, old: timedelta = _OLD) -> None:
        let_time_pass(self.videos, workers=old, waiting=old)

    def age(self, video_id: str, *fields: str) -> None:
        """Move some times of a record one hour into the past."""
        moments = dict.fromkeys(fields, datetime.now(UTC) - _HOUR)
        assert self.videos.update_one(_one(video_id), {"$set": moments}).matched_count == 1

    def finished(self, video_id: str) -> dict[str, Any]:
        """Let time pass until a video is finished. The API may fail meanwhile."""
        deadline = time.monotonic() + _PATIENCE_S
        while True:
            try:
                video: dict[str, Any] = self.stack.client.get(f"/videos/{video_id}").json()
            except ValueError:
                video = {}
            if video.get("status") in ("done", "failed"):
                return video
            assert time.monotonic() < deadline, (video, self.stack.output[-3000:])
            self.let_time_pass()
            time.sleep(0.05)

    def record(self, video_id: str) -> dict[str, Any]:
        found: dict[str, Any] | None = self.videos.find_one(_one(video_id))
        assert found
        return found

    @contextmanager
    def without_events(self) -> Iterator[None]:
        """Keep S3 from sending events during a `with` block."""
        bucket = "clipo-uploads"
        kept = self.s3.get_bucket_notification_configuration(Bucket=bucket)
        del kept["ResponseMetadata"]
        put = self.s3.put_bucket_notification_configuration
        put(Bucket=bucket, NotificationConfiguration={})
        try:
            yield
        finally:
            # The emulator reads the configuration in that time.
            time.sleep(UNTIL_EVENT_S)
            put(Bucket=bucket, NotificationConfiguration=kept)

    def event(self, video_id: str) -> dict[str, Any]:
        """Return the event that S3 would have sent for an upload."""
        key = source_key(video_id)
        head = self.s3.head_object(Bucket="clipo-uploads", Key=key)
        stored = {"key": key, "size": head["ContentLength"], "eTag": head["ETag"].strip('"')}
        record = {
            "eventName": "ObjectCreated:Post",
            "s3": {"bucket": {"name": "clipo-uploads"}, "object": stored | {"sequencer": "0A"}},
        }
        return {"Records": [record]}

    def queue(self, name: str) -> str:
        return str(self.sqs.get_queue_url(QueueName=name)["QueueUrl"])

    def send(self, name: str, body: object) -> None:
        self.sqs.send_message(QueueUrl=self.queue(name), MessageBody=json.dumps(body))

    def waiting(self, name: str) -> int:
        """Return the number of messages on a queue, including those in progress."""
        names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
        found = self.sqs.get_queue_attributes(QueueUrl=self.queue(name), AttributeNames=names)
        return sum(int(found["Attributes"][name]) for name in names)

    def environment_of(self, trap: Trap) -> psutil.Process:
        """Return the execution environment whose request a trap holds."""

        def holds(process: psutil.Process) -> bool:
            return any(c.laddr.port == trap.client_port for c in process.net_connections("tcp"))

        return self._environment(holds)

    def environment_above(self, pid: int) -> psutil.Process:
        """Return the execution environment that started a process."""
        above = {process.pid for process in psutil.Process(pid).parents()}
        return self._environment(lambda process: process.pid in above)

    def _environment(self, is_it: Callable[[psutil.Process], bool]) -> psutil.Process:
        dispatcher = psutil.Process(self.stack.children()["clipo.local.dispatcher"])
        return next(child for child in dispatcher.children() if is_it(child))


def _one(video_id: str) -> dict[str, ObjectId]:
    return {"_id": ObjectId(video_id)}


def write_stubs(folder: Path, ffmpeg_dir: Path) -> None:
    for name in PROGRAMS:
        (folder / name).write_text(_STUB.format(folder=folder, name=name, real=ffmpeg_dir))
        (folder / name).chmod(0o755)


@contextmanager
def faulty_stack(make_folder: Callable[[str], Path], ffmpeg_dir: Path) -> Iterator[FaultyStack]:
    """Run a stack that accepts large files and retries events and upkeep every second."""
    write_stubs(programs := make_folder("programs"), ffmpeg_dir)
    with ExitStack() as until_the_end:
        s3_server = until_the_end.enter_context(s3(make_folder("s3"), _CREDENTIALS))
        mongodb_server = until_the_end.enter_context(mongodb(make_folder("mongodb")))
        storage, database = S3Proxy(s3_server.port), MongoProxy(mongodb_server.port)
        until_the_end.enter_context(run_proxies(storage, database))
        settings = {
            "MONGODB_URI": database.uri,
            "AWS_ENDPOINT_URL_S3": storage.url,
            "AWS_ENDPOINT_URL_SQS": s3_server.url,
            "CLIPO_FFMPEG_DIR": str(programs),
            "CLIPO_UPKEEP_SECONDS": "1",
            "CLIPO_RETRY_SECONDS": "1",
            "MAX_UPLOAD_BYTES": "1000000000",
        }
        stack = until_the_end.enter_context(
            running_stack(make_folder("clipo"), None, **settings, **_CREDENTIALS)
        )
        mongo = until_the_end.enter_context(MongoClient[dict[str, Any]](mongodb_server.uri))
        yield FaultyStack(
            stack, storage, database, s3_server, mongodb_server, mongo.clipo.videos, programs
        )
