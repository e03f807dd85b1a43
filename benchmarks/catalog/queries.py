"""The queries of the functions, on the records of `records.py`."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from itertools import count

from benchmarks.catalog.records import LARGE_OWNER, SMALL_OWNER, video_id
from functions.adapters.mongo.catalog import MongoCatalog
from functions.adapters.mongo.ids import new_video_id
from functions.core.listing import EVERY_VIDEO, Order, Selection
from functions.core.quotas import Quota
from functions.core.video import Status, Video
from tests.examples import CREATED, video

_PAGE = 50
_COUNTED = 10_000
_LATER = CREATED + timedelta(days=365)


def queries(catalog: MongoCatalog) -> dict[str, Callable[[], object]]:
    """Return what makes each query once, by its title."""
    of_owner = video_id(0)
    return {
        "one video": lambda: _found(catalog.get(of_owner, owner=SMALL_OWNER)),
        "announce": lambda: catalog.add(video(new_video_id(), status=Status.FAILED)),
        "save a change": lambda: catalog.save(
            seen := _found(catalog.get(of_owner)), replace(seen, replays=next(_NUMBERS))
        ),
        "count towards a quota": lambda: catalog.usage.reserve(
            SMALL_OWNER, 1, Quota(videos=10**9, bytes=10**15)
        ),
        "list of an owner of 100": lambda: _page(catalog, SMALL_OWNER),
        "counts of an owner of 100": lambda: catalog.count_by_status(
            owner=SMALL_OWNER, limit=_COUNTED
        ),
        "names of an owner of 100": lambda: _page(
            catalog, SMALL_OWNER, Selection(search="clip 000000", order=Order.NAME)
        ),
        "sweep of the unfinished": lambda: list(catalog.unfinished(before=_LATER)),
        "webhooks that are due": lambda: list(catalog.undelivered(before=_LATER)),
        "video by passthrough": lambda: _page(
            catalog, LARGE_OWNER, Selection(passthrough="order-1")
        ),
        "list of the large owner": lambda: _page(catalog, LARGE_OWNER),
        "counts of the large owner": lambda: catalog.count_by_status(
            owner=LARGE_OWNER, limit=_COUNTED
        ),
    }


_NUMBERS = count()


def _page(catalog: MongoCatalog, owner: str, selection: Selection = EVERY_VIDEO) -> list[Video]:
    return catalog.page(selection, owner=owner, limit=_PAGE)


def _found(found: Video | None) -> Video:
    if found is None:
        raise LookupError("The benchmark's video is gone.")
    return found
