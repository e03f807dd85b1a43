"""Answers that a client may store, if it asks before each use whether they have changed."""

import hashlib
from http import HTTPStatus
from typing import Any

from fastapi import Request, Response
from pydantic import BaseModel

_CACHE_CONTROL = "private, no-cache"

_ETAG: dict[str, Any] = {
    "description": "Changes with every change of the body; for `If-None-Match`",
    "schema": {"type": "string"},
    "example": 'W/"2f8a6b0c4d1e5f7091a3b5c7d9e0f214"',
}
OF_A_REVALIDATED_ANSWER: dict[int | str, dict[str, Any]] = {
    HTTPStatus.OK.value: {"headers": {"ETag": _ETAG}},
    HTTPStatus.NOT_MODIFIED.value: {
        "description": "The answer is still the one with an `ETag` in `If-None-Match`",
        "headers": {"ETag": _ETAG},
    },
}
"""The OpenAPI responses of an operation that returns `revalidated`."""


def revalidated(request: Request, content: BaseModel) -> Response:
    """Return the content with its `ETag`, or 304 if the client has the same content already.

    The tag is a hash of the body, so it changes whenever anything in the body does.
    """
    body = content.model_dump_json().encode()
    etag = f'W/"{hashlib.sha256(body).hexdigest()[:32]}"'
    headers = {"ETag": etag, "Cache-Control": _CACHE_CONTROL}
    if matches(request.headers.get("If-None-Match", ""), etag):
        return Response(status_code=HTTPStatus.NOT_MODIFIED, headers=headers)
    return Response(body, media_type="application/json", headers=headers)


def matches(if_none_match: str, etag: str) -> bool:
    """Tell whether a header names an `ETag`. Weakly: W/"a" and "a" are the same.

    https://www.rfc-editor.org/rfc/rfc9110#section-13.1.2
    """
    known = [one.strip().removeprefix("W/") for one in if_none_match.split(",")]
    return "*" in known or etag.removeprefix("W/") in known
