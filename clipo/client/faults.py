"""Errors of requests to the API and to storage, their time limits, and when to retry."""

from collections.abc import Awaitable, Callable
from socket import gaierror
from typing import TypeVar

import httpx2
from tenacity import (
    AsyncRetrying,
    retry_if_exception,
    stop_after_attempt,
    wait_exponential_jitter,
)

from clipo.errors import ClipoError

_Result = TypeVar("_Result")

API_TIMEOUTS = httpx2.Timeout(30, connect=10)
"""Time limits for the API: API Gateway itself gives up after 30 s. https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-quotas.html"""

STORAGE_TIMEOUTS = httpx2.Timeout(120, connect=10)
"""Time limits for storage, which joins all parts of an upload before it answers."""

DOCTOR_TIMEOUTS = httpx2.Timeout(10)
"""Time limits for the small requests of `clipo doctor`, which a person watches."""

SLOW_S = 3
"""Seconds without a response after which the command says that it is waiting."""

_TRIES = 8
_FIRST_WAIT_S = 0.5
_LONGEST_WAIT_S = 20
"""Limit of the growing waits, so that eight tries take about a minute."""


class Fault(ClipoError):
    """A request that did not succeed."""

    code = "fault"

    transient = False
    """Whether the same request may succeed a moment later."""

    resumable = False
    """Whether the same command, run again, continues this upload."""

    def __init__(self, sentence: str, advice: str = "") -> None:
        """Take what happened, and what to do next."""
        super().__init__(sentence)
        self.sentence = sentence
        self.advice = advice

    def __str__(self) -> str:
        """Return the message."""
        return f"{self.sentence} {self.advice}".rstrip()


class Unreachable(Fault):
    """The server sent no response."""

    transient = True
    code = "unreachable"

    def __init__(self, sentence: str, advice: str = "", *, refused: bool = False) -> None:
        """Take the parts of the message, and whether the connection was refused."""
        super().__init__(sentence, advice)
        self.refused = refused


class NotClipo(Fault):
    """The response came from another program than Clipo."""

    code = "not_clipo"


class GatewayFailed(Fault):
    """A server error, or a limit of calls, that is no answer of Clipo itself."""

    transient = True
    code = "gateway_failed"


_ADVICE = {"file_too_large": "Shorten the video, or raise MAX_UPLOAD_BYTES where Clipo runs."}
"""Advice for errors whose `detail` gives none, by code."""


class Problem(Fault):
    """A problem document of the API."""

    def __init__(
        self,
        *,
        status: int,
        detail: str,
        code: str,
        request_id: str | None,
        retry_after_s: int | None = None,
        advice: str = "",
    ) -> None:
        """Take the fields of the document, and the seconds until the same request may succeed."""
        super().__init__(detail, advice or _ADVICE.get(code, ""))
        self.code = code
        self.request_id = request_id
        self.retry_after_s = retry_after_s
        self.transient = status == 429 or status >= 500  # noqa: PLR2004 (too many, server errors)

    @property
    def refuses_credential(self) -> bool:
        """Whether the API accepts no such request from this caller."""
        return self.code in ("unauthenticated", "forbidden")

    def __str__(self) -> str:
        """Return the message with the code, which leads to the documentation and the log."""
        request = f", request {self.request_id}" if self.request_id else ""
        return f"{super().__str__()} ({self.code}{request})"

    def document(self) -> dict[str, str]:
        """Return the error as a JSON object."""
        found = {"code": self.code, "message": super().__str__()}
        return found | ({"request_id": self.request_id} if self.request_id else {})


class StorageRefused(Fault):
    """An error response of the object storage."""

    def __init__(self, status: int, code: str, message: str) -> None:
        """Take the status of the response, and the code and message in its body."""
        super().__init__(f"Storage refused the request: {message or status} ({code}).")
        self.code = code
        # An expired signature is transient because each try gets a new one.
        self.transient = status in (408, 429) or status >= 500 or "expired" in message.lower()  # noqa: PLR2004


class OldResultKept(Fault):
    """A done video that could not be processed again and keeps its old result."""

    code = "old_result_kept"


class NotResendable(Fault):
    """A delivery that cannot be sent again because it was a test."""

    code = "not_resendable"


async def retry(
    attempt: Callable[[], Awaitable[_Result]],
    on_retry: Callable[[], None] = lambda: None,
    *,
    if_refused: bool = True,
) -> _Result:
    """Return what an attempt returns; after a transient fault, retry it up to seven times.

    `on_retry` is called before each retry. `if_refused` says whether to retry after a refused
    connection, too: at a command's first request it means that no server runs there.
    """

    def is_transient(error: BaseException) -> bool:
        refused = isinstance(error, Unreachable) and error.refused
        return isinstance(error, Fault) and error.transient and (if_refused or not refused)

    # Tenacity awaits only the result of an `async def`.
    async def call() -> _Result:
        return await attempt()

    retrying = AsyncRetrying(
        retry=retry_if_exception(is_transient),
        stop=stop_after_attempt(_TRIES),
        wait=wait_exponential_jitter(multiplier=_FIRST_WAIT_S, max=_LONGEST_WAIT_S, jitter=0.5),
        before_sleep=lambda _: on_retry(),
        reraise=True,
    )
    return await retrying(call)


def reason(error: httpx2.HTTPError) -> str:
    """Return why there was no response."""
    if isinstance(error, httpx2.TimeoutException):
        limits = error.request.extensions["timeout"]
        connecting = isinstance(error, httpx2.ConnectTimeout)
        return f"no response for {limits['connect' if connecting else 'read']:g} s"
    if _is_unknown_host(error):
        return "the host cannot be found"
    return str(error) or "the connection was closed"


def _is_unknown_host(error: BaseException | None) -> bool:
    """Whether a name was not found. The HTTP client raises its own error from `gaierror`."""
    while error and not isinstance(error, gaierror):
        error = error.__cause__ or error.__context__
    return error is not None
