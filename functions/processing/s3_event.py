"""What S3 sends when objects are created, read into typed values.

https://docs.aws.amazon.com/AmazonS3/latest/userguide/notification-content-structure.html
"""

from collections.abc import Mapping
from typing import Any
from urllib.parse import unquote_plus

from shared.video import Source, UploadedObject, pad_sequencer, video_id_of


class MalformedEvent(Exception):
    """The event is not one that S3 sends."""


def uploaded_objects(event: Mapping[str, Any], *, bucket: str) -> list[UploadedObject]:
    """Return the uploads that an event names, without those that are not ours.

    Not ours are the test event that S3 sends when a trigger is made, other buckets, and keys
    that `source_key` did not make. Raises `MalformedEvent` for anything that S3 does not send,
    so that it ends in the failure queue and not in silence.
    """
    if event.get("Event") == "s3:TestEvent":
        return []
    try:
        found = [_uploaded_object(record, bucket) for record in event["Records"]]
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise MalformedEvent(f"Not an S3 event: {type(error).__name__} {error}") from error
    return [upload for upload in found if upload]


def _uploaded_object(record: Mapping[str, Any], bucket: str) -> UploadedObject | None:
    stored = record["s3"]["object"]
    # Keys come URL-encoded as in a form, "+" for a space included.
    key = unquote_plus(stored["key"])
    video_id = video_id_of(key)
    created = record["eventName"].removeprefix("s3:").startswith("ObjectCreated:")
    if not created or record["s3"]["bucket"]["name"] != bucket or video_id is None:
        return None
    source = Source(
        etag=stored["eTag"].strip('"'),
        size=int(stored["size"]),
        sequencer=pad_sequencer(stored.get("sequencer", "")),
    )
    return UploadedObject(video_id=video_id, key=key, source=source)
