"""The API as the local stack serves it, with clocks at what it works with.

They count for one request at a time: what of it goes where. `GET /parts` tells, and begins anew.
"""

import os
import time
from collections import defaultdict
from collections.abc import Callable
from dataclasses import replace
from typing import Any, ParamSpec, TypeVar

import uvicorn
from fastapi._compat import ModelField
from pymongo import monitoring
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from clipo.local.api_server import app, warm_up
from clipo.local.queued_processing import QueuedProcessing
from functions.adapters.telemetry import logger
from functions.api import create_video
from functions.api.routes import videos
from functions.api.services import wire

ANSWER = "MongoDB, until it answers"
CATALOG = "catalog and MongoDB's driver"
SIGNING = "signing"
VALIDATION = "validation"
LOG = "log and metrics"
APPLICATION = "FastAPI, middleware, threads"

_P = ParamSpec("_P")
_T = TypeVar("_T")


class Parts:
    """Seconds by part. What is timed inside of something else is not counted there again."""

    def __init__(self, now: Callable[[], float] = time.perf_counter) -> None:
        """Take a clock."""
        self._now = now
        self._inside = 0.0
        """What the parts inside of the present one have taken."""
        self._seconds: dict[str, float] = defaultdict(float)

    def add(self, part: str, seconds: float) -> None:
        """Count what has just ended, and was measured elsewhere."""
        self._seconds[part] += seconds
        self._inside += seconds

    def timed(self, part: str, function: Callable[_P, _T]) -> Callable[_P, _T]:
        """Return a function that does the same, and counts."""

        def counted(*args: _P.args, **kwargs: _P.kwargs) -> _T:
            before, started = self._begin()
            try:
                return function(*args, **kwargs)
            finally:
                self._end(part, before, started)

        return counted

    def told(self) -> dict[str, float]:
        """Return what was counted since the last time."""
        told, self._seconds = self._seconds, defaultdict(float)
        return told

    def application(self, served: ASGIApp) -> ASGIApp:
        """Return an application that does the same, counts, and tells what was counted."""

        async def counted(scope: Scope, receive: Receive, send: Send) -> None:
            if scope["type"] != "http":
                await served(scope, receive, send)
                return
            if scope["path"] == "/parts":
                await JSONResponse(self.told())(scope, receive, send)
                return
            before, started = self._begin()
            try:
                await served(scope, receive, send)
            finally:
                self._end(APPLICATION, before, started)

        return counted

    def _begin(self) -> tuple[float, float]:
        before, self._inside = self._inside, 0.0
        return before, self._now()

    def _end(self, part: str, before: float, started: float) -> None:
        took = self._now() - started
        self._seconds[part] += took - self._inside
        self._inside = before + took


class _TimedPort:
    """Stands for a collaborator of the API's."""

    def __init__(self, inner: Any, part: str, parts: Parts) -> None:
        self._inner, self._part, self._parts = inner, part, parts

    def __getattr__(self, name: str) -> Any:
        return self._parts.timed(self._part, getattr(self._inner, name))


class _Commands(monitoring.CommandListener):
    """PyMongo's own clock: from sending a command to reading the reply."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    def started(self, event: monitoring.CommandStartedEvent) -> None:
        pass

    def succeeded(self, event: monitoring.CommandSucceededEvent) -> None:
        self._parts.add(ANSWER, event.duration_micros / 1e6)

    def failed(self, event: monitoring.CommandFailedEvent) -> None:
        pass


def _put_clocks(parts: Parts) -> None:
    """Time what no port leads to, at the names by which it is called."""
    monitoring.register(_Commands(parts))
    places: list[tuple[object, str, list[str]]] = [
        (ModelField, VALIDATION, ["validate", "serialize", "serialize_json"]),
        (videos, VALIDATION, ["created_video", "video_resource"]),
        (logger(), LOG, ["info", "thread_safe_append_keys", "thread_safe_clear_keys"]),
        (logger(), LOG, ["thread_safe_get_current_keys"]),
        (create_video, LOG, ["count"]),
    ]
    for place, part, names in places:
        for name in names:
            setattr(place, name, parts.timed(part, getattr(place, name)))


def main() -> None:
    """Serve until SIGTERM."""
    parts = Parts()
    _put_clocks(parts)
    services = wire(os.environ, QueuedProcessing(os.environ))
    services = replace(
        services,
        catalog=_TimedPort(services.catalog, CATALOG, parts),
        storage=_TimedPort(services.storage, SIGNING, parts),
    )
    warm_up(services)
    served = parts.application(app(services))
    uvicorn.run(served, host="127.0.0.1", port=int(os.environ["PORT"]), access_log=False)


if __name__ == "__main__":
    main()
