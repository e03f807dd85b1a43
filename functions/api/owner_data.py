"""Exports and erases all that Clipo stores of one owner."""

import re
from dataclasses import dataclass
from time import monotonic

from functions.adapters.owner_data import StoredRecord
from functions.adapters.telemetry import logger
from functions.api import problems
from functions.api.problems import Problem
from functions.api.services import Services

CURSOR = (
    "^((videos|deleted_videos):[0-9a-f]{24}|(idempotency_keys|owner_usage|api_keys"
    "|webhook_receivers|webhook_deliveries):[ -~]{1,400})$"
)
"""The pattern of cursors: the kind and the id of the last record."""

_PAGE = 100
_BATCH = 20
_ERASE_S = 8.0
"""The seconds after which an erasure answers: Lambda and API Gateway give up after 30."""


@dataclass(slots=True)
class Erasure:
    """The work of one call."""

    videos: int = 0
    """The number of videos that were deleted with all versions of their files."""
    tombstones: int = 0
    """The number of tombstones that have lost the owner's name."""
    idempotency_keys: int = 0
    counters: int = 0
    api_keys_left: int = 0
    """The number of the owner's API keys, which an erasure does not revoke."""
    finished: bool = False


def export_records(
    services: Services, owner: str, cursor: str | None
) -> tuple[list[StoredRecord], str | None]:
    """Return a page of an owner's records, and the cursor of the next one. Raises `Problem`."""
    _check_reach(services)
    after = _position(cursor) if cursor else None
    found = services.catalog.owner_data().records(owner, after=after, limit=_PAGE + 1)
    shown = found[:_PAGE]
    return shown, f"{shown[-1].kind}:{shown[-1].id}" if len(found) > _PAGE else None


def erase(services: Services, owner: str) -> Erasure:
    """Remove what Clipo stores of an owner, as much as one call can. Safe to repeat.

    Each video leaves a tombstone as after any purge. When its objects are gone, the tombstone loses
    the owner's name: it stays, so that Clipo also removes a file that arrives late. Raises
    `Problem`, `CatalogUnavailable` or `StorageUnavailable`.
    """
    _check_reach(services)
    report, begun = Erasure(), monotonic()
    while not report.finished and monotonic() - begun < _ERASE_S:
        report.finished = not _erase_some(services, owner, report)
    if report.finished:
        forgotten = services.catalog.owner_data().forget(owner)
        report.idempotency_keys = forgotten.idempotency_keys
        report.counters = forgotten.counters
        report.api_keys_left = sum(key.owner == owner for key in services.api_keys.all())
    logger().info(
        "owner erased" if report.finished else "owner partly erased",
        videos=report.videos,
        tombstones=report.tombstones,
    )
    return report


def _erase_some(services: Services, owner: str, report: Erasure) -> bool:
    """Erase a batch of videos and tombstones; return `False` if there was none."""
    videos = services.catalog.page(owner=owner, limit=_BATCH)
    for video in videos:
        report.videos += services.catalog.delete(video.id, purge=True) is not None
    data = services.catalog.owner_data()
    tombstones = data.tombstones(owner, limit=_BATCH)
    for tombstone in tombstones:
        if deleted := services.catalog.delete(tombstone.id, purge=True):
            services.storage.delete_objects_of(deleted)
        data.forget_owner_of(tombstone)
        report.tombstones += 1
    return bool(videos or tombstones)


def _check_reach(services: Services) -> None:
    if not services.caller.reaches_all_owners:
        raise Problem(
            problems.FORBIDDEN,
            "Your credential is for the videos of one owner only. Exports and erasures need an API"
            " key for all owners, or an admin token.",
        )


def _position(cursor: str) -> tuple[str, str]:
    if not re.fullmatch(CURSOR, cursor):
        raise Problem(problems.INVALID_CURSOR, problems.INVALID_CURSOR.example)
    kind, _, record_id = cursor.partition(":")
    return kind, record_id
