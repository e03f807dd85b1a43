"""Pictures of any moment, and storyboards."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from http import HTTPStatus
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request, Response

from functions.api import problems
from functions.api.deliver_picture import find_image, find_storyboard, read_or_make
from functions.api.picture_response import (
    picture_response,
    redirect_to_version,
    text_response,
    versioned_query,
)
from functions.api.problem_responses import documented
from functions.api.schemas.fields import VideoIdInPath
from functions.api.scopes import ResourceRoute, needs
from functions.api.services import InjectedServices, Services
from functions.core.access import Scope
from functions.core.picture_rules import LARGEST_SIDE, MOMENT_PATTERN, SMALLEST_SIDE, AskedImage
from functions.core.pictures import Fit, PictureFormat
from functions.core.storyboard import StoryboardPlan, to_json, to_vtt

router = APIRouter(prefix="/videos", tags=["pictures"], route_class=ResourceRoute)

_VERSION_SENTENCE = "The picture at an address with `v` never changes, so clients may keep it."

Version = Annotated[
    str | None,
    Query(
        max_length=64,
        description="Version of the video's file, as in the addresses of `pictures`. Without it, or"
        " with an old one, the API redirects to the address with the present one",
        examples=["3f1c0a9be27d5486"],
    ),
]
_Side = Annotated[int | None, Query(ge=SMALLEST_SIDE, le=LARGEST_SIDE)]


@dataclass(frozen=True, slots=True)
class _Parameters:
    """The query of an image."""

    moment: str | None
    width: int | None
    height: int | None
    fit: Fit
    version: str | None

    def asked(self, picture_format: PictureFormat) -> AskedImage:
        """Return the image that the query asks for."""
        return AskedImage(picture_format, self.moment, self.width, self.height, self.fit)


# Async, because FastAPI runs a plain function in a thread.
async def _parameters(
    *,
    t: Annotated[
        str | None,
        Query(
            description="Moment in seconds, or as a percentage of the duration such as `10%`."
            " Without it: the moment of the thumbnail",
            json_schema_extra={"pattern": MOMENT_PATTERN},
            examples=["12.5"],
        ),
    ] = None,
    w: Annotated[_Side, Query(description="Width of the box in pixels")] = None,
    h: Annotated[_Side, Query(description="Height of the box in pixels")] = None,
    fit: Annotated[
        Fit,
        Query(
            description="`contain`: the whole frame, as large as fits into the box. `cover`: the"
            " middle of the frame, which fills the box; it needs `w` and `h`"
        ),
    ] = Fit.CONTAIN,
    v: Version = None,
) -> _Parameters:
    return _Parameters(t, w, h, fit, v)


_InParameters = Annotated[_Parameters, Depends(_parameters)]

_NOT_MODIFIED = {"description": "The client has the bytes of this `ETag`"}
_MOVED = {"description": "The address with the present `v`, or a signed one of a large picture"}
_get = partial(router.get, response_class=Response, openapi_extra=needs(Scope.READ, Scope.DELIVER))


def _answers(media_type: str, *further: problems.ProblemKind) -> dict[int | str, dict[str, Any]]:
    return documented(*problems.OF_A_PICTURE, *further) | {
        HTTPStatus.OK.value: {"description": "The bytes", "content": {media_type: {}}},
        HTTPStatus.NOT_MODIFIED.value: _NOT_MODIFIED,
        HTTPStatus.TEMPORARY_REDIRECT.value: _MOVED,
    }


@_get(
    "/{video_id}/image.jpg",
    operation_id="getImage",
    summary="Get the picture of any moment",
    responses=_answers("image/jpeg", problems.TOO_MANY_IMAGES),
)
def get_image(
    video_id: VideoIdInPath, parameters: _InParameters, request: Request, services: InjectedServices
) -> Response:
    """Return the frame of a moment as a JPEG, never larger than the video.

    Without `w` and `h` it is 640 pixels wide. Callers who have no credential for the video with the
    scope `read` get the widths 160, 320, 640 and 1280 at whole seconds. The first request for a
    picture waits until it is made. Pictures of public videos need no credential.
    """
    return _image(services, request, video_id, parameters, PictureFormat.JPEG)


@_get(
    "/{video_id}/image.webp",
    operation_id="getImageAsWebp",
    summary="Get the picture of any moment as WebP",
    responses=_answers("image/webp", problems.TOO_MANY_IMAGES, problems.NO_ENCODER),
)
def get_image_as_webp(
    video_id: VideoIdInPath, parameters: _InParameters, request: Request, services: InjectedServices
) -> Response:
    """Return the frame of a moment as WebP, by the same rules as the JPEG."""
    return _image(services, request, video_id, parameters, PictureFormat.WEBP)


@_get(
    "/{video_id}/storyboard.jpg",
    operation_id="getStoryboard",
    summary="Get the storyboard",
    responses=_answers("image/jpeg"),
)
def get_storyboard(
    video_id: VideoIdInPath, request: Request, services: InjectedServices, v: Version = None
) -> Response:
    """Return one JPEG with small pictures of the whole video, for the timelines of players.

    `storyboard.vtt` and `storyboard.json` say where on it each moment is.
    """
    return _sheet(services, request, video_id, v, PictureFormat.JPEG)


@_get(
    "/{video_id}/storyboard.webp",
    operation_id="getStoryboardAsWebp",
    summary="Get the storyboard as WebP",
    responses=_answers("image/webp", problems.NO_ENCODER),
)
def get_storyboard_as_webp(
    video_id: VideoIdInPath, request: Request, services: InjectedServices, v: Version = None
) -> Response:
    """Return the storyboard as WebP."""
    return _sheet(services, request, video_id, v, PictureFormat.WEBP)


@_get(
    "/{video_id}/storyboard.vtt",
    operation_id="getStoryboardAsVtt",
    summary="Get the places on the storyboard as WebVTT",
    responses=_answers("text/vtt"),
)
def get_storyboard_as_vtt(
    video_id: VideoIdInPath, request: Request, services: InjectedServices, v: Version = None
) -> Response:
    """Return a WebVTT file whose cues name the parts of `storyboard.jpg`, as players read it.

    A `token` in its address is repeated in theirs.
    """
    return _description(services, request, video_id, v, describe=to_vtt, media_type="text/vtt")


@_get(
    "/{video_id}/storyboard.json",
    operation_id="getStoryboardAsJson",
    summary="Get the places on the storyboard as JSON",
    responses=_answers("application/json"),
)
def get_storyboard_as_json(
    video_id: VideoIdInPath, request: Request, services: InjectedServices, v: Version = None
) -> Response:
    """Return the same as JSON, in the shape of Mux. Times are in seconds.

    A `token` in its address is repeated in that of the storyboard.
    """
    return _description(
        services, request, video_id, v, describe=to_json, media_type="application/json"
    )


def _image(
    services: Services,
    request: Request,
    video_id: str,
    parameters: _Parameters,
    picture_format: PictureFormat,
) -> Response:
    asked = parameters.asked(picture_format)
    video, wanted, limit = find_image(services, video_id, asked)
    if parameters.version != wanted.version:
        return redirect_to_version(request, video, wanted.version)
    stored = read_or_make(services, wanted, limit=limit)
    media_type = picture_format.media_type
    return picture_response(services, request, video, stored, media_type=media_type)


def _sheet(
    services: Services,
    request: Request,
    video_id: str,
    version: str | None,
    picture_format: PictureFormat,
) -> Response:
    video, wanted, _ = find_storyboard(services, video_id, picture_format)
    if version != wanted.version:
        return redirect_to_version(request, video, wanted.version)
    stored = read_or_make(services, wanted)
    media_type = picture_format.media_type
    return picture_response(services, request, video, stored, media_type=media_type)


def _description(
    services: Services,
    request: Request,
    video_id: str,
    version: str | None,
    *,
    describe: Callable[[StoryboardPlan, str], str],
    media_type: str,
) -> Response:
    video, wanted, spec = find_storyboard(services, video_id, PictureFormat.JPEG)
    if version != wanted.version:
        return redirect_to_version(request, video, wanted.version)
    # Absolute: some players resolve a relative address against that of their page.
    address = f"{request.base_url}videos/{video.id}/storyboard.jpg"
    sheet_url = f"{address}?{versioned_query(request, version)}"
    return text_response(request, video, describe(spec.plan, sheet_url), media_type)
