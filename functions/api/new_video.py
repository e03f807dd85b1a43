"""Checks of a new video, before any byte of it is accepted."""

import unicodedata
from datetime import datetime

from functions.adapters.mongo.ids import new_video_id
from functions.adapters.telemetry import current_trace
from functions.api import problems
from functions.api.problems import Problem
from functions.api.settings import ApiSettings
from functions.core.access import Caller, Scope
from functions.core.formats import MEDIA_TYPES
from functions.core.lifecycle.announcement import UPLOAD_WINDOW, announce
from functions.core.quotas import TokenLimits
from functions.core.video import Video, Visibility

UPLOAD_WINDOW_S = int(UPLOAD_WINDOW.total_seconds())
"""Seconds within which a signed upload must begin."""

MAX_FILENAME = 255


def new_video(
    *,
    filename: str,
    size: int,
    settings: ApiSettings,
    now: datetime,
    content_type: str | None = None,
    passthrough: str | None = None,
    visibility: Visibility = Visibility.PRIVATE,
    owner: str | None,
    limits: TokenLimits,
) -> Video:
    """Return a pending video that is not stored yet, within the limits of its caller's token.

    Raises `Problem` if the name or the size is not acceptable.
    """
    name = _clean(filename)
    extension = _extension(name, settings)
    check_size(name, size, settings.max_upload_bytes)
    trace = current_trace()
    return announce(
        new_video_id(),
        filename=name,
        content_type=content_type or MEDIA_TYPES.get(extension, "application/octet-stream"),
        size=size,
        passthrough=passthrough,
        owner=owner,
        max_duration_s=limits.max_duration_s,
        visibility=visibility,
        traceparent=trace.header if trace else None,
        now=now,
    )


def owner_of_new_video(caller: Caller, named: str | None = None) -> str | None:
    """Return the owner of a caller's new video, or `None` if it has none.

    Only callers who reach all owners may name another than their own. Raises `Problem`.
    """
    if caller.reaches_all_owners:
        return named
    check_owner(caller, named)
    return caller.owner


def check_owner(caller: Caller, named: str | None) -> None:
    """Raise `Problem` if a request names an owner whom its caller does not reach."""
    if named is not None and not caller.reaches_owner(named):
        raise Problem(
            problems.FORBIDDEN,
            "Your credential is for the videos of one owner only. Leave owner out.",
        )


def check_visibility(caller: Caller, visibility: Visibility) -> None:
    """Raise `Problem` if a caller announces a public video, but may not change videos."""
    if visibility is Visibility.PUBLIC and not caller.may(Scope.WRITE):
        raise Problem(
            problems.FORBIDDEN,
            "To announce a public video, a credential needs the scope write, too. Leave visibility"
            " out, and have a server with that scope publish the video.",
        )


def check_size(name: str, size: int, limit: int, *, instead: str = "") -> None:
    """Raise `Problem` for an empty or an oversize file; `instead` adds advice to its detail."""
    if size == 0:
        raise Problem(problems.EMPTY_FILE, f"{name!r} has no bytes. Choose the file again.")
    if size > limit:
        raise Problem(
            problems.FILE_TOO_LARGE,
            f"The file has {size:,} bytes; at most {limit:,} are allowed.{instead}",
        )


def filename_pattern(settings: ApiSettings) -> str:
    """Return the pattern of filenames, as a regular expression of JSON Schema."""
    extensions = "|".join(map(any_case, sorted(settings.allowed_extensions)))
    return rf"^[^\u0000-\u001f\u007f-\u009f]*\.({extensions})$"


def any_case(text: str) -> str:
    """Return a regular expression that matches the text in upper and lower case.

    JSON Schema has no flag for that.
    """
    return "".join(f"[{one}{one.upper()}]" if one.isalpha() else one for one in text)


def _clean(filename: str) -> str:
    """Return the name in NFC. Raises `Problem` if it is not acceptable.

    The name is data only, never part of a path or key.
    """
    name = unicodedata.normalize("NFC", filename)
    # UTF-8 cannot represent surrogates, which are halves of characters.
    unusable = any(unicodedata.category(character) in ("Cc", "Cs") for character in name)
    if not name or len(name) > MAX_FILENAME or unusable:
        raise Problem(problems.INVALID_FILENAME, problems.INVALID_FILENAME.example)
    return name


def _extension(name: str, settings: ApiSettings) -> str:
    extension = name.rpartition(".")[2].lower() if "." in name else ""
    if extension not in settings.allowed_extensions:
        known = ", ".join(sorted(settings.allowed_extensions))
        raise Problem(
            problems.UNSUPPORTED_EXTENSION,
            f"{name!r} has no supported extension. Use one of: {known}.",
        )
    return extension
