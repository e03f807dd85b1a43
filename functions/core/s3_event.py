"""Parses and creates the event that S3 sends when an object is created.

https://docs.aws.amazon.com/AmazonS3/latest/userguide/notification-content-structure.html
"""

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote_plus, unquote_plus

from functions.core.keys import video_id_of
from functions.core.trace import HEADER, Trace, parse_trace
from functions.core.video import Source, UploadedObject

_SEQUENCER_LENGTH = 32
"""Digits to which sequencers are padded."""


class MalformedEvent(Exception):
    """The event does not have the form that S3 sends."""


def records(event: Any) -> list[Any]:
    """Return an event's records: none for the test event that S3 sends for a new trigger.

    Raises `MalformedEvent` for any other event, which then ends in the failure queue.
    """
    if not isinstance(event, Mapping):
        raise MalformedEvent("Not an S3 event: it is not a JSON object.")
    if event.get("Event") == "s3:TestEvent":
        return []
    found = event.get("Records")
    if not isinstance(found, list):
        raise MalformedEvent("Not an S3 event: it has no records.")
    return found


def uploaded_object(record: Any, *, bucket: str) -> UploadedObject | None:
    """Return the upload that a record describes.

    `None` for other events, other buckets, and keys that `source_key` did not make.
    Raises `MalformedEvent`.
    """
    try:
        stored = record["s3"]["object"]
        # S3 encodes keys like form fields, with "+" for a space.
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
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise MalformedEvent(f"Not an S3 record: {type(error).__name__} {error}") from error
    return UploadedObject(video_id=video_id, key=key, source=source)


def created_event(
    upload: UploadedObject, *, bucket: str, trace: Trace | None = None
) -> dict[str, Any]:
    """Create the event of a stored object whose own event never came.

    Its `eventSource` is `clipo`. Its record names the trace that asks for it.
    """
    source = upload.source
    stored = {"key": quote_plus(upload.key, safe="/"), "size": source.size, "eTag": source.etag}
    if source.sequencer:
        stored["sequencer"] = source.sequencer
    record = {
        "eventSource": "clipo",
        "eventName": "ObjectCreated:Put",
        "s3": {"bucket": {"name": bucket}, "object": stored},
    }
    return {"Records": [record | ({HEADER: trace.header} if trace else {})]}


def trace_of(record: Any) -> Trace | None:
    """Return the trace that a record names. Those of S3 name none: the video's record does."""
    return parse_trace(record.get(HEADER)) if isinstance(record, Mapping) else None


def event_id(record: Any) -> str | None:
    """Return S3's id of the request that wrote the object, for the log.

    It is the same for every delivery of the event. Events that Clipo created have none.
    """
    try:
        found = record["responseElements"]["x-amz-request-id"]
    except (KeyError, TypeError):
        return None
    return found if isinstance(found, str) else None


def pad_sequencer(sequencer: str) -> str:
    """Pad a sequencer with zeros, as AWS prescribes, so that sequencers compare as text.

    An absent one ("") stays the lowest.
    """
    return sequencer.upper().ljust(_SEQUENCER_LENGTH, "0") if sequencer else ""
