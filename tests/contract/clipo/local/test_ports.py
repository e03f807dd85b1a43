import os
import queue
import socket
import threading
from pathlib import Path

import pytest

from clipo.errors import ClipoError
from clipo.local.ports import claim, free_port, is_free, lock_ports


def test_the_preferred_port_is_taken_when_it_is_free() -> None:
    port = free_port(20_000, taken=set())
    assert free_port(port, taken=set()) == port


def test_a_taken_port_is_worked_around() -> None:
    with socket.socket() as somebody:
        somebody.bind(("127.0.0.1", 0))
        somebody.listen()
        port = somebody.getsockname()[1]
        assert free_port(port, taken=set()) != port


def test_a_claimed_port_is_worked_around_until_the_claim_ends(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    port = free_port(20_000, taken=set())
    claimed = claim(port)
    assert claimed
    assert claim(port) is None
    assert free_port(port, taken=set()) != port
    claimed.close()
    assert free_port(port, taken=set()) == port


@pytest.mark.skipif(os.geteuid() == 0, reason="root may open every file")
def test_a_port_whose_claim_belongs_to_somebody_else_is_worked_around(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    port = free_port(20_000, taken=set())
    (tmp_path / f"clipo-{os.getuid()}-{port}.lock").touch(mode=0)
    assert free_port(port, taken=set()) != port


def test_one_chooses_at_a_time_and_the_next_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    told: queue.Queue[str] = queue.Queue()
    chosen: list[str] = []

    def second() -> None:
        with lock_ports("the second", told.put):
            chosen.append("second")

    with lock_ports("the first", lambda _: pytest.fail("no other one chooses")):
        waiting = threading.Thread(target=second)
        waiting.start()
        said = told.get(timeout=10)
        assert said == f"Waiting for the first (process {os.getpid()}) to start, at most 90 s."
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


def test_a_port_that_another_server_has_on_ipv6_is_worked_around() -> None:
    with socket.socket(socket.AF_INET6) as other:
        try:
            other.bind(("::1", 0))
        except OSError:
            pytest.skip("this machine has no IPv6")
        other.listen()
        port = other.getsockname()[1]
        assert not is_free(port)
        assert free_port(port, taken=set()) != port


def test_one_that_hangs_is_named_and_not_awaited_for_ever(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    monkeypatch.setattr("clipo.local.ports._PATIENCE_S", 0)
    with lock_ports("the Clipo in /home/me"):
        with pytest.raises(ClipoError) as raised, lock_ports("another"):
            pass
        assert f"the Clipo in /home/me (process {os.getpid()}) has not started" in str(raised.value)
    with lock_ports("another"):
        pass
