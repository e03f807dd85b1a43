"""Opaque positions in the list of videos."""

import base64
import binascii

from functions.adapters.mongo import is_video_id
from functions.api import problems
from functions.api.problems import Problem

PATTERN = "^[A-Za-z0-9_-]{16}$"
"""A cursor as the documentation describes it: the 12 bytes of an id in base64."""


def cursor_after(video_id: str) -> str:
    """Return the position after a video."""
    return base64.urlsafe_b64encode(bytes.fromhex(video_id)).decode()


def id_of(cursor: str) -> str:
    """Return the id of the video before a cursor's position, or raise `Problem`."""
    try:
        video_id = base64.b64decode(cursor, altchars=b"-_", validate=True).hex()
    except (binascii.Error, ValueError) as error:
        raise _invalid() from error
    if not is_video_id(video_id) or cursor_after(video_id) != cursor:
        raise _invalid()
    return video_id


def _invalid() -> Problem:
    return Problem(problems.INVALID_CURSOR, problems.INVALID_CURSOR.example)
