"""Speaks to Clipo's API."""

import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from http import HTTPStatus
from typing import Any
from urllib.parse import quote, urlsplit

import httpx2

from clipo.client.problems import NotClipo, Problem, Unreachable

Video = dict[str, Any]
"""A video as the API shows it."""

_CONNECT_S = 10
_ANSWER_S = 60
_LOCAL_HOSTS = ("localhost", "127.0.0.1", "::1")


@asynccontextmanager
async def connected(address: str) -> AsyncIterator["Api"]:
    """Yield the API at an address, for the time of a `with` block."""
    timeout = httpx2.Timeout(_ANSWER_S, connect=_CONNECT_S)
    limits = httpx2.Limits(max_connections=None)
    async with httpx2.AsyncClient(timeout=timeout, limits=limits) as http:
        yield Api(address, http)


class Api:
    """The calls of one deployment. Each raises `Unreachable`, `NotClipo` or `Problem`."""

    def __init__(self, address: str, http: httpx2.AsyncClient) -> None:
        """Take the address, without a slash at its end, and what sends."""
        self.address = address
        self.http = http

    async def create(self, *, filename: str, size: int, idempotency_key: str) -> Video:
        """Announce a video; return it with `upload`, the form, or `None` when it has arrived."""
        body = {"filename": filename, "size": size}
        headers = {"Idempotency-Key": idempotency_key}
        return await self._json("POST", "/videos", body=body, headers=headers)

    async def sign(self, video_id: str, method: str, **step: str | int) -> Video:
        """Return a signed request of the upload: a form, or a step of an upload in parts."""
        path = f"{_path(video_id)}/upload/sign"
        return await self._json("POST", path, body={"method": method} | step)

    async def get(self, video_id: str) -> Video:
        """Return a video."""
        return await self._json("GET", _path(video_id))

    async def page(
        self, *, status: str | None = None, limit: int, cursor: str | None = None
    ) -> dict[str, Any]:
        """Return `data`, the newest videos or those behind the cursor, and `next_cursor`."""
        query = {"limit": limit, "status": status, "cursor": cursor}
        given = {name: value for name, value in query.items() if value is not None}
        return await self._json("GET", "/videos", query=given)

    async def retry(self, video_id: str) -> Video:
        """Have a failed video processed again."""
        return await self._json("POST", f"{_path(video_id)}/retry")

    async def delete(self, video_id: str) -> None:
        """Delete a video."""
        await self._send("DELETE", _path(video_id))

    async def thumbnail(self, video_id: str) -> bytes:
        """Return the JPEG."""
        answer = await self._send("GET", f"{_path(video_id)}/thumbnail", follow=True)
        return answer.content

    async def health(self) -> httpx2.Response:
        """Return Clipo's answer to `GET /health`."""
        answer = await self._send("GET", "/health")
        if not str(_object(answer).get("message", "")).startswith("Clipo"):
            raise _not_clipo(self.address, answer)
        return answer

    async def _json(
        self,
        method: str,
        path: str,
        *,
        body: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
        query: Mapping[str, Any] | None = None,
    ) -> dict[str, Any]:
        # ASCII: a name on disk may have what is no UTF-8, and is then refused by the API.
        content = None if body is None else json.dumps(body).encode()
        sent = {"Content-Type": "application/json"} if content else {}
        answer = await self._send(
            method, path, content=content, headers=sent | dict(headers or {}), params=query
        )
        found = _object(answer)
        if not found:
            raise _not_clipo(self.address, answer)
        return found

    async def _send(
        self, method: str, path: str, *, follow: bool = False, **request: Any
    ) -> httpx2.Response:
        try:
            answer = await self.http.request(
                method, self.address + path, follow_redirects=follow, **request
            )
        except httpx2.HTTPError as error:
            raise unreachable(self.address, error) from error
        if answer.is_success:
            return answer
        raise _problem(self.address, answer)


def unreachable(address: str, error: httpx2.HTTPError) -> Unreachable:
    """Say that nobody answers at an address, and what to look at."""
    refused = isinstance(error, httpx2.ConnectError)
    local = urlsplit(address).hostname in _LOCAL_HOSTS
    if refused and local:
        return Unreachable(
            f"Nothing answers at {address}: is `clipo up` running? Another address is given with"
            " --api or CLIPO_API.",
            refused=True,
        )
    said = str(error) or type(error).__name__
    advice = "Try again." if local else "Check the address (--api, CLIPO_API) and the network."
    return Unreachable(f"There is no answer from {address}: {said}. {advice}", refused=refused)


def _problem(address: str, answer: httpx2.Response) -> Problem | NotClipo:
    document = _object(answer)
    if "code" not in document or "detail" not in document:
        return _not_clipo(address, answer)
    return Problem(
        status=answer.status_code,
        title=str(document.get("title", answer.reason_phrase)),
        detail=str(document["detail"]),
        code=str(document["code"]),
        request_id=document.get("request_id"),
    )


def _not_clipo(address: str, answer: httpx2.Response) -> NotClipo:
    if answer.is_redirect:
        elsewhere = answer.headers.get("location", "")
        return NotClipo(f"{address} sends us on to {elsewhere}. Give that address to --api.")
    kind = answer.headers.get("content-type", "").partition(";")[0] or "nothing"
    problem = NotClipo(
        f"What answers at {address} is not Clipo: {answer.status_code} with {kind}."
        " Check --api, CLIPO_API and what else uses that port."
    )
    # A gateway before Clipo may say so in words of its own.
    problem.transient = answer.status_code in (
        HTTPStatus.BAD_GATEWAY,
        HTTPStatus.SERVICE_UNAVAILABLE,
        HTTPStatus.GATEWAY_TIMEOUT,
    )
    return problem


def _object(answer: httpx2.Response) -> dict[str, Any]:
    try:
        found = answer.json()
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def _path(video_id: str) -> str:
    return f"/videos/{quote(video_id, safe='')}"
