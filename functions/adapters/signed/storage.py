"""S3 with requests that Clipo signs itself, for the functions with short cold starts."""

from base64 import b64encode
from collections.abc import Generator, Iterator, Mapping
from contextlib import closing, contextmanager, suppress
from hashlib import md5
from itertools import islice
from typing import TYPE_CHECKING, Any, BinaryIO, Literal
from urllib.parse import urlsplit

from functions.adapters.request_failed import RequestFailed
from functions.adapters.signed.cloudfront import CloudFront
from functions.adapters.signed.service import SignedService
from functions.adapters.signed.sigv4 import Signer, quoted_query
from functions.adapters.storage import (
    LARGEST_PICTURE,
    READ_BYTES,
    MultipartStep,
    ObjectGone,
    SignedPost,
    SourceReplaced,
    StoredPicture,
)
from functions.core.keys import picture_key, pictures_prefix, source_key, thumbnail_prefix
from functions.core.settings import StorageSettings
from functions.core.unavailable import StorageUnavailable
from functions.core.video import DeletedVideo, Source

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

    from urllib3 import BaseHTTPResponse

_THUMBNAIL_TYPE = "image/jpeg"
_LARGE_BYTES = 8 << 20
_LARGE_READ_TIMEOUT_S = 60
"""The read timeout of a large upload: S3 responds only after it has written the whole object."""

_MOST_DELETED = 1000
"""The most objects that S3 removes by one request."""

_LISTING_BYTES = 1 << 20
_LISTING_PIECES = 4
"""The largest page of a listing, 4 MiB: 1000 objects, each with a key of at most 1 KiB."""

_METHODS = {
    MultipartStep.CREATE: "POST",
    MultipartStep.PART: "PUT",
    MultipartStep.LIST: "GET",
    MultipartStep.COMPLETE: "POST",
    MultipartStep.ABORT: "DELETE",
}
_NEXT_PAGE = {
    "NextContinuationToken": "continuation-token",
    "NextKeyMarker": "key-marker",
    "NextUploadIdMarker": "upload-id-marker",
    "NextVersionIdMarker": "version-id-marker",
}
"""Elements of a page that name the next one, with the parameters that ask for it."""


class SignedStorage:
    """Both buckets. Every method may raise `StorageUnavailable`: signing needs credentials."""

    def __init__(
        self, settings: StorageSettings, s3: SignedService, delivery: CloudFront | None = None
    ) -> None:
        """Store the settings, the service, which connects at its first request, and a distribution.

        With a distribution, addresses of files and pictures are its own instead of S3's.
        """
        self._settings = settings
        self._s3 = s3
        self._delivery = delivery

    def _signer(self) -> Signer:
        with _translate_errors():
            return self._s3.signer()

    def sign_upload(self, key: str, *, content_type: str, size: int, expires_s: int) -> SignedPost:
        """Sign a form post of exactly this key, type and size."""
        bucket = self._settings.uploads_bucket
        fields = {"Content-Type": content_type, "key": key}
        conditions: list[Any] = [
            {"Content-Type": content_type},
            ["content-length-range", size, size],
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
        headers: Mapping[str, str],
        upload_id: str | None = None,
        part_number: int | None = None,
        expires_s: int,
    ) -> str:
        """Return a URL for one step of an upload in parts.

        S3 refuses the request unless it has exactly these headers.
        """
        query = {"uploads": ""} if step is MultipartStep.CREATE else {"uploadId": upload_id or ""}
        if part_number is not None:
            query["partNumber"] = str(part_number)
        return self._signer().url(
            _METHODS[step],
            self._upload_url(key),
            query,
            headers=headers,
            expires_s=expires_s,
        )

    def sign_source(
        self,
        key: str,
        *,
        method: Literal["GET", "HEAD"],
        content_type: str,
        content_disposition: str,
        version: str,
        expires_s: int,
    ) -> str:
        """Return a URL at which anyone can read an upload, also by ranges, until it expires.

        S3 signs the method, too: a URL for GET does not work with HEAD. CloudFront caches by the
        version, so that it does not answer with an upload that another one has replaced.
        """
        headers = {
            "response-content-disposition": content_disposition,
            "response-content-type": content_type,
        }
        if self._delivery:
            return self._delivery.sign(key, headers | {"v": version}, expires_s=expires_s)
        caching = {"response-cache-control": f"private, max-age={expires_s}"}
        return self._signer().url(
            method, self._upload_url(key), caching | headers, expires_s=expires_s
        )

    def sign_thumbnail(self, key: str, *, expires_s: int) -> str:
        """Return a URL at which anyone can read the thumbnail until it expires."""
        return self.sign_picture(key, media_type=_THUMBNAIL_TYPE, expires_s=expires_s)

    def sign_picture(self, key: str, *, media_type: str, expires_s: int) -> str:
        """Return a URL at which anyone can read a picture until it expires."""
        headers = {"response-content-type": media_type}
        if self._delivery:
            return self._delivery.sign(key, headers, expires_s=expires_s)
        return self._signer().url("GET", self._media_url(key), headers, expires_s=expires_s)

    def origins(self) -> tuple[str, ...]:
        """Return the origins of uploads and thumbnails for browsers: scheme, host and port."""
        buckets = (self._settings.uploads_bucket, self._settings.media_bucket)
        addresses = [self._settings.bucket_url(bucket) for bucket in buckets]
        if self._delivery:
            addresses.append(self._delivery.url)
        urls = map(urlsplit, addresses)
        return tuple(f"{url.scheme}://{url.netloc}" for url in urls)

    def _upload_url(self, key: str) -> str:
        return self._settings.object_url(self._settings.uploads_bucket, key)

    def _media_url(self, key: str) -> str:
        return self._settings.object_url(self._settings.media_bucket, key)

    def _send(
        self,
        method: str,
        address: str,
        body: bytes | BinaryIO | None = None,
        *,
        read_timeout_s: int | None = None,
        stream: bool = False,
        **headers: str,
    ) -> "BaseHTTPResponse":
        """Send a request; underscores in the names of headers stand for hyphens."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        with _translate_errors():
            return self._s3.send(
                method, address, named, body, read_timeout_s=read_timeout_s, stream=stream
            )

    def put_upload(self, key: str, body: BinaryIO, *, size: int, content_type: str) -> None:
        """Store an uploaded file that came through the API."""
        self._send(
            "PUT",
            self._upload_url(key),
            body,
            read_timeout_s=None if size < _LARGE_BYTES else _LARGE_READ_TIMEOUT_S,
            content_length=str(size),
            content_type=content_type,
        )

    def read_upload(self, key: str, source: Source, start: int, end: int) -> Generator[bytes]:
        """Yield the bytes from `start` to before `end` of the object that the event named.

        All pieces but the last have `READ_BYTES`. Raises `SourceReplaced` or `ObjectGone` if the
        stored object is no longer that one.
        """
        from functions.adapters.signed.connections import pieces  # noqa: PLC0415 (see SignedService)

        response = self._send(
            "GET",
            self._upload_url(key),
            stream=True,
            if_match=f'"{source.etag}"',
            range=f"bytes={start}-{end - 1}",
        )
        with closing(response):
            if response.headers.get("content-range") != f"bytes {start}-{end - 1}/{source.size}":
                raise StorageUnavailable("S3: another range than the one asked for")
            with _translate_errors():
                yield from pieces(response, READ_BYTES)

    def upload_etag(self, key: str) -> str | None:
        """Return the ETag of the stored object, `None` if there is none."""
        try:
            head = self._send("HEAD", self._upload_url(key))
        except ObjectGone:
            return None
        return head.headers["ETag"].strip('"')

    def find_upload(self, key: str) -> Source | None:
        """Return the stored object, `None` if there is none.

        A listing needs no right to read uploads. Only events carry a sequencer.
        """
        query = {"list-type": "2", "max-keys": "1", "prefix": key}
        for found in self._list(self._settings.uploads_bucket, query, "Contents"):
            if _text(found, "Key") == key:
                etag, size = _text(found, "ETag").strip('"'), int(_text(found, "Size"))
                return Source(etag=etag, size=size, sequencer="")
            break
        return None

    def delete_objects_of(self, deleted: DeletedVideo) -> None:
        """Remove all objects that were ever stored for a video. Safe to repeat.

        A versioned bucket keeps deleted uploads as older versions; a purge removes all versions.
        Unfinished uploads come first: an upload that a client completes meanwhile is then an
        object, and removed with the others.
        """
        key = source_key(deleted.id)
        self.abort_uploads(key)
        if deleted.purge:
            self._purge_upload(key)
        else:
            self._send("DELETE", self._upload_url(key))
        self._delete_media(thumbnail_prefix(deleted.id))
        self.delete_pictures(deleted.id)

    def delete_pictures(self, video_id: str, *, except_version: str | None = None) -> None:
        """Remove all pictures of a video but its thumbnails, and but those of one version."""
        kept = picture_key(video_id, except_version, "") if except_version else None
        self._delete_media(pictures_prefix(video_id), kept=kept)

    def _delete_media(self, prefix: str, *, kept: str | None = None) -> None:
        """Remove the objects of the media bucket with a prefix, but those with a longer one."""
        bucket = self._settings.media_bucket
        listed = self._list(bucket, {"list-type": "2", "prefix": prefix}, "Contents")
        keys = (_text(found, "Key") for found in listed)
        gone = [key for key in keys if not (kept and key.startswith(kept))]
        for start in range(0, len(gone), _MOST_DELETED):
            self._delete_objects(bucket, gone[start : start + _MOST_DELETED])

    def _delete_objects(self, bucket: str, keys: list[str]) -> None:
        """Remove objects by one request.

        https://docs.aws.amazon.com/AmazonS3/latest/API/API_DeleteObjects.html
        """
        objects = "".join(f"<Object><Key>{_escape(key)}</Key></Object>" for key in keys)
        body = f"<Delete><Quiet>true</Quiet>{objects}</Delete>".encode()
        checksum = b64encode(md5(body, usedforsecurity=False).digest()).decode()
        address = f"{self._settings.bucket_url(bucket)}?{quoted_query({'delete': ''})}"
        answer = self._send("POST", address, body, content_md5=checksum)
        if b"<Error>" in answer.data:
            raise StorageUnavailable("S3: objects that could not be removed")

    def _purge_upload(self, key: str, *, etag: str | None = None) -> None:
        """Remove all versions of an upload, or those with an ETag, then the delete markers."""
        query = {"prefix": key, "versions": ""}
        bucket = self._settings.uploads_bucket
        for found in self._list(bucket, query, "Version", "DeleteMarker"):
            if _text(found, "Key") == key and etag in (None, _etag(found)):
                version = quoted_query({"versionId": _text(found, "VersionId")})
                self._send("DELETE", f"{self._upload_url(key)}?{version}")

    def delete_upload(self, key: str, source: Source) -> None:
        """Remove an uploaded object, unless another upload has replaced it. Safe to repeat.

        In a versioned bucket the first request hides the object, and the others remove it.
        https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-deletes.html
        """
        with suppress(ObjectGone, SourceReplaced):
            self._send("DELETE", self._upload_url(key), if_match=f'"{source.etag}"')
        self._purge_upload(key, etag=source.etag)

    def abort_uploads(self, key: str) -> None:
        """Abort the unfinished uploads in parts of a key."""
        query = {"prefix": key, "uploads": ""}
        for upload in self._list(self._settings.uploads_bucket, query, "Upload"):
            self._abort(_text(upload, "Key"), _text(upload, "UploadId"))

    def _abort(self, key: str, upload_id: str) -> None:
        # A client may have completed or aborted it since it was listed.
        with suppress(ObjectGone):
            self._send("DELETE", f"{self._upload_url(key)}?{quoted_query({'uploadId': upload_id})}")

    def _list(self, bucket: str, query: Mapping[str, str], *tags: str) -> Iterator["Element"]:
        """Yield the elements with these tags from all pages of a bucket's listing."""
        while query:
            page = self._page(f"{self._settings.bucket_url(bucket)}?{quoted_query(query)}")
            for tag in tags:
                yield from page.iterfind(f"{{*}}{tag}")
            marks = {name: page.findtext(f"{{*}}{mark}") for mark, name in _NEXT_PAGE.items()}
            following = {name: value for name, value in marks.items() if value}
            more = following and page.findtext("{*}IsTruncated") == "true"
            query = {**query, **following} if more else {}

    def _page(self, address: str) -> "Element":
        """Return one page. A page that is too large is cut off, which makes it invalid XML.

        The parser limits the expansion of entities, and loads no external ones:
        https://docs.python.org/3/library/xml.html#xml-security
        """
        # Most requests list nothing and need no XML parser.
        from xml.etree.ElementTree import ParseError, fromstring  # noqa: PLC0415 (see above)

        from functions.adapters.signed.connections import pieces  # noqa: PLC0415 (see SignedService)

        with closing(self._send("GET", address, stream=True)) as response, _translate_errors():
            page = b"".join(islice(pieces(response, _LISTING_BYTES), _LISTING_PIECES))
        try:
            return fromstring(page)  # noqa: S314 (see above)
        except ParseError as error:
            raise StorageUnavailable("S3: a listing that is not XML") from error

    def put_thumbnail(self, key: str, jpeg: bytes) -> None:
        """Publish a thumbnail. Clipo writes each key once, so caches may keep it for ever."""
        self._send(
            "PUT",
            self._media_url(key),
            jpeg,
            content_type=_THUMBNAIL_TYPE,
            cache_control="private, max-age=31536000, immutable",
        )

    def read_thumbnail(self, key: str) -> bytes:
        """Return a thumbnail's bytes: some tens of kilobytes."""
        return self._send("GET", self._media_url(key)).data

    def put_picture(self, key: str, content: bytes, *, media_type: str) -> None:
        """Store a picture."""
        self._send("PUT", self._media_url(key), content, content_type=media_type)

    def read_picture(self, key: str) -> StoredPicture:
        """Return a thumbnail or another picture. Raises `ObjectGone`."""
        with closing(self._send("GET", self._media_url(key), stream=True)) as response:
            etag = response.headers["ETag"]
            if int(response.headers["Content-Length"]) > LARGEST_PICTURE:
                return StoredPicture(key, etag, None)
            from functions.adapters.signed.connections import pieces  # noqa: PLC0415 (see SignedService)

            with _translate_errors():
                return StoredPicture(key, etag, b"".join(pieces(response, READ_BYTES)))

    def delete_picture(self, key: str) -> None:
        """Remove a picture. Safe to repeat."""
        self._send("DELETE", self._media_url(key))

    def delete_thumbnail(self, key: str) -> None:
        """Remove a thumbnail that no video refers to. Safe to repeat."""
        self._send("DELETE", self._media_url(key))


def _escape(key: str) -> str:
    return key.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _etag(version: "Element") -> str | None:
    """Return the ETag of a version, `None` of a delete marker."""
    found = version.findtext("{*}ETag")
    return found.strip('"') if found else None


def _text(element: "Element", tag: str) -> str:
    return element.findtext(f"{{*}}{tag}") or ""


@contextmanager
def _translate_errors() -> Iterator[None]:
    """Raise a failed request as the error that it means for an object."""
    try:
        yield
    except RequestFailed as error:
        raise _translated(error.code) from error


def _translated(code: str) -> Exception:
    if code == "PreconditionFailed":
        return SourceReplaced("The object has been replaced.")
    if code in ("NoSuchKey", "NoSuchUpload"):
        return ObjectGone("The object is no longer there.")
    return StorageUnavailable(f"S3: {code}")
