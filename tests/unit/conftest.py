"""Makes every unit test fail that opens a socket or starts a process."""

import _posixsubprocess
import sys
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from socket import AF_UNIX
from threading import Event, get_ident
from threading import enumerate as enumerate_threads
from typing import Any

import pytest

# This module opens an IPv6 socket when it is imported.
import urllib3.util.connection  # noqa: F401

_PROCESSES = {"subprocess.Popen", "os.fork", "os.forkpty", "os.posix_spawn", "os.system", "os.exec"}
_NETWORK = {
    "socket.bind",
    "socket.connect",
    "socket.getaddrinfo",
    "socket.gethostbyaddr",
    "socket.gethostbyname",
    "socket.getnameinfo",
    "socket.sendmsg",
    "socket.sendto",
}
_refusing = Event()
_refused: list[str] = []
"""The refused actions of the running test, which then fails even if its code catches the error."""

_others: set[int] = set()
"""The threads that were there before the test: servers of other tests, whose clients live on."""


def _audit(event: str, arguments: tuple[Any, ...]) -> None:
    if not _refusing.is_set() or get_ident() in _others:
        return
    if event in _PROCESSES:
        _refuse(f"starts a process ({event})")
    # asyncio wakes its event loop with a pair of local sockets.
    if event in _NETWORK or (event == "socket.__new__" and arguments[1] != AF_UNIX):
        _refuse(f"opens a socket ({event})")


def _refuse(action: str) -> None:
    _refused.append(action)
    pytest.fail(_complaint())


def _complaint() -> str:
    return f"This unit test {' and '.join(_refused)}. Use a fake, or move it to tests/contract."


# An audit hook cannot be removed, so `_refusing` turns it off outside these tests.
sys.addaudithook(_audit)

_fork_exec = _posixsubprocess.fork_exec


def _guarded_fork_exec(*arguments: Any) -> int:
    if _refusing.is_set():
        _refuse("starts a process (fork_exec)")
    return _fork_exec(*arguments)


# `fork_exec` raises no audit event, and multiprocessing calls it directly.
_posixsubprocess.fork_exec = _guarded_fork_exec


@contextmanager
def _guarded() -> Iterator[None]:
    _refused.clear()
    _others.clear()
    _others.update(thread.ident for thread in enumerate_threads() if thread.ident)
    _others.discard(get_ident())
    _refusing.set()
    try:
        yield
    finally:
        _refusing.clear()


@contextmanager
def _inside_this_process() -> Iterator[None]:
    with _guarded():
        yield
    if _refused:
        pytest.fail(_complaint())


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report() -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    with _guarded():
        report = yield
    if _refused:
        report.outcome, report.longrepr = "failed", _complaint()
    return report


@pytest.hookimpl(wrapper=True)
def pytest_runtest_setup() -> Iterator[None]:
    with _inside_this_process():
        return (yield)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call() -> Iterator[None]:
    with _inside_this_process():
        return (yield)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_teardown() -> Iterator[None]:
    with _inside_this_process():
        return (yield)


@pytest.fixture(scope="module", autouse=True)
def _servers_of_other_tests_may_stop() -> Iterator[None]:
    """Turn the guard off after each file: its last test may tear down session fixtures."""
    yield
    _refusing.clear()
