"""Authenticates the caller of each request, before the routing and before its body is read."""

import re
from collections.abc import Callable
from typing import Annotated, TypeAlias
from urllib.parse import parse_qsl, urlencode

from fastapi import Depends, Request
from starlette.types import ASGIApp, Receive, Scope, Send

from functions.adapters.telemetry import log_context
from functions.api import page_session, problems
from functions.api.authenticator import Authenticator
from functions.api.middleware import route_path
from functions.api.problem_responses import (
    problem_response,
    unauthenticated_response,
    unavailable_response,
)
from functions.api.problems import Problem
from functions.core.access import (
    Caller,
    CredentialKind,
    Denial,
    Unauthenticated,
    missing_credential,
)
from functions.core.unavailable import CatalogUnavailable, IssuerUnavailable

Anonymous: TypeAlias = Callable[[str, str], Caller | None]
"""A function from method and path to the caller without a credential; `None` if they need one."""

_SAFE = ("GET", "HEAD", "OPTIONS")
_PARAMETER = "token"
_DELIVERY = re.compile(
    r"/videos/[^/]+/(?:source|thumbnail|image\.(?:jpg|webp)|storyboard\.(?:jpg|webp|vtt|json))"
)
_LEGACY_DELIVERY = re.compile(r"/thumbnails/[^/]+\.jpg")


def delivers(path: str) -> bool:
    """Tell whether a path delivers a file of a video, which everyone gets if it is public."""
    return _DELIVERY.fullmatch(path) is not None


def _takes_token(path: str) -> bool:
    """Tell whether pages show a path with `<img>` or `<video>`, which send no header of ours."""
    return delivers(path) or _LEGACY_DELIVERY.fullmatch(path) is not None


class Authentication:
    """Lets a request pass with its caller, or answers it without reading its body.

    A request whose credential is not accepted never counts as one without a credential.
    """

    def __init__(
        self,
        app: ASGIApp,
        *,
        authenticator: Authenticator,
        is_public: Callable[[str], bool],
        anonymous: Anonymous,
    ) -> None:
        """Take the check of credentials, and the rules for requests without one."""
        self._app = app
        self._authenticator = authenticator
        self._is_public = is_public
        self._anonymous = anonymous

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Put the caller into the request's state."""
        if scope["type"] != "http" or self._needs_no_caller(scope):
            await self._app(scope, receive, send)
            return
        request = Request(scope)
        try:
            caller = await self._caller(request)
        except Unauthenticated as error:
            answer = unauthenticated_response(request, error)
        except Problem as error:
            answer = problem_response(request, error.kind, error.detail)
        except CatalogUnavailable as error:
            answer = unavailable_response(request, problems.CATALOG_UNAVAILABLE, error)
        except IssuerUnavailable as error:
            answer = unavailable_response(request, problems.ISSUER_UNAVAILABLE, error)
        else:
            scope["state"]["caller"] = caller
            await self._pass(scope, receive, send, caller)
            return
        await answer(scope, receive, send)

    def _needs_no_caller(self, scope: Scope) -> bool:
        return scope["method"] == "OPTIONS" or self._is_public(route_path(scope))

    async def _pass(self, scope: Scope, receive: Receive, send: Send, caller: Caller) -> None:
        if caller.key_id is None and caller.kind is not CredentialKind.LOGIN:
            await self._app(scope, receive, send)
            return
        with log_context(key_id=caller.key_id, owner=caller.owner):
            await self._app(scope, receive, send)

    async def _caller(self, request: Request) -> Caller:
        """Return the caller. Raises `Unauthenticated`, `Problem` or `Unavailable`."""
        bearers, tokens = bearer_credentials(request), _take_tokens_from_query(request.scope)
        # With the picture of a page of the same site, a browser also sends the cookie of our page.
        sessions = [] if tokens else page_session.sessions_in(request)
        if len(bearers) + len(sessions) + len(tokens) > 1:
            raise Unauthenticated(
                Denial.SEVERAL,
                "The request has more than one credential. Send one of them only; to send another"
                " than the page's session, log out of the page.",
            )
        if bearers:
            return await self._authenticator.caller_with(bearers[0])
        if sessions:
            return await self._caller_with_session(request, sessions[0])
        if tokens:
            # The answer may name addresses that need it, too.
            request.state.delivery_token = tokens[0]
            return await self._authenticator.caller_with_delivery_token(tokens[0])
        caller = self._anonymous(request.method, route_path(request.scope))
        if caller is None:
            raise missing_credential()
        return caller

    async def _caller_with_session(self, request: Request, session: str) -> Caller:
        """Return the caller, unless another page than ours sends a change."""
        caller = await self._authenticator.caller_with_session(session)
        if request.method not in _SAFE:
            page_session.check_origin(request)
        return caller


def bearer_credentials(request: Request) -> list[str]:
    """Return the credentials in the header `Authorization`. Raises `Unauthenticated`."""
    return [_bearer(value) for value in request.headers.getlist("authorization")]


def _bearer(header: str) -> str:
    # `strip()` alone would also remove line ends and spaces of other alphabets.
    scheme, _, credential = header.strip(" \t").partition(" ")
    if scheme.lower() != "bearer" or not credential:
        raise Unauthenticated(
            Denial.MALFORMED,
            "The header Authorization must be Bearer, a space, and an API key or a token.",
        )
    return credential.lstrip(" ")


def _take_tokens_from_query(scope: Scope) -> list[str]:
    """Return the tokens in the query, and remove them from it. Raises `Unauthenticated`."""
    query: bytes = scope["query_string"]
    if not query:
        return []
    pairs = parse_qsl(query.decode("latin-1"), keep_blank_values=True)
    tokens = [value for name, value in pairs if name == _PARAMETER]
    if not tokens:
        return []
    if scope["method"] != "GET" or not _takes_token(route_path(scope)):
        raise Unauthenticated(
            Denial.MISPLACED,
            "Only addresses of files and pictures take a token in the query. Send it as"
            " Authorization: Bearer.",
        )
    rest = [(name, value) for name, value in pairs if name != _PARAMETER]
    scope["query_string"] = urlencode(rest).encode()
    return tokens


# Async, because FastAPI runs a plain function in a thread.
async def _caller_of(request: Request) -> Caller:
    caller: Caller = request.state.caller
    return caller


async def _authenticator_of(request: Request) -> Authenticator:
    authenticator: Authenticator = request.app.state.authenticator
    return authenticator


InjectedAuthenticator = Annotated[Authenticator, Depends(_authenticator_of)]
InjectedCaller = Annotated[Caller, Depends(_caller_of)]
