"""Answers invocations of the images function over HTTP, as Lambda does.

https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html
"""

import json
import queue
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from functions.adapters.telemetry import logger
from server.execution_environment import ExecutionEnvironment, InvocationFailed

IMAGES_TIMEOUT_S = 120
"""The timeout of the images function in seconds, as in the template."""

_LARGEST_EVENT = 100_000


class Concurrency:
    """The execution environments that are free."""

    def __init__(self, environments: Sequence[ExecutionEnvironment]) -> None:
        """Take all of them."""
        self._free: queue.LifoQueue[ExecutionEnvironment] = queue.LifoQueue()
        for environment in environments:
            self._free.put(environment)

    @contextmanager
    def reserved(self) -> Iterator[ExecutionEnvironment]:
        """Yield one that is free. Raises `queue.Empty` if there is none."""
        environment = self._free.get_nowait()
        try:
            yield environment
        finally:
            self._free.put(environment)


def invocation_server(
    function: str, address: tuple[str, int], concurrency: Concurrency
) -> ThreadingHTTPServer:
    """Return a server that answers invocations of one function.

    Callers that do not know the name of the function get 404.
    """
    path = f"/2015-03-31/functions/{function}/invocations"

    class Invocation(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            size = int(self.headers.get("Content-Length", 0))
            if self.path != path or size > _LARGEST_EVENT:
                self.close_connection = True
                self._answer(404, {"X-Amzn-ErrorType": "ResourceNotFoundException"})
                return
            event = json.loads(self.rfile.read(size))
            try:
                with concurrency.reserved() as environment:
                    self._answer(200, {}, environment.invoke(event))
            except queue.Empty:
                self._answer(429, {"X-Amzn-ErrorType": "TooManyRequestsException"})
            except InvocationFailed as error:
                logger().error("images failed", reason=str(error))
                self._answer(200, {"X-Amz-Function-Error": "Unhandled"}, str(error))

        def _answer(self, status: int, headers: dict[str, str], answer: object = None) -> None:
            body = json.dumps(answer).encode()
            self.send_response(status)
            for name, value in {**headers, "Content-Length": str(len(body))}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Log nothing: the function has a line for each picture."""

    return ThreadingHTTPServer(address, Invocation)
