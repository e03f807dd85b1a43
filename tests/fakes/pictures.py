"""A maker of pictures that stores a text, and leases in memory.

`tests/contract/adapters/test_pictures.py` tests the real leases.
"""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

from functions.adapters.pictures import LeaseEnd, Pictures
from functions.core.pictures import Making, MakingOutcome, WantedPicture
from tests.fakes.storage import FakeStorage


@dataclass
class FakePictureLeases:
    held: dict[str, datetime] = field(default_factory=dict)
    made: dict[str, int] = field(default_factory=dict)
    refusals: dict[str, str] = field(default_factory=dict)
    failures: Counter[str] = field(default_factory=Counter)
    failed: set[str] = field(default_factory=set)

    def acquire(self, key: str, *, now: datetime, until: datetime) -> bool:
        if key in self.held and self.held[key] >= now:
            return False
        self.held[key] = until
        self.refusals.pop(key, None)
        self.failed.discard(key)
        return True

    def release(self, key: str) -> None:
        self.held.pop(key, None)

    def refuse(self, key: str, reason: str) -> None:
        self.refusals[key] = reason

    def fail(self, key: str, *, attempts: int) -> None:
        self.failures[key] += 1
        if self.failures[key] < attempts:
            del self.held[key]
        else:
            self.failed.add(key)

    def end(self, key: str) -> LeaseEnd:
        return LeaseEnd(self.refusals.get(key), has_failed=key in self.failed)

    def count(self, wanted: WantedPicture, *, limit: int) -> bool:
        if self.made.get(wanted.version, 0) >= limit:
            return False
        self.made[wanted.version] = self.made.get(wanted.version, 0) + 1
        return True

    def discount(self, wanted: WantedPicture) -> None:
        self.made[wanted.version] -= 1


@dataclass
class FakePictureMaker:
    objects: FakeStorage
    made: list[WantedPicture] = field(default_factory=list)
    asked: int = 0
    answers: list[Making | Exception] = field(default_factory=list)
    """The next answers, before those of a maker that works."""
    meanwhile: Callable[[], object] = lambda: None
    """Called while a picture is made."""

    def make(self, wanted: WantedPicture) -> Making:
        self.asked += 1
        self.meanwhile()
        if self.answers:
            answer = self.answers.pop(0)
            if isinstance(answer, Exception):
                raise answer
            return answer
        self.made.append(wanted)
        self.objects.thumbnails[wanted.key] = wanted.spec.filename.encode()
        return Making(MakingOutcome.MADE)


def fake_pictures(objects: FakeStorage | None = None) -> Pictures:
    return Pictures(FakePictureLeases(), FakePictureMaker(objects or FakeStorage()))
