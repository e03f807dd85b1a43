"""Signs the tokens of one page, without a call to Clipo."""

import re
import time
from dataclasses import dataclass
from datetime import UTC, datetime

from clipo import hs256

_LIFETIME_S = 3600
_OWNER = re.compile(r"[A-Za-z0-9._:@|/+=-]{1,128}")
_KEY_PREFIX = "clipo_sk_"


ALL_VIDEOS = "*"
_VIDEO_ID = re.compile(r"[0-9A-Fa-f]{24}")
_SCOPES = frozenset({"upload", "read", "write", "deliver"})
_MOST = 2**53 - 1


@dataclass(frozen=True, slots=True)
class Grant:
    """What the tokens of one page allow: docs/access.md describes the claims."""

    owner: str | int
    scope: str = "upload read write deliver"
    """The scopes of `token`, separated by spaces."""
    video_id: str = ALL_VIDEOS
    """The only video that the page may see, by default all that the owner has."""
    max_bytes: int | None = None
    """Bytes of each uploaded file, at most."""
    max_videos: int | None = None
    """Videos that the owner may have, at most."""
    max_duration_s: int | None = None
    """Seconds of each uploaded video, at most."""

    def __post_init__(self) -> None:
        """Raise `ValueError` for what Clipo would refuse, and for a video id that is none.

        A missing id must never mean all videos.
        """
        if not _OWNER.fullmatch(str(self.owner)):
            raise ValueError("The owner must be 1 to 128 letters, digits or . _ : @ | / + = -")
        if self.video_id != ALL_VIDEOS and not _VIDEO_ID.fullmatch(str(self.video_id)):
            raise ValueError("video_id must be the id of a video.")
        scopes = set(str(self.scope).split())
        if not scopes or scopes - _SCOPES:
            raise ValueError(f"scope must be some of {', '.join(sorted(_SCOPES))}.")
        for limit in (self.max_bytes, self.max_videos, self.max_duration_s):
            if limit is not None and not (isinstance(limit, int) and 1 <= limit <= _MOST):
                raise ValueError("A limit must be a whole number from 1.")


@dataclass(frozen=True, slots=True)
class Forbidden:
    """Stands for a user who is logged in, but may not use the page."""


def page_tokens(
    grant: Grant | str | int, *, url: str, key: str, signing_secret: str
) -> dict[str, str]:
    """Return what a page needs to call Clipo as one user. `key` is an API key or its id.

    `token` is for calls. `deliver_token` is for the addresses of pictures and files, as `?token=`.
    Raises `ValueError` for an owner that Clipo does not accept, as `Grant` does.
    """
    grant = grant if isinstance(grant, Grant) else Grant(grant)
    kid = key.split("_")[2] if key.startswith(_KEY_PREFIX) else key
    ends = int(time.time()) + _LIFETIME_S
    limits = {
        "max_bytes": grant.max_bytes,
        "max_videos": grant.max_videos,
        "max_duration_s": grant.max_duration_s,
    }

    def token(scope: str, **more: str | int | None) -> str:
        vid = None if grant.video_id == ALL_VIDEOS else grant.video_id
        claims = {"sub": str(grant.owner), "scope": scope, "exp": ends, "vid": vid} | more
        given = {name: value for name, value in claims.items() if value is not None}
        return hs256.sign(given, kid=kid, secret=signing_secret)

    return {
        "api": url.rstrip("/"),
        "token": token(grant.scope, **limits),
        "deliver_token": token("deliver"),
        "expires_at": datetime.fromtimestamp(ends, UTC).strftime("%Y-%m-%dT%H:%M:%S.000Z"),
    }
