"""Announcements are refused while too many videos are pending."""

from collections.abc import Iterator
from datetime import datetime, timedelta

import pytest
from starlette.testclient import TestClient

from functions.api.app import create_app
from functions.api.services import Backend
from functions.api.settings import ApiSettings
from functions.core.settings import SettingsError
from tests.examples import CREATED, OPEN, done_video, video
from tests.fakes.api_keys import FakeApiKeys
from tests.fakes.catalog import FakeCatalog
from tests.fakes.pictures import fake_pictures
from tests.fakes.processing import FakeProcessing
from tests.fakes.storage import FakeStorage
from tests.problems import problem

CLIP = {"filename": "clip.mp4", "size": 5000}


class World:
    def __init__(self, limit: str) -> None:
        self.records = FakeCatalog({"0" * 24: done_video("0" * 24)})
        self.now: datetime = CREATED
        services = Backend(
            ApiSettings.read(OPEN | {"MAX_PENDING_VIDEOS": limit}),
            *(
                self.records,
                FakeStorage(),
                FakeProcessing(),
                FakeApiKeys(),
                fake_pictures(),
            ),
            now=lambda: self.now,
        )
        self.client = TestClient(create_app(services))

    def announce(self, **headers: str) -> int:
        return self.client.post("/videos", json=CLIP, headers=headers).status_code

    def has_pending(self, count: int) -> None:
        for number in range(1, count + 1):
            video_id = f"{number:024x}"
            self.records.videos[video_id] = video(video_id)

    def wait(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)


@pytest.fixture
def world() -> Iterator[World]:
    made = World("2")
    with made.client:
        yield made


def test_at_the_limit_an_announcement_is_refused_for_a_minute(world: World) -> None:
    world.has_pending(2)
    refused = world.client.post("/videos", json=CLIP)
    assert (refused.status_code, problem(refused)["code"]) == (429, "too_many_pending")
    assert refused.headers["retry-after"] == "60"
    assert "while 2 or more are pending" in problem(refused)["detail"]
    assert len(world.records.videos) == 3


def test_a_refused_announcement_stores_no_key(world: World) -> None:
    world.has_pending(2)
    assert world.announce(**{"Idempotency-Key": "a"}) == 429
    assert world.records.keys == {}


def test_at_the_limit_a_repeated_announcement_gets_its_video(world: World) -> None:
    key = {"Idempotency-Key": "a"}
    first = world.client.post("/videos", json=CLIP, headers=key).json()
    world.has_pending(2)
    world.wait(31)
    assert world.announce() == 429
    again = world.client.post("/videos", json=CLIP, headers=key)
    assert (again.status_code, again.json()["id"]) == (201, first["id"])


def test_a_caller_without_a_credential_passes_no_limit_by_inventing_owners(world: World) -> None:
    world.has_pending(2)
    refused = world.client.post("/videos", json=CLIP | {"owner": "invented"})
    assert problem(refused)["code"] == "too_many_pending"


def test_one_count_answers_many_announcements(world: World) -> None:
    assert [world.announce() for _ in range(4)] == [201] * 4
    assert world.records.counts == 1, "the others cost no round trip"
    world.wait(31)
    assert world.announce() == 429
    world.records.videos.clear()
    world.wait(31)
    assert world.announce() == 201


def test_the_legacy_endpoint_accepts_a_video_nevertheless(world: World) -> None:
    world.has_pending(2)
    sent = world.client.post("/upload-video/", files={"file": ("clip.mp4", b"bytes")})
    assert sent.status_code == 202


def test_zero_sets_no_limit_and_costs_nothing() -> None:
    world = World("0")
    world.has_pending(2)
    assert world.announce() == 201
    assert world.records.counts == 0


def test_the_default_is_ten_thousand() -> None:
    assert ApiSettings.read(OPEN).max_pending_videos == 10_000


@pytest.mark.parametrize("text", ["-1", "many", "1.5"])
def test_a_limit_that_is_no_number_is_refused(text: str) -> None:
    with pytest.raises(SettingsError, match="MAX_PENDING_VIDEOS must be a whole number"):
        ApiSettings.read({"MAX_PENDING_VIDEOS": text})
