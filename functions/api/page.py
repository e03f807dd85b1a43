"""The web page at /, which web/page.mk builds from web/."""

from collections.abc import Callable, Iterable, Mapping
from functools import cache
from mimetypes import guess_type
from pathlib import Path

from fastapi import FastAPI, Request, Response
from fastapi.responses import HTMLResponse
from starlette.exceptions import HTTPException

from functions.api.settings import ApiSettings
from functions.core.formats import FORMATS

PATH = "/"
_FILES = "/assets"
_FOLDER = Path(__file__).parent / "page"
_FOR_EVER = "public, max-age=31536000, immutable"


def install(
    app: FastAPI, settings: ApiSettings, storage_origins: Callable[[], tuple[str, ...]]
) -> None:
    """Serve the page and its files. The page may connect to the storage."""

    @app.get(PATH, include_in_schema=False)
    def get_page() -> HTMLResponse:
        return HTMLResponse(_html(settings), headers=_headers(storage_origins()))

    @app.get(f"{_FILES}/{{name}}", include_in_schema=False)
    def get_asset(name: str, request: Request) -> Response:
        path = _assets().get(name)
        if path is None:
            raise HTTPException(404)
        headers = {"Cache-Control": _FOR_EVER, "Vary": "Accept-Encoding"}
        packed = _assets().get(f"{name}.gz")
        if packed and "gzip" in request.headers.get("accept-encoding", ""):
            path, headers["Content-Encoding"] = packed, "gzip"
        return Response(path.read_bytes(), headers=headers, media_type=guess_type(name)[0])


def is_file(path: str) -> bool:
    """Tell whether a path is a file of the page."""
    return path.startswith(f"{_FILES}/")


@cache
def _assets() -> Mapping[str, Path]:
    """Return all files by name. No other path is ever opened."""
    return {path.name: path for path in (_FOLDER / "assets").iterdir()}


def _html(settings: ApiSettings) -> str:
    places = {
        "{{max_upload_bytes}}": str(settings.max_upload_bytes),
        "{{allowed_extensions}}": ",".join(_in_usual_order(settings.allowed_extensions)),
    }
    html = (_FOLDER / "index.html").read_text()
    for place, value in places.items():
        html = html.replace(place, value)
    return html


def _in_usual_order(extensions: Iterable[str]) -> list[str]:
    """Return the best known formats first, as the sentences of failures name them."""
    order = {one.extension: at for at, one in enumerate(FORMATS)}
    return sorted(extensions, key=lambda one: (order.get(one, len(order)), one))


def _headers(storage: tuple[str, ...]) -> dict[str, str]:
    """Return headers that allow the page its own files and the storage, and nothing else.

    https://www.w3.org/TR/CSP3/
    """
    origins = " ".join(sorted(set(storage)))
    policy = {
        "default-src": "'none'",
        "script-src": "'self'",
        "style-src": "'self'",
        # Placeholders of thumbnails are in their videos. Thumbnails redirect to the storage.
        "img-src": f"'self' data: blob: {origins}",
        # The files of videos redirect there, too.
        "media-src": f"'self' {origins}",
        "connect-src": f"'self' {origins}",
        "base-uri": "'none'",
        "form-action": "'none'",
        "frame-ancestors": "'none'",
    }
    return {
        "Content-Security-Policy": "; ".join(f"{name} {value}" for name, value in policy.items()),
        "Cache-Control": "no-cache",
        "X-Content-Type-Options": "nosniff",
    }
