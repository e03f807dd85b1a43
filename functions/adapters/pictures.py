"""The maker of pictures and its leases, as the API uses them. `mongo/pictures.py` keeps the leases.

The lease and the count are in the API's database: the images function, which runs ffmpeg, has none
(ADR 47).
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from threading import Semaphore
from typing import Protocol

from functions.adapters.request_failed import RequestFailed
from functions.adapters.telemetry import current_trace
from functions.core.picture_making import Making, MakingOutcome, making_event
from functions.core.pictures import WantedPicture
from functions.core.settings import required
from functions.core.unavailable import (
    PicturesFailed,
    PicturesThrottled,
    PicturesTimedOut,
    PicturesUnavailable,
)

MAKING_TIMEOUT_S = 20
"""The time limit for a response of the images function, which may go on after it."""

_KINDS = {
    "TooManyRequestsException": PicturesThrottled,
    "ReadTimeoutError": PicturesTimedOut,
    "FunctionError: Unhandled": PicturesFailed,
}
"""The errors by Lambda's code for them, or urllib3's name."""

_MOST_WAITING = 20
"""Requests of one process that may wait for pictures. Each occupies one of its 40 threads."""


@dataclass(frozen=True, slots=True)
class LeaseEnd:
    """Why a caller that holds a lease makes no picture."""

    refusal: str | None = None
    """Why there is no such picture, for a person."""
    has_failed: bool = False
    """Whether too many attempts have failed."""


class PictureLeases(Protocol):
    """The right to make a picture, and the number of images of each video.

    Every method may raise `CatalogUnavailable`.
    """

    def acquire(self, key: str, *, now: datetime, until: datetime) -> bool:
        """Reserve the making of a picture; `False` if another caller has it.

        A caller that succeeds keeps it: the picture is stored then, and the lease expires.
        """

    def release(self, key: str) -> None:
        """End a lease of this caller after a failure."""

    def fail(self, key: str, *, attempts: int) -> None:
        """End a lease of this caller after a crash, but the last of so many until it expires."""

    def refuse(self, key: str, reason: str) -> None:
        """Store in a lease of this caller why there is no such picture."""

    def end(self, key: str) -> LeaseEnd:
        """Return what a lease says of attempts that have ended without a picture."""

    def count(self, wanted: WantedPicture, *, limit: int) -> bool:
        """Count an image of a video; `False` if its file has `limit` of them already."""

    def discount(self, wanted: WantedPicture) -> None:
        """Subtract an image that was not made."""


class PictureMaker(Protocol):
    """Makes pictures."""

    def make(self, wanted: WantedPicture) -> Making:
        """Make and store a picture. Raises `PicturesUnavailable`."""


@dataclass(frozen=True, slots=True)
class Pictures:
    """The leases and the maker."""

    leases: PictureLeases
    maker: PictureMaker
    turns: Semaphore = field(default_factory=lambda: Semaphore(_MOST_WAITING))
    """Bounds the requests that wait."""


class ImagesFunction:
    """The deployed images function, or the local stack's, which answers as Lambda does."""

    def __init__(self, environ: Mapping[str, str], call: Callable[[str, str], bytes]) -> None:
        """Read IMAGES_FUNCTION, the name or ARN.

        `call` sends a function an event and returns its answer. Raises `SettingsError`.
        """
        self._name = required(environ, "IMAGES_FUNCTION")
        self._call = call

    def make(self, wanted: WantedPicture) -> Making:
        """Make and store a picture. Raises `PicturesUnavailable`."""
        try:
            event = making_event(wanted, trace=current_trace())
            answer = json.loads(self._call(self._name, json.dumps(event)))
            return Making(MakingOutcome(answer["outcome"]), answer["message"])
        except RequestFailed as error:
            kind = _KINDS.get(error.code, PicturesUnavailable)
            raise kind(f"Lambda: {error.code}") from error
        except (LookupError, TypeError, ValueError) as error:
            raise PicturesUnavailable("The images function's answer is not understood.") from error
