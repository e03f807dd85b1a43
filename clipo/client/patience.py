"""Tries again what the network or a server has spoilt, later and later."""

from collections.abc import Awaitable, Callable
from typing import TypeVar

from tenacity import (
    AsyncRetrying,
    RetryCallState,
    retry_if_exception,
    stop_after_attempt,
    wait_exponential_jitter,
)

from clipo.client.problems import Unreachable

Result = TypeVar("Result")

_TRIES = 8
_FIRST_WAIT_S = 0.5
_LONGEST_WAIT_S = 20
"""About a minute in all."""


async def patiently(
    attempt: Callable[[], Awaitable[Result]], on_wait: Callable[[], None] = lambda: None
) -> Result:
    """Return what an attempt returns, the last of eight at most. `on_wait` is called between."""
    return await _retrying(attempt, _is_transient, on_wait)


async def once_answered(attempt: Callable[[], Awaitable[Result]]) -> Result:
    """Do the same, but where nothing listens at all say so at once."""
    return await _retrying(attempt, _is_interrupted, lambda: None)


async def _retrying(
    attempt: Callable[[], Awaitable[Result]],
    retried: Callable[[BaseException], bool],
    on_wait: Callable[[], None],
) -> Result:
    def before_sleep(_: RetryCallState) -> None:
        on_wait()

    # Tenacity awaits only what is an `async def` itself.
    async def call() -> Result:
        return await attempt()

    retrying = AsyncRetrying(
        retry=retry_if_exception(retried),
        stop=stop_after_attempt(_TRIES),
        wait=wait_exponential_jitter(multiplier=_FIRST_WAIT_S, max=_LONGEST_WAIT_S, jitter=0.5),
        before_sleep=before_sleep,
        reraise=True,
    )
    return await retrying(call)


def _is_transient(error: BaseException) -> bool:
    return getattr(error, "transient", False) is True


def _is_interrupted(error: BaseException) -> bool:
    return _is_transient(error) and not (isinstance(error, Unreachable) and error.refused)
