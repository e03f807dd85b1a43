"""The custom elements for pages of other applications, built from web/ by web/page.mk (ADR 55)."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from http import HTTPStatus
from pathlib import Path

from fastapi import FastAPI, Request, Response
from starlette.exceptions import HTTPException

from functions.api.revalidation import matches
from functions.core.release import RELEASE

_PATH = "/elements"
_FOLDER = Path(__file__).parent / "page" / "elements"
_TYPES = {".js": "text/javascript; charset=utf-8", ".json": "application/json"}
_FOR_EVER = "public, max-age=31536000, immutable"
_EVERY_PAGE = {
    "Access-Control-Allow-Origin": "*",
    "Cross-Origin-Resource-Policy": "cross-origin",
    "X-Content-Type-Options": "nosniff",
}


@dataclass(frozen=True, slots=True)
class _File:
    plain: bytes
    packed: bytes | None
    media_type: str
    etag: str


def install(app: FastAPI) -> None:
    """Serve the elements of this release, and redirects from addresses without a release."""

    @app.get(f"{_PATH}/{{name}}", include_in_schema=False)
    def get_latest(name: str) -> Response:
        _file(name)
        # Relative, because a proxy may have put a path before ours.
        headers = {**_EVERY_PAGE, "Location": f"{RELEASE}/{name}", "Cache-Control": "no-cache"}
        return Response(status_code=HTTPStatus.TEMPORARY_REDIRECT, headers=headers)

    @app.get(f"{_PATH}/{{release}}/{{name}}", include_in_schema=False)
    def get_element(release: str, name: str, request: Request) -> Response:
        if release != RELEASE:
            raise HTTPException(404)
        return _answer(_file(name), request)


def is_file(path: str) -> bool:
    """Tell whether a path is a file of the elements."""
    return path.startswith(f"{_PATH}/")


def _answer(file: _File, request: Request) -> Response:
    headers = {
        **_EVERY_PAGE,
        "Cache-Control": _FOR_EVER,
        "ETag": file.etag,
        "Vary": "Accept-Encoding",
    }
    if matches(request.headers.get("If-None-Match", ""), file.etag):
        return Response(status_code=HTTPStatus.NOT_MODIFIED, headers=headers)
    content = file.plain
    if file.packed and "gzip" in request.headers.get("accept-encoding", ""):
        content, headers["Content-Encoding"] = file.packed, "gzip"
    return Response(content, headers=headers, media_type=file.media_type)


def _file(name: str) -> _File:
    file = _files().get(name)
    if file is None:
        raise HTTPException(404)
    return file


@cache
def _files() -> Mapping[str, _File]:
    """Return all files by name. No other path is ever opened."""
    return {path.name: _read(path) for path in _FOLDER.iterdir() if path.suffix in _TYPES}


def _read(path: Path) -> _File:
    plain, packed = path.read_bytes(), path.with_name(f"{path.name}.gz")
    return _File(
        plain,
        packed.read_bytes() if packed.exists() else None,
        _TYPES[path.suffix],
        # Weak, because both encodings have it.
        f'W/"{hashlib.sha256(plain).hexdigest()[:32]}"',
    )
