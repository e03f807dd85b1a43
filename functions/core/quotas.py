"""Limits of what a caller may upload, besides its scopes."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class TokenLimits:
    """The limits that a token sets to its holder; `None` sets none."""

    max_bytes: int | None = None
    """The size limit of one video."""
    max_duration_s: int | None = None
    """The duration limit of one video, which Clipo keeps on the video's record."""
    max_videos: int | None = None
    """The number of videos that the owner may have."""


NO_LIMITS = TokenLimits()


@dataclass(frozen=True, slots=True)
class Usage:
    """The videos of one owner that count towards its quota, and their announced bytes.

    A video counts from its announcement until its object is gone.
    """

    videos: int = 0
    bytes: int = 0


@dataclass(frozen=True, slots=True)
class Quota:
    """The limits of all videos of one owner together; `None` sets none."""

    videos: int | None = None
    bytes: int | None = None

    @property
    def is_set(self) -> bool:
        """Whether there is a limit."""
        return self != Quota()

    def left(self, used: Usage) -> "Quota":
        """Return what an owner may still upload."""
        return Quota(_left(self.videos, used.videos), _left(self.bytes, used.bytes))


def _left(limit: int | None, used: int) -> int | None:
    return None if limit is None else max(0, limit - used)


def smallest(*limits: int | None) -> int | None:
    """Return the limit that holds if all of these do; `None` is no limit."""
    return min((limit for limit in limits if limit is not None), default=None)


def is_too_long(duration_s: float | None, limit: int | None) -> bool:
    """Tell whether a video exceeds a duration limit. An unknown duration exceeds every limit.

    Clipo compares whole seconds, as it shows them: encoders often make a file some milliseconds
    longer than the recording.
    """
    return limit is not None and (duration_s is None or round(duration_s) > limit)
