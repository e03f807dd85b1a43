"""A proxy for the local S3 that refuses requests for signed addresses as AWS does."""

import asyncio
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TypeAlias

from tests.fault_proxy import S3Proxy, error_of_s3, header, run_proxies
from tests.running_stack import RunningStack, running_stack
from tests.servers import s3

Delivering: TypeAlias = "tuple[RunningStack, StrictS3]"
_CREDENTIALS = {"AWS_ACCESS_KEY_ID": "LOCALTEST", "AWS_SECRET_ACCESS_KEY": "secret"}

_SIGNED_AT = re.compile(rb"[?&]X-Amz-Date=(\d{8}T\d{6}Z)[& ]")


@dataclass
class StrictS3(S3Proxy):
    """Refuses old signatures of reads, as the bucket's policy does, and two credentials at once."""

    oldest: timedelta = timedelta(minutes=15)
    """The age from which a signature is refused: `s3:signatureAge` in the template's policy."""
    refused: list[str] = field(default_factory=list)
    """The codes of all refusals."""

    async def _answer(self, request: bytes, body: bytes, writer: asyncio.StreamWriter) -> bool:
        refusal = self._refusal(request)
        if refusal is None:
            return await super()._answer(request, body, writer)
        self.refused.append(refusal[1])
        writer.write(error_of_s3(*refusal))
        return True

    def _refusal(self, request: bytes) -> tuple[int, str] | None:
        signed_at = _SIGNED_AT.search(request.partition(b"\r\n")[0])
        if signed_at is None:
            return None
        if header(request, b"authorization"):
            # https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html
            return 400, "InvalidArgument"
        at = datetime.strptime(signed_at[1].decode(), "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
        is_old = datetime.now(UTC) - at > self.oldest
        return (403, "AccessDenied") if is_old and request[:4] in (b"GET ", b"HEAD") else None


@contextmanager
def delivering_stack(make_folder: Callable[[str], Path]) -> Iterator[tuple[RunningStack, StrictS3]]:
    """Run a stack whose S3 refuses what AWS refuses."""
    with (
        s3(make_folder("s3"), _CREDENTIALS) as server,
        run_proxies(storage := StrictS3(server.port)),
    ):
        urls = {"AWS_ENDPOINT_URL_S3": storage.url, "AWS_ENDPOINT_URL_SQS": server.url}
        home = make_folder("delivery") / "home"
        with running_stack(home, None, **urls, **_CREDENTIALS) as stack:
            yield stack, storage
