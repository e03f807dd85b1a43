"""A process that stands for one Lambda execution environment, kept warm between events."""

import multiprocessing
import os
import signal
import time
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from typing import Any, Literal, NoReturn, TypeAlias

from functions.adapters.telemetry import logger
from functions.core.keys import source_key
from functions.core.pictures import ImageSpec, PictureFormat, WantedPicture, making_event
from functions.core.unavailable import Unavailable
from functions.core.video import Source

_SPAWN = multiprocessing.get_context("spawn")
_STARTUP_S = 60
_NO_VIDEO = "0" * 24
_PICTURE_OF_NOTHING = WantedPicture(
    _NO_VIDEO,
    Source(etag="", size=1, sequencer=""),
    "none",
    ImageSpec(PictureFormat.JPEG, at_ms=0),
)

FunctionName: TypeAlias = Literal["processing", "images"]
Handler: TypeAlias = Callable[[Any, "InvocationContext"], Any]


class InvocationFailed(Exception):
    """The handler raised, ran out of time, or ended its process."""


class InvocationInterrupted(InvocationFailed):
    """`interrupt` ended the invocation: the dispatcher can deliver the event again at once."""


class _Interrupted(Exception):
    """Ends a handler from within, so that it gives its lease back and cleans up."""


@dataclass(frozen=True, slots=True)
class InvocationContext:
    """The part of Lambda's context object that the handlers use."""

    deadline: float
    aws_request_id: str = field(default_factory=lambda: str(uuid.uuid4()))

    def get_remaining_time_in_millis(self) -> int:
        """Return the time until the invocation is ended."""
        return max(0, int((self.deadline - time.monotonic()) * 1000))


class ExecutionEnvironment:
    """Runs the handler of a function, one event at a time, in a process of its own."""

    def __init__(self, *, timeout_s: int, function: FunctionName = "processing") -> None:
        """Start the process. `timeout_s` is the function's timeout."""
        self._timeout_s = timeout_s
        self._function = function
        self._interrupted = False
        self._start()

    def _start(self) -> None:
        self._connection, other_end = _SPAWN.Pipe()
        self._process = _SPAWN.Process(
            target=_serve, args=(other_end, self._timeout_s, self._function), daemon=True
        )
        self._process.start()
        self._warm = False
        other_end.close()

    def invoke(self, event: Mapping[str, Any]) -> Any:
        """Return the handler's answer.

        Raises `InvocationFailed`; the next event then gets a new process if this one is lost.
        """
        if not self._process.is_alive():
            self._start()
        self.await_start()
        with self._stop_on_failure():
            self._connection.send(event)
            succeeded, result = self._answer(self._timeout_s)
        if not succeeded:
            raise self._failure(result)
        return result

    def _failure(self, reason: str) -> InvocationFailed:
        return (InvocationInterrupted if self._interrupted else InvocationFailed)(reason)

    def interrupt(self) -> None:
        """End a running invocation from within. Called from another thread."""
        self._interrupted = True
        self._process.terminate()

    def await_start(self) -> None:
        """Wait until the process is warm. Raises `InvocationFailed` if its start fails."""
        if not self._warm:
            with self._stop_on_failure():
                self._answer(_STARTUP_S)
            self._warm = True

    @contextmanager
    def _stop_on_failure(self) -> Iterator[None]:
        try:
            yield
        except (EOFError, OSError) as error:
            self.stop()
            raise self._failure(f"The process died: {self._process.exitcode}") from error
        except InvocationFailed:
            self.stop()
            raise

    def _answer(self, timeout_s: int) -> Any:
        if not self._connection.poll(timeout_s):
            raise InvocationFailed(f"Task timed out after {timeout_s} seconds")
        return self._connection.recv()

    def stop(self) -> None:
        """End the process at once."""
        self._process.kill()
        self._process.join()
        self._connection.close()


def _serve(connection: Connection, timeout_s: int, function: FunctionName) -> None:
    signal.signal(signal.SIGTERM, _interrupt)
    handler, warm_up = _imported(function)
    try:
        handler(warm_up, InvocationContext(time.monotonic() + timeout_s))
    except Unavailable:
        logger().warning("not warmed up", exc_info=True)
    # The start does not count towards the timeout, as on Lambda.
    connection.send("ready")
    while True:
        answer: tuple[bool, Any]
        try:
            event = connection.recv()
        except (EOFError, _Interrupted):
            return
        try:
            answer = True, handler(event, InvocationContext(time.monotonic() + timeout_s))
        except Exception as error:  # noqa: BLE001 (Lambda's runtime reports it, and so do we)
            answer = False, f"{type(error).__name__}: {error}"
        connection.send(answer)


def _imported(function: FunctionName) -> tuple[Handler, dict[str, Any]]:
    """Return the handler of a function, and an event that warms it up.

    Only this process imports the function, as on Lambda.
    """
    if function == "images":
        from functions.images.handler import handler as images  # noqa: PLC0415 (see above)

        return images, making_event(_PICTURE_OF_NOTHING)
    from functions.processing.handler import handler as processing  # noqa: PLC0415 (see above)

    return processing, _warm_up_event()


def _warm_up_event() -> dict[str, Any]:
    """Return an event of uploads that no video awaits: it connects to S3 and MongoDB, no more.

    The first record makes processing look for the object, the second for the video.
    """
    stored = {"key": source_key(_NO_VIDEO), "size": 0, "eTag": ""}
    bucket = {"name": os.environ["UPLOADS_BUCKET"]}
    return {
        "Records": [
            {"eventName": "ObjectCreated:Put", "s3": {"bucket": bucket, "object": found}}
            for found in (stored, stored | {"sequencer": "0"})
        ]
    }


def _interrupt(*_: object) -> NoReturn:
    raise _Interrupted("The local stack is stopping.")
