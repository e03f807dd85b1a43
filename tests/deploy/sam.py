"""Runs AWS SAM's command line on the template, as an operator does."""

import json
import os
import platform
import signal
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from clipo.local.ports import LOOPBACK
from tests.command import hear_ctrl_c
from tests.receivers import SECRET
from tests.servers import wait_until_listening

REPOSITORY = Path(__file__).parents[2]
_SAM = REPOSITORY / ".tools" / "sam" / "bin" / "sam"

ARCHITECTURE = "arm64" if platform.machine() in ("aarch64", "arm64") else "x86_64"
"""Lambda's name of this machine's architecture."""

SETTINGS = {
    "ACCESS": "open",
    "ROOT_SECRETS": f"1:{'0' * 64}",
    "AWS_REGION": "eu-west-1",
    "AWS_ACCESS_KEY_ID": "AKIAEXAMPLE",
    "AWS_SECRET_ACCESS_KEY": "secret",
    "UPLOADS_BUCKET": "clipo-uploads",
    "MEDIA_BUCKET": "clipo-media",
    "MONGODB_URI": "mongodb://127.0.0.1:9",
    "PROCESSING_FUNCTION": "clipo-processing",
    "IMAGES_FUNCTION": "clipo-images",
    "API_URL": "https://api.invalid",
    "WEBHOOK_URL": "https://receiver.invalid/hook",
    "WEBHOOK_SECRET": SECRET,
    "WEBHOOK_ROOT": "r" * 43,
    "WEBHOOK_QUEUE_URL": "https://sqs.eu-west-1.amazonaws.com/123456789012/clipo-webhooks",
}
"""Settings with which every function starts. No server listens at their addresses."""

_BUILT = {"Architecture": ARCHITECTURE, "MongoSecret": "is-not-looked-up-here"}


@dataclass(frozen=True)
class Sam:
    """The command and its environment."""

    environ: Mapping[str, str]
    root: Path = REPOSITORY
    """Folder of the template and its build."""

    def run(self, *arguments: str | Path) -> str:
        """Run the command to its end, and return its standard output."""
        finished = subprocess.run(
            [str(part) for part in (_SAM, *arguments)],
            cwd=self.root,
            env=self._environ(),
            capture_output=True,
            text=True,
            check=False,
        )
        assert finished.returncode == 0, finished.stdout + finished.stderr
        return finished.stdout

    def build(self, folder: Path, architecture: str = ARCHITECTURE) -> Path:
        """Build everything into a folder, and return it."""
        overrides = ("--parameter-overrides", f"Architecture={architecture}")
        self.run("build", "--build-dir", folder, *overrides)
        return folder

    def invoke(
        self, built: Path, function: str, event: Mapping[str, Any], **parameters: str
    ) -> dict[str, Any]:
        """Run a function once in a container, and return its answer."""
        file = built / "event.json"
        file.write_text(json.dumps(event))
        overrides = [f"{name}={value}" for name, value in (_BUILT | parameters).items()]
        answer = self.run(
            *("local", "invoke", function, "--event", file, "--skip-pull-image"),
            *("--template", built / "template.yaml"),
            *("--parameter-overrides", *overrides),
        )
        found: dict[str, Any] = json.loads(answer)
        return found

    @contextmanager
    def start_api(self, built: Path, port: int) -> Iterator[None]:
        """Serve the API from a container during a `with` block."""
        with self._serve(built, "start-api", port, LOOPBACK):
            yield

    @contextmanager
    def start_lambda(self, built: Path, host: str, port: int) -> Iterator[None]:
        """Serve Lambda's calls for all functions, each in a container, during a `with` block."""
        with self._serve(built, "start-lambda", port, host):
            yield

    @contextmanager
    def _serve(self, built: Path, command: str, port: int, host: str) -> Iterator[None]:
        whole = [
            *(str(_SAM), "local", command, "--host", host, "--port", str(port)),
            "--skip-pull-image",
            *("--warm-containers", "LAZY", "--template", str(built / "template.yaml")),
            *("--parameter-overrides", *(f"{name}={value}" for name, value in _BUILT.items())),
        ]
        with (built / f"{command}.txt").open("w") as output:
            process = subprocess.Popen(
                whole,
                cwd=self.root,
                env=self._environ(),
                stdout=output,
                stderr=subprocess.STDOUT,
                preexec_fn=hear_ctrl_c,  # noqa: PLW1509 (it takes no lock)
            )
        try:
            wait_until_listening(port, host)
            yield
        finally:
            # SIGINT, as from Ctrl-C, makes it remove its container.
            process.send_signal(signal.SIGINT)
            process.wait(30)

    def _environ(self) -> dict[str, str]:
        return os.environ | {"SAM_CLI_TELEMETRY": "0"} | dict(self.environ)
