"""Serves the API with uvicorn, in API Gateway's place."""

import os
import sys

import uvicorn
from fastapi.middleware.cors import CORSMiddleware
from starlette.types import ASGIApp

from api.app import create_app
from api.services import wire
from shared.settings import SettingsError


def app() -> ASGIApp:
    """Return the API as API Gateway would show it to pages of this machine.

    Raises `SettingsError`.
    """
    return CORSMiddleware(
        create_app(wire(os.environ)),
        allow_origin_regex=r"http://(localhost|127\.0\.0\.1)(:\d+)?",
        allow_methods=["*"],
        allow_headers=["*"],
        expose_headers=["Location", "Retry-After", "X-Request-Id"],
    )


def main() -> None:
    """Serve until SIGTERM."""
    try:
        application = app()
    except SettingsError as error:
        sys.exit(str(error))
    uvicorn.run(application, host="127.0.0.1", port=int(os.environ["PORT"]), access_log=False)


if __name__ == "__main__":
    main()
