"""How long servers are waited for, and what is said when that was in vain."""

import httpx2

API = httpx2.Timeout(30, connect=10)
"""As long as API Gateway waits itself: https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-quotas.html"""

STORAGE = httpx2.Timeout(120, connect=10)
"""The end of an upload in parts is answered when it has been put together."""

DOCTOR = httpx2.Timeout(10)
"""Of small questions, by somebody who watches."""

SLOW_S = 3
"""Then a person is told what is waited for."""


def reason(error: httpx2.HTTPError) -> str:
    """Return why there was no answer."""
    if isinstance(error, httpx2.TimeoutException):
        limits = error.request.extensions["timeout"]
        connecting = isinstance(error, httpx2.ConnectTimeout)
        return f"nothing came for {limits['connect' if connecting else 'read']:g} s"
    return str(error) or "the connection was cut"
