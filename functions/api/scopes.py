"""The scopes that each route needs: checked before the body is read, and documented in OpenAPI."""

from collections.abc import Callable, Collection, Coroutine
from typing import Any

from fastapi import Request, Response
from fastapi.routing import APIRoute

from functions.api import problems
from functions.api.problem_responses import add_problems
from functions.api.problems import Problem
from functions.api.strict_route import StrictRoute
from functions.core.access import Caller, Scope

_BEARER = "bearer"
_DELIVERY_TOKEN = "deliveryToken"  # noqa: S105 (its name)

_SCHEMES: dict[str, Any] = {
    _BEARER: {
        "type": "http",
        "scheme": "bearer",
        "description": "An API key (`clipo_sk_…`) or a token that an API key has signed",
    },
    _DELIVERY_TOKEN: {
        "type": "apiKey",
        "in": "query",
        "name": "token",
        "description": "A token whose only scope is `deliver`",
    },
}


def needs(*any_of: Scope) -> dict[str, Any]:
    """Return the `openapi_extra` of a route for callers with one of these scopes.

    Without a scope, the route is for every caller with a credential.
    """
    security: list[dict[str, list[str]]] = [{_BEARER: [scope]} for scope in any_of]
    if Scope.DELIVER in any_of:
        security.append({_DELIVERY_TOKEN: [Scope.DELIVER]})
    return {"security": security or [{_BEARER: []}]}


class ScopedRoute(APIRoute):
    """A route that declares its scopes with `needs`. Without them the program does not start."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Return the handler, with the check of the caller's scopes before it."""
        handler = super().get_route_handler()
        security = (self.openapi_extra or {}).get("security")
        if security is None:
            raise TypeError(f"{self.path} does not say which scopes it needs.")
        needed = _scopes_in(security)

        async def scoped(request: Request) -> Response:
            check_caller(request.state.caller, needed, request.path_params.get("video_id"))
            return await handler(request)

        return scoped


class ResourceRoute(ScopedRoute, StrictRoute):
    """A route of the resource API, which also ignores nothing that a client sends."""


def check_caller(caller: Caller, needed: set[Scope], video_id: str | None) -> None:
    """Raise `Problem` (403) unless a caller may use a route."""
    if not needed:
        return
    if not caller.may(*needed):
        raise Problem(
            problems.FORBIDDEN,
            f"This needs a credential with the scope {in_order(needed, 'or')}. Yours has"
            f" {in_order(caller.scopes, 'and')}.",
        )
    if not caller.reaches_video(video_id):
        raise Problem(
            problems.FORBIDDEN, f"The token is for requests about video {caller.video_id} only."
        )


def document_access(schema: dict[str, Any], *, optional: Callable[[str, str], bool]) -> None:
    """Complete an OpenAPI document with the credentials, and with their refusals.

    `optional` tells whether a method and a path also work without a credential.
    """
    schema["components"]["securitySchemes"] = _SCHEMES
    for path, operations in schema["paths"].items():
        for method, operation in operations.items():
            if "security" in operation:
                add_problems(
                    operation,
                    problems.UNAUTHENTICATED,
                    problems.FORBIDDEN,
                    problems.ISSUER_UNAVAILABLE,
                )
                # Swagger UI shows no scopes of a bearer credential.
                needed = _needed_sentence(_scopes_in(operation["security"]))
                operation["description"] += f"\n\n{needed}"
                if optional(method.upper(), path):
                    operation["security"] = [*operation["security"], {}]


def _scopes_in(security: list[dict[str, list[str]]]) -> set[Scope]:
    return {Scope(scope) for one in security for scopes in one.values() for scope in scopes}


def _needed_sentence(needed: set[Scope]) -> str:
    if not needed:
        return "Needs a credential, with any scopes."
    return f"Needs the scope {in_order(needed, 'or')}."


def in_order(scopes: Collection[Scope], last: str) -> str:
    """Return scopes as a list for a person: `read, deliver and write`."""
    *others, final = [scope.value for scope in Scope if scope in scopes] or ["none"]
    return f"{', '.join(others)} {last} {final}" if others else final
