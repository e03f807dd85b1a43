"""The images Lambda with real parts: S3 over HTTP, and ffmpeg. It has no database."""

import copy
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
import pytest

from functions.core.picture_making import wanted_in
from functions.images import handler as module
from tests.clips import Clips
from tests.events import event
from tests.fakes.lambda_context import FakeLambdaContext
from tests.pictures import size_of


@dataclass
class World:
    s3: Any

    def asked(self, clip: Path, name: str = "invoke-image") -> dict[str, Any]:
        """Upload a clip, and return the event that asks for a picture of it."""
        asked = copy.deepcopy(event(name))
        key = f"uploads/{asked['video_id']}/source"
        put = self.s3.put_object(Bucket="clipo-uploads", Key=key, Body=clip.read_bytes())
        asked["source"] = {"etag": put["ETag"].strip('"'), "size": clip.stat().st_size}
        return asked

    def stored(self, asked: dict[str, Any]) -> bytes:
        found = self.s3.get_object(Bucket="clipo-media", Key=wanted_in(asked).key)
        assert found["ContentType"] == "image/jpeg"
        return bytes(found["Body"].read())

    def count(self) -> int:
        return int(self.s3.list_objects_v2(Bucket="clipo-media")["KeyCount"])


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch, s3_url: str, ffmpeg_dir: Path) -> Iterator[World]:
    settings = {
        "UPLOADS_BUCKET": "clipo-uploads",
        "MEDIA_BUCKET": "clipo-media",
        "AWS_REGION": "us-east-1",
        "AWS_ACCESS_KEY_ID": "testing",
        "AWS_SECRET_ACCESS_KEY": "testing",
        "AWS_ENDPOINT_URL_S3": s3_url,
        "CLIPO_FFMPEG_DIR": str(ffmpeg_dir),
    }
    for name, value in settings.items():
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("MONGODB_URI", raising=False)
    s3 = boto3.client("s3", endpoint_url=s3_url, region_name="us-east-1")
    for bucket in ("clipo-uploads", "clipo-media"):
        s3.create_bucket(Bucket=bucket)
    module._wired.cache_clear()
    yield World(s3)
    module._wired.cache_clear()
    for bucket in ("clipo-uploads", "clipo-media"):
        for found in s3.list_objects_v2(Bucket=bucket).get("Contents", []):
            s3.delete_object(Bucket=bucket, Key=found["Key"])
        s3.delete_bucket(Bucket=bucket)


def invoke(asked: dict[str, Any]) -> dict[str, str]:
    return module.handler(asked, FakeLambdaContext())


def test_an_image_is_stored_under_its_key(world: World, clips: Clips) -> None:
    asked = world.asked(clips["h264.mp4"])
    assert invoke(asked) == {"outcome": "made", "message": ""}
    assert size_of(world.stored(asked)) == (320, 180)


def test_a_storyboard_is_stored_under_its_key(world: World, clips: Clips) -> None:
    asked = world.asked(clips["h264.mp4"], "invoke-storyboard")
    assert invoke(asked)["outcome"] == "made"
    plan = wanted_in(asked).spec.plan  # type: ignore[union-attr]  # it is one of a storyboard
    assert size_of(world.stored(asked)) == (plan.width, plan.height)


@pytest.mark.usefixtures("world")
def test_a_format_without_an_encoder_is_refused_before_the_file_is_read() -> None:
    asked = event("invoke-image")
    asked["image"]["format"] = "webp"
    assert invoke(asked)["outcome"] == "no_encoder"


def test_a_file_that_is_gone_or_replaced_is_said_so(world: World, clips: Clips) -> None:
    assert invoke(event("invoke-image"))["outcome"] == "source_gone"
    asked = world.asked(clips["h264.mp4"])
    asked["source"]["etag"] = "0" * 32
    assert invoke(asked)["outcome"] == "source_replaced"
    assert world.count() == 0


def test_a_file_without_pictures_has_a_reason(world: World, tmp_path: Path) -> None:
    (tmp_path / "notes.mp4").write_text("no video " * 1000)
    answer = invoke(world.asked(tmp_path / "notes.mp4"))
    assert answer["outcome"] == "no_picture"
    assert answer["message"].startswith("The file is not a video")


@pytest.mark.parametrize("broken", [{}, {"video_id": "x"}, []])
def test_another_event_is_an_error(broken: Any) -> None:
    with pytest.raises((LookupError, TypeError)):
        invoke(broken)
