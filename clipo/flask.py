"""Mounts Clipo in a Flask app. Flask itself is the app's dependency, not Clipo's."""

from collections.abc import Callable
from typing import Any

from flask import Blueprint, Response, request

from clipo.server import Forbidden, Grant, Mount, Reply
from clipo.server.mount import MOST_BODY_BYTES


def mount(
    owner: Callable[[], Grant | Forbidden | str | int | None],
    *,
    name: str = "clipo",
    **settings: Any,
) -> Blueprint:
    """Return a blueprint with the routes `/token` and `/webhook`.

    `owner` returns the id of the user who is logged in, or a `Grant`, or `None`, or
    `Forbidden()`; `settings` are those of `clipo.server.Mount`. A second mount in the same
    app needs another `name`.
    """
    clipo, blueprint = Mount(**settings), Blueprint(name, __name__)

    @blueprint.post("/token")
    def token(**_: str) -> Response:
        return _response(clipo.token(owner(), dict(request.headers)))

    @blueprint.post("/webhook")
    def webhook(**_: str) -> Response:
        return _response(clipo.webhook(_body(), dict(request.headers)))

    return blueprint


def _body() -> bytes:
    """Return the request's body, or only the beginning of one that is too large."""
    body = b""
    while chunk := request.stream.read(MOST_BODY_BYTES + 1 - len(body)):
        body += chunk
    return body


def _response(reply: Reply) -> Response:
    return Response(reply.body, reply.status, dict(reply.headers))
