"""Opaque positions in a list of videos.

A cursor has 4 bytes of a hash of its list, and the position of the last video. The hash is no
protection: it keeps a client from continuing one list with the cursor of another.
"""

import base64
import binascii
import hashlib

from functions.adapters.mongo.ids import is_video_id
from functions.api import problems
from functions.api.problems import Problem
from functions.core.listing import Order, Selection
from functions.core.video import Video

PATTERN = "^[A-Za-z0-9_-]{38,1500}$"
"""A cursor as the documentation describes it."""

_HASH_BYTES = 4


def cursor_after(video: Video, selection: Selection, owner: str | None) -> str:
    """Return the cursor for the videos after one of a list."""
    position = selection.position(video.filename, video.id)
    return _encode(_hash(selection, owner) + position.encode())


def position_in(cursor: str, selection: Selection, owner: str | None) -> str:
    """Return the position of a cursor. Raises `Problem` unless it is one of this list."""
    try:
        raw = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
        position = raw[_HASH_BYTES:].decode()
    except (binascii.Error, ValueError) as error:
        raise _invalid() from error
    is_position = selection.order is Order.NAME or is_video_id(position)
    if not is_position or _encode(raw) != cursor:
        raise _invalid()
    if raw[:_HASH_BYTES] != _hash(selection, owner):
        raise Problem(
            problems.INVALID_CURSOR,
            "The cursor belongs to a list with other parameters. Repeat those of the page before,"
            " or leave cursor out to start again.",
        )
    return position


def _encode(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def _hash(selection: Selection, owner: str | None) -> bytes:
    return hashlib.sha256(repr((owner, selection)).encode()).digest()[:_HASH_BYTES]


def _invalid() -> Problem:
    return Problem(problems.INVALID_CURSOR, problems.INVALID_CURSOR.example)
