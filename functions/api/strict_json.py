"""Reads a JSON body by the letter of https://www.rfc-editor.org/rfc/rfc8259.

Python's parser is more generous: it guesses UTF-16 and UTF-32, takes NaN for a number, and takes
the last of two members with one name. A proxy or firewall in front of the API may read such a body
differently.
"""

import json
from email.message import Message
from http import HTTPStatus
from typing import Any, NoReturn

from starlette.datastructures import Headers
from starlette.exceptions import HTTPException

_CHARSETS = (None, "utf-8", "utf8", "us-ascii")


def check_headers(headers: Headers) -> None:
    """Raise `HTTPException` (415) unless the headers describe plain JSON in UTF-8."""
    coding = headers.get("content-encoding", "").strip().lower()
    if coding not in ("", "identity"):
        raise _unsupported(
            f"The body is encoded with {coding!r}. Send it as it is, without Content-Encoding."
        )
    described = Message()
    described["content-type"] = headers.get("content-type", "")
    media_type, charset = described.get_content_type(), described.get_content_charset()
    if media_type != "application/json" and not _is_json_suffix(media_type):
        raise _unsupported("Send a JSON object, with Content-Type: application/json.")
    if charset not in _CHARSETS:
        raise _unsupported(f"The charset is {charset!r}. Send the JSON in UTF-8.")


def read(body: bytes) -> Any:
    """Return the value. Raises `HTTPException` (400) or `json.JSONDecodeError`."""
    encoding = json.detect_encoding(body)
    if not encoding.startswith("utf-8"):
        raise _malformed(f"It is in {encoding.upper()}. Send the JSON in UTF-8.")
    try:
        text = body.decode(encoding)
        return json.loads(text, parse_constant=_refuse_constant, object_pairs_hook=_members)
    except UnicodeDecodeError as error:
        raise _malformed(f"Byte {error.start} is not UTF-8. Send the JSON in UTF-8.") from error
    except RecursionError as error:
        raise _malformed("Its arrays and objects are nested too deeply.") from error
    except json.JSONDecodeError:
        raise
    except ValueError as error:
        raise _malformed("A number has too many digits.") from error


def _is_json_suffix(media_type: str) -> bool:
    return media_type.startswith("application/") and media_type.endswith("+json")


def _refuse_constant(text: str) -> NoReturn:
    raise _malformed(f"{text} is not a number in JSON.")


def _members(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise _malformed("An object has two members with one name.")
    return members


def _unsupported(detail: str) -> HTTPException:
    return HTTPException(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, detail)


def _malformed(reason: str) -> HTTPException:
    """Return the one kind of error that FastAPI passes on while it reads a body."""
    return HTTPException(HTTPStatus.BAD_REQUEST, f"The body cannot be read. {reason}")
