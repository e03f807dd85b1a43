"""The ids of videos and of webhook events."""

from datetime import datetime
from os import urandom
from time import time_ns

from bson import ObjectId


def new_video_id() -> str:
    """Return a new id: an ObjectId in hex, which begins with the time of its creation.

    It has 4 bytes of seconds, 3 bytes of their fraction, and 5 random bytes. PyMongo's own ids
    count from a number that the process draws at its start: all copies of one SnapStart snapshot
    would make the same ids.
    https://docs.aws.amazon.com/lambda/latest/dg/snapstart-uniqueness.html
    """
    seconds, nanoseconds = divmod(time_ns(), 10**9)
    fraction = (nanoseconds << 24) // 10**9
    return (seconds.to_bytes(4) + fraction.to_bytes(3) + urandom(5)).hex()


def new_event_id() -> str:
    """Return the id of a new webhook event. Ids sort by the time at which they were made."""
    return f"msg_{new_video_id()}"


def event_id_at(moment: datetime) -> str:
    """Return a text that sorts before the ids of all events of a moment and later."""
    return f"msg_{int(moment.timestamp()):08x}"


def is_video_id(text: str) -> bool:
    """Tell whether a text from outside has the form of an id."""
    return ObjectId.is_valid(text)
