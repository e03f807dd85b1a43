"""The guard of the unit tests, applied to tests that leave their process."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

_GUARD = Path(__file__).parents[1] / "unit" / "conftest.py"
_IMPORTS = """
import asyncio, multiprocessing, multiprocessing.util, os, socket, subprocess, threading
from contextlib import suppress
import pytest
"""
_OFFENCES = {
    "popen": "subprocess.run(['true'])",
    "system": "os.system('true')",
    "spawn": "multiprocessing.get_context('spawn').Process(target=print).start()",
    "spawnv_passfds": "multiprocessing.util.spawnv_passfds(b'/bin/true', [b'true'], [])",
    "socket": "socket.socket()",
    "getaddrinfo": "socket.getaddrinfo('127.0.0.1', 80)",
    "gethostbyname": "socket.gethostbyname('127.0.0.1')",
    "gethostbyaddr": "socket.gethostbyaddr('127.0.0.1')",
    "getnameinfo": "socket.getnameinfo(('127.0.0.1', 80), 0)",
}
_OTHERS = """
def swallow():
    with suppress(BaseException):
        socket.socket()

def test_swallowed():
    swallow()

def test_swallowed_in_a_thread():
    thread = threading.Thread(target=swallow)
    thread.start()
    thread.join()

@pytest.fixture
def starts():
    socket.socket()

@pytest.fixture
def stops():
    yield
    socket.socket()

def test_setup(starts): pass
def test_teardown(stops): pass
"""
_INNOCENT = """
def test_an_event_loop(server):
    asyncio.run(asyncio.sleep(0))

def test_nothing(server):
    server.clear()
    assert server.wait(10)
"""
_SERVER_OF_ANOTHER_TEST = """
import socket
import threading
import pytest

stopped, accepted = threading.Event(), threading.Event()

def accept():
    while not stopped.wait(0.001):
        socket.socket().close()
        accepted.set()

thread = threading.Thread(target=accept, daemon=True)
thread.start()

@pytest.fixture(scope="session")
def server():
    yield accepted
    stopped.set()
    thread.join()
    socket.socket().close()
"""
_FILES = {
    "test_1_import": "socket.socket()\n",
    "test_2_swallowed_import": "with suppress(BaseException): socket.socket()\n",
    "test_3_offences": _OTHERS
    + "".join(f"def test_{name}():\n    {call}\n\n" for name, call in _OFFENCES.items()),
    # It runs last, so that its server stops at the end of the run.
    "test_4_innocent": _INNOCENT,
}


@pytest.fixture(scope="module")
def output(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Run pytest on these files in a folder with the guard, and return its output."""
    root = tmp_path_factory.mktemp("guarded")
    (root / "conftest.py").write_text(_SERVER_OF_ANOTHER_TEST)
    (root / "pytest.ini").write_text("[pytest]\naddopts = --import-mode=importlib -rA --tb=line\n")
    unit = root / "unit"
    unit.mkdir()
    shutil.copy(_GUARD, unit)
    for name, code in _FILES.items():
        (unit / f"{name}.py").write_text(_IMPORTS + code)
    command = [sys.executable, "-m", "pytest", "--continue-on-collection-errors"]
    return subprocess.run(
        command,
        cwd=root,
        env=os.environ | {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", "COLUMNS": "200"},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    ).stdout


def named(output: str, verdict: str, file: str) -> set[str]:
    """Return the tests of a file that passed, or that the guard failed."""
    found = re.findall(rf"^{verdict} unit/{file}\.py::test_(\w+)(.*)", output, re.MULTILINE)
    return {name for name, reason in found if verdict == "PASSED" or "This unit test" in reason}


def test_each_way_out_of_the_process_fails(output: str) -> None:
    others = {"swallowed", "swallowed_in_a_thread", "setup", "teardown"}
    failed = named(output, "FAILED", "test_3_offences") | named(output, "ERROR", "test_3_offences")
    assert failed == _OFFENCES.keys() | others, output


@pytest.mark.parametrize("file", ["test_1_import", "test_2_swallowed_import"])
def test_imports_are_guarded(output: str, file: str) -> None:
    assert f"ERROR unit/{file}.py" in output


def test_tests_inside_the_process_pass_and_servers_of_other_tests_stop(output: str) -> None:
    assert named(output, "PASSED", "test_4_innocent") == {"an_event_loop", "nothing"}
    assert "ERROR unit/test_4" not in output
