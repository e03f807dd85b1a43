"""A proxy for the local S3 that refuses requests for signed addresses as AWS does."""

import asyncio
import re
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from tests.fault_proxy import S3Proxy, error_of_s3, header

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
