"""The requests to S3 that nearly every event needs: signed by us, sent by urllib3.

botocore, which is made of the same urllib3, costs a cold start several times as much (ADR 22).
"""

import re
from collections.abc import Iterator, Mapping
from typing import BinaryIO

from urllib3 import BaseHTTPResponse, PoolManager, Retry, Timeout
from urllib3.exceptions import HTTPError, MaxRetryError

from functions.core.unavailable import StorageUnavailable

CONNECT_S = 2
_CONNECTIONS = 10
"""That are kept: botocore's number."""

_SEND_BYTES = 128 << 10
"""Of a file that are read and sent at a time."""

_TRY_AGAIN = (429, 500, 502, 503, 504)
_PAUSE_S = 0.5
_NOT_DONE = 300
"""The first HTTP status of an answer that is no success."""

_WITHOUT_BODY = {404: "NoSuchKey", 412: "PreconditionFailed"}
"""What the answer to a HEAD means, which cannot say its code."""

_CODE = re.compile(rb"<Code>(\w+)</Code>")


class Refused(Exception):
    """S3 did not do what it was asked for."""

    def __init__(self, code: str) -> None:
        """Take S3's code, or the HTTP status of an answer without one.

        https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html
        """
        super().__init__(code)
        self.code = code


class S3Requests:
    """Connections that are kept, with what they are to be patient about."""

    def __init__(self, *, attempts: int, read_timeout_s: int, ca_bundle: str | None) -> None:
        """Take how often a request is sent before it is given up."""
        self._read_timeout_s = read_timeout_s
        self._pool = PoolManager(
            maxsize=_CONNECTIONS,
            blocksize=_SEND_BYTES,
            ca_certs=ca_bundle,
            retries=Retry(
                attempts - 1,
                status_forcelist=_TRY_AGAIN,
                allowed_methods=None,
                backoff_factor=_PAUSE_S,
                backoff_jitter=_PAUSE_S,
                respect_retry_after_header=False,
                raise_on_status=False,
            ),
        )

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
        """Return the answer. If it is a stream its body is still to be read, and to be closed.

        Raises `Refused` or `StorageUnavailable`.
        """
        try:
            response = self._pool.request(
                method,
                address,
                headers=headers,
                body=body,
                timeout=Timeout(connect=CONNECT_S, read=read_timeout_s or self._read_timeout_s),
                redirect=False,
                preload_content=not stream,
                decode_content=False,
            )
            if response.status >= _NOT_DONE:
                raise Refused(_code(method, response))
        except HTTPError as error:
            raise _unavailable(error) from error
        return response

    @staticmethod
    def pieces(response: BaseHTTPResponse, size: int) -> Iterator[bytes]:
        """Yield the rest of an answer, in pieces that but for the last have that size.

        Raises `StorageUnavailable`.
        """
        try:
            while piece := response.read(size):
                yield piece
        except HTTPError as error:
            raise _unavailable(error) from error


def _code(method: str, response: BaseHTTPResponse) -> str:
    if method == "HEAD":
        return _WITHOUT_BODY.get(response.status, str(response.status))
    said = _CODE.search(response.data)
    return said[1].decode() if said else str(response.status)


def _unavailable(error: HTTPError) -> StorageUnavailable:
    reason = (error.reason or error) if isinstance(error, MaxRetryError) else error
    return StorageUnavailable(f"S3: {type(reason).__name__}")
