"""Middleware for every request: request ids, HEAD, body limits and cache headers."""

import uuid
from collections.abc import Callable
from dataclasses import dataclass

from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from functions.adapters.telemetry import log_context, trace_context
from functions.api.problems import ProblemKind
from functions.core.trace import HEADER, new_trace, parse_trace

NO_STORE = "no-store"


def route_path(scope: Scope) -> str:
    """Return the path of a request without BASE_PATH, as the routes declare it."""
    path: str = scope["path"]
    return path.removeprefix(scope.get("root_path", ""))


class RequestId:
    """Gives each request an id, Lambda's own on AWS, and the trace of its caller or a new one."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Put the id into the request's state, the log and the response's headers."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        # Mangum puts Lambda's context into the scope.
        context = scope.get("aws.context")
        request_id = context.aws_request_id if context else str(uuid.uuid4())
        scope.setdefault("state", {})["request_id"] = request_id

        async def send_with_id(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message)["X-Request-Id"] = request_id
            await send(message)

        given = parse_trace(Headers(scope=scope).get(HEADER))
        trace = given.next_span() if given else new_trace()
        with log_context(request_id=request_id), trace_context(trace):
            await self._app(scope, receive, send_with_id)


class NoStore:
    """Keeps browsers and proxies from storing JSON, and from passing on the address of a request.

    A stored status is soon out of date, and an address may contain a token.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Add `Cache-Control` to every JSON response that lacks it, and `Referrer-Policy`."""

        async def send_unstored(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                headers.setdefault("Referrer-Policy", "no-referrer")
                if "json" in headers.get("content-type", ""):
                    headers.setdefault("Cache-Control", NO_STORE)
            await send(message)

        await self._app(scope, receive, send_unstored)


class HeadAsGet:
    """Answers HEAD on every path that has a GET, with its headers and without its body.

    Routes see a GET whose state has `is_head`.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve the GET without its body."""
        if scope["type"] != "http" or scope["method"] != "HEAD":
            await self._app(scope, receive, send)
            return

        async def send_without_body(message: Message) -> None:
            if message["type"] == "http.response.body":
                message = {**message, "body": b""}
            await send(message)

        scope.setdefault("state", {})["is_head"] = True
        # A copy, because the server must still see HEAD in its own scope.
        await self._app({**scope, "method": "GET"}, receive, send_without_body)


@dataclass(frozen=True, slots=True)
class Limit:
    """The size limit of a body, and the problem with a larger one."""

    max_bytes: int
    kind: ProblemKind
    detail: str


class BodyTooLarge(HTTPException):
    """Error for a body over its limit.

    FastAPI passes on only HTTPExceptions while it reads a body.
    """

    def __init__(self, limit: Limit) -> None:
        """Take the limit."""
        super().__init__(limit.kind.status)
        self.limit = limit


class BodyLimit:
    """Refuses bodies over a limit that depends on the path.

    FastAPI's own `max_body_size` answers in plain text instead of a problem document.
    """

    def __init__(self, app: ASGIApp, *, limit_of: Callable[[str], Limit]) -> None:
        """Take a function from path to limit."""
        self._app = app
        self._limit_of = limit_of

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Count the bytes that the application reads, and stop it at the limit."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        limit = self._limit_of(route_path(scope))
        declared = Headers(scope=scope).get("content-length", "")
        # A malformed header counts as 0: `receive_limited` counts the bytes anyway.
        expected = int(declared) if declared.isascii() and declared.isdigit() else 0
        received = 0

        async def receive_limited() -> Message:
            nonlocal received
            if expected > limit.max_bytes:
                # Refuse before `receive`, which asks a client with `Expect` to send the body.
                raise BodyTooLarge(limit)
            message = await receive()
            received += len(message.get("body", b""))
            if received > limit.max_bytes:
                raise BodyTooLarge(limit)
            return message

        await self._app(scope, receive_limited, send)
