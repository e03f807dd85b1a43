"""Catalog and object storage whose calls are steps that can succeed, fail or crash."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import md5
from pathlib import Path

from bson import ObjectId

from functions.adapters.mongo.catalog import MongoCatalog
from functions.adapters.mongo.documents import Document
from functions.adapters.storage import ObjectGone, SourceReplaced
from functions.core.access import ALL_OWNERS
from functions.core.failures import DAMAGED, BadMedia
from functions.core.unavailable import CatalogUnavailable, ProcessingUnavailable, StorageUnavailable
from functions.core.video import DeletedVideo, Source, UploadedObject, Video
from functions.media.engine import Engine, Inspection
from functions.media.reader.source import OpenSource, RangedSources
from functions.media.thumbnail import Frame
from tests.examples import media
from tests.fakes.content import in_memory
from tests.fakes.storage import FakeStorage
from tests.stepping import stepped

in_catalog = stepped(CatalogUnavailable, late=True)
in_storage = stepped(StorageUnavailable)


class SteppedCatalog(MongoCatalog):
    """The real catalog. Each request to MongoDB is a step."""

    written = False
    """Whether a record may have changed since a test set this to false."""

    @in_catalog
    def ensure_schema(self) -> bool:
        """Do nothing: the test prepares the database."""
        return True

    @in_catalog
    def save(self, seen: Video, new: Video) -> Video | None:
        self.written = True
        return super().save(seen, new)

    @in_catalog
    def get(self, video_id: str, *, owner: str | None = ALL_OWNERS) -> Video | None:
        return super().get(video_id, owner=owner)

    @in_catalog
    def deleted(self, video_id: str, *, owner: str | None = ALL_OWNERS) -> DeletedVideo | None:
        return super().deleted(video_id, owner=owner)

    @in_catalog
    def _leave_tombstone(self, of: Video | DeletedVideo, *, purge: bool) -> DeletedVideo:
        return super()._leave_tombstone(of, purge=purge)

    @in_catalog
    def _remove(self, video_id: str, seen: Video | None) -> bool:
        self.written = True
        return super()._remove(video_id, seen)

    @in_catalog
    def _found(self, condition: Document, order: str) -> list[Video]:
        return list(super()._matching(condition, order=order))

    def _matching(self, condition: Document, *, order: str = "_id") -> Iterator[Video]:
        # Read everything at once, because other actors change the videos during the iteration.
        yield from self._found(condition, order)

    def all(self) -> dict[str, Document]:
        return {str(found["_id"]): found for found in self._videos.find({})}

    def remove_expired(self, now: datetime) -> set[str]:
        """Remove what MongoDB's TTL index would, and return the ids."""
        gone = {"remove_at": {"$lte": now}, "status": "failed", "error.code": "upload_expired"}
        removed = {str(found["_id"]) for found in self._videos.find(gone)}
        self._videos.delete_many(gone)
        return removed

    def lose(self, video_id: str) -> None:
        """Remove a record without a trace, as the restore of an older backup does."""
        self._videos.delete_one({"_id": ObjectId(video_id)})

    def forget_all(self) -> None:
        for collection in (self._videos, self._searches, self._deleted, self._orphans):
            collection.delete_many({})


@dataclass
class SteppedStorage(FakeStorage):
    """Object storage in memory, with ETags, `If-Match` and an order of writes."""

    writes: dict[str, list[str]] = field(default_factory=dict)
    """ETags by key, in the order of the writes."""

    def write(self, key: str, content: bytes) -> int:
        """Store an upload, and return its number in the order of writes to its key."""
        self.uploads[key] = content
        self.writes.setdefault(key, []).append(md5(content).hexdigest())
        return len(self.writes[key])

    def number_of(self, key: str, etag: str) -> int:
        """Return the number of the last write of these bytes."""
        written = self.writes[key]
        return len(written) - written[::-1].index(etag)

    @in_storage
    def upload_etag(self, key: str) -> str | None:
        found = super().find_upload(key)
        return found.etag if found else None

    @in_storage
    def read(self, key: str, source: Source) -> bytes:
        found = super().find_upload(key)
        if found is None:
            raise ObjectGone(key)
        if found.etag != source.etag:
            raise SourceReplaced(key)
        return self.uploads[key]

    @in_storage
    def find_upload(self, key: str) -> Source | None:
        return super().find_upload(key)

    @in_storage
    def put_thumbnail(self, key: str, jpeg: bytes) -> None:
        super().put_thumbnail(key, jpeg)

    @in_storage
    def delete_thumbnail(self, key: str) -> None:
        super().delete_thumbnail(key)

    @in_storage
    def delete_upload(self, key: str, source: Source) -> None:
        super().delete_upload(key, source)

    @in_storage
    def _delete_any_upload(self, key: str) -> None:
        self.uploads.pop(key, None)

    def delete_objects_of(self, deleted: DeletedVideo) -> None:
        """Delete with several requests, as in reality, so that other steps can come in between.

        It keeps no versions, so a purge changes nothing.
        """
        for key in list(self.uploads):
            if deleted.id in key:
                self._delete_any_upload(key)
        for key in self.thumbnails_of(deleted.id):
            self.delete_thumbnail(key)

    @in_storage
    def thumbnails_of(self, video_id: str) -> list[str]:
        return [key for key in self.thumbnails if video_id in key]

    def age(self, moment: datetime) -> None:
        for key in (*self.uploads, *self.thumbnails):
            self.modified_at[key] = moment


class SteppedSources(RangedSources):
    """Opens uploads whose bytes are read in one step."""

    def __init__(self, storage: SteppedStorage) -> None:
        super().__init__(storage)
        self._stepped = storage

    @contextmanager
    def open(
        self, event: UploadedObject, *, directory: Path, at_s: float | None = None
    ) -> Iterator[OpenSource]:
        assert at_s is None  # the moment of the thumbnail
        assert directory.exists()
        yield in_memory(self._stepped.read(event.key, event.source))


class EtagEngine(Engine):
    """Rejects uploads that begin with "bad". The picture of any other upload is its ETag."""

    def __init__(self) -> None:
        """Need no programs."""

    def inspect(self, source: OpenSource, **_: object) -> Inspection:
        content = source.read(0, source.size)
        if content.startswith(b"bad"):
            raise BadMedia(DAMAGED)
        jpeg = md5(content).hexdigest().encode()
        return Inspection(media(), Frame(jpeg, width=320, height=180, at_s=1.0))


@dataclass
class SteppedProcessing:
    """A processing function whose invocations join the waiting events."""

    started: list[UploadedObject] = field(default_factory=list)

    @stepped(ProcessingUnavailable)
    def start(self, upload: UploadedObject) -> None:
        self.started.append(upload)
