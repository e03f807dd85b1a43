"""What a failed invocation counts as, with a process that is never started.

tests/stack starts and ends the real one.
"""

from multiprocessing import Pipe
from multiprocessing.connection import Connection
from multiprocessing.context import SpawnProcess

import pytest

from server.execution_environment import (
    ExecutionEnvironment,
    InvocationFailed,
    InvocationInterrupted,
)


class Process(SpawnProcess):
    """A warm process whose invocation `terminate` ends with an answer, or with its death."""

    def __init__(self, connection: Connection, *, dies: bool) -> None:
        super().__init__()
        self._connection = connection
        self._dies = dies
        connection.send("ready")

    def is_alive(self) -> bool:
        return True

    def terminate(self) -> None:
        if self._dies:
            self._connection.close()
        else:
            self._connection.send((False, "what the handler raised"))

    def kill(self) -> None:
        self._connection.close()

    def join(self, timeout: float | None = None) -> None:
        assert timeout is None


class Environment(ExecutionEnvironment):
    def __init__(self, *, dies: bool) -> None:
        self._dies = dies
        super().__init__(timeout_s=1)

    def _start(self) -> None:
        self._connection, inside = Pipe()
        self._process = Process(inside, dies=self._dies)
        self._warm = False


@pytest.mark.parametrize("dies", [False, True])
def test_an_invocation_that_we_end_is_interrupted(*, dies: bool) -> None:
    environment = Environment(dies=dies)
    environment.interrupt()
    with pytest.raises(InvocationInterrupted):
        environment.invoke({})
    environment.stop()


@pytest.mark.parametrize("dies", [False, True])
def test_an_invocation_that_ends_by_itself_has_failed(*, dies: bool) -> None:
    environment = Environment(dies=dies)
    environment._process.terminate()
    with pytest.raises(InvocationFailed) as raised:
        environment.invoke({})
    assert type(raised.value) is InvocationFailed
    environment.stop()
