"""`python -m server.api` serves the API with uvicorn, until SIGTERM."""

import os
import sys
from collections.abc import Collection
from dataclasses import replace

import uvicorn
from fastapi.middleware.cors import CORSMiddleware
from starlette.types import ASGIApp

from functions.api.app import create_app
from functions.api.services import wire
from functions.core.settings import SettingsError, flag, positive_int
from server.environment import read_secret_files
from server.polled_processing import PolledProcessing
from server.polled_webhooks import polled_webhooks

PORT = 8000
"""The default port of the API."""

_STOP_S = 20


def allow_origins(
    app: ASGIApp, origins: Collection[str], *, pattern: str | None = None
) -> CORSMiddleware:
    """Let pages of other origins call the API, as API Gateway does on AWS.

    `pattern` matches further origins.
    """
    return CORSMiddleware(
        app,
        allow_origins=[*origins],
        allow_origin_regex=pattern,
        allow_methods=["GET", "POST", "PATCH", "DELETE"],
        allow_headers=["*"],
        expose_headers=["ETag", "Location", "Retry-After", "WWW-Authenticate", "X-Request-Id"],
    )


def main() -> None:
    """Serve on PORT (default 8000).

    uvicorn reads FORWARDED_ALLOW_IPS, the proxies whose headers it trusts.
    """
    try:
        read_secret_files(os.environ)
        backend = wire(os.environ, PolledProcessing())
        if flag(os.environ, "WEBHOOKS"):
            backend = replace(backend, webhook_queue=polled_webhooks())
        port = positive_int(os.environ, "PORT", PORT)
    except SettingsError as error:
        sys.exit(str(error))
    uvicorn.run(
        allow_origins(create_app(backend), backend.settings.origins),
        host="0.0.0.0",  # noqa: S104 (a container's own network decides who reaches it)
        port=port,
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=_STOP_S,
    )


if __name__ == "__main__":
    main()
