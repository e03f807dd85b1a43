"""How many attempts a receiver gets at once, and when it rests."""

import threading
from dataclasses import dataclass

from functions.webhooks.gate import MAX_FAILED_IN_A_ROW, MOST_AT_ONCE, REST_S, Gate


@dataclass
class FakeClock:
    now: float = 0.0

    def __call__(self) -> float:
        return self.now


def waits(gate: Gate) -> bool:
    """Tell whether the next attempt waits for another one, which then ends."""
    admitted = threading.Event()

    def wait() -> None:
        if gate.admit():
            gate.leave(accepted=None)
        admitted.set()

    waiting = threading.Thread(target=wait)
    waiting.start()
    waited = not admitted.wait(0.1)
    gate.leave(accepted=True)
    waiting.join()
    return waited


def test_a_receiver_proves_itself_before_it_gets_many_attempts_at_once() -> None:
    gate = Gate()
    assert all(gate.admit() for _ in range(MAX_FAILED_IN_A_ROW))
    assert waits(gate)
    assert all(gate.admit() for _ in range(MOST_AT_ONCE - MAX_FAILED_IN_A_ROW + 1))
    assert waits(gate)


def test_a_receiver_that_fails_rests_and_then_gets_one_attempt() -> None:
    clock = FakeClock()
    gate = Gate(clock)
    for _ in range(MAX_FAILED_IN_A_ROW):
        assert gate.admit()
        gate.leave(accepted=False)
    assert not gate.admit()
    clock.now += REST_S
    assert gate.admit()
    gate.leave(accepted=False)
    assert not gate.admit(), "one failure more, and it rests again"
    clock.now += REST_S
    assert gate.admit()
    gate.leave(accepted=True)
    assert gate.admit()
