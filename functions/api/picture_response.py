"""The HTTP answers with pictures: bytes that never change, and redirects to their addresses."""

import re
from hashlib import sha256
from urllib.parse import urlencode

from fastapi import Request, Response
from fastapi.responses import RedirectResponse

from functions.adapters.storage import StoredPicture
from functions.api.middleware import NO_STORE
from functions.api.services import Services
from functions.core.video import Video, Visibility

_YEAR_S = 365 * 24 * 3600
_REDIRECT_S = 60
_SIGNED_S = 15 * 60


def versioned_query(request: Request, version: str | None) -> str:
    """Return the query of a request with this version, and with the token that it was sent with."""
    given = dict(request.query_params) | {"v": version or ""}
    token = token_in(request)
    return urlencode(given | ({"token": token} if token else {}))


def token_in(request: Request) -> str | None:
    """Return the token that was sent in the address; `None` without one."""
    token: str | None = getattr(request.state, "delivery_token", None)
    return token


def redirect_to_version(request: Request, video: Video, version: str | None) -> Response:
    """Redirect to the address of the present picture, which changes with it."""
    # Relative, because a proxy may have another host or path than this request.
    name = request.url.path.rpartition("/")[2]
    return RedirectResponse(
        f"{name}?{versioned_query(request, version)}",
        headers={"Cache-Control": f"{_audience(video)}, max-age={_REDIRECT_S}"},
    )


def picture_response(
    services: Services,
    request: Request,
    video: Video,
    picture: StoredPicture,
    *,
    media_type: str,
) -> Response:
    """Return a stored picture, or a redirect to one that is too large for an answer."""
    if picture.content is None:
        url = services.storage.sign_picture(picture.key, media_type=media_type, expires_s=_SIGNED_S)
        return RedirectResponse(url, headers={"Cache-Control": NO_STORE})
    return _immutable(request, video, picture.content, media_type, etag=picture.etag)


def text_response(request: Request, video: Video, text: str, media_type: str) -> Response:
    """Return a text that describes a picture."""
    content = text.encode()
    etag = f'"{sha256(content).hexdigest()[:32]}"'
    return _immutable(request, video, content, media_type, etag=etag)


def _immutable(
    request: Request, video: Video, content: bytes, media_type: str, *, etag: str
) -> Response:
    headers = {
        "ETag": etag,
        "Cache-Control": f"{_audience(video)}, max-age={_YEAR_S}, immutable",
        "X-Content-Type-Options": "nosniff",
    }
    if _has(request, etag):
        return Response(status_code=304, headers=headers)
    return Response(content, media_type=media_type, headers=headers)


def _has(request: Request, etag: str) -> bool:
    """Tell whether the client has these bytes: https://www.rfc-editor.org/rfc/rfc9110#section-13.1.2."""
    given = request.headers.get("if-none-match", "")
    return given.strip() == "*" or etag in re.findall(r'"[^"]*"', given)


def _audience(video: Video) -> str:
    return "public" if video.visibility is Visibility.PUBLIC else "private"
