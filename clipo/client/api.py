"""Speaks to Clipo's API."""

import json
from asyncio import get_running_loop
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from http import HTTPStatus
from typing import Any
from urllib.parse import quote, urlsplit

import httpx2

from clipo.client import faults
from clipo.client.address import is_local
from clipo.client.faults import NotClipo, Problem, Unreachable
from clipo.client.http_client import certificates_in_use, http_client, proxies_in_use

Video = dict[str, Any]
"""A video as the API shows it."""


@asynccontextmanager
async def connected(
    address: str,
    on_slow: Callable[[], None] = lambda: None,
    *,
    timeouts: httpx2.Timeout = faults.API_TIMEOUTS,
) -> AsyncIterator["Api"]:
    """Yield the API at an address, for the time of a `with` block.

    `on_slow` is called once, when an answer keeps a person waiting.
    """
    limits = httpx2.Limits(max_connections=None)
    async with http_client(address, timeout=timeouts, limits=limits) as http:
        yield Api(address, http, on_slow)


class Api:
    """The calls of one deployment. Each raises `Unreachable`, `NotClipo` or `Problem`."""

    def __init__(
        self,
        address: str,
        http: httpx2.AsyncClient,
        on_slow: Callable[[], None] = lambda: None,
    ) -> None:
        """Take the address, without a slash at its end, what sends, and whom to tell of a wait."""
        self.address = address
        self.http = http
        self._on_slow: Callable[[], None] | None = on_slow

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

    async def reprocess(self, video_id: str) -> Video:
        """Process a done video again."""
        return await self._json("POST", f"{_path(video_id)}/reprocess")

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
        slow = get_running_loop().call_later(faults.SLOW_S, self._is_slow)
        try:
            answer = await self.http.request(
                method, self.address + path, follow_redirects=follow, **request
            )
        except httpx2.HTTPError as error:
            raise unreachable(self.address, error) from error
        finally:
            slow.cancel()
        if answer.is_success:
            return answer
        raise _problem(self.address, answer)

    def _is_slow(self) -> None:
        on_slow, self._on_slow = self._on_slow, None
        if on_slow:
            on_slow()


def unreachable(address: str, error: httpx2.HTTPError) -> Unreachable:
    """Say that nobody answers at an address, and what to look at."""
    refused = isinstance(error, httpx2.ConnectError)
    local = is_local(address)
    # It is no plain refusal where TLS could not be agreed on.
    if refused and local and "[SSL" not in str(error):
        return Unreachable(
            f"Nothing answers at {address}: is `clipo up` running? Another address is given with"
            " --api or CLIPO_API.",
            refused=True,
        )
    said = f"There is no answer from {address}: {faults.reason(error)}."
    return Unreachable(f"{said} {_advice(error, local=local)}", refused=refused)


def _advice(error: httpx2.HTTPError, *, local: bool) -> str:
    if "[SSL: CERT" in str(error):
        names = ", ".join(["--api", "CLIPO_API", *certificates_in_use()])
        return f"Its certificate cannot be trusted: check the address ({names})."
    if "[SSL" in str(error):
        return "It does not speak HTTPS: does the address (--api, CLIPO_API) begin with http://?"
    if local and isinstance(error, httpx2.TimeoutException):
        return "It is there but does not move: look into its log, and start it again."
    if local:
        return "If it stays so, something else than Clipo has that port: check --api and CLIPO_API."
    if proxies := proxies_in_use():
        return f"Check the address (--api, CLIPO_API), the network and {', '.join(proxies)}."
    return "Check the address (--api, CLIPO_API) and the network."


def _problem(address: str, answer: httpx2.Response) -> Problem | NotClipo:
    document = _object(answer)
    if "code" not in document or "detail" not in document:
        return _not_clipo(address, answer)
    parts = urlsplit(address)
    if document["code"] == "route_not_found" and parts.path:
        return NotClipo(
            f"The API is not at {address}: {document['detail']} Perhaps the address (--api,"
            f" CLIPO_API) should end before {parts.path}."
        )
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
