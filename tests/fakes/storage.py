"""Object storage in memory."""

from collections.abc import Generator, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from hashlib import md5
from typing import BinaryIO, Literal
from urllib.parse import urlencode

from functions.adapters.sdk.storage import SdkStorage
from functions.adapters.storage import (
    LARGEST_PICTURE,
    MultipartStep,
    ObjectGone,
    SignedPost,
    SourceReplaced,
    StoredObject,
    StoredPicture,
)
from functions.core.keys import pictures_prefix, source_key, thumbnail_prefix
from functions.core.unavailable import StorageUnavailable
from functions.core.video import DeletedVideo, Source


@dataclass
class FakeStorage(SdkStorage):
    uploads: dict[str, bytes] = field(default_factory=dict)
    thumbnails: dict[str, bytes] = field(default_factory=dict)
    """All objects of the media bucket."""
    older: dict[str, bytes] = field(default_factory=dict)
    """The newest version of each deleted upload, by key."""
    down: bool = False
    modified_at: dict[str, datetime] = field(default_factory=dict)
    """Modification times by key; an object without one is new."""
    aborted: list[str] = field(default_factory=list)
    """The keys whose unfinished uploads were aborted."""

    def sign_upload(self, key: str, *, content_type: str, size: int, expires_s: int) -> SignedPost:
        fields = {
            "key": key,
            "Content-Type": content_type,
            "policy": f"{size} bytes in {expires_s} s",
        }
        return SignedPost(url="https://uploads.example/", fields=fields)

    def origins(self) -> tuple[str, ...]:
        self._answer()
        return "https://uploads.example", "https://media.example"

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
        bound = ",".join(f"{name}:{value}" for name, value in headers.items())
        signed = (step.value, bound, upload_id, part_number, expires_s)
        return f"https://uploads.example/{key}?{'&'.join(map(str, signed))}"

    def find_upload(self, key: str) -> Source | None:
        self._answer()
        content = self.uploads.get(key)
        if content is None:
            return None
        return Source(etag=md5(content).hexdigest(), size=len(content), sequencer="")

    def upload_etag(self, key: str) -> str | None:
        found = self.find_upload(key)
        return found.etag if found else None

    def read_upload(self, key: str, source: Source, start: int, end: int) -> Generator[bytes]:
        found = self.find_upload(key)
        if found is None:
            raise ObjectGone(key)
        if found.etag != source.etag:
            raise SourceReplaced(key)
        yield self.uploads[key][start:end]

    def delete_upload(self, key: str, source: Source) -> None:
        self._answer()
        found = FakeStorage.find_upload(self, key)
        if found and found.etag == source.etag:
            del self.uploads[key]

    def abort_uploads(self, key: str) -> None:
        self._answer()
        self.aborted.append(key)

    def delete_objects_of(self, deleted: DeletedVideo) -> None:
        self._answer()
        key = source_key(deleted.id)
        if key in self.uploads:
            self.older[key] = self.uploads.pop(key)
        if deleted.purge:
            self.older.pop(key, None)
        for key in list(self.thumbnails):
            if key.startswith((thumbnail_prefix(deleted.id), pictures_prefix(deleted.id))):
                del self.thumbnails[key]

    def pages(self, *, after: str) -> Iterator[list[StoredObject]]:
        for bucket in ("media", "uploads"):
            self._answer()
            yield [
                StoredObject(bucket, key, self.modified_at.get(key, datetime.now(UTC)))
                for key in sorted(self._bucket(bucket))
                if key > after
            ]

    def purge(self, found: Sequence[StoredObject]) -> None:
        self._answer()
        for one in found:
            del self._bucket(found[0].bucket)[one.key]

    def _bucket(self, name: str) -> dict[str, bytes]:
        return {"media": self.thumbnails, "uploads": self.uploads}[name]

    def put_upload(self, key: str, body: BinaryIO, *, size: int, content_type: str) -> None:
        self._answer()
        assert content_type
        assert size
        self.uploads[key] = body.read()

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
        self._answer()
        assert version
        signed = {
            "method": method,
            "type": content_type,
            "disposition": content_disposition,
            "expires": expires_s,
        }
        return f"https://uploads.example/{key}?{urlencode(signed)}"

    def sign_thumbnail(self, key: str, *, expires_s: int) -> str:
        return f"https://media.example/{key}?expires={expires_s}"

    def read_thumbnail(self, key: str) -> bytes:
        self._answer()
        if key not in self.thumbnails:
            raise ObjectGone(key)
        return self.thumbnails[key]

    def put_thumbnail(self, key: str, jpeg: bytes) -> None:
        self._answer()
        self.thumbnails[key] = jpeg

    def delete_thumbnail(self, key: str) -> None:
        self._answer()
        self.thumbnails.pop(key, None)

    def sign_picture(self, key: str, *, media_type: str, expires_s: int) -> str:
        assert media_type.startswith("image/")
        return f"https://media.example/{key}?expires={expires_s}"

    def put_picture(self, key: str, content: bytes, *, media_type: str) -> None:
        self._answer()
        assert media_type.startswith("image/")
        self.thumbnails[key] = content

    def read_picture(self, key: str) -> StoredPicture:
        content = self.read_thumbnail(key)
        etag = f'"{md5(content).hexdigest()}"'
        return StoredPicture(key, etag, content if len(content) <= LARGEST_PICTURE else None)

    def delete_picture(self, key: str) -> None:
        self.delete_thumbnail(key)

    def delete_pictures(self, video_id: str, *, except_version: str | None = None) -> None:
        self._answer()
        prefix = pictures_prefix(video_id)
        for key in list(self.thumbnails):
            if key.startswith(prefix) and not key.startswith(f"{prefix}{except_version}/"):
                del self.thumbnails[key]

    def _answer(self) -> None:
        if self.down:
            raise StorageUnavailable("S3: EndpointConnectionError")
