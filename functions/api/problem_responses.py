"""Turns every error of a request into a problem response, and documents the possible ones."""

import re
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from functions.adapters.mongo.ids import is_video_id
from functions.adapters.telemetry import logger
from functions.api import field_errors, problems
from functions.api.middleware import NO_STORE, BodyTooLarge, route_path
from functions.api.problems import InvalidField, Problem, ProblemKind
from functions.api.schemas.problems import ProblemDetails
from functions.core.access import Denial, Unauthenticated
from functions.core.unavailable import (
    CatalogUnavailable,
    IssuerUnavailable,
    PicturesUnavailable,
    QueueUnavailable,
    StorageUnavailable,
)

_CHALLENGE = {"WWW-Authenticate": "Bearer"}
"""The header of every 401: https://www.rfc-editor.org/rfc/rfc6750#section-3"""

_EXAMPLE_REQUEST_ID = "c6af9ac6-7b61-11e6-9a41-93e8deadbeef"


def install(app: FastAPI) -> None:
    """Register the handlers."""
    _answer_bad_requests(app)
    _answer_outages(app)


def _answer_bad_requests(app: FastAPI) -> None:
    @app.exception_handler(Problem)
    def on_problem(request: Request, error: Problem) -> JSONResponse:
        return problem_response(
            request, error.kind, error.detail, errors=error.errors, members=error.members
        )

    @app.exception_handler(Unauthenticated)
    def on_unauthenticated(request: Request, error: Unauthenticated) -> JSONResponse:
        return unauthenticated_response(request, error)

    @app.exception_handler(RequestValidationError)
    def on_invalid_request(request: Request, error: RequestValidationError) -> JSONResponse:
        unreadable = next((e for e in error.errors() if e["type"] == "json_invalid"), None)
        if unreadable:
            detail = f"The body is not JSON: see character {unreadable['loc'][-1]}."
            return problem_response(request, problems.MALFORMED_BODY, detail)
        errors = tuple(_field_error(e) for e in error.errors())
        detail = "; ".join(f"{e.field}: {e.message}" for e in errors)
        return problem_response(request, problems.INVALID_REQUEST, detail, errors=errors)

    @app.exception_handler(HTTPException)
    def on_http_exception(request: Request, error: HTTPException) -> JSONResponse:
        kind, detail = _classify(request, error)
        return problem_response(request, kind, detail, headers=_headers(request, error))


def _answer_outages(app: FastAPI) -> None:
    @app.exception_handler(CatalogUnavailable)
    def on_catalog_unavailable(request: Request, error: CatalogUnavailable) -> JSONResponse:
        return unavailable_response(request, problems.CATALOG_UNAVAILABLE, error)

    @app.exception_handler(IssuerUnavailable)
    def on_issuer_unavailable(request: Request, error: IssuerUnavailable) -> JSONResponse:
        return unavailable_response(request, problems.ISSUER_UNAVAILABLE, error)

    @app.exception_handler(StorageUnavailable)
    def on_storage_unavailable(request: Request, error: StorageUnavailable) -> JSONResponse:
        return unavailable_response(request, problems.STORAGE_UNAVAILABLE, error)

    @app.exception_handler(QueueUnavailable)
    def on_queue_unavailable(request: Request, error: QueueUnavailable) -> JSONResponse:
        return unavailable_response(request, problems.QUEUE_UNAVAILABLE, error)

    @app.exception_handler(PicturesUnavailable)
    def on_pictures_unavailable(request: Request, error: PicturesUnavailable) -> JSONResponse:
        return unavailable_response(request, problems.PICTURE_NOT_READY, error)

    @app.exception_handler(Exception)
    def on_bug(request: Request, error: Exception) -> JSONResponse:
        # This runs outside the middleware that adds the id to all other log lines.
        logger().error(
            "bug",
            request_id=request.state.request_id,
            video_id=_video_id(request),
            exc_info=error,
        )
        return problem_response(request, problems.INTERNAL_ERROR, problems.INTERNAL_ERROR.example)


def documented(*kinds: ProblemKind) -> dict[int | str, dict[str, Any]]:
    """Return the OpenAPI responses of an operation that can end in these problems."""
    responses: dict[int | str, dict[str, Any]] = {}
    for kind in (*kinds, problems.INTERNAL_ERROR):
        entry = responses.setdefault(
            kind.status,
            {
                "description": HTTPStatus(kind.status).phrase,
                "content": {
                    problems.MEDIA_TYPE: {
                        "schema": {"$ref": f"#/components/schemas/{ProblemDetails.__name__}"},
                        "examples": {},
                    }
                },
            },
        )
        example = problems.document(
            kind, kind.example, instance="/videos", request_id=_EXAMPLE_REQUEST_ID
        )
        entry["content"][problems.MEDIA_TYPE]["examples"][kind.code] = {
            "summary": kind.title,
            "value": example,
        }
    return responses


def add_problems(operation: dict[str, Any], *kinds: ProblemKind) -> None:
    """Add problems to an operation of an OpenAPI document."""
    for status, response in documented(*kinds).items():
        known = operation["responses"].setdefault(str(status), response)
        for media_type, content in response["content"].items():
            known["content"][media_type]["examples"] |= content["examples"]


def unauthenticated_response(request: Request, error: Unauthenticated) -> JSONResponse:
    """Return the answer to a credential that is missing or not accepted."""
    return problem_response(
        request,
        problems.UNAUTHENTICATED,
        str(error),
        headers=_CHALLENGE,
        reason=error.denial,
    )


def unavailable_response(request: Request, kind: ProblemKind, error: Exception) -> JSONResponse:
    """Log a failure of an external service and return the answer to it."""
    logger().error(kind.code, video_id=_video_id(request), exc_info=error)
    return problem_response(request, kind, kind.example)


def problem_response(
    request: Request,
    kind: ProblemKind,
    detail: str,
    *,
    errors: tuple[InvalidField, ...] = (),
    headers: Mapping[str, str] | None = None,
    members: Mapping[str, Any] | None = None,
    reason: Denial | None = None,
) -> JSONResponse:
    """Log a problem, with a reason that its code does not tell, and return its response."""
    if kind.status < HTTPStatus.INTERNAL_SERVER_ERROR:
        # The log leaves out the detail, which may name the file.
        logger().info(
            "refused",
            code=kind.code,
            reason=reason,
            status=kind.status,
            video_id=_video_id(request),
        )
    body = problems.document(
        kind,
        detail,
        instance=request.url.path,
        request_id=request.state.request_id,
        errors=errors,
    )
    retry_after = {"Retry-After": str(kind.retry_after_s)} if kind.retry_after_s else {}
    return JSONResponse(
        body | dict(members or {}),
        status_code=kind.status,
        # The middleware adds these to all answers but the one to a bug.
        headers={
            "X-Request-Id": request.state.request_id,
            "Cache-Control": NO_STORE,
            **retry_after,
            **(headers or {}),
        },
        media_type=problems.MEDIA_TYPE,
    )


def _video_id(request: Request) -> str | None:
    """Return the id in the path for the log, or `None` for any other text."""
    video_id = request.path_params.get("video_id", "")
    return video_id.lower() if is_video_id(video_id) else None


def _field_error(error: Mapping[str, Any]) -> InvalidField:
    field = ".".join(str(part) for part in error["loc"])
    return InvalidField(field=field, message=field_errors.sentence(error))


def _headers(request: Request, error: HTTPException) -> Mapping[str, str]:
    """Return the error's headers, with all methods of the path in `Allow`.

    Starlette lists the methods of one route only.
    """
    headers = dict(error.headers or {})
    for template, operations in request.app.openapi()["paths"].items():
        pattern = re.sub(r"\{\w+\}", "[^/]+", template)
        if "Allow" in headers and re.fullmatch(pattern, route_path(request.scope)):
            methods = {method.upper() for method in operations}
            methods |= {"HEAD"} if "GET" in methods else set()
            headers["Allow"] = ", ".join(sorted(methods))
    return headers


def _classify(request: Request, error: HTTPException) -> tuple[ProblemKind, str]:
    """Return the kind and the detail for an error of the framework."""
    if isinstance(error, BodyTooLarge):
        return error.limit.kind, error.limit.detail
    where, docs = f"{request.method} {request.url.path}", f"{request.base_url.path}docs"
    if error.status_code == HTTPStatus.NOT_FOUND:
        return problems.ROUTE_NOT_FOUND, f"There is no {where}. See {docs}."
    if error.status_code == HTTPStatus.METHOD_NOT_ALLOWED:
        return problems.METHOD_NOT_ALLOWED, f"{where} is not possible. See {docs}."
    if error.status_code == HTTPStatus.UNSUPPORTED_MEDIA_TYPE:
        return problems.UNSUPPORTED_MEDIA_TYPE, str(error.detail)
    return problems.MALFORMED_BODY, str(error.detail)
