"""What can fail between the client and the servers: how long it waits, and when it retries."""

from collections.abc import Awaitable, Callable
from typing import TypeVar

import httpx2
from tenacity import (
    AsyncRetrying,
    RetryCallState,
    retry_if_exception,
    stop_after_attempt,
    wait_exponential_jitter,
)

from clipo.errors import ClipoError

_Result = TypeVar("_Result")

API_TIMEOUTS = httpx2.Timeout(30, connect=10)
"""Limits of a request to the API: as long as API Gateway waits itself. https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-quotas.html"""

STORAGE_TIMEOUTS = httpx2.Timeout(120, connect=10)
"""Limits of a request to the storage, which puts the parts together before it answers."""

DOCTOR_TIMEOUTS = httpx2.Timeout(10)
"""Limits of the small requests of `clipo doctor`, which a person watches."""

SLOW_S = 3
"""Seconds without an answer before the command says that it is waiting."""

_TRIES = 8
_FIRST_WAIT_S = 0.5
_LONGEST_WAIT_S = 20
"""About a minute in all."""


class Fault(ClipoError):
    """A request did not succeed."""

    transient = False
    """Whether the same may succeed a moment later."""

    code = "fault"

    goes_on = False
    """Whether the same command goes on with what has arrived until now."""


class Unreachable(Fault):
    """No answer came."""

    transient = True
    code = "unreachable"

    def __init__(self, sentence: str, *, refused: bool = False) -> None:
        """Take what to say, and whether nothing listens there at all."""
        super().__init__(sentence)
        self.refused = refused


class NotClipo(Fault):
    """Something else than Clipo answered."""

    code = "not_clipo"


_TO_DO = {"file_too_large": " Shorten it, or raise MAX_UPLOAD_BYTES where Clipo runs."}
"""What a person can do here, where the API does not say it."""


class Problem(Fault):
    """The API answered with a problem document."""

    def __init__(
        self, *, status: int, title: str, detail: str, code: str, request_id: str | None
    ) -> None:
        """Take the fields of the document."""
        reference = f"{code}, request {request_id}" if request_id else code
        super().__init__(f"{title}. {detail}{_TO_DO.get(code, '')} ({reference})")
        self.status = status
        self.code = code
        self.transient = status >= 500  # noqa: PLR2004 (the servers' side)
        self._document = {"code": code, "message": f"{title}. {detail}"}
        if request_id:
            self._document["request_id"] = request_id

    def document(self) -> dict[str, str]:
        """Return it for a program."""
        return self._document


class StorageRefused(Fault):
    """The object storage answered with an error."""

    def __init__(self, status: int, code: str, message: str) -> None:
        """Take the answer's status, and the code and the message of its body."""
        super().__init__(f"The storage refuses the upload: {message or status} ({code}).")
        self.status = status
        self.code = code
        # Each try has a fresh signature.
        self.transient = status in (408, 429) or status >= 500 or "expired" in message.lower()  # noqa: PLR2004


async def patiently(
    attempt: Callable[[], Awaitable[_Result]], on_wait: Callable[[], None] = lambda: None
) -> _Result:
    """Return what an attempt returns, the last of eight at most. `on_wait` is called between."""
    return await _retrying(attempt, _is_transient, on_wait)


async def once_answered(attempt: Callable[[], Awaitable[_Result]]) -> _Result:
    """Do the same, but where nothing listens at all say so at once."""
    return await _retrying(attempt, _is_interrupted, lambda: None)


async def _retrying(
    attempt: Callable[[], Awaitable[_Result]],
    retried: Callable[[BaseException], bool],
    on_wait: Callable[[], None],
) -> _Result:
    def before_sleep(_: RetryCallState) -> None:
        on_wait()

    # Tenacity awaits only what is an `async def` itself.
    async def call() -> _Result:
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


def reason(error: httpx2.HTTPError) -> str:
    """Return why there was no answer."""
    if isinstance(error, httpx2.TimeoutException):
        limits = error.request.extensions["timeout"]
        connecting = isinstance(error, httpx2.ConnectTimeout)
        return f"nothing came for {limits['connect' if connecting else 'read']:g} s"
    return str(error) or "the connection was cut"
