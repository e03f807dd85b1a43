"""The documents of MongoDB and the values that they stand for: reads, conditions and updates."""

from collections.abc import Iterator
from dataclasses import MISSING, asdict, fields
from typing import Any, TypeAlias

from bson import ObjectId

from functions.core.access import ALL_OWNERS
from functions.core.media import AudioStream, Location, Media, Stream, VideoStream
from functions.core.video import (
    DeletedVideo,
    Delivery,
    ExpectedUpload,
    Failure,
    Lease,
    Processing,
    Source,
    Status,
    Thumbnail,
    Video,
    Visibility,
    Webhook,
)

Document: TypeAlias = dict[str, Any]


def owned_by(owner: str | None) -> Document:
    """Match the records of an owner; `None` matches those without one."""
    return {} if owner == ALL_OWNERS else {"owner": owner}


def as_seen(seen: Video) -> Document:
    """Match a record that has not changed since it was read.

    Every change raises the version. Release 0.1, whose functions may still run, raises none: so
    this release also matches the fields that those change.
    """
    return {
        "_id": ObjectId(seen.id),
        "owner": seen.owner,
        # `None` matches a record of release 0.1, which has no version.
        "version": seen.version or None,
        "status": seen.status,
        "updated_at": seen.updated_at,
        "upload.expires_at": seen.upload.expires_at,
        # It is empty until the first claim.
        "source.sequencer": seen.source.sequencer if seen.source else "",
        "webhook.due_at": seen.webhook.due_at if seen.webhook else None,
    }


def video_from(document: Document) -> Video:
    """Return the video that a document stands for."""
    known = known_fields(Video, document) | {
        "id": str(document["_id"]),
        "status": Status(document["status"]),
        "visibility": Visibility(document.get("visibility", Visibility.PRIVATE)),
        # Before the first claim it has only the empty sequencer that `add` wrote.
        "source": document["source"] if "etag" in document["source"] else None,
    }
    for name, nested in _NESTED.items():
        if known.get(name):
            known[name] = _nested(nested, known[name])
    return Video(**known)


def deleted_video_from(document: Document) -> DeletedVideo:
    """Return the tombstone that a document stands for."""
    return DeletedVideo(**known_fields(DeletedVideo, document | {"id": str(document["_id"])}))


_NESTED: dict[str, type[Any]] = {
    "upload": ExpectedUpload,
    "source": Source,
    "lease": Lease,
    "media": Media,
    "thumbnail": Thumbnail,
    "processing": Processing,
    "error": Failure,
    "webhook": Webhook,
}

_STREAMS: dict[str, type[Stream]] = {"video": VideoStream, "audio": AudioStream}


def _nested(of: type[Any], document: Document) -> Any:
    known = known_fields(of, document)
    if known.get("location"):
        known["location"] = _nested(Location, known["location"])
    if known.get("streams"):
        known["streams"] = tuple(map(_stream, known["streams"]))
    if known.get("deliveries"):
        known["deliveries"] = tuple(
            Delivery(**known_fields(Delivery, one)) for one in known["deliveries"]
        )
    return of(**known)


def _stream(document: Document) -> Stream:
    of = _STREAMS.get(document["kind"], Stream)
    return of(**known_fields(of, document))


def known_fields(of: type[Any], document: Document) -> Document:
    """Leave out the fields of a newer release, so that this one can read them after a roll-back."""
    known = {f.name: document[f.name] for f in fields(of) if f.name in document}
    return {name: tuple(one) if isinstance(one, list) else one for name, one in known.items()}


def present(document: Document) -> Document:
    """Leave out the fields without a value."""
    return {name: value for name, value in document.items() if value is not None}


def difference(seen: Video, new: Video) -> Document:
    """Return the update that turns one record into the other and keeps unknown fields."""
    before, after = _fields(seen), _fields(new)
    written = {
        name: value for name, value in after.items() if name not in before or before[name] != value
    }
    gone = {
        name.partition(".")[0] if getattr(new, name.partition(".")[0]) is None else name
        for name in before.keys() - after.keys()
    }
    change: Document = {"$set": written}
    if gone:
        change["$unset"] = dict.fromkeys(sorted(gone), "")
    return change


def _fields(video: Video) -> Document:
    """Return the fields of a record by their dotted names."""
    found: Document = {}
    for name, value in asdict(video).items():
        if isinstance(value, dict):
            found |= {f"{name}.{inner}": one for inner, one in _stored(_NESTED[name], value)}
        elif value is not None:
            found[name] = value
    return found


def _stored(of: type[Any], value: Document) -> Iterator[tuple[str, Any]]:
    """Yield the fields of a nested object; of those without a default, also a `None`."""
    for field in fields(of):
        if value[field.name] is not None or field.default is MISSING:
            yield field.name, value[field.name]
