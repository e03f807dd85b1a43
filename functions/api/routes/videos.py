"""The resource API."""

from http import HTTPStatus
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Header, Query, Request, Response

from functions.api import problems
from functions.api.change_video import set_visibility
from functions.api.create_video import create_video
from functions.api.cursor import PATTERN as CURSOR
from functions.api.cursor import cursor_after, position_in
from functions.api.delete_video import delete_video
from functions.api.list_videos import COUNTED, SelectedVideos
from functions.api.lookup import find_video
from functions.api.new_video import check_owner
from functions.api.problem_responses import documented
from functions.api.process_again import reprocess_video, retry_video
from functions.api.revalidation import OF_A_REVALIDATED_ANSWER, revalidated
from functions.api.schemas.fields import VISIBLE_ASCII, OwnerInFilter, VideoIdInPath
from functions.api.schemas.uploads import (
    CreatedVideo,
    CreateVideo,
    SignedRequest,
    SignUpload,
    created_video,
    signed_request,
)
from functions.api.schemas.videos import (
    ChangeVideo,
    VideoPage,
    VideoResource,
    video_page,
    video_resource,
)
from functions.api.scopes import ResourceRoute, needs
from functions.api.services import InjectedServices
from functions.api.sign_upload import sign_upload
from functions.core.access import Scope

_RETRY_AFTER_S = "1"
_LOCATION: dict[str, Any] = {"description": "The video's address", "schema": {"type": "string"}}
_RETRY_AFTER: dict[str, Any] = {
    "description": "Seconds to wait before the next request; present until the video is finished",
    "schema": {"type": "integer"},
}

router = APIRouter(prefix="/videos", tags=["videos"], route_class=ResourceRoute)


@router.post(
    "",
    operation_id="createVideo",
    summary="Announce a video and get its upload form",
    status_code=HTTPStatus.CREATED,
    responses=documented(
        *problems.OF_AN_UPLOAD,
        *problems.OF_A_JSON_BODY,
        problems.IDEMPOTENCY_KEY_REUSED,
        problems.TOO_MANY_PENDING,
    )
    | {HTTPStatus.CREATED.value: {"headers": {"Location": _LOCATION}}},
    openapi_extra=needs(Scope.UPLOAD),
)
def post_video(
    body: CreateVideo,
    request: Request,
    response: Response,
    services: InjectedServices,
    idempotency_key: Annotated[
        str | None,
        Header(
            pattern=VISIBLE_ASCII,
            min_length=1,
            max_length=255,
            description="A random text that you choose. For 7 days a request with the same key"
            " and body gets the same video, with a valid form. The API refuses another body.",
            examples=["8e03978e-40d5-43dd-bc93-6894a57f9324"],
        ),
    ] = None,
) -> CreatedVideo:
    """Announce a video and get the form that uploads it straight to storage.

    Post all of `upload.fields` and then the file, as the field `file`, to `upload.url` before
    `upload.expires_at`. The storage refuses any other key, type or size. Processing then starts
    by itself: follow `status` at the address in `Location`.
    """
    video, signed = create_video(
        services,
        filename=body.filename,
        size=body.size,
        content_type=body.content_type,
        passthrough=body.passthrough,
        owner=body.owner,
        visibility=body.visibility,
        idempotency_key=idempotency_key,
    )
    response.headers["Location"] = f"{request.base_url}videos/{video.id}"
    base_url = str(request.base_url)
    return created_video(video, signed, caller=services.caller, base_url=base_url)


@router.get(
    "",
    operation_id="listVideos",
    summary="List and search videos",
    response_model=VideoPage,
    responses=documented(
        problems.INVALID_CURSOR, problems.INVALID_REQUEST, problems.CATALOG_UNAVAILABLE
    )
    | OF_A_REVALIDATED_ANSWER,
    openapi_extra=needs(Scope.READ),
)
def list_videos(
    *,
    request: Request,
    services: InjectedServices,
    selection: SelectedVideos,
    limit: Annotated[int, Query(ge=1, le=100, description="Most videos in a page")] = 20,
    cursor: Annotated[
        str | None,
        Query(
            description="`next_cursor` of the previous page. Repeat its other parameters, except"
            " for `limit` and `counts`",
            json_schema_extra={"pattern": CURSOR},
        ),
    ] = None,
    owner: Annotated[
        OwnerInFilter | None,
        Query(description="Only videos of this owner; for credentials that reach all owners"),
    ] = None,
    counts: Annotated[
        Literal["true", "false"],
        Query(description="Whether the answer also has the number of videos of each status"),
    ] = "false",
    if_none_match: Annotated[  # noqa: ARG001 (`revalidated` reads it)
        str | None,
        Header(
            description="`ETag` of an earlier answer: if nothing has changed, the API returns 304"
        ),
    ] = None,
) -> Response:
    """List the videos that the credential reaches, newest first.

    Ask again with the `ETag` of the last answer to learn of changes cheaply. All conditions
    together select the videos; unknown parameters are refused.
    """
    check_owner(services.caller, owner)
    after = position_in(cursor, selection, owner) if cursor else None
    videos = services.catalog.page(selection, owner=owner, after=after, limit=limit + 1)
    counted = (
        services.catalog.count_by_status(owner=owner, limit=COUNTED) if counts == "true" else None
    )
    page = video_page(
        videos[:limit],
        next_cursor=cursor_after(videos[limit - 1], selection, owner)
        if len(videos) > limit
        else None,
        counts=counted,
        caller=services.caller,
        base_url=str(request.base_url),
    )
    return revalidated(request, page)


@router.get(
    "/{video_id}",
    operation_id="getVideo",
    summary="Get everything about a video",
    responses=documented(*problems.OF_A_LOOKUP)
    | {HTTPStatus.OK.value: {"headers": {"Retry-After": _RETRY_AFTER}}},
    openapi_extra=needs(Scope.READ, Scope.UPLOAD),
)
def get_video(
    video_id: VideoIdInPath, request: Request, response: Response, services: InjectedServices
) -> VideoResource:
    """Return all data of a video.

    Until the video is finished, the response carries `Retry-After`, in seconds.
    """
    video = find_video(services, video_id)
    if not video.status.finished:
        response.headers["Retry-After"] = _RETRY_AFTER_S
    return video_resource(video, caller=services.caller, base_url=str(request.base_url))


@router.patch(
    "/{video_id}",
    operation_id="changeVideo",
    summary="Make a video public or private",
    responses=documented(*problems.OF_A_LOOKUP, *problems.OF_A_JSON_BODY),
    openapi_extra=needs(Scope.WRITE),
)
def patch_video(
    video_id: VideoIdInPath, body: ChangeVideo, request: Request, services: InjectedServices
) -> VideoResource:
    """Change who gets the file and the thumbnail of a video.

    An address that Clipo signed before the change works until it expires, 15 minutes at most.
    """
    video = set_visibility(services, video_id, body.visibility)
    return video_resource(video, caller=services.caller, base_url=str(request.base_url))


@router.delete(
    "/{video_id}",
    operation_id="deleteVideo",
    summary="Delete a video",
    status_code=HTTPStatus.NO_CONTENT,
    response_class=Response,
    responses=documented(
        problems.INVALID_ID,
        problems.INVALID_REQUEST,
        problems.CATALOG_UNAVAILABLE,
        problems.STORAGE_UNAVAILABLE,
    ),
    openapi_extra=needs(Scope.WRITE),
)
def remove_video(
    video_id: VideoIdInPath,
    services: InjectedServices,
    purge: Annotated[
        Literal["true", "false"],
        Query(description="Whether to remove the file for good, without the days to undo it"),
    ] = "false",
) -> None:
    """Remove a video, its file and its thumbnail, even during its upload or processing.

    Clipo also removes a file that arrives afterwards. Deleting an unknown video is not an error,
    so you can repeat the call. On AWS the operator can restore the file for 7 days, unless
    `purge` is `true`.
    """
    delete_video(services, video_id, purge=purge == "true")


@router.post(
    "/{video_id}/retry",
    operation_id="retryVideo",
    summary="Process a failed video again",
    status_code=HTTPStatus.ACCEPTED,
    responses=documented(
        *problems.OF_A_LOOKUP,
        problems.NOT_FAILED,
        problems.SOURCE_GONE,
        problems.QUOTA_EXCEEDED,
        problems.STORAGE_UNAVAILABLE,
    ),
    openapi_extra=needs(Scope.WRITE),
)
def post_retry(
    video_id: VideoIdInPath, request: Request, services: InjectedServices
) -> VideoResource:
    """Process the uploaded file again. `attempts` starts again from 0."""
    video = retry_video(services, video_id)
    return video_resource(video, caller=services.caller, base_url=str(request.base_url))


@router.post(
    "/{video_id}/reprocess",
    operation_id="reprocessVideo",
    summary="Process a done video again",
    status_code=HTTPStatus.ACCEPTED,
    responses=documented(
        *problems.OF_A_LOOKUP,
        problems.NOT_DONE,
        problems.SOURCE_GONE,
        problems.QUOTA_EXCEEDED,
        problems.STORAGE_UNAVAILABLE,
    ),
    openapi_extra=needs(Scope.WRITE),
)
def post_reprocess(
    video_id: VideoIdInPath, request: Request, services: InjectedServices
) -> VideoResource:
    """Process the uploaded file again for a new result, for example after an upgrade of Clipo.

    The API shows the old result until the new one is saved, and keeps it if processing fails.
    Meanwhile `status` is `pending` and then `processing`.
    """
    video = reprocess_video(services, video_id)
    return video_resource(video, caller=services.caller, base_url=str(request.base_url))


@router.post(
    "/{video_id}/upload/sign",
    operation_id="signUpload",
    summary="Sign another request of the upload",
    response_model_exclude_none=True,
    responses=documented(
        *problems.OF_A_LOOKUP,
        *problems.OF_A_JSON_BODY,
        problems.FOREIGN_KEY,
        problems.NOT_PENDING,
        problems.NO_SUCH_PART,
        problems.STORAGE_UNAVAILABLE,
    ),
    openapi_extra=needs(Scope.UPLOAD),
)
def post_sign(
    video_id: VideoIdInPath, body: SignUpload, services: InjectedServices
) -> SignedRequest:
    """Sign a new form after the first has expired, or one step of an upload in parts.

    The request and the response have the format of `signRequest` in Uppy's `@uppy/aws-s3` (6.3 or
    newer). The API signs only this video's own key and the announced size, and only while the
    video is pending. Send the request with all `headers` of the answer. Each signature is valid
    for 15 minutes.
    """
    signed = sign_upload(services, video_id, key=body.key, multipart=body.multipart)
    return signed_request(signed)
