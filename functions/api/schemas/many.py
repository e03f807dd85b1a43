"""The parts that the requests and reports of many videos share."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from functions.api.cursor import PATTERN as CURSOR
from functions.api.cursor import position_in
from functions.api.list_videos import COUNTED
from functions.api.new_video import check_owner
from functions.api.schemas.fields import OwnerInFilter, TimeInFilter, VideoId
from functions.core.access import Caller
from functions.core.failures import FailureCode
from functions.core.listing import Selection

# JSON has no enumerations, so strict models need the exception.
CodeInBody = Annotated[FailureCode, Field(strict=False)]


class ManyVideos(BaseModel):
    """Conditions on an owner and on times, and a position in the selection."""

    model_config = ConfigDict(extra="forbid", strict=True)

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
    cursor: str | None = Field(
        default=None,
        description="`next_cursor` of the call before. Repeat its conditions",
        json_schema_extra={"pattern": CURSOR},
        examples=[None],
    )

    def position(self, selection: Selection, caller: Caller) -> str | None:
        """Return the position to continue at, `None` for the start.

        Raises `Problem` for an owner whom the caller does not reach, or for a foreign cursor.
        """
        check_owner(caller, self.owner)
        return None if self.cursor is None else position_in(self.cursor, selection, self.owner)


class VideoWithReason(BaseModel):
    """A video that the call has tried in vain, and why."""

    model_config = ConfigDict(from_attributes=True)

    id: VideoId
    code: str
    message: str


class ManyReport(BaseModel):
    """The position of a call in its selection."""

    remaining: int = Field(
        description="Videos that no call has tried yet. It counts up to"
        f" {COUNTED:,}, which means this number or more"
    )
    next_cursor: str | None = Field(
        description="`cursor` of the next call; `null` if no video remains, or if this call only"
        " counts"
    )
