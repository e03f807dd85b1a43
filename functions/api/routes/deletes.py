"""Deletes of many videos."""

from typing import Annotated, Self

from fastapi import APIRouter
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from functions.api import problems
from functions.api.delete_videos import CHANGED, MOST, delete_videos
from functions.api.examples import VIDEO_ID
from functions.api.list_videos import COUNTED
from functions.api.problem_responses import documented
from functions.api.schemas.fields import Time, VideoId, whole
from functions.api.schemas.many import CodeInBody, ManyReport, ManyVideos, VideoWithReason
from functions.api.scopes import ResourceRoute, needs
from functions.api.services import InjectedServices, Services
from functions.core.access import Scope
from functions.core.listing import Selection
from functions.core.video import Status, Video

router = APIRouter(prefix="/videos", tags=["videos"], route_class=ResourceRoute)

# JSON has no enumerations, so strict models need the exception.
StatusInBody = Annotated[Status, Field(strict=False)]

_FAILED = (Status.FAILED,)

NAMED = 10
"""The most videos that a dry run names."""


class DeleteVideos(ManyVideos):
    """The videos to delete. All conditions together select them, and one is needed."""

    statuses: list[StatusInBody] | None = Field(
        default=None,
        min_length=1,
        description="Only videos of one of these statuses",
        examples=[["failed"]],
    )
    codes: list[CodeInBody] | None = Field(
        default=None,
        min_length=1,
        description="Only videos that failed with one of these codes",
        examples=[["not_a_video"]],
    )
    limit: Annotated[int, Field(ge=1, le=MOST), BeforeValidator(whole)] = Field(
        default=MOST, description="Most videos to delete in this call"
    )
    dry_run: bool = Field(
        default=False,
        description=f"`true`: count the videos and name the newest {NAMED}, but delete none",
    )
    purge: bool = Field(
        default=False,
        description="Whether to remove the files for good, without the days to undo it",
    )

    def selection(self) -> Selection:
        """Return the videos that the conditions select."""
        return Selection(
            statuses=_FAILED if self.codes else tuple(sorted(set(self.statuses or ()))),
            error_codes=tuple(sorted(set(self.codes or ()))),
            created_after=self.created_after,
            created_before=self.created_before,
        )

    @model_validator(mode="after")
    def _selects(self) -> Self:
        times = (self.created_after, self.created_before)
        if not any((self.statuses, self.codes, self.owner, *times)):
            raise ValueError(
                "Say which videos to delete: send statuses, codes, owner, created_after or"
                " created_before"
            )
        if self.codes and set(self.statuses or _FAILED) != set(_FAILED):
            raise ValueError(
                "Only failed videos have codes. Leave statuses out, or send failed alone"
            )
        return self


class LeftDelete(VideoWithReason):
    """A selected video that this call has not deleted, or not completely."""

    code: str = Field(
        description=f"`{CHANGED}`: the video has changed after the call had selected it, and is not"
        f" deleted. `{problems.STORAGE_UNAVAILABLE.code}`: its record is deleted, and files may be"
        " left",
        examples=[CHANGED],
    )


class NamedVideo(BaseModel):
    """A video that the call would delete."""

    model_config = ConfigDict(from_attributes=True)

    id: VideoId
    filename: str = Field(examples=["holiday.mp4"])
    status: Status = Field(examples=["failed"])
    created_at: Time


class DeleteReport(ManyReport):
    """What one call has deleted, or would."""

    dry_run: bool = Field(description="`true`: nothing is deleted", examples=[False])
    found: int = Field(
        description="Videos that the conditions select, from `cursor` on. It counts up to"
        f" {COUNTED:,}, which means this number or more",
        examples=[1],
    )
    first: list[NamedVideo] = Field(
        description=f"With `dry_run`: the newest {NAMED} of these videos, if the credential has the"
        " scope `read`. Otherwise empty",
        examples=[[]],
    )
    deleted: list[VideoId] = Field(examples=[[VIDEO_ID]])
    left: list[LeftDelete]


@router.post(
    "/delete",
    operation_id="deleteVideos",
    summary="Delete many videos",
    responses=documented(
        *problems.OF_A_JSON_BODY,
        problems.INVALID_CURSOR,
        problems.INVALID_REQUEST,
        problems.CATALOG_UNAVAILABLE,
    ),
    openapi_extra=needs(Scope.WRITE),
)
def post_deletes(body: DeleteVideos, services: InjectedServices) -> DeleteReport:
    """Delete the videos that the credential reaches and the body selects, newest first.

    One call deletes 100 videos at most, each with its file and thumbnail, as `DELETE
    /videos/{id}` does. Repeat it with `next_cursor` until that is `null`. A video that changes
    meanwhile stays. After a failure of the storage the call stops, and says in `left` which video
    may still have files.
    """
    selection = body.selection()
    after = body.position(selection, services.caller)
    named = _name_first(body, selection, after, services) if body.dry_run else []
    report = delete_videos(
        services,
        selection,
        owner=body.owner,
        after=after,
        limit=0 if body.dry_run else body.limit,
        purge=body.purge,
    )
    progress = report.progress
    return DeleteReport(
        dry_run=body.dry_run,
        found=min(progress.tried + progress.remaining, COUNTED),
        first=[NamedVideo.model_validate(one) for one in named],
        deleted=report.deleted,
        left=[LeftDelete.model_validate(one) for one in report.left],
        remaining=progress.remaining,
        next_cursor=progress.next_cursor,
    )


def _name_first(
    body: DeleteVideos, selection: Selection, after: str | None, services: Services
) -> list[Video]:
    """Return the first videos that the body selects, unless the caller may not read them."""
    if not services.caller.may(Scope.READ):
        return []
    limit = min(body.limit, NAMED)
    return services.catalog.page(selection, owner=body.owner, after=after, limit=limit)
