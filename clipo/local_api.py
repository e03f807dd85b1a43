"""Serves the API with uvicorn, in API Gateway's place."""

import contextlib
import os
import sys

import uvicorn
from fastapi.middleware.cors import CORSMiddleware
from starlette.types import ASGIApp

from api.app import create_app
from api.services import Services, wire
from clipo.local_processing import QueuedProcessing
from shared.errors import Unavailable
from shared.log import logger
from shared.settings import SettingsError
from shared.storage import ObjectGone


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
        services.records.page(status=None, before=None, limit=1)
        with contextlib.suppress(ObjectGone):
            services.objects.read_thumbnail("thumbnails/none")
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
