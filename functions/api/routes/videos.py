"""The resource API."""

from http import HTTPStatus
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import RedirectResponse

from api import problems
from api.create_video import create_video
from api.cursor import cursor_after, id_of
from api.errors import documented
from api.lookup import find_thumbnail, find_video
from api.schemas import (
    CreatedVideo,
    CreateVideo,
    VideoPage,
    VideoResource,
    created_video,
    video_resource,
)
from api.services import Wired
from shared.video import Status

_RETRY_AFTER_S = "1"
_LOCATION: dict[str, Any] = {"description": "The video's address", "schema": {"type": "string"}}
_RETRY_AFTER: dict[str, Any] = {
    "description": "While unfinished: seconds until it is worth asking again",
    "schema": {"type": "integer"},
}
_THUMBNAIL_URL_S = 15 * 60

router = APIRouter(prefix="/videos", tags=["videos"])


@router.post(
    "",
    operation_id="createVideo",
    summary="Announce a video and get its upload form",
    status_code=HTTPStatus.CREATED,
    responses=documented(*problems.OF_AN_UPLOAD, problems.BODY_TOO_LARGE)
    | {HTTPStatus.CREATED.value: {"headers": {"Location": _LOCATION}}},
)
def post_video(
    body: CreateVideo, request: Request, response: Response, services: Wired
) -> CreatedVideo:
    """Announce a video and get the form that uploads it straight to storage.

    Post all of `upload.fields` and then the file, as the field `file`, to `upload.url` before
    `upload.expires_at`. The storage refuses any other key or type, and files that are empty or
    over the limit. Processing then starts by itself: follow `status` at the address in
    `Location`.
    """
    video, signed = create_video(
        services,
        filename=body.filename,
        size=body.size,
        content_type=body.content_type,
        passthrough=body.passthrough,
    )
    response.headers["Location"] = f"{request.base_url}videos/{video.id}"
    return created_video(video, signed, base_url=str(request.base_url))


@router.get(
    "",
    operation_id="listVideos",
    summary="List videos, newest first",
    responses=documented(
        problems.INVALID_CURSOR, problems.INVALID_REQUEST, problems.CATALOG_UNAVAILABLE
    ),
)
def list_videos(
    request: Request,
    services: Wired,
    status: Annotated[Status | None, Query(description="Only videos of this status")] = None,
    limit: Annotated[int, Query(ge=1, le=100, description="Videos a page")] = 20,
    cursor: Annotated[str | None, Query(description="`next_cursor` of the page before")] = None,
) -> VideoPage:
    """List videos, newest first."""
    before = id_of(cursor) if cursor else None
    videos = services.records.page(status=status, before=before, limit=limit + 1)
    shown, has_more = videos[:limit], len(videos) > limit
    return VideoPage(
        data=[video_resource(video, base_url=str(request.base_url)) for video in shown],
        next_cursor=cursor_after(shown[-1].id) if has_more else None,
        has_more=has_more,
    )


@router.get(
    "/{video_id}",
    operation_id="getVideo",
    summary="Get everything about a video",
    responses=documented(*problems.OF_A_LOOKUP)
    | {HTTPStatus.OK.value: {"headers": {"Retry-After": _RETRY_AFTER}}},
)
def get_video(
    video_id: str, request: Request, response: Response, services: Wired
) -> VideoResource:
    """Return everything that is known about a video.

    While it is unfinished the response carries `Retry-After`, in seconds.
    """
    video = find_video(services, video_id)
    if not video.status.finished:
        response.headers["Retry-After"] = _RETRY_AFTER_S
    return video_resource(video, base_url=str(request.base_url))


@router.get(
    "/{video_id}/thumbnail",
    operation_id="getThumbnail",
    summary="Go to the thumbnail",
    status_code=HTTPStatus.TEMPORARY_REDIRECT,
    response_class=RedirectResponse,
    responses=documented(*problems.OF_A_THUMBNAIL),
)
def get_thumbnail(video_id: str, services: Wired) -> RedirectResponse:
    """Redirect to the JPEG, at an address that expires after 15 minutes."""
    thumbnail = find_thumbnail(services, video_id)
    url = services.objects.sign_thumbnail(thumbnail.key, expires_s=_THUMBNAIL_URL_S)
    # A redirect that is cached would outlive the address that it leads to.
    return RedirectResponse(url, headers={"Cache-Control": "no-store"})
