"""Unit tests stay inside this process: a test that opens a socket or starts a process fails."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from socket import AF_UNIX
from threading import Event
from typing import Any

import pytest

_PROCESSES = {"subprocess.Popen", "os.fork", "os.forkpty", "os.posix_spawn", "os.system", "os.exec"}
_NETWORK = {"socket.bind", "socket.connect", "socket.getaddrinfo", "socket.sendto"}
_refusing = Event()


def _refuse(event: str, arguments: tuple[Any, ...]) -> None:
    if not _refusing.is_set():
        return
    if event in _PROCESSES:
        _fail(f"starts a process ({event})")
    # A pair of local sockets is what asyncio wakes its event loop with.
    if event in _NETWORK or (event == "socket.__new__" and arguments[1] != AF_UNIX):
        _fail(f"opens a socket ({event})")


def _fail(deed: str) -> None:
    pytest.fail(f"This unit test {deed}. Use a fake, or move it to tests/contract.")


# Python never removes an audit hook, so the hook is silent outside these tests.
sys.addaudithook(_refuse)


@contextmanager
def _inside_this_process() -> Iterator[None]:
    _refusing.set()
    try:
        yield
    finally:
        _refusing.clear()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_setup() -> Iterator[None]:
    with _inside_this_process():
        return (yield)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call() -> Iterator[None]:
    with _inside_this_process():
        return (yield)
