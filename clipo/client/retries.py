"""Retries all failed videos of a selection, no faster than workers take them."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from typing import Any

from clipo.client.api import Api
from clipo.client.faults import Problem

_WAIT_S = 10
"""Seconds to wait for workers if the API names none."""


async def retry_all(
    api: Api, conditions: Mapping[str, Any], on_wait: Callable[[], None]
) -> AsyncIterator[dict[str, Any]]:
    """Yield the report of each call of `Api.retry_failed`, until no video remains.

    `on_wait` is called once, if the retried videos have to wait for workers.
    """
    cursor, waited = None, False
    while True:
        try:
            report = await api.retry_failed(**conditions, cursor=cursor)
        except Problem as problem:
            if problem.code != "too_many_retries":
                raise
            if not waited:
                on_wait()
            waited = True
            await asyncio.sleep(problem.retry_after_s or _WAIT_S)
            continue
        yield report
        cursor = report["next_cursor"]
        if cursor is None:
            return
