"""Serves the API with uvicorn, in API Gateway's place."""

import contextlib
import os
import sys

import uvicorn
from fastapi.middleware.cors import CORSMiddleware
from starlette.types import ASGIApp

from clipo.local.queued_processing import QueuedProcessing
from functions.adapters.storage import ObjectGone
from functions.adapters.telemetry import logger
from functions.api.app import create_app
from functions.api.services import Services, wire
from functions.core.settings import SettingsError
from functions.core.unavailable import Unavailable


def app(services: Services) -> ASGIApp:
    """Return the API as API Gateway would show it to pages of this machine."""
    return CORSMiddleware(
        create_app(services),
        allow_origin_regex=r"http://(localhost|127\.0\.0\.1)(:\d+)?",
        allow_methods=["*"],
        allow_headers=["*"],
        expose_headers=["Location", "Retry-After", "X-Request-Id"],
    )


def warm_up(services: Services) -> None:
    """Pay for clients and connections before the first request, not in it."""
    try:
        services.catalog.page(status=None, before=None, limit=1)
        with contextlib.suppress(ObjectGone):
            services.storage.read_thumbnail("thumbnails/none")
    except Unavailable:
        logger().warning("not warmed up", exc_info=True)


def main() -> None:
    """Serve until SIGTERM."""
    try:
        services = wire(os.environ, QueuedProcessing(os.environ))
    except SettingsError as error:
        sys.exit(str(error))
    warm_up(services)
    uvicorn.run(app(services), host="127.0.0.1", port=int(os.environ["PORT"]), access_log=False)


if __name__ == "__main__":
    main()
