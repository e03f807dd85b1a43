"""Client of Clipo's API."""

import re
import shlex
from asyncio import get_running_loop
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from http import HTTPStatus
from typing import Any
from urllib.parse import urlsplit

import httpx2

from clipo.client import faults, logins, profiles
from clipo.client.address import DEFAULT, check, is_local, login_command, origin, without_login
from clipo.client.credentials import VARIABLE, Credential
from clipo.client.faults import GatewayFailed, NotClipo, Problem, Unreachable
from clipo.client.http_client import certificates_in_use, http_client, proxies_in_use
from clipo.errors import ClipoError, Misuse
from clipo.local import checkout
from clipo.program import program_name

Video = dict[str, Any]
"""A video as the API returns it."""

_MOST_REDIRECTS = 3

_LOG_IN_PAGE = (
    "If that is the log-in page of a proxy, a command cannot pass it: use an address of the API"
    " itself."
)

_CHECK_PROXY = "Check the address (--api, CLIPO_API), and the proxy in front of the API."

LARGEST_PAGE = 100
"""The largest page of a list, in videos."""


@asynccontextmanager
async def connect(
    address: str,
    on_slow: Callable[[], None] = lambda: None,
    *,
    credential: Credential | None = None,
    timeouts: httpx2.Timeout = faults.API_TIMEOUTS,
) -> AsyncIterator["Api"]:
    """Yield the API at an address. `on_slow` is called once, at the first slow response."""
    limits = httpx2.Limits(max_connections=None)
    async with http_client(address, timeout=timeouts, limits=limits) as http:
        yield Api(address, http, on_slow, credential)


class Api:
    """The calls of one deployment. Each raises `Unreachable`, `NotClipo` or `Problem`.

    Those that take an id raise `Misuse` for a text that cannot be one.
    """

    def __init__(
        self,
        address: str,
        http: httpx2.AsyncClient,
        on_slow: Callable[[], None] = lambda: None,
        credential: Credential | None = None,
    ) -> None:
        """Take an address without a slash at its end; `connect` explains `on_slow`.

        A user name and a password in it are for a proxy in front of the API. The requests have
        them, and the attribute `address`, which messages show, does not.
        """
        self.address = without_login(address)
        self._address = address
        self.http = http
        self.credential = credential
        self._on_slow: Callable[[], None] | None = on_slow

    async def announce(
        self, *, filename: str, size: int, idempotency_key: str, **fields: str
    ) -> Video:
        """Announce a video. Its `upload` is a signed form, or `None` if the file has arrived.

        `fields` are `owner`, `passthrough` and `visibility`.
        """
        return await self._json(
            "POST",
            "/videos",
            json={"filename": filename, "size": size} | fields,
            headers={"Idempotency-Key": idempotency_key},
        )

    async def sign(self, video_id: str, method: str, **step: str | int) -> Video:
        """Return a signed request: an upload form, or one step of a multipart upload."""
        path = f"{_path(video_id)}/upload/sign"
        return await self._json("POST", path, json={"method": method} | step)

    async def get(self, video_id: str) -> Video:
        """Return a video."""
        return await self._json("GET", _path(video_id))

    async def page(self, *, limit: int, **filters: str | Sequence[str] | None) -> dict[str, Any]:
        """Return a page of videos, newest first: `data`, `has_more` and `next_cursor`.

        `filters` are `status` (one or several), `owner`, `search`, `created_after` and `cursor`.
        Videos that a `search` finds are sorted by name.
        """
        return await self._json("GET", "/videos", params=_given({"limit": limit} | filters))

    async def each(self, **filters: str | None) -> AsyncIterator[Video]:
        """Yield all videos that `filters` select, as in `page`."""
        cursor, more = None, True
        while more:
            found = await self.page(limit=LARGEST_PAGE, cursor=cursor, **filters)
            for video in found["data"]:
                yield video
            cursor, more = found["next_cursor"], found["has_more"]

    async def retry(self, video_id: str) -> Video:
        """Process a failed video again."""
        return await self._json("POST", f"{_path(video_id)}/retry")

    async def retry_failed(self, **conditions: Any) -> dict[str, Any]:
        """Process some failed videos again, and return a report with `next_cursor`.

        `conditions` are `codes`, `owner`, `created_after`, `created_before`, `limit` and `cursor`.
        """
        return await self._json("POST", "/videos/retry", json=_given(conditions))

    async def reprocess(self, video_id: str) -> Video:
        """Process a done video again."""
        return await self._json("POST", f"{_path(video_id)}/reprocess")

    async def set_visibility(self, video_id: str, visibility: str) -> Video:
        """Make a video public or private."""
        return await self._json("PATCH", _path(video_id), json={"visibility": visibility})

    async def delete(self, video_id: str, *, purge: bool = False) -> None:
        """Delete a video; with `purge` its file cannot be restored."""
        query = "?purge=true" if purge else ""
        await self._send("DELETE", f"{_path(video_id)}{query}")

    async def delete_selected(self, **conditions: Any) -> dict[str, Any]:
        """Delete some of the videos that conditions select; return a report with `next_cursor`.

        `conditions` are `statuses`, `codes`, `owner`, `created_after`, `created_before`, `limit`,
        `cursor`, `dry_run` and `purge`.
        """
        return await self._json("POST", "/videos/delete", json=_given(conditions))

    async def thumbnail(self, video_id: str) -> bytes:
        """Return a video's thumbnail, a JPEG."""
        return await self.picture(video_id, "thumbnail")

    async def picture(self, video_id: str, name: str, **query: str | int | None) -> bytes:
        """Return a picture, or a description of the storyboard; `name` ends its address.

        The API redirects to its own address of the present version, and to storage.
        """
        answer = await self._request("GET", f"{_path(video_id)}/{name}", params=_given(query))
        for _ in range(_MOST_REDIRECTS):
            if answer.next_request is None or _target(answer) is None:
                break
            url, headers = str(answer.next_request.url), None
            if origin(url) == origin(self._address):
                headers = self._authorization()
            answer = await self._fetch("GET", url, headers=headers)
        return self._checked(answer).content

    async def source(self, video_id: str) -> str:
        """Return an address of a video's file in storage, which is valid for minutes."""
        path = f"{_path(video_id)}/source"
        return str((await self._json("GET", path, params={"redirect": "false"}))["url"])

    async def health(self) -> httpx2.Response:
        """Return the response to `GET /health`."""
        try:
            answer = await self._send("GET", "/health")
        except Problem as problem:
            # This path needs no credential, but a path that a closed API does not know needs one.
            if problem.code == "unauthenticated" and urlsplit(self.address).path:
                raise _misplaced(self.address) from problem
            raise
        if not str(_object(answer).get("message", "")).startswith("Clipo"):
            raise _not_clipo(self.address, answer)
        return answer

    async def me(self) -> dict[str, Any]:
        """Return what the credential is and may do."""
        return await self._json("GET", "/me")

    async def create_key(self, **fields: Any) -> dict[str, Any]:
        """Return a new API key, with its secrets."""
        return await self._json("POST", "/keys", json=_given(fields))

    async def keys(self) -> list[dict[str, Any]]:
        """Return all API keys, without their secrets."""
        found: list[dict[str, Any]] = (await self._json("GET", "/keys"))["data"]
        return found

    async def revoke_key(self, key_id: str) -> None:
        """Revoke an API key."""
        await self._send("DELETE", f"/keys/{_segment(key_id)}")

    async def create_receiver(self, **fields: Any) -> dict[str, Any]:
        """Return a new webhook receiver, with its secret."""
        return await self._json("POST", "/webhooks", json=_given(fields))

    async def receivers(self) -> list[dict[str, Any]]:
        """Return all webhook receivers, without their secrets."""
        found: list[dict[str, Any]] = (await self._json("GET", "/webhooks"))["data"]
        return found

    async def remove_receiver(self, receiver: str) -> None:
        """Remove a webhook receiver."""
        await self._send("DELETE", f"/webhooks/{_segment(receiver)}")

    async def test_receiver(self, receiver: str) -> dict[str, Any]:
        """Send a test to a webhook receiver, and return its delivery, which is pending."""
        return await self._json("POST", f"/webhooks/{_segment(receiver)}/test")

    async def deliveries(self, **filters: Any) -> dict[str, Any]:
        """Return a page of the webhook deliveries, newest first: `data` and `next_cursor`.

        `filters` are `limit`, `video_id`, `receiver`, `status` and `cursor`.
        """
        return await self._json("GET", "/webhooks/deliveries", params=_given(filters))

    async def delivery(self, delivery: str) -> dict[str, Any]:
        """Return a webhook delivery."""
        return await self._json("GET", _delivery_path(delivery))

    async def resend(self, delivery: str) -> dict[str, Any]:
        """Deliver a webhook again, and return its delivery, which is pending."""
        return await self._json("POST", f"{_delivery_path(delivery)}/resend")

    async def events(self, *, since: str, cursor: str | None = None) -> dict[str, Any]:
        """Return a page of the events since a time: `data` and `next_cursor`."""
        query = _given({"since": since, "cursor": cursor, "limit": LARGEST_PAGE})
        return await self._json("GET", "/webhooks/events", params=query)

    async def create_token(self, **fields: Any) -> dict[str, Any]:
        """Return a token that the API key in use signs, and its end."""
        return await self._json("POST", "/tokens", json=_given(fields))

    async def export(self, owner: str, cursor: str | None) -> dict[str, Any]:
        """Return a page of an owner's records: `data` and `next_cursor`."""
        query = _given({"owner": owner, "cursor": cursor})
        return await self._json("GET", "/owners/export", params=query)

    async def erase(self, owner: str) -> dict[str, Any]:
        """Erase some of an owner's data, and return a report; repeat it until `finished`."""
        return await self._json("POST", "/owners/erase", json={"owner": owner})

    async def _json(self, method: str, path: str, **request: Any) -> dict[str, Any]:
        answer = await self._send(method, path, **request)
        found = _object(answer)
        if not found:
            raise _not_clipo(self.address, answer)
        return found

    async def _send(self, method: str, path: str, **request: Any) -> httpx2.Response:
        return self._checked(await self._request(method, path, **request))

    async def _request(
        self, method: str, path: str, *, headers: Mapping[str, str] | None = None, **request: Any
    ) -> httpx2.Response:
        """Send a request with the credential, which no redirect takes elsewhere."""
        sent = {**(headers or {}), **self._authorization()}
        return await self._fetch(method, self._address + path, headers=sent, **request)

    def _authorization(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.credential.text()}"} if self.credential else {}

    async def _fetch(self, method: str, url: str, **request: Any) -> httpx2.Response:
        slow = get_running_loop().call_later(faults.SLOW_S, self._report_slow)
        try:
            return await self.http.request(method, url, **request)
        except httpx2.HTTPError as error:
            raise unreachable(self.address, error) from error
        finally:
            slow.cancel()

    def _checked(self, answer: httpx2.Response) -> httpx2.Response:
        if answer.is_success:
            return answer
        raise _problem(self.address, answer, self.credential)

    def _report_slow(self) -> None:
        on_slow, self._on_slow = self._on_slow, None
        if on_slow:
            on_slow()


def unreachable(address: str, error: httpx2.HTTPError) -> Unreachable:
    """Return the error for an address without an answer; it says what to check."""
    refused = isinstance(error, httpx2.ConnectError)
    local = is_local(address)
    # A failed TLS handshake is a ConnectError, too.
    if refused and local and "[SSL" not in str(error):
        advice = f"{_start(address)}{_known()}"
        return Unreachable(f"Nothing answers at {address}.", advice, refused=True)
    said = f"No answer from {address}: {faults.reason(error)}."
    return Unreachable(said, _advice(error, local=local), refused=refused)


def _start(address: str) -> str:
    """Return how to start the local stack, or to use another API."""
    if checkout.is_here():
        start = f"{program_name()} up"
        return f"Start the local stack: {start} (or name another address: --api, CLIPO_API)."
    if address == DEFAULT:
        return "Name your API: --api URL, or CLIPO_API."
    return "Check the address (--api, CLIPO_API), and that Clipo runs there."


def _known() -> str:
    """Return a sentence with the APIs that the user has named before, if there are any."""
    with suppress(ClipoError):  # A damaged file must not hide the error.
        if names := profiles.names():
            return f" Your profiles: {', '.join(names)} (--profile NAME)."
        if origins := logins.origins():
            return f" You are logged in at {', '.join(origins)}: add --api."
    return ""


def _advice(error: httpx2.HTTPError, *, local: bool) -> str:
    if "[SSL: CERT" in str(error):
        names = ", ".join(["--api", "CLIPO_API", *certificates_in_use()])
        return f"Its TLS certificate is not trusted: check the address ({names})."
    if "[SSL" in str(error):
        return "It does not speak HTTPS. Should the address (--api, CLIPO_API) begin with http://?"
    if local and isinstance(error, httpx2.TimeoutException):
        return "The server accepts connections but does not respond. Check its log and restart it."
    if local:
        return "If this persists, another program may use that port: check --api and CLIPO_API."
    if proxies := proxies_in_use():
        return f"Check the address (--api, CLIPO_API), the network and {', '.join(proxies)}."
    return "Check the address (--api, CLIPO_API) and the network."


def _problem(
    address: str, answer: httpx2.Response, credential: Credential | None
) -> Problem | NotClipo | GatewayFailed:
    document = _object(answer)
    if "code" not in document or "detail" not in document:
        return _not_clipo(address, answer)
    if document["code"] == "route_not_found" and urlsplit(address).path:
        return _misplaced(address, str(document["detail"]))
    detail, advice = _explain(address, document, credential)
    return Problem(
        status=answer.status_code,
        detail=detail,
        code=str(document["code"]),
        retry_after_s=_seconds(answer.headers.get("retry-after")),
        request_id=document.get("request_id"),
        advice=advice,
    )


def _misplaced(address: str, reason: str = "") -> NotClipo:
    """Return the error for an address that goes on after that of the API."""
    path = urlsplit(address).path
    said = f"The API is not at {address}{f': {reason}' if reason else '.'}"
    return NotClipo(said, f"The address (--api, CLIPO_API) probably should end before {path}.")


def _explain(
    address: str, document: Mapping[str, Any], credential: Credential | None
) -> tuple[str, str]:
    """Return the sentence of a problem, and after a refusal the command that helps."""
    detail = str(document["detail"]).replace("`clipo ", f"`{program_name()} ")
    match document["code"]:
        case "unauthenticated" if credential:
            return f"Clipo refuses {credential.source}: {detail}", credential.remedy
        case "unauthenticated":
            login = login_command(address)
            return "The API needs a credential.", f"Log in: {login} (or set {VARIABLE})"
        case "forbidden" if credential:
            return f"{detail} The credential comes from {credential.source}.", credential.remedy
        case "invalid_request":
            # The command's user knows options, and not the parts of a request.
            return re.sub(r"(^|; )(?:body|query)\.(\w+)(?:\.\d+)?", r"\1\2", detail), ""
    return detail, ""


def _not_clipo(address: str, answer: httpx2.Response) -> NotClipo | GatewayFailed:
    if answer.has_redirect_location:
        return _redirected(address, answer)
    if answer.status_code == HTTPStatus.TOO_MANY_REQUESTS or answer.is_server_error:
        said = f"Clipo at {address}, or a gateway in front of it, answered {answer.status_code}."
        return GatewayFailed(said, "It may be starting or overloaded: try again in a moment.")
    kind = answer.headers.get("content-type", "").partition(";")[0] or "no content"
    advice = "Check the address (--api, CLIPO_API)."
    if is_local(address):
        advice = "Check the address (--api, CLIPO_API) and which program uses that port."
    elif kind == "text/html":
        advice += f" {_LOG_IN_PAGE}"
    return NotClipo(
        f"The server at {address} is not Clipo: it answered {answer.status_code} with {kind}.",
        advice,
    )


def _redirected(address: str, answer: httpx2.Response) -> NotClipo:
    """Return the error for a redirect: to an address of the API, or to any other page."""
    target = _target(answer)
    if target is None:
        return NotClipo(f"{address} redirects to an invalid web address.", _CHECK_PROXY)
    path = answer.request.url.path.removeprefix(urlsplit(address).path)
    if target.endswith(path):
        base = target.removesuffix(path)
        if httpx2.URL(base) == httpx2.URL(address):
            return NotClipo(f"{address} redirects to itself.", _CHECK_PROXY)
        advice = f"Use that address: --api {shlex.quote(base)}"
        return NotClipo(f"{address} redirects to {base}.", advice)
    return NotClipo(f"{address} redirects to {target}, which is not the API.", _LOG_IN_PAGE)


def _target(answer: httpx2.Response) -> str | None:
    """Return the address of a redirect as one of an API, or `None` if it cannot be one."""
    with suppress(httpx2.InvalidURL, Misuse):
        target = answer.request.url.join(answer.headers["location"])
        if not target.host:
            return None
        return without_login(check(str(target.copy_with(query=None, fragment=None)), "Location"))
    return None


def _seconds(text: str | None) -> int | None:
    return int(text) if text and text.isdecimal() else None


def _object(answer: httpx2.Response) -> dict[str, Any]:
    try:
        found = answer.json()
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def _given(fields: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in fields.items() if value is not None}


def _delivery_path(delivery: str) -> str:
    return f"/webhooks/deliveries/{_segment(delivery)}"


def _path(video_id: str) -> str:
    return f"/videos/{_segment(video_id)}"


def _segment(text: str) -> str:
    """Return an id as one segment of a path. Raises `Misuse` for any text that is not one.

    A client resolves `.` and `..`, so that with them a call would go to another route.
    """
    if text.strip(".") and re.fullmatch(r"[A-Za-z0-9._-]+", text):
        return text
    raise Misuse(f"{text!r} is not an id. Take the id from a list or a response, unchanged.")
