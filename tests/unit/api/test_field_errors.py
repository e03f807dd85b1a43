"""The sentences for invalid fields."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any, Literal

import pytest
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from functions.api.field_errors import sentence


class Colour(StrEnum):
    RED = "red"
    BLUE = "blue"


class Closed(BaseModel):
    model_config = ConfigDict(extra="forbid")

    size: int


def refused(kind: Any, value: object) -> str:
    with pytest.raises(ValidationError) as caught:
        TypeAdapter(kind).validate_python(value)
    return sentence(caught.value.errors()[0])


@pytest.mark.parametrize(
    ("kind", "value", "said"),
    [
        (Annotated[int, Field(ge=1)], 0, "must be at least 1"),
        (Annotated[int, Field(le=4096)], 99999, "must be at most 4096"),
        (Annotated[int, Field(gt=1)], 0, "must be more than 1"),
        (Annotated[float, Field(lt=2)], 3, "must be less than 2.0"),
        (Annotated[str, Field(max_length=255)], "a" * 256, "must have at most 255 characters"),
        (Annotated[str, Field(min_length=1)], "", "must have at least 1 character"),
        (Annotated[list[int], Field(max_length=2)], [1, 2, 3], "must have at most 2 items"),
        (Annotated[list[int], Field(min_length=1)], [], "must have at least 1 item"),
        (Colour, "green", "must be one of: red, blue"),
        (Literal["a", "b"], "c", "must be one of: a, b"),
        (Literal["a"], "c", "must be a"),
        (int, "a", "must be a whole number"),
        (int, 1.5, "must be a whole number"),
        (float, "a", "must be a number"),
        (bool, "a", "must be true or false"),
        (str, 1, "must be a string"),
        (list[int], 1, "must be an array"),
        (dict[str, int], 1, "must be an object"),
        (datetime, "soon", "must be a time such as 2026-11-28T18:00:00Z"),
        (
            AwareDatetime,
            "2026-11-28T18:00:00",
            "must have a time zone, as in 2026-11-28T18:00:00Z",
        ),
        (Closed, {}, "is required"),
        (Closed, {"size": 1, "sise": 1}, "is not a known field: leave it out"),
    ],
)
def test_an_error_is_a_sentence_about_the_field(kind: Any, value: object, said: str) -> None:
    assert refused(kind, value) == said


def test_a_sentence_of_our_own_stays() -> None:
    error = {"type": "value_error", "msg": "Value error, Name a field to change", "loc": ("body",)}
    assert sentence(error) == "Name a field to change"
