"""Serves the API with uvicorn, in API Gateway's place."""

import os

import uvicorn
from fastapi.middleware.cors import CORSMiddleware
from starlette.types import ASGIApp

from api.app import create_app
from api.services import wire


def app() -> ASGIApp:
    """Return the API as API Gateway would show it to pages of this machine."""
    return CORSMiddleware(
        create_app(wire(os.environ)),
        allow_origin_regex=r"http://(localhost|127\.0\.0\.1)(:\d+)?",
        allow_methods=["*"],
        allow_headers=["*"],
        expose_headers=["Location", "Retry-After", "X-Request-Id"],
    )


if __name__ == "__main__":
    uvicorn.run(app, factory=True, host="127.0.0.1", port=int(os.environ["PORT"]), access_log=False)
