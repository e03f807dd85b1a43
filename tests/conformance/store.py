"""The store that is checked, and the adapters with which Clipo uses it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from io import BytesIO
from typing import Any
from uuid import uuid4

import boto3
import httpx2

from functions.adapters.sdk.storage import SdkStorage
from functions.adapters.signed.credentials import Credentials
from functions.adapters.signed.service import SignedService
from functions.adapters.signed.storage import SignedStorage
from functions.adapters.storage import MultipartStep, SignedPost
from functions.core.clock import Clock, utc_now
from functions.core.keys import source_key
from functions.core.settings import StorageSettings
from functions.core.video import Source
from server.prepare import Buckets

ORIGIN = "https://video.example.com"
TYPE = "video/mp4"
MINUTES = 900


@dataclass(frozen=True)
class Store:
    """A store, its credentials and its two buckets."""

    url: str
    credentials: Credentials
    region: str
    uploads_bucket: str
    media_bucket: str

    @property
    def settings(self) -> StorageSettings:
        return StorageSettings(self.uploads_bucket, self.media_bucket, self.region, self.url)

    def signed(self, now: Clock = utc_now) -> SignedStorage:
        """Return the adapter of the API and the worker, with a clock for its signer."""
        service = SignedService(
            "s3",
            self.region,
            lambda: self.credentials,
            attempts=1,
            read_timeout_s=20,
            now=now,
        )
        return SignedStorage(self.settings, service)

    def sdk(self) -> SdkStorage:
        """Return the adapter of upkeep, which takes its credentials from the environment."""
        return SdkStorage(self.settings, attempts=1, read_timeout_s=20)

    def client(self) -> Any:
        """Return an independent client."""
        return boto3.client(
            "s3",
            endpoint_url=self.url,
            region_name=self.region,
            aws_access_key_id=self.credentials.access_key_id,
            aws_secret_access_key=self.credentials.secret_access_key,
        )

    def buckets(self) -> Buckets:
        """Return what prepares the buckets."""
        return Buckets(self.settings)

    def upload_url(self, key: str) -> str:
        return self.settings.object_url(self.uploads_bucket, key)


def an_hour_ago() -> datetime:
    return datetime.now(UTC) - timedelta(hours=1)


def new_key() -> str:
    """Return the key of a new video's upload."""
    return source_key(uuid4().hex[:24])


def put(store: Store, content: bytes, key: str | None = None) -> tuple[str, Source]:
    """Store an upload; return its key, and what a listing says of it."""
    key = key or new_key()
    storage = store.signed()
    storage.put_upload(key, BytesIO(content), size=len(content), content_type=TYPE)
    found = storage.find_upload(key)
    assert found, "a listing does not show a new object"
    return key, found


def post(form: SignedPost, content: bytes, **changes: str) -> httpx2.Response:
    """Post a signed form, with some of its fields changed."""
    fields = dict(form.fields) | changes
    return httpx2.post(form.url, data=fields, files={"file": ("any name", content)}, timeout=20)


def form_for(store: Store, key: str, size: int, now: Clock = utc_now) -> SignedPost:
    return store.signed(now).sign_upload(key, content_type=TYPE, size=size, expires_s=MINUTES)


@dataclass(frozen=True)
class Parts:
    """An upload in parts that has begun."""

    store: Store
    key: str
    upload_id: str

    def url(
        self, step: MultipartStep, headers: Mapping[str, str], number: int | None = None
    ) -> str:
        return self.store.signed().sign_multipart(
            self.key,
            step,
            headers=headers,
            upload_id=self.upload_id,
            part_number=number,
            expires_s=MINUTES,
        )

    def send(self, number: int, content: bytes, *, signed_length: int | None = None) -> Any:
        """Send a part whose signature is bound to its length, or to another one."""
        length = len(content) if signed_length is None else signed_length
        headers = {"Content-Length": str(length)}
        url = self.url(MultipartStep.PART, headers, number)
        return httpx2.put(url, content=content, timeout=60)

    def complete(self, etags: list[str], *, size: int) -> httpx2.Response:
        """Complete the upload, bound to the size of all parts together."""
        parts = "".join(
            f"<Part><PartNumber>{number}</PartNumber><ETag>{etag}</ETag></Part>"
            for number, etag in enumerate(etags, 1)
        )
        headers = {"x-amz-mp-object-size": str(size)}
        return httpx2.post(
            self.url(MultipartStep.COMPLETE, headers),
            content=f"<CompleteMultipartUpload>{parts}</CompleteMultipartUpload>",
            headers=headers,
            timeout=60,
        )


def begin_parts(store: Store) -> Parts:
    """Begin an upload in parts, as the page does."""
    key, headers = new_key(), {"Content-Type": TYPE}
    url = store.signed().sign_multipart(
        key, MultipartStep.CREATE, headers=headers, expires_s=MINUTES
    )
    answer = httpx2.post(url, headers=headers, timeout=60)
    assert answer.status_code == 200, f"{answer.status_code} {answer.text[:200]}"
    upload_id = answer.text.partition("<UploadId>")[2].partition("</UploadId>")[0]
    return Parts(store, key, upload_id)
