"""The API as an ASGI application."""

from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from functions.api import docs, page, problem_responses, problems
from functions.api.middleware import BodyLimit, HeadAsGet, Limit, RequestId
from functions.api.new_video import filename_pattern
from functions.api.receive_video import larger_files_hint
from functions.api.routes import health, legacy, videos
from functions.api.schemas import CreateVideo, ProblemDetails
from functions.api.services import Services
from functions.api.settings import ApiSettings
from functions.core.release import RELEASE

"""Of the whole product: pyproject.toml's."""

_JSON_BODY_BYTES = 100_000
_FORM_OVERHEAD_BYTES = 1_000_000
"""Allowed on top of the file: boundaries, headers and the form's other fields."""

_DESCRIPTION = """
Upload a video straight to object storage; seconds later it has checked metadata, a thumbnail
and a status that can be trusted: `pending`, `processing`, then `done` or `failed`.

Every error is a [problem document](https://www.rfc-editor.org/rfc/rfc9457) with a stable `code`.
"""

_TAGS = [
    {"name": "videos", "description": "Upload straight to storage, then follow the video."},
    {
        "name": "ancestor",
        "description": "The endpoints of Clipo's ancestor, unchanged: kept for its clients.",
    },
    {"name": "health", "description": "For whoever watches the service."},
]


def create_app(services: Services) -> FastAPI:
    """Return the application, wired to its services."""
    app = FastAPI(
        title="Clipo",
        version=RELEASE,
        description=_DESCRIPTION,
        openapi_tags=_TAGS,
        docs_url=None,
        redoc_url=None,
        swagger_ui_oauth2_redirect_url=None,
    )
    app.state.services = services
    for routes in (health, videos, legacy):
        app.include_router(routes.router)
    problem_responses.install(app)
    docs.install(app)
    page.install(app, services.settings)
    app.add_middleware(BodyLimit, limit_of=lambda path: _body_limit(services.settings, path))
    app.add_middleware(HeadAsGet)
    app.add_middleware(RequestId)
    _complete_documentation(app, services.settings)
    return app


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
    """Add the schema that every documented error refers to, and what the settings say."""

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
            app.openapi_schema = schema
        return app.openapi_schema

    app.openapi = openapi  # type: ignore[method-assign]  # FastAPI's documented extension point
