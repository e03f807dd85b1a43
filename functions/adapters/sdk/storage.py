"""Object storage in S3 by botocore, for upkeep."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from functools import cached_property
from typing import TYPE_CHECKING, cast

from functions.adapters.request_failed import RequestFailed
from functions.adapters.sdk.aws import failures, make_client
from functions.adapters.storage import StoredObject
from functions.core.keys import pictures_prefix, source_key, thumbnail_prefix
from functions.core.settings import StorageSettings
from functions.core.unavailable import StorageUnavailable
from functions.core.video import DeletedVideo, Source

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client
    from types_boto3_s3.type_defs import ObjectIdentifierTypeDef


class SdkStorage:
    """Both buckets. Every method may raise `StorageUnavailable`."""

    def __init__(self, settings: StorageSettings, *, attempts: int, read_timeout_s: int) -> None:
        """Take the settings; the first request makes the client."""
        self._settings = settings
        self._attempts = attempts
        self._read_timeout_s = read_timeout_s

    @cached_property
    def _client(self) -> "S3Client":
        place = self._settings
        made = make_client(
            *("s3", place.region, place.endpoint_url),
            attempts=self._attempts,
            read_timeout_s=self._read_timeout_s,
        )
        return cast("S3Client", made)

    @contextmanager
    def _s3(self) -> Iterator["S3Client"]:
        try:
            with failures():
                yield self._client
        except RequestFailed as error:
            raise StorageUnavailable(f"S3: {error.code}") from error

    def find_upload(self, key: str) -> Source | None:
        """Return the stored object, `None` if there is none.

        A listing needs no right to read uploads. Only events carry a sequencer.
        """
        with self._s3() as s3:
            listed = s3.list_objects_v2(Bucket=self._settings.uploads_bucket, Prefix=key, MaxKeys=1)
        for found in listed.get("Contents", []):
            if found["Key"] == key:
                return Source(etag=found["ETag"].strip('"'), size=found["Size"], sequencer="")
        return None

    def delete_objects_of(self, deleted: DeletedVideo) -> None:
        """Remove all objects that were ever stored for a video. Safe to repeat.

        A versioned bucket keeps deleted uploads as older versions; a purge removes all versions.
        Unfinished uploads come first: an upload that a client completes meanwhile is then an
        object, and removed with the others.
        """
        key, bucket = source_key(deleted.id), self._settings.uploads_bucket
        with self._s3() as s3:
            uploads = s3.get_paginator("list_multipart_uploads")
            for page in uploads.paginate(Bucket=bucket, Prefix=key):
                for upload in page.get("Uploads", []):
                    self._abort(upload["Key"], upload["UploadId"])
            if deleted.purge:
                self._purge_upload(key)
            else:
                s3.delete_object(Bucket=bucket, Key=key)
        self._delete_media(thumbnail_prefix(deleted.id))
        self.delete_pictures(deleted.id)

    def delete_pictures(self, video_id: str) -> None:
        """Remove all pictures of a video but its thumbnails."""
        self._delete_media(pictures_prefix(video_id))

    def _delete_media(self, prefix: str) -> None:
        """Remove the objects of the media bucket with a prefix."""
        bucket = self._settings.media_bucket
        with self._s3() as s3:
            pages = s3.get_paginator("list_objects_v2")
            for listed in pages.paginate(Bucket=bucket, Prefix=prefix):
                found = listed.get("Contents", [])
                self._remove(bucket, [{"Key": one["Key"]} for one in found])

    def _abort(self, key: str, upload_id: str) -> None:
        # A client may have completed or aborted it since it was listed.
        with self._s3() as s3, suppress(s3.exceptions.NoSuchUpload):
            s3.abort_multipart_upload(
                Bucket=self._settings.uploads_bucket, Key=key, UploadId=upload_id
            )

    def pages(self, *, after: str) -> Iterator[list[StoredObject]]:
        """Yield all objects of both buckets whose keys come after `after`, in the keys' order."""
        # "images/" and "thumbnails/" come before "uploads/".
        for bucket in (self._settings.media_bucket, self._settings.uploads_bucket):
            with self._s3() as s3:
                listing = s3.get_paginator("list_objects_v2")
                for page in listing.paginate(Bucket=bucket, StartAfter=after):
                    yield [
                        StoredObject(bucket, key=found["Key"], modified_at=found["LastModified"])
                        for found in page.get("Contents", [])
                    ]

    def purge(self, found: Sequence[StoredObject]) -> None:
        """Remove objects of one page of a listing, with all their versions. Safe to repeat."""
        if found[0].bucket == self._settings.media_bucket:  # which keeps no versions
            self._remove(found[0].bucket, [{"Key": one.key} for one in found])
            return
        for one in found:
            self._purge_upload(one.key)

    def _purge_upload(self, key: str) -> None:
        """Remove all versions of an upload and the delete markers that hide them."""
        bucket = self._settings.uploads_bucket
        with self._s3() as s3:
            pages = s3.get_paginator("list_object_versions")
            for page in pages.paginate(Bucket=bucket, Prefix=key):
                found = [*page.get("Versions", []), *page.get("DeleteMarkers", [])]
                self._remove(
                    bucket,
                    [
                        {"Key": key, "VersionId": one["VersionId"]}
                        for one in found
                        if one["Key"] == key
                    ],
                )

    def _remove(self, bucket: str, objects: list["ObjectIdentifierTypeDef"]) -> None:
        if not objects:
            return
        with self._s3() as s3:
            answer = s3.delete_objects(Bucket=bucket, Delete={"Objects": objects, "Quiet": True})
        for error in answer.get("Errors", []):
            raise StorageUnavailable(f"S3: {error.get('Code')}")

    def delete_thumbnail(self, key: str) -> None:
        """Remove a thumbnail. Safe to repeat."""
        with self._s3() as s3:
            s3.delete_object(Bucket=self._settings.media_bucket, Key=key)
