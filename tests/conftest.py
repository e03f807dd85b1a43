"""Fixtures and hooks of all tests. Fixtures import lazily, because unit tests need none of it."""

import os
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import settings

if TYPE_CHECKING:
    from tests.clips import Clips
    from tests.faulty_stack import FaultyStack
    from tests.running_stack import RunningStack

_FOR_TESTS = re.compile(
    "PATH|HOME|USER|TMPDIR|TERM|DISPLAY|CI|LD_LIBRARY_PATH|SSL_CERT_FILE|SSL_CERT_DIR"
    "|REQUESTS_CA_BUNDLE|NODE_EXTRA_CA_CERTS|CLIPO_EXAMPLES|CLIPO_SEED|CLIPO_SOURCES"
    "|(PYTEST|SCHEMATHESIS|DOCKER|XDG|PYENV|PIP|UV)_.*|PYTHONUNBUFFERED"
)
"""What the tests and the tools that they run take over from the shell. All else may break them."""

for _name in [name for name in os.environ if not _FOR_TESTS.fullmatch(name)]:
    del os.environ[_name]
# Chromium cannot open a file whose name its locale does not encode.
os.environ["LC_ALL"] = "C.UTF-8"

# On a busy machine a slow example is not a failure.
settings.register_profile("clipo", deadline=None)
settings.load_profile("clipo")

_TOGETHER = re.compile(
    "tests/browser/|tests/deploy/test_(?!template|requirements)|tests/stack/[^:]+"
)
"""Tests that must run in one worker because they share a browser, a `sam build` or a stack."""


def _together(nodeid: str) -> str:
    """Return the name of a test's group: its own id if it shares nothing."""
    found = _TOGETHER.match(nodeid)
    return found[0] if found else nodeid


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """Group tests by their folder: pytest-xdist 3.8 ignores its marker under pytest 9.2."""
    from xdist.scheduler import LoadScopeScheduling

    scheduler = LoadScopeScheduling(config, log)
    scheduler._split_scope = _together
    return scheduler


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print how many tests were skipped for each reason."""
    skipped = terminalreporter.stats.get("skipped", [])
    reasons = Counter(report.longrepr[2].removeprefix("Skipped: ") for report in skipped)
    for reason, count in reasons.most_common():
        terminalreporter.write_line(f"skipped {count}: {reason}")


@pytest.fixture
def aws_credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    """Set credentials for clients that only sign, or that talk to a server of the tests."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "testing")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "testing")
    monkeypatch.delenv("AWS_PROFILE", raising=False)


@pytest.fixture(scope="session")
def clips() -> "Clips":
    from tests.clips import Clips

    return Clips.kept()


@pytest.fixture(scope="session")
def ffmpeg_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    from clipo.local.ffmpeg import prepare

    return prepare(tmp_path_factory.mktemp("ffmpeg"), chosen=None)


@pytest.fixture(scope="session")
def mongodb_uri(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    from tests.servers import mongodb

    with mongodb(tmp_path_factory.mktemp("mongodb")) as server:
        yield server.uri


@pytest.fixture(scope="session")
def s3_url() -> Iterator[str]:
    """Run moto's S3, which checks no signatures. A test that creates buckets also removes them."""
    from moto.server import ThreadedMotoServer

    server = ThreadedMotoServer(port=0)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture(scope="session")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator["RunningStack"]:
    """Run one stack for all tests that leave it unchanged."""
    from tests.running_stack import running_stack

    with running_stack(tmp_path_factory.mktemp("clipo")) as stack:
        yield stack


@pytest.fixture(scope="session")
def faults(tmp_path_factory: pytest.TempPathFactory, ffmpeg_dir: Path) -> Iterator["FaultyStack"]:
    from tests.faulty_stack import faulty_stack

    with faulty_stack(tmp_path_factory.mktemp, ffmpeg_dir) as stack:
        yield stack


@pytest.fixture
def world(faults: "FaultyStack") -> Iterator["FaultyStack"]:
    """Return the stack behind fault proxies, and repair it after each test."""
    yield faults
    faults.restore()
