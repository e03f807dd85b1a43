"""Mounts Clipo in a Flask app. Flask itself is the app's dependency, not Clipo's."""

from collections.abc import Callable
from typing import Any

from flask import Blueprint, Response, request

from clipo.server import Mount, Reply


def mount(owner: Callable[[], str | int | None], **settings: Any) -> Blueprint:
    """Return a blueprint with the routes `/token` and `/webhook`.

    `owner` returns the id of the user who is logged in, or `None`; `settings` are those of
    `clipo.server.Mount`.
    """
    clipo, blueprint = Mount(**settings), Blueprint("clipo", __name__)

    @blueprint.post("/token")
    def token() -> Response:
        return _response(clipo.token(owner(), dict(request.headers)))

    @blueprint.post("/webhook")
    def webhook() -> Response:
        # Without a length Werkzeug reads nothing, so an endless body is empty.
        refusal = clipo.refuse_body(request.content_length)
        return _response(refusal or clipo.webhook(request.get_data(), dict(request.headers)))

    return blueprint


def _response(reply: Reply) -> Response:
    return Response(reply.body, reply.status, dict(reply.headers))
