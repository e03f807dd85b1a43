import socket

from clipo.ports import free_port


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


def test_no_port_is_given_twice() -> None:
    taken: set[int] = set()
    ports = [free_port(20_000, taken=taken) for _ in range(30)]
    assert len(set(ports)) == 30
