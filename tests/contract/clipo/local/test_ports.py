import socket
import threading
from pathlib import Path

import pytest

from clipo.local.ports import choosing, free_port


def test_the_preferred_port_is_taken_when_it_is_free() -> None:
    with socket.socket() as somebody:
        somebody.bind(("127.0.0.1", 0))
        port = somebody.getsockname()[1]
    assert free_port(port, taken=set()) == port


def test_a_taken_port_is_worked_around() -> None:
    with socket.socket() as somebody:
        somebody.bind(("127.0.0.1", 0))
        somebody.listen()
        port = somebody.getsockname()[1]
        assert free_port(port, taken=set()) != port


def test_one_chooses_at_a_time_and_the_next_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    told = threading.Event()
    chosen: list[str] = []

    def second() -> None:
        with choosing(told.set):
            chosen.append("second")

    with choosing(lambda: pytest.fail("nobody else is at it")):
        waiting = threading.Thread(target=second)
        waiting.start()
        assert told.wait(10)
        chosen.append("first")
    waiting.join(10)
    assert chosen == ["first", "second"]


def test_no_port_is_given_twice() -> None:
    taken: set[int] = set()
    ports = [free_port(20_000, taken=taken) for _ in range(30)]
    assert len(set(ports)) == 30


def test_a_port_that_the_kernel_chooses_twice_is_not_given_twice(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    chosen = iter([*[None] * 20, 30_001, 30_001, 30_002])
    monkeypatch.setattr("clipo.local.ports._bindable", lambda _host, _port: next(chosen))
    assert free_port(20_000, taken={30_001}) == 30_002
