"""Sends signed requests with urllib3.

botocore, which is made of the same urllib3, costs a cold start several times as much (ADR 28).
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any, BinaryIO

from urllib3 import BaseHTTPResponse, PoolManager, ProxyManager, Retry, Timeout
from urllib3.exceptions import HTTPError, MaxRetryError
from urllib3.util import make_headers

from functions.adapters.request_failed import RequestFailed
from functions.adapters.signed.proxies import credentials_of, proxy_of

_CONNECT_S = 2
_CONNECTIONS = 10
"""Largest number of idle connections to one host, as in botocore."""

_SEND_BYTES = 128 << 10
"""Bytes of a file that are read and sent at a time."""

_RETRIED = (429, 500, 502, 503, 504)
_PAUSE_S = 0.5
_FIRST_FAILURE = 300
"""The lowest HTTP status that is not a success."""

_HEAD_CODES = {404: "NoSuchKey", 412: "PreconditionFailed"}
"""S3's codes by HTTP status, for answers to HEAD: they have no body that could carry a code."""

_CODE = re.compile(rb'<Code>(\w+)</Code>|"__type":\s*"(?:[\w.]+#)?(\w+)"')
"""The code in a body: S3 answers with XML, SQS with JSON."""


class Connections:
    """A pool of connections with one rule for retries and timeouts."""

    def __init__(
        self,
        *,
        attempts: int,
        read_timeout_s: int,
        ca_bundle: str | None = None,
        proxies: Mapping[str, str] | None = None,
    ) -> None:
        """Create the pool. `attempts` limits how often it sends one request.

        `ca_bundle` is a file of trusted certificates; `None` stands for the system's. `proxies` are
        those of `proxies.read`; `None` stands for direct connections.
        """
        self._read_timeout_s = read_timeout_s
        self._proxies = proxies or {}
        self._proxy_managers: dict[str, ProxyManager] = {}
        self._options: dict[str, Any] = {
            "maxsize": _CONNECTIONS,
            "blocksize": _SEND_BYTES,
            "ca_certs": ca_bundle,
            "retries": Retry(
                attempts - 1,
                status_forcelist=_RETRIED,
                allowed_methods=None,
                backoff_factor=_PAUSE_S,
                backoff_jitter=_PAUSE_S,
                # A server may ask for a longer pause than a function's time limit.
                respect_retry_after_header=False,
                raise_on_status=False,
            ),
        }
        self._pool = PoolManager(**self._options)

    def _pool_for(self, address: str) -> PoolManager:
        proxy = proxy_of(address, self._proxies)
        if proxy is None:
            return self._pool
        if proxy not in self._proxy_managers:
            headers = make_headers(proxy_basic_auth=credentials_of(proxy))
            made = ProxyManager(proxy, proxy_headers=headers, **self._options)
            self._proxy_managers[proxy] = made
        return self._proxy_managers[proxy]

    def send(
        self,
        method: str,
        address: str,
        headers: Mapping[str, str],
        body: bytes | BinaryIO | None = None,
        *,
        read_timeout_s: int | None = None,
        stream: bool = False,
    ) -> BaseHTTPResponse:
        """Return the answer. The caller reads and closes the body of a stream.

        Raises `RequestFailed`.
        """
        try:
            response = self._pool_for(address).request(
                method,
                address,
                headers=headers,
                body=body,
                timeout=Timeout(connect=_CONNECT_S, read=read_timeout_s or self._read_timeout_s),
                redirect=False,
                preload_content=not stream,
                decode_content=False,
            )
            if response.status >= _FIRST_FAILURE:
                raise RequestFailed(_code(method, response))
        except HTTPError as error:
            raise _network_failure(error) from error
        return response


def pieces(response: BaseHTTPResponse, size: int) -> Iterator[bytes]:
    """Yield the rest of a stream in pieces of `size` bytes; the last may be shorter.

    Raises `RequestFailed`.
    """
    try:
        while piece := response.read(size):
            yield piece
    except HTTPError as error:
        raise _network_failure(error) from error


def _code(method: str, response: BaseHTTPResponse) -> str:
    if method == "HEAD":
        return _HEAD_CODES.get(response.status, str(response.status))
    if named := response.headers.get("x-amzn-errortype"):  # Lambda's
        return named.partition(":")[0]
    found = _CODE.search(response.data)
    return (found[1] or found[2]).decode() if found else str(response.status)


def _network_failure(error: HTTPError) -> RequestFailed:
    reason = (error.reason or error) if isinstance(error, MaxRetryError) else error
    return RequestFailed(type(reason).__name__)
