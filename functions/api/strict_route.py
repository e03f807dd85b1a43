"""The routes of the resource API, which ignore nothing that a client sends.

A list that ignored a misspelled filter would show the videos that the filter was meant to hide.
"""

from collections import Counter
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import Any, Self, get_args, get_origin
from urllib.parse import parse_qsl, urlencode

from fastapi import Request, Response, params
from fastapi.dependencies.utils import get_flat_params
from fastapi.routing import APIRoute

from functions.api import problems, strict_json
from functions.api.problems import InvalidField, Problem
from functions.api.schemas.fields import OwnerInFilter


class _StrictRequest(Request):
    async def body(self) -> bytes:
        """Return the body. Raises `HTTPException` unless its headers describe plain JSON."""
        body = await super().body()
        if body:
            strict_json.check_headers(self.headers)
        return body

    async def json(self) -> Any:
        """Return the body's value. Raises `HTTPException` or `json.JSONDecodeError`."""
        return strict_json.read(await self.body())


@dataclass(frozen=True, slots=True)
class _Rule:
    """How often a query parameter may be given, and whether it is given if its value is empty."""

    repeatable: bool
    counts_if_empty: bool

    @classmethod
    def of(cls, annotation: Any) -> Self:
        """Return the rule for a parameter of this type."""
        types = get_args(annotation)
        return cls(
            repeatable=any(get_origin(one) is list for one in types),
            counts_if_empty="" in types or OwnerInFilter in types,
        )


class StrictRoute(APIRoute):
    """A route that refuses unknown query parameters, and JSON that is not strict.

    It also refuses to take a parameter twice, unless that is documented as a list.

    An empty query parameter counts as left out, because HTML forms send those, unless the empty
    text is one of its documented values, or the parameter selects an owner. The type of an owner
    refuses it then: who fills it in from an unset variable must not get the videos of all owners.
    """

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Return FastAPI's own handler, with our checks before it."""
        handler = super().get_route_handler()
        declared = {
            one.alias: _Rule.of(one.field_info.annotation)
            for one in get_flat_params(self.dependant)
            if isinstance(one.field_info, params.Query)
        }

        async def strict(request: Request) -> Response:
            scope = request.scope
            if query := scope["query_string"]:
                scope = {**scope, "query_string": _read_query(query, declared)}
            return await handler(_StrictRequest(scope, request.receive))

        return strict


def _read_query(query: bytes, declared: dict[str, _Rule]) -> bytes:
    """Return a query without its empty parameters. Raises `Problem`."""
    given = parse_qsl(query.decode("latin-1"), keep_blank_values=True)
    _check_query([name for name, _ in given], declared)
    kept = [(name, value) for name, value in given if value or declared[name].counts_if_empty]
    return urlencode(kept).encode()


def _check_query(given: list[str], declared: dict[str, _Rule]) -> None:
    taken = f"This call takes {', '.join(declared)}." if declared else "This call takes none."
    errors = [
        InvalidField(f"query.{name}", f"There is no such parameter. {taken}")
        if name not in declared
        else InvalidField(f"query.{name}", "This parameter is given more than once.")
        for name, times in Counter(given).items()
        if name not in declared or (times > 1 and not declared[name].repeatable)
    ]
    if errors:
        detail = " ".join(f"{one.field}: {one.message}" for one in errors)
        raise Problem(problems.INVALID_REQUEST, detail, *errors)
