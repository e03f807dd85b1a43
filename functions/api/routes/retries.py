"""Retries of many failed videos."""

from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter
from pydantic import BeforeValidator, Field

from functions.api import problems
from functions.api.examples import VIDEO_ID
from functions.api.problem_responses import documented
from functions.api.retry_videos import MOST, retry_videos
from functions.api.schemas.fields import VideoId, whole
from functions.api.schemas.many import CodeInBody, ManyReport, ManyVideos, VideoWithReason
from functions.api.scopes import ResourceRoute, needs
from functions.api.services import InjectedServices
from functions.core.access import Scope
from functions.core.failures import RETRYABLE_CODES
from functions.core.listing import Selection
from functions.core.video import Status

router = APIRouter(prefix="/videos", tags=["videos"], route_class=ResourceRoute)


class RetryVideos(ManyVideos):
    """The failed videos to retry. All conditions together select them."""

    codes: list[CodeInBody] | None = Field(
        default=None,
        min_length=1,
        description="Only videos that failed with one of these codes. Left out: those whose"
        " `error.retryable` is true",
        examples=[["out_of_memory"]],
    )
    limit: Annotated[int, Field(ge=0, le=MOST), BeforeValidator(whole)] = Field(
        default=MOST, description="Most videos to retry in this call; 0 only counts them"
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


class RefusedRetry(VideoWithReason):
    """A failed video that cannot be retried."""

    code: str = Field(description="As of the answer to one retry", examples=["source_gone"])


class RetryReport(ManyReport):
    """What one call has retried."""

    retried: list[VideoId] = Field(description="They are `pending` again", examples=[[VIDEO_ID]])
    refused: list[RefusedRetry] = Field(description="They are still `failed`")


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
    selection = body.selection()
    after = body.position(selection, services.caller)
    report = retry_videos(services, selection, owner=body.owner, after=after, limit=body.limit)
    return RetryReport(
        retried=report.retried,
        refused=[RefusedRetry.model_validate(one) for one in report.refused],
        remaining=report.progress.remaining,
        next_cursor=report.progress.next_cursor,
    )
