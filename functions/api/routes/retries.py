"""Retries of many failed videos."""

from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from functions.api import problems
from functions.api.cursor import PATTERN as CURSOR
from functions.api.cursor import position_in
from functions.api.examples import VIDEO_ID
from functions.api.list_videos import COUNTED
from functions.api.new_video import check_owner
from functions.api.problem_responses import documented
from functions.api.retry_videos import MOST, retry_videos
from functions.api.schemas import OwnerInFilter, TimeInFilter, VideoId, whole
from functions.api.scopes import ResourceRoute, needs
from functions.api.services import InjectedServices
from functions.core.access import Scope
from functions.core.failures import RETRYABLE_CODES, FailureCode
from functions.core.listing import Selection
from functions.core.video import Status

router = APIRouter(prefix="/videos", tags=["videos"], route_class=ResourceRoute)

# JSON has no enumerations, so strict models need the exception.
CodeInBody = Annotated[FailureCode, Field(strict=False)]


class RetryVideos(BaseModel):
    """The failed videos to retry. All conditions together select them."""

    model_config = ConfigDict(extra="forbid", strict=True)

    codes: list[CodeInBody] | None = Field(
        default=None,
        min_length=1,
        description="Only videos that failed with one of these codes. Left out: those whose"
        " `error.retryable` is true",
        examples=[["out_of_memory"]],
    )
    owner: OwnerInFilter | None = Field(
        default=None,
        description="Only videos of this owner; for credentials that reach all owners",
        examples=["user-7"],
    )
    created_after: TimeInFilter | None = Field(
        default=None,
        description="Only videos created at this time or later: RFC 3339 with a zone",
        examples=["2026-11-22T00:00:00Z"],
    )
    created_before: TimeInFilter | None = Field(
        default=None,
        description="Only videos created before this time: RFC 3339 with a zone",
        examples=["2026-11-23T00:00:00Z"],
    )
    limit: Annotated[int, Field(ge=0, le=MOST), BeforeValidator(whole)] = Field(
        default=MOST, description="Most videos to retry in this call; 0 only counts them"
    )
    cursor: str | None = Field(
        default=None,
        description="`next_cursor` of the call before. Repeat its conditions",
        json_schema_extra={"pattern": CURSOR},
        examples=[None],
    )

    def selection(self) -> Selection:
        """Return the videos that the conditions select."""
        return Selection(
            statuses=(Status.FAILED,),
            error_codes=tuple(sorted(set(self.codes or RETRYABLE_CODES))),
            retryable=self.codes is None,
            created_after=self.created_after,
            created_before=self.created_before,
        )


class RefusedRetry(BaseModel):
    """A failed video that cannot be retried."""

    model_config = ConfigDict(from_attributes=True)

    id: VideoId
    code: str = Field(description="As of the answer to one retry", examples=["source_gone"])
    message: str


class RetryReport(BaseModel):
    """What one call has retried."""

    model_config = ConfigDict(from_attributes=True)

    retried: list[VideoId] = Field(description="They are `pending` again", examples=[[VIDEO_ID]])
    refused: list[RefusedRetry] = Field(description="They are still `failed`")
    remaining: int = Field(
        description="Videos that no call has tried yet. It counts up to"
        f" {COUNTED:,}, which means this number or more"
    )
    next_cursor: str | None = Field(
        description="`cursor` of the next call; `null` if no video remains, or if `limit` is 0"
    )


@router.post(
    "/retry",
    operation_id="retryVideos",
    summary="Process many failed videos again",
    status_code=HTTPStatus.ACCEPTED,
    responses=documented(
        *problems.OF_A_JSON_BODY,
        problems.INVALID_CURSOR,
        problems.INVALID_REQUEST,
        problems.TOO_MANY_RETRIES,
        problems.CATALOG_UNAVAILABLE,
        problems.STORAGE_UNAVAILABLE,
    ),
    openapi_extra=needs(Scope.WRITE),
)
def post_retries(body: RetryVideos, services: InjectedServices) -> RetryReport:
    """Retry the failed videos that the credential reaches and the body selects, newest first.

    One call retries 100 videos at most. Repeat it with `next_cursor` until that is `null`. While
    100 videos that Clipo has started again wait for a worker, the API answers 429: repeat the
    request after `Retry-After`, so that new uploads do not wait behind all the retries.
    """
    check_owner(services.caller, body.owner)
    selection = body.selection()
    after = position_in(body.cursor, selection, body.owner) if body.cursor else None
    report = retry_videos(services, selection, owner=body.owner, after=after, limit=body.limit)
    return RetryReport.model_validate(report)
