"""Finished videos in large numbers."""

from datetime import UTC, datetime, timedelta
from typing import Any

from bson import ObjectId

from functions.adapters.mongo.catalog import MongoCatalog
from functions.core.listing import name_key
from functions.core.video import Lease, Status
from tests import moves
from tests.examples import CREATED, uploaded, video

LARGE_OWNER = "large"
"""The owner of every other video."""

SMALL_OWNER = "small-0"
"""One of the owners of 100 videos each."""

_OF_A_SMALL_OWNER = 100
_BATCH = 5000
_FIRST = datetime(2026, 1, 1, tzinfo=UTC)
_TEMPLATE_ID = "000000000000000000000000"


def video_id(number: int) -> str:
    """Return the id of a record by its number, as if ten a second were made."""
    seconds = int((_FIRST + timedelta(seconds=number // 10)).timestamp())
    return f"{seconds:08x}{number:016x}"


def owner(number: int) -> str:
    """Return the owner of a record by its number."""
    return LARGE_OWNER if number % 2 else f"small-{number // (2 * _OF_A_SMALL_OWNER)}"


def fill(catalog: MongoCatalog, size: int) -> None:
    """Insert records until the catalog has as many as `size`."""
    template = _template(catalog)
    with catalog.database() as database:
        first = database.videos.estimated_document_count()
        for start in range(first, size, _BATCH):
            numbers = range(start, min(start + _BATCH, size))
            database.videos.insert_many([template | _own(one) for one in numbers], ordered=False)


def _template(catalog: MongoCatalog) -> dict[str, Any]:
    """Return the stored record of a video that processing has finished."""
    catalog.add(video(_TEMPLATE_ID))
    lease = Lease("token", CREATED + timedelta(minutes=2))
    moves.claim(catalog, uploaded(_TEMPLATE_ID), lease, now=CREATED)
    moves.complete(catalog, _TEMPLATE_ID, lease)
    with catalog.database() as database:
        found = database.videos.find_one_and_delete({"_id": ObjectId(_TEMPLATE_ID)})
    if found is None:
        raise LookupError("The template is gone.")
    return dict(found)


def _own(number: int) -> dict[str, Any]:
    filename = f"clip {number:07d}.mp4"
    return {
        "_id": ObjectId(video_id(number)),
        "owner": owner(number),
        "filename": filename,
        "name_key": name_key(filename, video_id(number)),
        "passthrough": f"order-{number}",
        "status": Status.FAILED if number % 1000 == 0 else Status.DONE,
        "created_at": _FIRST + timedelta(seconds=number // 10),
    }
