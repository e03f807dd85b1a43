"""Calls in threads, which keep the log keys of the caller."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from typing import TypeVar

_Result = TypeVar("_Result")


def in_parallel(*calls: Callable[[], _Result]) -> list[_Result]:
    """Make all calls at the same time, and return their results in this order."""
    if len(calls) < 2:  # noqa: PLR2004 (one call needs no thread)
        return [call() for call in calls]
    with ThreadPoolExecutor(len(calls)) as pool:
        futures = [pool.submit(copy_context().run, call) for call in calls]
    return [future.result() for future in futures]
