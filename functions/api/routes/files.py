"""The file and the thumbnail of a video, which the API delivers from storage."""

from http import HTTPStatus
from typing import Annotated, Literal

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import JSONResponse, RedirectResponse

from functions.api import problems
from functions.api.deliver_source import sign_source
from functions.api.lookup import find_delivered_video, read_thumbnail, thumbnail_of
from functions.api.middleware import NO_STORE
from functions.api.picture_response import picture_response, redirect_to_version
from functions.api.problem_responses import documented
from functions.api.schemas.fields import VideoIdInPath
from functions.api.schemas.videos import SourceAddress
from functions.api.scopes import ResourceRoute, needs
from functions.api.services import InjectedServices
from functions.core.access import Scope
from functions.core.pictures import thumbnail_version

_THUMBNAIL_URL_S = 15 * 60

router = APIRouter(prefix="/videos", tags=["videos"], route_class=ResourceRoute)


@router.get(
    "/{video_id}/source",
    operation_id="getSource",
    summary="Go to the uploaded file",
    status_code=HTTPStatus.TEMPORARY_REDIRECT,
    response_class=RedirectResponse,
    responses=documented(*problems.OF_A_SOURCE)
    | {
        HTTPStatus.OK.value: {
            "model": SourceAddress,
            "description": "The address, with `redirect=false`",
        }
    },
    openapi_extra=needs(Scope.READ, Scope.DELIVER),
)
def get_source(
    video_id: VideoIdInPath,
    request: Request,
    services: InjectedServices,
    download: Annotated[
        Literal["", "true", "false"],
        Query(description="Whether browsers save the file, under its name, instead of showing it"),
    ] = "false",
    redirect: Annotated[
        Literal["true", "false"],
        Query(description="`false`: return the address as JSON instead of redirecting to it"),
    ] = "true",
) -> Response:
    """Redirect to the file at a signed address, which answers requests for ranges.

    The address works for 15 minutes at most. Players that get 403 there, or an error, ask this
    address again and continue. S3 refuses requests to it that carry `Authorization`: clients that
    forward that header take `redirect=false`. Public videos need no credential.
    """
    is_head = redirect == "true" and getattr(request.state, "is_head", False)
    signed = sign_source(
        services,
        video_id,
        method="HEAD" if is_head else "GET",
        attachment=download != "false",
    )
    if redirect == "false":
        return JSONResponse(SourceAddress.model_validate(signed).model_dump(mode="json"))
    # A cached redirect would outlive the address that it leads to.
    return RedirectResponse(signed.url, headers={"Cache-Control": NO_STORE})


@router.get(
    "/{video_id}/thumbnail",
    operation_id="getThumbnail",
    summary="Go to the thumbnail",
    status_code=HTTPStatus.TEMPORARY_REDIRECT,
    response_class=RedirectResponse,
    responses=documented(*problems.OF_A_THUMBNAIL)
    | {
        HTTPStatus.OK.value: {
            "description": "The JPEG, with the present `v`",
            "content": {"image/jpeg": {}},
        },
        HTTPStatus.NOT_MODIFIED.value: {"description": "The client has the bytes of this `ETag`"},
    },
    openapi_extra=needs(Scope.READ, Scope.DELIVER),
)
def get_thumbnail(
    video_id: VideoIdInPath,
    request: Request,
    services: InjectedServices,
    v: Annotated[
        str | None,
        Query(
            max_length=64,
            description="Version of the thumbnail, as in `thumbnail.url`. With it the API answers"
            " with the JPEG itself, which clients may keep",
        ),
    ] = None,
) -> Response:
    """Redirect to the JPEG, at an address that expires after 15 minutes.

    Thumbnails of public videos need no credential.
    """
    video = find_delivered_video(services, video_id)
    thumbnail = thumbnail_of(video)
    if v is not None:
        version = thumbnail_version(video)
        if v != version:
            return redirect_to_version(request, video, version)
        jpeg = read_thumbnail(services, thumbnail)
        return picture_response(services, request, video, jpeg, media_type="image/jpeg")
    url = services.storage.sign_thumbnail(thumbnail.key, expires_s=_THUMBNAIL_URL_S)
    # A cached redirect would outlive the address that it leads to.
    return RedirectResponse(url, headers={"Cache-Control": NO_STORE})
