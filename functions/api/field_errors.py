"""What is wrong with a field of a request, in words that do not name Pydantic's types."""

import re
from collections.abc import Callable, Mapping
from typing import Any

_Context = Mapping[str, Any]


def _items(context: _Context, name: str) -> str:
    count = context[name]
    return f"{count:,} item{'s' * (count != 1)}"


def _characters(context: _Context, name: str) -> str:
    count = context[name]
    return f"{count:,} character{'s' * (count != 1)}"


def _one_of(context: _Context) -> str:
    """Return the sentence for a fixed set of values, which Pydantic writes as `'a', 'b' or 'c'`."""
    values = re.findall(r"'([^']*)'", context["expected"]) or [str(context["expected"])]
    return f"must be {values[0]}" if len(values) == 1 else f"must be one of: {', '.join(values)}"


_SENTENCES: dict[str, str | Callable[[_Context], str]] = {
    "missing": "is required",
    "extra_forbidden": "is not a known field: leave it out",
    "greater_than_equal": "must be at least {ge}",
    "greater_than": "must be more than {gt}",
    "less_than_equal": "must be at most {le}",
    "less_than": "must be less than {lt}",
    "multiple_of": "must be a multiple of {multiple_of}",
    "finite_number": "must be a finite number",
    "string_too_long": lambda given: f"must have at most {_characters(given, 'max_length')}",
    "string_too_short": lambda given: f"must have at least {_characters(given, 'min_length')}",
    "too_long": lambda given: f"must have at most {_items(given, 'max_length')}",
    "too_short": lambda given: f"must have at least {_items(given, 'min_length')}",
    "literal_error": _one_of,
    "enum": _one_of,
    "int_type": "must be a whole number",
    "int_parsing": "must be a whole number",
    "int_parsing_size": "must be a smaller whole number",
    "int_from_float": "must be a whole number",
    "float_type": "must be a number",
    "float_parsing": "must be a number",
    "bool_type": "must be true or false",
    "bool_parsing": "must be true or false",
    "string_type": "must be a string",
    "string_unicode": "must be valid Unicode text",
    "list_type": "must be an array",
    "dict_type": "must be an object",
    "model_type": "must be an object",
    "model_attributes_type": "must be an object",
    "datetime_type": "must be a time such as 2026-11-28T18:00:00Z",
    "datetime_parsing": "must be a time such as 2026-11-28T18:00:00Z",
    "datetime_from_date_parsing": "must be a time such as 2026-11-28T18:00:00Z",
    "timezone_aware": "must have a time zone, as in 2026-11-28T18:00:00Z",
    # The only pattern that Pydantic checks for Clipo is VISIBLE_ASCII.
    "string_pattern_mismatch": "Use ASCII letters, digits and punctuation only, without spaces",
}
"""Sentences by the type of Pydantic's error: https://docs.pydantic.dev/latest/errors/validation_errors/"""


def sentence(error: Mapping[str, Any]) -> str:
    """Return what is wrong with a field, for an error of Pydantic's.

    It continues the name of the field, or is an imperative. An unknown type keeps Pydantic's words.
    """
    if "UploadFile" in str(error["msg"]):
        return "This must be a file, sent with its filename"
    if error["type"] == "model_attributes_type" and tuple(error["loc"]) == ("body",):
        return "Send a JSON object"
    known = _SENTENCES.get(error["type"])
    if known is None:
        return str(error["msg"]).removeprefix("Value error, ")
    context = error.get("ctx", {})
    return known.format_map(context) if isinstance(known, str) else known(context)
