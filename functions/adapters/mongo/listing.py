"""MongoDB's conditions for a list of videos. An index serves each of them (ADR 52).

A client's text is only ever a value in them: never an operator, and never a regular expression.
"""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any, TypeAlias

from bson import ObjectId
from pymongo import ASCENDING, DESCENDING

from functions.core.listing import Order, Selection, keys_with_prefix

Condition: TypeAlias = dict[str, Any]

ORDERS = {
    Order.NEWEST: ("_id", DESCENDING),
    Order.OLDEST: ("_id", ASCENDING),
    Order.NAME: ("name_key", ASCENDING),
}
"""The field by which each order sorts. No two records have the same value in it."""

_ID_MADE_WITHIN = timedelta(minutes=1)
"""The longest time between a video's `created_at` and the moment at which its id was made."""

_LATEST_ID_S = 2**32 - 1


def conditions(selection: Selection, after: str | None) -> Iterator[Condition]:
    """Yield the conditions for the videos of a selection after a position.

    A search has several. A video may meet more than one of them. The most selective field comes
    first: where no index has all fields, SecantusDB takes one for the first field.
    """
    filters = _filters(selection)
    if selection.order is Order.NAME:
        for match in _matches(selection, after or ""):
            yield match | filters
    else:
        ids = _id_bounds(selection)
        if after and selection.order is Order.NEWEST:
            ids["$lt"] = min(ids.get("$lt", ObjectId(after)), ObjectId(after))
        elif after:
            ids["$gt"] = ObjectId(after)
        yield filters | ({"_id": ids} if ids else {})


def _filters(selection: Selection) -> Condition:
    filters: Condition = {}
    if selection.statuses:
        first, *others = selection.statuses
        filters["status"] = {"$in": [first, *others]} if others else first
    if selection.error_codes:
        filters["error.code"] = {"$in": [*selection.error_codes]}
    if selection.retryable:
        filters["error.retryable"] = True
    if selection.passthrough is not None:
        filters["passthrough"] = selection.passthrough
    created = {"$gte": selection.created_after, "$lt": selection.created_before}
    if created := {name: at for name, at in created.items() if at}:
        filters["created_at"] = created
    return filters


def _matches(selection: Selection, after: str) -> Iterator[Condition]:
    """Yield a condition for each way in which a video can match the search.

    `$gt` also leaves out the records that are not migrated yet: they have no key.
    """
    later, search = {"name_key": {"$gt": after}}, selection.search
    if search is None:
        yield _filters(selection) | later
        return
    first, end = keys_with_prefix(search)
    yield {"name_key": {"$gt": max(first, after), "$lt": end}}
    if ObjectId.is_valid(search):
        yield {"_id": ObjectId(search)} | later
    if selection.passthrough in (None, search):
        yield {"passthrough": search} | later


def _id_bounds(selection: Selection) -> Condition:
    """Return the bounds of the ids that the times of creation imply.

    There is no index on `created_at`. Ids begin with the second at which they were made.
    """
    bounds: Condition = {}
    if selection.created_after:
        bounds["$gte"] = _first_id(selection.created_after, -_ID_MADE_WITHIN)
    if selection.created_before:
        bounds["$lt"] = _first_id(selection.created_before, _ID_MADE_WITHIN)
    return bounds


def _first_id(at: datetime, delta: timedelta) -> ObjectId:
    seconds = int(at.timestamp() + delta.total_seconds())
    return ObjectId(min(max(seconds, 0), _LATEST_ID_S).to_bytes(4) + bytes(8))
