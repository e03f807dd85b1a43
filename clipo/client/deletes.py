"""Deletes all videos of a selection, some with each call."""

from collections.abc import AsyncIterator, Mapping
from typing import Any

from clipo.client.api import Api


async def delete_all(api: Api, conditions: Mapping[str, Any]) -> AsyncIterator[dict[str, Any]]:
    """Yield the report of each call of `Api.delete_selected`.

    It ends when no video remains or the storage fails.
    """
    cursor = None
    while True:
        report = await api.delete_selected(**conditions, cursor=cursor)
        yield report
        cursor = report["next_cursor"]
        if cursor is None or has_stopped(report):
            return


def has_stopped(report: Mapping[str, Any]) -> bool:
    """Whether the storage has failed in the middle of the selection."""
    storage_failed = any(left["code"] == "storage_unavailable" for left in report["left"])
    return storage_failed and report["next_cursor"] is not None
