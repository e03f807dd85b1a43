"""What all tests share."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings
from moto.server import ThreadedMotoServer

from clipo.local.ffmpeg import prepare
from tests import faulty_stack
from tests.clips import Clips
from tests.running_stack import RunningStack, running_stack
from tests.servers import mongodb

# A busy machine makes an example slow, not wrong.
settings.register_profile("clipo", deadline=None)
settings.load_profile("clipo")


@pytest.fixture(scope="session")
def clips(tmp_path_factory: pytest.TempPathFactory) -> Clips:
    return Clips(tmp_path_factory.mktemp("clips"))


@pytest.fixture(scope="session")
def ffmpeg_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return prepare(tmp_path_factory.mktemp("ffmpeg"), chosen=None)


@pytest.fixture(scope="session")
def mongodb_uri(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with mongodb(tmp_path_factory.mktemp("mongodb")) as server:
        yield server.uri


@pytest.fixture(scope="session")
def s3_url() -> Iterator[str]:
    """moto's S3 over HTTP, which checks no signatures. Who makes buckets there removes them."""
    server = ThreadedMotoServer(port=0)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture(scope="session")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningStack]:
    """One stack for all tests that leave it as it was."""
    with running_stack(tmp_path_factory.mktemp("clipo")) as stack:
        yield stack


@pytest.fixture(scope="session")
def faults(
    tmp_path_factory: pytest.TempPathFactory, ffmpeg_dir: Path
) -> Iterator[faulty_stack.FaultyStack]:
    with faulty_stack.faulty_stack(tmp_path_factory.mktemp, ffmpeg_dir) as stack:
        yield stack


@pytest.fixture
def world(faults: faulty_stack.FaultyStack) -> Iterator[faulty_stack.FaultyStack]:
    """One stack behind proxies for all tests of faults; each finds it working."""
    yield faults
    faults.restore()
