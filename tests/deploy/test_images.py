"""The Dockerfile: the image of a worker, built and run as compose.yaml runs it.

The other targets differ from it by their command. The container shares this machine's network, in
which the emulators of MongoDB and the store listen.
"""

import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.clips import Clips
from tests.deploy.sam import REPOSITORY
from tests.self_hosted import SelfHosted, self_hosted
from tests.waiting import eventually

pytestmark = [
    pytest.mark.long,
    pytest.mark.containers,
    pytest.mark.xdist_group("containers"),
]

_BASE = "python:3.13-slim-trixie"
_CERTIFICATES = Path("/etc/ssl/certs/ca-certificates.crt")
_BUILDKIT_WITHOUT_PLUGIN = 23
"""The first release of Docker's command that needs a plugin for BuildKit."""
_SETTINGS = (
    *("UPLOADS_BUCKET", "MEDIA_BUCKET", "AWS_REGION", "AWS_ENDPOINT_URL_S3", "MONGODB_URI"),
    *("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"),
)
_IMAGE = "clipo-test-worker"


def docker(*arguments: str, program: str = "docker") -> str | None:
    """Return the output of Docker's command, `None` if it fails."""
    try:
        finished = subprocess.run(
            [program, *arguments],
            cwd=REPOSITORY,
            env=os.environ | {"DOCKER_BUILDKIT": "1"},
            capture_output=True,
            text=True,
            check=False,
        )
    except FileNotFoundError:
        return None
    return finished.stdout.strip() if finished.returncode == 0 else None


def builder() -> str | None:
    """Return a Docker command that can build with BuildKit, `None` if there is none."""
    for folder in os.get_exec_path():
        program = shutil.which("docker", path=folder)
        if program is None:
            continue
        if docker("buildx", "version", program=program):
            return program
        release = re.search(r"version (\d+)", docker("--version", program=program) or "")
        if release and int(release[1]) < _BUILDKIT_WITHOUT_PLUGIN:
            return program
    return None


@pytest.fixture(scope="module")
def image() -> str:
    """Build the worker's image with the wheel's ffmpeg."""
    if docker("info") is None:
        pytest.skip("Docker does not answer")
    program = builder()
    if program is None:
        pytest.skip("Docker has no BuildKit here")
    if docker("image", "inspect", _BASE) is None and docker("pull", "--quiet", _BASE) is None:
        pytest.skip(f"the image {_BASE} is not here and cannot be pulled")
    secret = ["--secret", f"id=ca,src={_CERTIFICATES}"] if _CERTIFICATES.exists() else []
    options = ["--network", "host", *secret, "--target", "worker", "--tag", _IMAGE]
    if docker("build", *options, ".", program=program) is None:
        pytest.skip("the packages of the image cannot be installed here")
    return _IMAGE


@pytest.fixture
def server(tmp_path: Path, ffmpeg_dir: Path) -> Iterator[SelfHosted]:
    with self_hosted(tmp_path, ffmpeg_dir) as server:
        yield server


def test_the_image_of_a_worker(image: str, server: SelfHosted, clips: Clips) -> None:
    settings = [word for name in _SETTINGS for word in ("--env", f"{name}={server.environ[name]}")]
    sandboxed = ["--read-only", "--cap-drop=ALL", "--security-opt=no-new-privileges", "--init"]
    started = docker(
        "run", "--detach", *sandboxed, "--volume=/tmp", "--network=host", *settings, image
    )
    assert started
    try:
        done = server.finished(server.upload(clips["tiny.mp4"]))
        assert done["status"] == "done", done
        assert docker("exec", started, "id", "-u") == "10001"
        eventually(lambda: '"healthy"' in (docker("inspect", started) or ""))
        assert docker("stop", "--time", "40", started)
        assert docker("inspect", "--format", "{{.State.ExitCode}}", started) == "0"
    finally:
        docker("rm", "--force", "--volumes", started)
