"""Sends files to object storage, and reads them, with signed requests."""

import io
import re
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape, unescape

import httpx2

from clipo.client import faults
from clipo.client.faults import StorageRefused, Unreachable
from clipo.errors import ClipoError

_CHUNK_BYTES = 256 << 10


@dataclass(frozen=True, slots=True)
class Part:
    """A part of a file that storage has."""

    number: int
    size: int
    etag: str


@dataclass(frozen=True, slots=True)
class StoredFile:
    """A file in storage."""

    size: int
    etag: str


class _CountedFile(io.FileIO):
    """A file that reports each read."""

    def __init__(self, path: Path, on_bytes: Callable[[int], None]) -> None:
        super().__init__(path)
        self._on_bytes = on_bytes

    def read(self, size: int | None = -1, /) -> bytes:
        data = super().read(-1 if size is None else size)
        self._on_bytes(len(data))
        return data


async def send_form(
    http: httpx2.AsyncClient, form: Mapping[str, Any], file: Path, on_bytes: Callable[[int], None]
) -> None:
    """Post a whole file with a signed form. Raises `Unreachable`, `StorageRefused`."""
    with _CountedFile(file, on_bytes) as content:
        # Storage ignores the filename, so it does not need the real one.
        files = {"file": ("file", content, "application/octet-stream")}
        await _send(http, "POST", form["url"], data=form["fields"], files=files)


async def begin(http: httpx2.AsyncClient, signed: Mapping[str, Any]) -> str:
    """Begin a multipart upload; return its id."""
    answer = await _send(http, "POST", signed["url"], headers=signed.get("headers"))
    return _texts(answer.text, "UploadId")[0]


async def list_parts(http: httpx2.AsyncClient, signed: Mapping[str, Any]) -> list[Part]:
    """Return the parts that have arrived, at most 1,000."""
    answer = await _send(http, "GET", signed["url"])
    return [
        Part(
            number=int(_texts(part, "PartNumber")[0]),
            size=int(_texts(part, "Size")[0]),
            etag=_texts(part, "ETag")[0],
        )
        for part in _texts(answer.text, "Part")
    ]


async def send_part(
    http: httpx2.AsyncClient,
    signed: Mapping[str, Any],
    file: Path,
    *,
    start: int,
    size: int,
    on_bytes: Callable[[int], None],
) -> str:
    """Send `size` bytes of a file from `start` as a part; return its ETag."""
    answer = await _send(
        http,
        "PUT",
        signed["url"],
        headers={"Content-Length": str(size)},
        content=_chunks(file, start, size, on_bytes),
    )
    return str(answer.headers["etag"])


async def complete(
    http: httpx2.AsyncClient, signed: Mapping[str, Any], etags: Mapping[int, str]
) -> None:
    """Join the parts of a multipart upload."""
    parts = "".join(
        f"<Part><PartNumber>{number}</PartNumber><ETag>{escape(etag)}</ETag></Part>"
        for number, etag in sorted(etags.items())
    )
    body = f"<CompleteMultipartUpload>{parts}</CompleteMultipartUpload>"
    headers = {"Content-Type": "application/xml"} | signed.get("headers", {})
    answer = await _send(http, "POST", signed["url"], headers=headers, content=body.encode())
    if "<Error>" in answer.text:  # S3 sends the status before it joins the parts
        raise _refusal(500, answer.text)


async def find(http: httpx2.AsyncClient, url: str) -> StoredFile:
    """Return what storage says of a file, whose address is signed for GET alone."""
    async with _stream(http, url, {"Range": "bytes=0-0"}) as answer:
        size = answer.headers.get("content-range", "").rpartition("/")[2]
        if not size.isdecimal():
            raise ClipoError("Storage does not answer requests for a part of the file.")
        return StoredFile(int(size), str(answer.headers.get("etag", "")))


async def read(
    http: httpx2.AsyncClient, url: str, stored: StoredFile, *, start: int
) -> AsyncIterator[bytes]:
    """Yield a file from the byte `start`. Raises `ClipoError` if it is another file now."""
    headers = {"Range": f"bytes={start}-", "If-Match": stored.etag}
    async with _stream(http, url, headers) as answer:
        if answer.status_code != HTTPStatus.PARTIAL_CONTENT:
            raise ClipoError("Storage does not answer requests for a part of the file.")
        async for chunk in answer.aiter_raw():
            yield chunk


@asynccontextmanager
async def _stream(
    http: httpx2.AsyncClient, url: str, headers: Mapping[str, str]
) -> AsyncIterator[httpx2.Response]:
    """Yield the response to GET before its body is read."""
    sent = {"Accept-Encoding": "identity", **headers}
    try:
        async with http.stream("GET", url, headers=sent, timeout=faults.STORAGE_TIMEOUTS) as answer:
            if answer.status_code == HTTPStatus.PRECONDITION_FAILED:
                raise ClipoError("The file was replaced during the download. Download it again.")
            if not answer.is_success:
                raise _refusal(answer.status_code, (await answer.aread()).decode(errors="replace"))
            yield answer
    except httpx2.HTTPError as error:
        raise _silent(url, error) from error


def _silent(url: str, error: httpx2.HTTPError) -> Unreachable:
    host = httpx2.URL(url).host
    return Unreachable(f"Storage at {host} does not answer: {faults.reason(error)}.")


async def _chunks(
    file: Path, start: int, size: int, on_bytes: Callable[[int], None]
) -> AsyncIterator[bytes]:
    with file.open("rb") as opened:
        opened.seek(start)
        left = size
        while left:
            chunk = opened.read(min(_CHUNK_BYTES, left))
            if not chunk:
                raise ClipoError(
                    "The file became shorter during the upload. Upload it when it is complete."
                )
            left -= len(chunk)
            on_bytes(len(chunk))
            yield chunk


async def _send(http: httpx2.AsyncClient, method: str, url: str, **request: Any) -> httpx2.Response:
    try:
        answer = await http.request(method, url, timeout=faults.STORAGE_TIMEOUTS, **request)
    except httpx2.HTTPError as error:
        raise _silent(url, error) from error
    except OSError as error:
        raise ClipoError(
            f"The file can no longer be read: {error.strerror}. Correct that and upload it again."
        ) from error
    if not answer.is_success:
        raise _refusal(answer.status_code, answer.text)
    return answer


def _refusal(status: int, text: str) -> StorageRefused:
    code = _texts(text, "Code") or [f"HTTP {status}"]
    message = _texts(text, "Message") or [""]
    return StorageRefused(status, code[0], message[0])


def _texts(xml: str, tag: str) -> list[str]:
    """Return the content of each element with a tag. S3's XML has no CDATA or comments."""
    found = re.findall(rf"<{tag}>(.*?)</{tag}>", xml, re.DOTALL)
    return [unescape(text, {"&quot;": '"'}) for text in found]
