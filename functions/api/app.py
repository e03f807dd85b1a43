"""The API as an ASGI application."""

from collections.abc import Callable
from functools import partial
from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from functions.api import docs, elements, page, problem_responses, problems
from functions.api.authentication import Authentication, delivers
from functions.api.authenticator import Authenticator
from functions.api.callers import CrossSiteWrites, KnownHosts, document_refusals
from functions.api.middleware import BodyLimit, HeadAsGet, Limit, NoStore, RequestId
from functions.api.new_video import filename_pattern
from functions.api.page_session import SESSION_PATH
from functions.api.receive_video import larger_files_hint
from functions.api.routes import (
    access,
    deletes,
    files,
    health,
    legacy,
    owners,
    pictures,
    retries,
    videos,
    webhooks,
)
from functions.api.schemas.problems import ProblemDetails
from functions.api.schemas.uploads import CreateVideo
from functions.api.scopes import document_access
from functions.api.services import Backend
from functions.api.settings import Access, ApiSettings
from functions.core.access import LEGACY_CALLER, OPEN_CALLER, PUBLIC_CALLER, Caller
from functions.core.release import RELEASE

_PUBLIC = {"/health", "/health/", docs.PATH, "/openapi.json", SESSION_PATH}
_JSON_BODY_BYTES = 100_000
_FORM_OVERHEAD_BYTES = 1_000_000
"""Most bytes of a form besides the file: boundaries, headers and other fields."""

_DESCRIPTION = """
Upload a video straight to object storage; seconds later it has checked metadata, a thumbnail
and a status that can be trusted: `pending`, `processing`, then `done` or `failed`.

Every error is a [problem document](https://www.rfc-editor.org/rfc/rfc9457) with a stable `code`.
"""

_TAGS = [
    {"name": "videos", "description": "Upload straight to storage, then follow the video."},
    {"name": "pictures", "description": "Images of any moment, and storyboards for players."},
    {
        "name": "webhooks",
        "description": "Receivers of webhooks, the log of deliveries, and the events themselves.",
    },
    {"name": "access", "description": "API keys, and tokens for browsers."},
    {
        "name": "owners",
        "description": "Export the records of one owner, and erase the owner's videos.",
    },
    {
        "name": "legacy",
        "description": "The legacy endpoints, which stay unchanged for their clients.",
    },
    {"name": "health", "description": "A check for monitoring."},
]

_ROUTES = (
    health,
    videos,
    files,
    retries,
    deletes,
    pictures,
    webhooks,
    access,
    owners,
    legacy,
)
"""The modules of routes, in the order in which the documentation shows them."""


def create_app(
    backend: Backend,
    *,
    knows_host: Callable[[str], bool] | None = None,
    allows_origin: Callable[[str], bool] | None = None,
) -> FastAPI:
    """Return the application, wired to its adapters.

    It answers every host by default, because API Gateway passes on only requests for its own.
    """
    app = FastAPI(
        title="Clipo",
        version=RELEASE,
        description=_DESCRIPTION,
        openapi_tags=_TAGS,
        docs_url=None,
        redoc_url=None,
        swagger_ui_oauth2_redirect_url=None,
    )
    app.state.services_for = backend.services_for
    app.state.authenticator = Authenticator(
        backend.settings.roots, backend.api_keys, backend.now, backend.logins
    )
    for routes in _ROUTES:
        app.include_router(routes.router)
    app.include_router(access.session_router)
    problem_responses.install(app)
    docs.install(app)
    elements.install(app)
    if not backend.settings.base_path:
        # The page's own addresses begin at the root of the domain.
        page.install(app, backend.settings, backend.storage.origins)
    allows_origin = allows_origin or backend.settings.origins.__contains__
    _add_middleware(app, backend.settings, knows_host, allows_origin)
    _complete_documentation(app, backend.settings)
    return app


def _add_middleware(
    app: FastAPI,
    settings: ApiSettings,
    knows_host: Callable[[str], bool] | None,
    allows_origin: Callable[[str], bool],
) -> None:
    """Add the middleware. The last one sees a request first."""
    has_page = not settings.base_path
    app.add_middleware(BodyLimit, limit_of=lambda path: _body_limit(settings, path))
    app.add_middleware(CrossSiteWrites, allows=allows_origin)
    app.add_middleware(
        Authentication,
        authenticator=app.state.authenticator,
        is_public=lambda path: is_public(path, has_page=has_page),
        anonymous=lambda method, path: _anonymous(settings, method, path),
    )
    if knows_host:
        app.add_middleware(KnownHosts, knows=knows_host)
    app.add_middleware(HeadAsGet)
    app.add_middleware(NoStore)
    app.add_middleware(RequestId)


def is_public(path: str, *, has_page: bool) -> bool:
    """Tell whether everyone may call a path, whatever its method."""
    return (
        path in _PUBLIC
        or docs.is_file(path)
        or elements.is_file(path)
        or (has_page and (path == page.PATH or page.is_file(path)))
    )


def _anonymous(settings: ApiSettings, method: str, path: str) -> Caller | None:
    """Return the caller without a credential, if the path may be called so."""
    if settings.access is Access.OPEN and not access.is_for_credentials(path):
        return OPEN_CALLER
    if settings.legacy_endpoints is Access.OPEN and legacy.is_legacy(path):
        return LEGACY_CALLER
    return PUBLIC_CALLER if method == "GET" and delivers(path) else None


def _is_optional(settings: ApiSettings, method: str, path: str) -> bool:
    return _anonymous(settings, method, path) is not None


def _body_limit(settings: ApiSettings, path: str) -> Limit:
    if path.rstrip("/") == legacy.UPLOAD_PATH.rstrip("/"):
        file_bytes = settings.max_multipart_bytes
        hint = larger_files_hint(settings)
        return Limit(
            file_bytes + _FORM_OVERHEAD_BYTES,
            problems.FILE_TOO_LARGE,
            f"The file may have at most {file_bytes:,} bytes.{hint}",
        )
    return Limit(
        _JSON_BODY_BYTES,
        problems.BODY_TOO_LARGE,
        f"The request body may have at most {_JSON_BODY_BYTES:,} bytes.",
    )


def _complete_documentation(app: FastAPI, settings: ApiSettings) -> None:
    """Complete the OpenAPI document with the schema of errors and the limits of the settings."""

    def openapi() -> dict[str, Any]:
        if app.openapi_schema is None:
            schema = get_openapi(
                title=app.title,
                version=app.version,
                description=app.description,
                tags=app.openapi_tags,
                routes=app.routes,
            )
            problem = ProblemDetails.model_json_schema(ref_template="#/components/schemas/{model}")
            schemas = schema["components"]["schemas"]
            schemas |= problem.pop("$defs")
            schemas[ProblemDetails.__name__] = problem
            announced = schemas[CreateVideo.__name__]["properties"]
            announced["filename"]["pattern"] = filename_pattern(settings)
            announced["size"]["maximum"] = settings.max_upload_bytes
            _allow_empty_parameters(schema)
            document_access(schema, optional=partial(_is_optional, settings))
            document_refusals(schema)
            app.openapi_schema = schema
        return app.openapi_schema

    app.openapi = openapi  # type: ignore[method-assign]  # FastAPI's documented extension point


def _allow_empty_parameters(schema: dict[str, Any]) -> None:
    """Document that an empty, optional query parameter counts as left out."""
    for operations in schema["paths"].values():
        for operation in operations.values():
            for parameter in operation.get("parameters", []):
                if parameter["in"] == "query" and not parameter["required"]:
                    parameter["allowEmptyValue"] = True
