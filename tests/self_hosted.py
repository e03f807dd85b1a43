"""The processes of a server, with the local emulators in the place of MongoDB and the store."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import boto3
import httpx2
import psutil

from tests.credentials import KEYS
from tests.killing import kill_with_children
from tests.running_stack import post_form
from tests.servers import S3, MongoDB, mongodb, reserved_port, s3, wait_until_listening
from tests.waiting import eventually

_CREDENTIALS = {"AWS_ACCESS_KEY_ID": "SERVERTEST", "AWS_SECRET_ACCESS_KEY": "secret"}
_STOP_S = 60


@dataclass
class Process:
    """A running process of the server, and its log."""

    running: "subprocess.Popen[bytes]"
    log: Path
    health_port: int

    def kill(self) -> None:
        """Kill the process and all that it has started, as the end of a container does."""
        parent = psutil.Process(self.running.pid)
        parent.suspend()
        kill_with_children(parent)
        self.running.wait()

    def stop(self) -> int:
        """Send SIGTERM, and return the exit code."""
        self.running.send_signal(signal.SIGTERM)
        return self.running.wait(_STOP_S)

    def get(self, path: str) -> httpx2.Response:
        """Ask for `/health` or `/metrics`."""
        return httpx2.get(f"http://127.0.0.1:{self.health_port}{path}", timeout=60)


@dataclass
class SelfHosted:
    """A server: its settings, its emulators and its processes."""

    environ: dict[str, str]
    database: MongoDB
    store: S3
    folder: Path
    client: httpx2.Client
    processes: list[Process] = field(default_factory=list)

    def run(self, module: str, *arguments: str, **settings: str) -> Process:
        """Start a process of the server, and wait until it answers probes."""
        with reserved_port(19000) as port:
            process = self.start(module, port, *arguments, HEALTH_PORT=str(port), **settings)
            wait_until_listening(port)
        return process

    def start(self, module: str, port: int, *arguments: str, **settings: str) -> Process:
        """Start a process of the server, which is to listen on a port."""
        log = self.folder / f"{len(self.processes)}-{module}.log"
        with log.open("wb") as output:
            running = subprocess.Popen(
                [sys.executable, "-m", f"server.{module}", *arguments],
                env=os.environ | self.environ | settings,
                stdout=output,
                stderr=subprocess.STDOUT,
            )
        process = Process(running, log, port)
        self.processes.append(process)
        return process

    def worker(self, concurrency: int = 2) -> Process:
        """Start another worker."""
        return self.run("worker", "--concurrency", str(concurrency))

    def announce(self, clip: Path, **fields: Any) -> dict[str, Any]:
        body = {"filename": clip.name, "size": clip.stat().st_size} | fields
        response = self.client.post("/videos", json=body)
        assert response.status_code == 201, response.text
        created: dict[str, Any] = response.json()
        return created

    def upload(self, clip: Path) -> str:
        """Upload a video as the page does, and return its id."""
        created = self.announce(clip)
        response = post_form(created["upload"], clip.read_bytes())
        assert response.status_code == 204, response.text
        return str(created["id"])

    def finished(self, video_id: str) -> dict[str, Any]:
        """Wait until a video is done or failed, and return it."""

        def look() -> dict[str, Any] | None:
            response = self.client.get(f"/videos/{video_id}")
            if response.status_code != 200:
                return None
            video: dict[str, Any] = response.json()
            return video if video["status"] in ("done", "failed") else None

        return eventually(look)

    def s3(self) -> Any:
        """Return a client of the store."""
        return boto3.client(
            "s3",
            endpoint_url=self.store.url,
            region_name=self.environ["AWS_REGION"],
            aws_access_key_id=_CREDENTIALS["AWS_ACCESS_KEY_ID"],
            aws_secret_access_key=_CREDENTIALS["AWS_SECRET_ACCESS_KEY"],
        )


@contextmanager
def self_hosted(folder: Path, ffmpeg_dir: Path) -> Iterator[SelfHosted]:
    """Prepare the database and the store, and serve the API. Workers are for the caller."""
    with ExitStack() as until_the_end:
        database = until_the_end.enter_context(mongodb(folder / "mongodb"))
        store = until_the_end.enter_context(s3(folder / "store", _CREDENTIALS))
        (secret := folder / "root_secrets").write_text(KEYS["ROOT_SECRETS"])
        environ = _CREDENTIALS | {
            "UPLOADS_BUCKET": "clipo-uploads",
            "MEDIA_BUCKET": "clipo-media",
            "AWS_REGION": "us-east-1",
            "AWS_ENDPOINT_URL_S3": store.url,
            "MONGODB_URI": database.uri,
            "ROOT_SECRETS_FILE": str(secret),
            "IMAGES_FUNCTION": "clipo-images",
            "CLIPO_FFMPEG_DIR": str(ffmpeg_dir),
            "POWERTOOLS_METRICS_DISABLED": "true",
        }
        with reserved_port(18500) as port:
            environ |= {"PORT": str(port), "API_URL": f"http://127.0.0.1:{port}"}
            client = until_the_end.enter_context(
                httpx2.Client(base_url=environ["API_URL"], timeout=30)
            )
            server = SelfHosted(environ, database, store, folder, client)
            until_the_end.callback(_kill_all, server)
            prepared = server.start("prepare", port)
            assert prepared.running.wait() == 0, prepared.log.read_text()
            server.start("api", port)
            wait_until_listening(port)
        made = server.start("create_key", port, "tests")
        assert made.running.wait() == 0, made.log.read_text()
        client.headers["Authorization"] = f"Bearer {made.log.read_text().strip()}"
        yield server


def _kill_all(server: SelfHosted) -> None:
    for process in server.processes:
        if process.running.poll() is None:
            process.kill()
