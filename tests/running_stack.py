"""Starts `clipo up` as a user would, and sends requests to it."""

import contextlib
import json
import os
import shlex
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import boto3
import httpx2

from clipo.local.ports import free_port
from tests.servers import worker

START_S = 300
"""Most seconds until a stack has started: it first waits for each other one that starts."""
UNTIL_EVENT_S = 0.5
"""Seconds after an upload until the emulator, in a thread, has put its event on the queue."""
_FINISH_S = 120
_FOLDERS = (
    ("clipo-uploads", "uploads"),
    ("clipo-media", "thumbnails"),
    ("clipo-media", "images"),
)


@dataclass
class RunningStack:
    """A local stack and its addresses."""

    process: "subprocess.Popen[str]"
    home: Path
    output_file: Path
    client: httpx2.Client
    addresses: dict[str, str] = field(default_factory=dict)
    _clients: dict[str, Any] = field(default_factory=dict)

    @property
    def api(self) -> str:
        return self.addresses["api"]

    @property
    def output(self) -> str:
        return self.output_file.read_text()

    def upload_form(self, clip: Path, name: str | None = None) -> str:
        """Upload as legacy clients do, and return the id."""
        files = {"file": (name or clip.name, clip.read_bytes())}
        response = self.client.post("/upload-video/", files=files)
        assert response.status_code == 202, response.text
        return str(response.json()["id"])

    def create(self, clip: Path, name: str | None = None, **fields: Any) -> dict[str, Any]:
        """Announce a video, and return it with its upload form."""
        body = {"filename": name or clip.name, "size": max(clip.stat().st_size, 1)} | fields
        response = self.client.post("/videos", json=body)
        assert response.status_code == 201, response.text
        created: dict[str, Any] = response.json()
        return created

    def upload_signed(self, clip: Path, name: str | None = None) -> str:
        """Upload directly to S3, and return the id."""
        created = self.create(clip, name)
        response = post_form(created["upload"], clip.read_bytes())
        assert response.status_code == 204, response.text
        return str(created["id"])

    def cloud(self, service: Literal["s3", "sqs"]) -> Any:
        """Return a client of the S3 or SQS that the stack uses."""
        if service not in self._clients:
            lines = shlex.split((self.home / "functions.env").read_text())
            environ = dict(line.split("=", 1) for line in lines)
            self._clients[service] = boto3.client(
                service,
                endpoint_url=environ[f"AWS_ENDPOINT_URL_{service.upper()}"],
                region_name=environ["AWS_REGION"],
                aws_access_key_id=environ["AWS_ACCESS_KEY_ID"],
                aws_secret_access_key=environ["AWS_SECRET_ACCESS_KEY"],
            )
        return self._clients[service]

    def objects_of(self, video_id: str) -> list[str]:
        """Return the keys of all stored objects of a video."""
        return [
            found["Key"]
            for bucket, folder in _FOLDERS
            for found in self.cloud("s3")
            .list_objects_v2(Bucket=bucket, Prefix=f"{folder}/{video_id}")
            .get("Contents", [])
        ]

    def await_events(self) -> None:
        """Wait until every event has been processed to its end."""
        sqs = self.cloud("sqs")
        names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
        url = sqs.get_queue_url(QueueName="clipo-events")["QueueUrl"]
        deadline = time.monotonic() + _FINISH_S
        while True:
            found = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=names)["Attributes"]
            if not any(int(found[name]) for name in names):
                return
            assert time.monotonic() < deadline, (found, self.output)
            time.sleep(0.05)

    def finished(self, video_id: str) -> dict[str, Any]:
        """Wait until a video is done or failed, and return it."""
        deadline = time.monotonic() + _FINISH_S
        while True:
            response = self.client.get(f"/videos/{video_id}")
            video: dict[str, Any] = response.json()
            if video["status"] in ("done", "failed"):
                return video
            assert time.monotonic() < deadline, (video, self.output)
            time.sleep(0.05)

    def stop(self) -> int:
        """Press Ctrl-C and return the exit code."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)
        return self.process.wait(30)

    def children(self) -> dict[str, int]:
        """Return the process ids of the stack's programs, by a word of their command line."""
        words = (
            "ministack",
            "secantusd",
            "clipo.local.api_server",
            "clipo.local.dispatcher",
            "clipo.local.images",
            "clipo.local.upkeep",
            "clipo.local.webhooks",
        )
        listing = subprocess.run(
            ["ps", "-ww", "-o", "pid=,args=", "--ppid", str(self.process.pid)],
            capture_output=True,
            text=True,
            check=False,
        ).stdout
        return {
            word: int(line.split()[0])
            for line in listing.splitlines()
            for word in words
            if word in line
        }


def post_form(upload: Mapping[str, Any], content: bytes, **changes: str) -> httpx2.Response:
    """Post a signed form, with some of its fields changed."""
    fields = upload["fields"] | changes
    file = {"file": ("any name", content)}
    return httpx2.post(upload["url"], data=fields, files=file, timeout=60)


def launch(home: Path, port: int, python: str = sys.executable, **environ: str) -> RunningStack:
    """Start `clipo up` without waiting until it is ready."""
    home.mkdir(parents=True, exist_ok=True)
    output = home / "output.txt"
    with output.open("w") as file:
        process = subprocess.Popen(
            [python, "-c", "from clipo.cli.app import app; app()", "up"],
            cwd=home,
            env=os.environ | {"CLIPO_HOME": str(home), "PORT": str(port)} | environ,
            stdout=file,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
    return RunningStack(process, home, output, httpx2.Client())


@contextmanager
def launched(
    home: Path, port: int | None = None, python: str = sys.executable, **environ: str
) -> Iterator[RunningStack]:
    """Start `clipo up`, and end it with the `with` block."""
    stack = launch(home, port or free_port(18000 + 30 * worker(), taken=set()), python, **environ)
    try:
        yield stack
    finally:
        with contextlib.suppress(subprocess.TimeoutExpired):
            stack.stop()
        if stack.process.poll() is None:
            os.killpg(stack.process.pid, signal.SIGKILL)
            stack.process.wait()


@contextmanager
def running_stack(home: Path, port: int | None = None, **environ: str) -> Iterator[RunningStack]:
    """Start `clipo up`, wait until it is ready, and end it with the `with` block."""
    with launched(home, port, **environ) as stack:
        await_ready(stack)
        with httpx2.Client(base_url=stack.api, timeout=30) as stack.client:
            yield stack


def await_ready(stack: RunningStack) -> None:
    deadline = time.monotonic() + START_S
    file = stack.home / "stack.json"
    while not file.exists() or not file.read_text():
        assert stack.process.poll() is None, stack.output
        assert time.monotonic() < deadline, stack.output
        time.sleep(0.05)
    stack.addresses = json.loads(file.read_text())
