"""Types of fields that the requests and responses of several topics share."""

from contextlib import suppress
from datetime import UTC, datetime
from typing import Annotated

from fastapi import Path
from pydantic import AfterValidator, BeforeValidator, Field, PlainSerializer, WithJsonSchema
from pydantic_core import PydanticCustomError

from functions.api.examples import TIME, VIDEO_ID
from functions.core.access import LEGACY_OWNER, OWNER_PATTERN, is_owner
from functions.core.clock import rfc3339
from functions.core.video import Visibility

VISIBLE_ASCII = "^[!-~]+$"
VIDEO_ID_PATTERN = "^[0-9a-fA-F]{24}$"
MAX_PASSTHROUGH = 255

LARGEST_SAFE_INTEGER = 2**53 - 1
"""Largest integer that every JSON parser reads exactly: https://www.rfc-editor.org/rfc/rfc8259#section-6"""

Time = Annotated[
    datetime,
    PlainSerializer(rfc3339),
    Field(description="RFC 3339, UTC", examples=[TIME]),
]


def read_time(text: object) -> datetime:
    """Return a time with a zone, in UTC. Raises `PydanticCustomError`."""
    if isinstance(text, str):
        with suppress(ValueError, OverflowError):
            found = datetime.fromisoformat(text)
            if found.tzinfo:
                return found.astimezone(UTC)
    raise PydanticCustomError("time", f"This must be a time with a zone, such as {TIME}")


TimeInFilter = Annotated[datetime, BeforeValidator(read_time)]
VideoId = Annotated[str, Field(examples=[VIDEO_ID])]
VideoIdInPath = Annotated[
    str,
    # For the documentation only. Another text ends in 400 `invalid_id`, as at the legacy endpoints.
    Path(examples=[VIDEO_ID], json_schema_extra={"pattern": VIDEO_ID_PATTERN}),
]


def whole(number: object) -> object:
    """Return 5 for 5.0: JSON has one kind of number, and some clients write it so."""
    return int(number) if isinstance(number, float) and number.is_integer() else number


# JSON has no enumerations, so strict models need the exception.
VisibilityInBody = Annotated[Visibility, Field(strict=False)]


def _check_owner(text: str) -> str:
    if is_owner(text):
        return text
    raise PydanticCustomError(
        "owner", "An owner's name has 1 to 128 letters, digits or . _ : @ | / + = -"
    )


def _check_owner_in_filter(text: str) -> str:
    return text if text == LEGACY_OWNER else _check_owner(text)


Owner = Annotated[
    str,
    AfterValidator(_check_owner),
    WithJsonSchema({"type": "string", "pattern": OWNER_PATTERN}),
]
OwnerInFilter = Annotated[
    str,
    AfterValidator(_check_owner_in_filter),
    WithJsonSchema({"type": "string", "pattern": rf"{OWNER_PATTERN}|^\{LEGACY_OWNER}$"}),
]
