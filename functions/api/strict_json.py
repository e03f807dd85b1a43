"""Reads JSON by the letter: https://www.rfc-editor.org/rfc/rfc8259.

Python's parser takes NaN for a number, and the last of two members with one name. Who looks at a
body before us may read it otherwise.
"""

import json
from collections.abc import Callable, Coroutine
from http import HTTPStatus
from typing import Any, NoReturn

from fastapi import Request, Response
from fastapi.routing import APIRoute
from starlette.exceptions import HTTPException


class _StrictRequest(Request):
    async def json(self) -> Any:
        """Return the body. Raises `HTTPException`, or what Python's parser does."""
        return json.loads(await self.body(), parse_constant=_no_number, object_pairs_hook=_members)


class StrictJson(APIRoute):
    """A route that refuses such bodies as malformed."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Return FastAPI's own handler, with our way to read a body."""
        handler = super().get_route_handler()

        async def strict(request: Request) -> Response:
            return await handler(_StrictRequest(request.scope, request.receive))

        return strict


def _no_number(text: str) -> NoReturn:
    raise _malformed(f"{text} is no number of JSON.")


def _members(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise _malformed("An object has two members with one name.")
    return members


def _malformed(reason: str) -> HTTPException:
    """Return the one kind of error that FastAPI passes on while it reads a body."""
    return HTTPException(HTTPStatus.BAD_REQUEST, f"The body cannot be read: {reason}")
