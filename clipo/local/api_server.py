"""Serves the API with uvicorn, in API Gateway's place."""

import contextlib
import os
import re
import sys
from collections.abc import Collection

import uvicorn
from starlette.types import ASGIApp

from clipo.local import settings
from clipo.local.queued_processing import QueuedProcessing
from functions.adapters.storage import ObjectGone
from functions.adapters.telemetry import logger
from functions.api.app import create_app
from functions.api.callers import is_loopback, name_of
from functions.api.services import Backend, wire
from functions.core.settings import SettingsError
from functions.core.unavailable import Unavailable
from server.api import allow_origins

_LOCAL_PAGE = r"http://(localhost|127\.0\.0\.1|\[::1\])(:\d+)?"


def app(backend: Backend, hosts: Collection[str] = ()) -> ASGIApp:
    """Return the API as API Gateway would show it to pages of this machine.

    `hosts` are the names that it answers to besides the loopback ones.
    """
    origins = backend.settings.origins

    def allows_origin(origin: str) -> bool:
        return origin in origins or re.fullmatch(_LOCAL_PAGE, origin) is not None

    def knows_host(host: str) -> bool:
        return is_loopback(name_of(host)) or name_of(host) in hosts

    return allow_origins(
        create_app(backend, knows_host=knows_host, allows_origin=allows_origin),
        origins,
        pattern=_LOCAL_PAGE,
    )


def warm_up(backend: Backend) -> None:
    """Pay for clients and connections before the first request, not in it."""
    try:
        backend.catalog.page(limit=1)
        with contextlib.suppress(ObjectGone):
            backend.storage.read_thumbnail("thumbnails/none")
    except Unavailable:
        logger().warning("not warmed up", exc_info=True)


def main() -> None:
    """Serve until SIGTERM."""
    try:
        backend = wire(os.environ, QueuedProcessing(os.environ))
    except SettingsError as error:
        sys.exit(str(error))
    warm_up(backend)
    served = app(backend, settings.hosts(os.environ))
    uvicorn.run(served, host="127.0.0.1", port=int(os.environ["PORT"]), access_log=False)


if __name__ == "__main__":
    main()
