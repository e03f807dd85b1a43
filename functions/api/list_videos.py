"""Lists videos: which ones, in which order, and from which position on."""

from typing import Annotated

from fastapi import Depends, Query

from functions.api import problems
from functions.api.problems import InvalidField, Problem
from functions.api.schemas.fields import MAX_PASSTHROUGH, TimeInFilter
from functions.core.listing import MAX_NAME_KEY, Order, Selection
from functions.core.video import Status

COUNTED = 10_000
"""The largest count of videos that the API returns. Counting reads one index entry for each."""


def select_videos(
    *,
    status: Annotated[
        list[Status] | None,
        Query(
            description="Only videos of this status. Repeat the parameter for more than one",
            examples=[["failed"]],
        ),
    ] = None,
    search: Annotated[
        str | None,
        Query(
            max_length=MAX_NAME_KEY,
            description="Only the video with this id, the videos with exactly this `passthrough`,"
            " and those whose `filename` begins with this text, in upper or lower case",
            examples=["holiday"],
        ),
    ] = None,
    passthrough: Annotated[
        str | None,
        Query(
            max_length=MAX_PASSTHROUGH,
            description="Only videos with exactly this `passthrough`",
            examples=["order-1042"],
        ),
    ] = None,
    created_after: Annotated[
        TimeInFilter | None,
        Query(
            description="Only videos created at this time or later: RFC 3339 with a zone",
            examples=["2026-11-22T00:00:00Z"],
        ),
    ] = None,
    created_before: Annotated[
        TimeInFilter | None,
        Query(
            description="Only videos created before this time: RFC 3339 with a zone",
            examples=["2026-11-23T00:00:00Z"],
        ),
    ] = None,
    sort: Annotated[
        Order | None,
        Query(
            description="The order: `newest` first, `oldest` first, or by `name` without regard to"
            " upper and lower case. The default is `newest`. A `search` is always by `name`",
            examples=["oldest"],
        ),
    ] = None,
) -> Selection:
    """Return the selection that the parameters of a list describe. Raises `Problem`."""
    if search is not None and sort not in (None, Order.NAME):
        error = InvalidField("query.sort", "A search is sorted by name. Leave sort out.")
        raise Problem(problems.INVALID_REQUEST, f"{error.field}: {error.message}", error)
    return Selection(
        statuses=tuple(sorted(set(status or ()))),
        search=search,
        passthrough=passthrough,
        created_after=created_after,
        created_before=created_before,
        order=sort or (Order.NEWEST if search is None else Order.NAME),
    )


SelectedVideos = Annotated[Selection, Depends(select_videos)]
