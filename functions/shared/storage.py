"""Object storage: the uploads and media buckets. The only module that speaks to S3."""

from collections.abc import Generator, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from functools import cached_property
from threading import Lock
from typing import TYPE_CHECKING, BinaryIO, cast
from urllib.parse import urlsplit

from shared.errors import StorageUnavailable
from shared.settings import StorageSettings
from shared.video import Source, source_key, thumbnail_prefix

if TYPE_CHECKING:
    from botocore.exceptions import ClientError
    from types_boto3_s3 import S3Client

_THUMBNAIL_TYPE = "image/jpeg"
READ_BYTES = 64 << 10
"""Of each piece of an upload that is read."""

_CONNECT_S = 2
_LARGE_BYTES = 8 << 20
_LARGE_READ_TIMEOUT_S = 60
"""Storage answers a large upload only when it has written all of it."""


class ObjectGone(Exception):
    """There is no object at this key any more."""


class SourceReplaced(Exception):
    """Another upload has overwritten the object since the event."""


@dataclass(frozen=True, slots=True)
class SignedPost:
    """A form that a browser can post to object storage."""

    url: str
    fields: Mapping[str, str]


class MultipartStep(StrEnum):
    """What a client does with an upload in parts, by S3's name for it."""

    CREATE = "create_multipart_upload"
    PART = "upload_part"
    LIST = "list_parts"
    COMPLETE = "complete_multipart_upload"
    ABORT = "abort_multipart_upload"


@dataclass(frozen=True, slots=True)
class StoredObject:
    """What a listing tells of an object."""

    bucket: str
    key: str
    modified_at: datetime


class Storage:
    """Both buckets. Every method may raise `StorageUnavailable`: signing needs credentials."""

    def __init__(self, settings: StorageSettings, *, attempts: int, read_timeout_s: int) -> None:
        """Hold the settings; the client is made at the first use and then kept.

        `attempts` is the number of times that a request is sent before it is given up.
        """
        self._settings = settings
        self._attempts = attempts
        self._read_timeout_s = read_timeout_s
        self._making = Lock()

    @property
    def _s3(self) -> "S3Client":
        # Several threads may be the first: one client is enough, and 0.3 s of work.
        with self._making:
            return self._client_for_all

    @cached_property
    def _client_for_all(self) -> "S3Client":
        return self._client(self._read_timeout_s)

    @cached_property
    def _s3_for_large(self) -> "S3Client":
        return self._client(_LARGE_READ_TIMEOUT_S)

    def _client(self, read_timeout_s: int) -> "S3Client":
        # 0.3 s of a cold start, so not for requests that need no storage.
        from botocore.config import Config  # noqa: PLC0415
        from botocore.session import Session  # noqa: PLC0415

        # Regional, virtual-hosted and SigV4: the default form signs SigV2 for the global
        # host, whose redirect breaks a browser's CORS preflight.
        # https://docs.aws.amazon.com/AmazonS3/latest/userguide/VirtualHosting.html
        config = Config(
            signature_version="s3v4",
            s3={"addressing_style": "path" if self._settings.endpoint_url else "virtual"},
            connect_timeout=_CONNECT_S,
            read_timeout=read_timeout_s,
            retries={"mode": "standard", "total_max_attempts": self._attempts},
            request_checksum_calculation="when_required",
            response_checksum_validation="when_required",
        )
        # What boto3 wraps, and all that we use of it: smaller and quicker to import (ADR 8).
        client = Session().create_client(
            "s3",
            region_name=self._settings.region,
            endpoint_url=self._settings.endpoint_url,
            config=config,
        )
        return cast("S3Client", client)

    def sign_upload(
        self, key: str, *, content_type: str, max_bytes: int, expires_s: int
    ) -> SignedPost:
        """Sign a form post of exactly this key and type, of 1 to `max_bytes` bytes."""
        with _unavailable_on_error():
            signed = self._s3.generate_presigned_post(
                self._settings.uploads_bucket,
                key,
                Fields={"Content-Type": content_type},
                Conditions=[
                    {"Content-Type": content_type},
                    ["content-length-range", 1, max_bytes],
                ],
                ExpiresIn=expires_s,
            )
        return SignedPost(url=signed["url"], fields=signed["fields"])

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
        given = {"ContentType": content_type, "UploadId": upload_id, "PartNumber": part_number}
        with _unavailable_on_error():
            return self._s3.generate_presigned_url(
                step.value,
                Params={"Bucket": self._settings.uploads_bucket, "Key": key}
                | {name: value for name, value in given.items() if value is not None},
                ExpiresIn=expires_s,
            )

    def origins(self) -> tuple[str, ...]:
        """Return where browsers find uploads and thumbnails: scheme, host and port."""
        upload = self.sign_upload("-", content_type="-", max_bytes=1, expires_s=1).url
        urls = (urlsplit(upload), urlsplit(self.sign_thumbnail("-", expires_s=1)))
        return tuple(f"{url.scheme}://{url.netloc}" for url in urls)

    def put_upload(self, key: str, body: BinaryIO, *, size: int, content_type: str) -> None:
        """Store an uploaded file that came through the API."""
        s3 = self._s3 if size < _LARGE_BYTES else self._s3_for_large
        with _unavailable_on_error():
            s3.put_object(
                Bucket=self._settings.uploads_bucket, Key=key, Body=body, ContentType=content_type
            )

    def read_upload(self, key: str, source: Source, start: int, end: int) -> Generator[bytes]:
        """Yield the bytes from `start` to before `end` of the object that the event named.

        All pieces but the last have `READ_BYTES`. Raises `SourceReplaced` or `ObjectGone` where
        it is no longer that object.
        """
        with _unavailable_on_error():
            response = self._s3.get_object(
                Bucket=self._settings.uploads_bucket,
                Key=key,
                IfMatch=source.etag,
                Range=f"bytes={start}-{end - 1}",
            )
            with closing(response["Body"]) as body:
                if response.get("ContentRange") != f"bytes {start}-{end - 1}/{source.size}":
                    raise StorageUnavailable("S3: another range than the one asked for")
                while piece := body.read(READ_BYTES):
                    yield piece

    def upload_etag(self, key: str) -> str | None:
        """Return the ETag of what is stored now, `None` where there is nothing."""
        try:
            with _unavailable_on_error():
                head = self._s3.head_object(Bucket=self._settings.uploads_bucket, Key=key)
        except ObjectGone:
            return None
        return head["ETag"].strip('"')

    def find_upload(self, key: str) -> Source | None:
        """Return what is stored now, `None` where there is nothing.

        By listing, which needs no right to read uploads. Only events tell a sequencer.
        """
        with _unavailable_on_error():
            listed = self._s3.list_objects_v2(
                Bucket=self._settings.uploads_bucket, Prefix=key, MaxKeys=1
            )
        for found in listed.get("Contents", []):
            if found["Key"] == key:
                return Source(etag=found["ETag"].strip('"'), size=found["Size"], sequencer="")
        return None

    def delete_objects_of(self, video_id: str) -> None:
        """Remove all that was ever stored for a video. Safe to repeat.

        Unfinished uploads first: one that is completed meanwhile is then removed with the rest.
        """
        key, bucket = source_key(video_id), self._settings.uploads_bucket
        with _unavailable_on_error():
            uploads = self._s3.get_paginator("list_multipart_uploads")
            for page in uploads.paginate(Bucket=bucket, Prefix=key):
                for upload in page.get("Uploads", []):
                    self._abort(upload["Key"], upload["UploadId"])
            self._s3.delete_object(Bucket=bucket, Key=key)
            thumbnails = self._s3.get_paginator("list_objects_v2")
            for listed in thumbnails.paginate(
                Bucket=self._settings.media_bucket, Prefix=thumbnail_prefix(video_id)
            ):
                for found in listed.get("Contents", []):
                    self.delete_thumbnail(found["Key"])

    def _abort(self, key: str, upload_id: str) -> None:
        # It may have been completed or aborted since it was listed.
        with suppress(ObjectGone), _unavailable_on_error():
            self._s3.abort_multipart_upload(
                Bucket=self._settings.uploads_bucket, Key=key, UploadId=upload_id
            )

    def pages(self, *, after: str) -> Iterator[list[StoredObject]]:
        """Yield all objects of both buckets whose keys are behind `after`, in the keys' order."""
        settings = self._settings
        # "thumbnails/" comes before "uploads/".
        for bucket in (settings.media_bucket, settings.uploads_bucket):
            with _unavailable_on_error():
                listing = self._s3.get_paginator("list_objects_v2")
                for page in listing.paginate(Bucket=bucket, StartAfter=after):
                    yield [
                        StoredObject(bucket, key=found["Key"], modified_at=found["LastModified"])
                        for found in page.get("Contents", [])
                    ]

    def delete(self, found: Sequence[StoredObject]) -> None:
        """Remove objects of one page of a listing. Safe to repeat."""
        with _unavailable_on_error():
            answer = self._s3.delete_objects(
                Bucket=found[0].bucket,
                Delete={"Objects": [{"Key": one.key} for one in found], "Quiet": True},
            )
        for error in answer.get("Errors", []):
            raise StorageUnavailable(f"S3: {error.get('Code')}")

    def put_thumbnail(self, key: str, jpeg: bytes) -> None:
        """Publish a thumbnail. Its key is never written twice, so it may be cached for ever."""
        with _unavailable_on_error():
            self._s3.put_object(
                Bucket=self._settings.media_bucket,
                Key=key,
                Body=jpeg,
                ContentType=_THUMBNAIL_TYPE,
                CacheControl="private, max-age=31536000, immutable",
            )

    def read_thumbnail(self, key: str) -> bytes:
        """Return a thumbnail's bytes: some tens of kilobytes."""
        with _unavailable_on_error():
            return self._s3.get_object(Bucket=self._settings.media_bucket, Key=key)["Body"].read()

    def delete_thumbnail(self, key: str) -> None:
        """Remove a thumbnail that no video refers to. Safe to repeat."""
        with _unavailable_on_error():
            self._s3.delete_object(Bucket=self._settings.media_bucket, Key=key)

    def sign_thumbnail(self, key: str, *, expires_s: int) -> str:
        """Return a URL at which anyone can read the thumbnail until it expires."""
        with _unavailable_on_error():
            return self._s3.generate_presigned_url(
                "get_object",
                Params={
                    "Bucket": self._settings.media_bucket,
                    "Key": key,
                    "ResponseContentType": _THUMBNAIL_TYPE,
                },
                ExpiresIn=expires_s,
            )


@contextmanager
def _unavailable_on_error() -> Iterator[None]:
    from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415 (see _s3)

    try:
        yield
    except ClientError as error:
        raise _meaning(error) from error
    except BotoCoreError as error:
        raise StorageUnavailable(f"S3: {type(error).__name__}") from error


def _meaning(error: "ClientError") -> Exception:
    code = error.response.get("Error", {}).get("Code", "")
    if code == "PreconditionFailed":
        return SourceReplaced("The object has been replaced.")
    if code in ("NoSuchKey", "NoSuchUpload", "404"):  # a HEAD has no body to name the code in
        return ObjectGone("The object is no longer there.")
    return StorageUnavailable(f"S3: {code}")
