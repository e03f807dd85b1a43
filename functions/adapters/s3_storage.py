"""Object storage in S3: the uploads and media buckets. The only module that speaks to S3."""

from collections.abc import Generator, Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from functools import cached_property
from threading import Lock
from typing import TYPE_CHECKING, Any, BinaryIO
from urllib.parse import urlsplit

from functions.adapters.sigv4 import Signer, quoted_key
from functions.adapters.storage import (
    READ_BYTES,
    MultipartStep,
    ObjectGone,
    SignedPost,
    SourceReplaced,
    StoredObject,
)
from functions.core.clock import Clock, utc_now
from functions.core.keys import source_key, thumbnail_prefix
from functions.core.settings import StorageSettings
from functions.core.unavailable import StorageUnavailable
from functions.core.video import Source

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client
    from urllib3 import BaseHTTPResponse

    from functions.adapters.s3_client import FoundCredentials
    from functions.adapters.s3_requests import S3Requests

_THUMBNAIL_TYPE = "image/jpeg"
_LARGE_BYTES = 8 << 20
_LARGE_READ_TIMEOUT_S = 60
"""Storage answers a large upload only when it has written all of it."""


_METHODS = {
    MultipartStep.CREATE: "POST",
    MultipartStep.PART: "PUT",
    MultipartStep.LIST: "GET",
    MultipartStep.COMPLETE: "POST",
    MultipartStep.ABORT: "DELETE",
}


class S3Storage:
    """Both buckets. Every method may raise `StorageUnavailable`: signing needs credentials."""

    def __init__(
        self,
        settings: StorageSettings,
        *,
        attempts: int,
        read_timeout_s: int,
        now: Clock = utc_now,
    ) -> None:
        """Hold the settings; connections are made at the first use and then kept.

        `attempts` is the number of times that a request is sent before it is given up.
        """
        self._settings = settings
        self._attempts = attempts
        self._read_timeout_s = read_timeout_s
        self._now = now
        self._making = Lock()

    @cached_property
    def _requests(self) -> "S3Requests":
        # Not for the API, which rarely sends any.
        from functions.adapters.s3_requests import S3Requests  # noqa: PLC0415

        return S3Requests(
            attempts=self._attempts,
            read_timeout_s=self._read_timeout_s,
            ca_bundle=self._settings.ca_bundle,
        )

    @cached_property
    def _client(self) -> "S3Client":
        from functions.adapters.s3_client import s3_client  # noqa: PLC0415 (only for those who need it)

        return s3_client(
            self._settings, attempts=self._attempts, read_timeout_s=self._read_timeout_s
        )

    @contextmanager
    def _sdk(self) -> Iterator["S3Client"]:
        """Yield AWS's own client, and raise its errors as ours."""
        from functions.adapters.s3_client import refusals  # noqa: PLC0415 (as above)

        with _meant(), refusals():
            # Several threads may be the first: one client is enough, and 0.3 s of work.
            with self._making:
                client = self._client
            yield client

    @cached_property
    def _found_credentials(self) -> "FoundCredentials":
        from functions.adapters.s3_client import FoundCredentials  # noqa: PLC0415 (as above)

        return FoundCredentials()

    def _signer(self) -> Signer:
        credentials = self._settings.credentials
        if credentials is None:
            # botocore's session may not be asked by several threads at once.
            with _meant(), self._making:
                credentials = self._found_credentials.current()
        return Signer(credentials, self._settings.region, self._now())

    def sign_upload(
        self, key: str, *, content_type: str, max_bytes: int, expires_s: int
    ) -> SignedPost:
        """Sign a form post of exactly this key and type, of 1 to `max_bytes` bytes."""
        bucket = self._settings.uploads_bucket
        fields = {"Content-Type": content_type, "key": key}
        conditions: list[Any] = [
            {"Content-Type": content_type},
            ["content-length-range", 1, max_bytes],
            {"bucket": bucket},
            {"key": key},
        ]
        return SignedPost(
            url=self._settings.bucket_url(bucket),
            fields=self._signer().form(fields, conditions, expires_s=expires_s),
        )

    def sign_multipart(
        self,
        key: str,
        step: MultipartStep,
        *,
        content_type: str | None = None,
        upload_id: str | None = None,
        part_number: int | None = None,
        expires_s: int,
    ) -> str:
        """Return a URL for one step of an upload in parts.

        A content type that is given has to be sent as the request's own. No range of sizes can be
        signed here: processing checks what arrived.
        """
        query = {"uploads": ""} if step is MultipartStep.CREATE else {"uploadId": upload_id or ""}
        if part_number is not None:
            query["partNumber"] = str(part_number)
        return self._signer().url(
            _METHODS[step],
            self._address(self._settings.uploads_bucket, key),
            query,
            content_type=content_type,
            expires_s=expires_s,
        )

    def sign_thumbnail(self, key: str, *, expires_s: int) -> str:
        """Return a URL at which anyone can read the thumbnail until it expires."""
        return self._signer().url(
            "GET",
            self._address(self._settings.media_bucket, key),
            {"response-content-type": _THUMBNAIL_TYPE},
            expires_s=expires_s,
        )

    def origins(self) -> tuple[str, ...]:
        """Return where browsers find uploads and thumbnails: scheme, host and port."""
        buckets = (self._settings.uploads_bucket, self._settings.media_bucket)
        urls = [urlsplit(self._settings.bucket_url(bucket)) for bucket in buckets]
        return tuple(f"{url.scheme}://{url.netloc}" for url in urls)

    def _address(self, bucket: str, key: str) -> str:
        return f"{self._settings.bucket_url(bucket).rstrip('/')}/{quoted_key(key)}"

    def _send(
        self,
        method: str,
        bucket: str,
        key: str,
        body: bytes | BinaryIO | None = None,
        *,
        read_timeout_s: int | None = None,
        stream: bool = False,
        **headers: str,
    ) -> "BaseHTTPResponse":
        """Send a signed request, of which an underscore in a header's name is a hyphen."""
        address = self._address(bucket, key)
        given = {name.replace("_", "-"): value for name, value in headers.items()}
        signed = self._signer().headers(method, address, given)
        with self._making:
            requests = self._requests
        with _meant():
            return requests.send(
                method, address, signed, body, read_timeout_s=read_timeout_s, stream=stream
            )

    def put_upload(self, key: str, body: BinaryIO, *, size: int, content_type: str) -> None:
        """Store an uploaded file that came through the API."""
        self._send(
            "PUT",
            self._settings.uploads_bucket,
            key,
            body,
            read_timeout_s=None if size < _LARGE_BYTES else _LARGE_READ_TIMEOUT_S,
            content_length=str(size),
            content_type=content_type,
        )

    def read_upload(self, key: str, source: Source, start: int, end: int) -> Generator[bytes]:
        """Yield the bytes from `start` to before `end` of the object that the event named.

        All pieces but the last have `READ_BYTES`. Raises `SourceReplaced` or `ObjectGone` where
        it is no longer that object.
        """
        response = self._send(
            "GET",
            self._settings.uploads_bucket,
            key,
            stream=True,
            if_match=f'"{source.etag}"',
            range=f"bytes={start}-{end - 1}",
        )
        with closing(response):
            if response.headers.get("content-range") != f"bytes {start}-{end - 1}/{source.size}":
                raise StorageUnavailable("S3: another range than the one asked for")
            yield from self._requests.pieces(response, READ_BYTES)

    def upload_etag(self, key: str) -> str | None:
        """Return the ETag of what is stored now, `None` where there is nothing."""
        try:
            head = self._send("HEAD", self._settings.uploads_bucket, key)
        except ObjectGone:
            return None
        return head.headers["ETag"].strip('"')

    def find_upload(self, key: str) -> Source | None:
        """Return what is stored now, `None` where there is nothing.

        By listing, which needs no right to read uploads. Only events tell a sequencer.
        """
        with self._sdk() as s3:
            listed = s3.list_objects_v2(Bucket=self._settings.uploads_bucket, Prefix=key, MaxKeys=1)
        for found in listed.get("Contents", []):
            if found["Key"] == key:
                return Source(etag=found["ETag"].strip('"'), size=found["Size"], sequencer="")
        return None

    def delete_objects_of(self, video_id: str) -> None:
        """Remove all that was ever stored for a video. Safe to repeat.

        Unfinished uploads first: one that is completed meanwhile is then removed with the rest.
        """
        key, bucket = source_key(video_id), self._settings.uploads_bucket
        with self._sdk() as s3:
            uploads = s3.get_paginator("list_multipart_uploads")
            for page in uploads.paginate(Bucket=bucket, Prefix=key):
                for upload in page.get("Uploads", []):
                    self._abort(upload["Key"], upload["UploadId"])
            s3.delete_object(Bucket=bucket, Key=key)
            thumbnails = s3.get_paginator("list_objects_v2")
            for listed in thumbnails.paginate(
                Bucket=self._settings.media_bucket, Prefix=thumbnail_prefix(video_id)
            ):
                for found in listed.get("Contents", []):
                    self.delete_thumbnail(found["Key"])

    def _abort(self, key: str, upload_id: str) -> None:
        # It may have been completed or aborted since it was listed.
        with suppress(ObjectGone), self._sdk() as s3:
            s3.abort_multipart_upload(
                Bucket=self._settings.uploads_bucket, Key=key, UploadId=upload_id
            )

    def pages(self, *, after: str) -> Iterator[list[StoredObject]]:
        """Yield all objects of both buckets whose keys are behind `after`, in the keys' order."""
        settings = self._settings
        # "thumbnails/" comes before "uploads/".
        for bucket in (settings.media_bucket, settings.uploads_bucket):
            with self._sdk() as s3:
                listing = s3.get_paginator("list_objects_v2")
                for page in listing.paginate(Bucket=bucket, StartAfter=after):
                    yield [
                        StoredObject(bucket, key=found["Key"], modified_at=found["LastModified"])
                        for found in page.get("Contents", [])
                    ]

    def delete(self, found: Sequence[StoredObject]) -> None:
        """Remove objects of one page of a listing. Safe to repeat."""
        with self._sdk() as s3:
            answer = s3.delete_objects(
                Bucket=found[0].bucket,
                Delete={"Objects": [{"Key": one.key} for one in found], "Quiet": True},
            )
        for error in answer.get("Errors", []):
            raise StorageUnavailable(f"S3: {error.get('Code')}")

    def put_thumbnail(self, key: str, jpeg: bytes) -> None:
        """Publish a thumbnail. Its key is never written twice, so it may be cached for ever."""
        self._send(
            "PUT",
            self._settings.media_bucket,
            key,
            jpeg,
            content_type=_THUMBNAIL_TYPE,
            cache_control="private, max-age=31536000, immutable",
        )

    def read_thumbnail(self, key: str) -> bytes:
        """Return a thumbnail's bytes: some tens of kilobytes."""
        return self._send("GET", self._settings.media_bucket, key).data

    def delete_thumbnail(self, key: str) -> None:
        """Remove a thumbnail that no video refers to. Safe to repeat."""
        self._send("DELETE", self._settings.media_bucket, key)


@contextmanager
def _meant() -> Iterator[None]:
    from functions.adapters.s3_requests import Refused  # noqa: PLC0415 (see _requests)

    try:
        yield
    except Refused as error:
        raise _meaning(error.code) from error


def _meaning(code: str) -> Exception:
    if code == "PreconditionFailed":
        return SourceReplaced("The object has been replaced.")
    if code in ("NoSuchKey", "NoSuchUpload"):
        return ObjectGone("The object is no longer there.")
    return StorageUnavailable(f"S3: {code}")
