"""The legacy endpoints, which stay unchanged for their clients."""

import re
from http import HTTPStatus
from typing import Annotated, Any

from fastapi import APIRouter, File, Request, Response, UploadFile

from functions.adapters.storage import ObjectGone
from functions.api import problems
from functions.api.lookup import find_video, thumbnail_of
from functions.api.problem_responses import documented
from functions.api.problems import Problem
from functions.api.receive_video import receive_video
from functions.api.schemas.fields import VideoIdInPath
from functions.api.schemas.legacy import UploadAccepted, VideoMetadata, VideoStatus, video_metadata
from functions.api.scopes import ScopedRoute, needs
from functions.api.services import InjectedServices
from functions.core.access import Scope

UPLOAD_PATH = "/upload-video/"

_DISPOSITION: dict[str, Any] = {
    "description": "With a filename that ends in one of the supported extensions",
    "schema": {"type": "string"},
    "example": 'form-data; name="file"; filename="clip.mp4"',
}
_NAMED_FILE: dict[str, Any] = {
    "requestBody": {
        "content": {
            "multipart/form-data": {
                "encoding": {"file": {"headers": {"Content-Disposition": _DISPOSITION}}}
            }
        }
    }
}
_ADDRESS = re.compile(
    r"/upload-video/?|/video-status/[^/]+|/video-metadata/[^/]+|/thumbnails/[^/]+\.jpg"
)

router = APIRouter(tags=["legacy"], route_class=ScopedRoute)


def is_legacy(path: str) -> bool:
    """Tell whether a path is one of the legacy endpoints for videos."""
    return _ADDRESS.fullmatch(path) is not None


# Some proxies drop the slash at the end, and a redirect would make clients send the file twice.
@router.post(
    UPLOAD_PATH.rstrip("/"),
    status_code=HTTPStatus.ACCEPTED,
    openapi_extra=needs(Scope.UPLOAD),
    include_in_schema=False,
)
@router.post(
    UPLOAD_PATH,
    operation_id="uploadVideo",
    summary="Upload a video as a form",
    status_code=HTTPStatus.ACCEPTED,
    responses=documented(*problems.OF_AN_UPLOAD),
    openapi_extra=_NAMED_FILE | needs(Scope.UPLOAD),
)
def upload_video(
    file: Annotated[UploadFile, File(json_schema_extra={"minLength": 1})],
    services: InjectedServices,
) -> UploadAccepted:
    """Send a video as the form field `file`. New clients should use `POST /videos`."""
    if file.size is None:
        raise Problem(problems.MALFORMED_BODY, "The size of the file is unknown.")
    # Browsers and requests write a quotation mark in a form's filename as %22.
    # https://html.spec.whatwg.org/multipage/form-control-infrastructure.html#multipart-form-data
    filename = (file.filename or "").replace("%22", '"')
    video = receive_video(services, filename=filename, size=file.size, body=file.file)
    return UploadAccepted(
        id=video.id,
        filename=video.filename,
        upload_time=video.created_at,
        status=video.status,
        message="Video uploaded successfully. Processing started.",
    )


@router.get(
    "/video-status/{video_id}",
    operation_id="getVideoStatus",
    summary="Get a video's status",
    responses=documented(*problems.OF_A_LOOKUP),
    openapi_extra=needs(Scope.READ, Scope.UPLOAD),
)
def get_video_status(video_id: VideoIdInPath, services: InjectedServices) -> VideoStatus:
    """Return the status of a video."""
    video = find_video(services, video_id)
    return VideoStatus(id=video.id, status=video.status)


@router.get(
    "/video-metadata/{video_id}",
    operation_id="getVideoMetadata",
    summary="Get a video's metadata",
    responses=documented(*problems.OF_A_LOOKUP),
    openapi_extra=needs(Scope.READ, Scope.UPLOAD),
)
def get_video_metadata(
    video_id: VideoIdInPath, request: Request, services: InjectedServices
) -> VideoMetadata:
    """Return the metadata of a video."""
    video = find_video(services, video_id)
    return video_metadata(video, base_url=str(request.base_url))


@router.get(
    "/thumbnails/{video_id}.jpg",
    operation_id="getThumbnailImage",
    summary="Get the thumbnail",
    response_class=Response,
    responses=documented(*problems.OF_A_THUMBNAIL)
    | {HTTPStatus.OK.value: {"description": "The JPEG", "content": {"image/jpeg": {}}}},
    openapi_extra=needs(Scope.READ, Scope.DELIVER),
)
def get_thumbnail_image(video_id: VideoIdInPath, services: InjectedServices) -> Response:
    """Return the JPEG itself. This address, the legacy `thumbnail_url`, never expires."""
    thumbnail = thumbnail_of(find_video(services, video_id))
    try:
        jpeg = services.storage.read_thumbnail(thumbnail.key)
    except ObjectGone as error:
        # A newer upload has replaced it since the record was read.
        raise Problem(
            problems.THUMBNAIL_NOT_FOUND, "The thumbnail is being replaced. Try again."
        ) from error
    return Response(
        jpeg,
        media_type="image/jpeg",
        headers={"Cache-Control": "private, max-age=300", "X-Content-Type-Options": "nosniff"},
    )
