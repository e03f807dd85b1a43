"""`sam local`: the built functions in Lambda's containers, against real servers of this machine."""

import copy
import json
from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import boto3
import httpx2
import pytest

from clipo.local.cloud import Cloud
from clipo.local.ports import free_port
from functions.adapters.mongo.catalog import MongoCatalog
from functions.adapters.mongo.ids import new_video_id
from functions.core.keys import source_key
from functions.core.picture_making import wanted_in
from functions.core.settings import CatalogSettings
from functions.core.video import Status
from tests import moves
from tests.clips import Clips
from tests.deploy import docker
from tests.deploy.sam import SETTINGS, Sam
from tests.events import event
from tests.examples import video
from tests.running_stack import post_form, running_stack
from tests.servers import mongodb, s3

pytestmark = [pytest.mark.sam, pytest.mark.long]

_BUCKETS = {"UPLOADS_BUCKET": "clipo-uploads", "MEDIA_BUCKET": "clipo-media"}
_CREDENTIALS = {"AWS_ACCESS_KEY_ID": "LOCALSAM", "AWS_SECRET_ACCESS_KEY": "secret"}


@pytest.fixture(scope="module", autouse=True)
def _docker_is_here() -> None:
    if reason := docker.missing():
        pytest.skip(reason)


@dataclass(frozen=True)
class World:
    """S3 and MongoDB where containers reach them, and the functions in containers."""

    sam: Sam
    built: Path
    s3: Any
    catalog: MongoCatalog

    def invoke(self, function: str, event: Mapping[str, Any], **parameters: str) -> dict[str, Any]:
        return self.sam.invoke(self.built, function, event, **parameters)

    def upload(self, clip: Path) -> dict[str, Any]:
        """Add a video and its object, and return S3's event of it."""
        added = video(new_video_id())
        self.catalog.add(added)
        return self.put(added.id, clip)

    def put(self, video_id: str, clip: Path) -> dict[str, Any]:
        """Store the object of a video, and return S3's event of it."""
        key = source_key(video_id)
        put = self.s3.put_object(Bucket="clipo-uploads", Key=key, Body=clip.read_bytes())
        happened = copy.deepcopy(event("s3-post"))
        happened["Records"][0]["s3"]["object"] |= {
            "key": key,
            "size": clip.stat().st_size,
            "eTag": put["ETag"].strip('"'),
        }
        return happened


@pytest.fixture(scope="module")
def world(built: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    host = docker.bridge_address()
    folder = tmp_path_factory.mktemp("servers")
    with s3(folder, _CREDENTIALS, host) as storage, mongodb(folder, host) as database:
        environ = (
            _CREDENTIALS
            | _BUCKETS
            | {
                "AWS_REGION": "us-east-1",
                "AWS_ENDPOINT_URL_S3": storage.url,
                "AWS_ENDPOINT_URL_SQS": storage.url,
                "MONGODB_URI": database.uri,
            }
            # What CloudFormation would read from secrets and make of the queue.
            | {
                name: SETTINGS[name]
                for name in (
                    "ACCESS",
                    "ROOT_SECRETS",
                    "WEBHOOK_SECRET",
                    "WEBHOOK_ROOT",
                    "WEBHOOK_QUEUE_URL",
                )
            }
        )
        Cloud(environ).set_up(uploads_bucket="clipo-uploads", media_bucket="clipo-media")
        client = boto3.Session(
            aws_access_key_id=_CREDENTIALS["AWS_ACCESS_KEY_ID"],
            aws_secret_access_key=_CREDENTIALS["AWS_SECRET_ACCESS_KEY"],
            region_name="us-east-1",
        ).client("s3", endpoint_url=storage.url)
        catalog = MongoCatalog(CatalogSettings.read(environ), pool_size=1, timeout_ms=5000)
        yield World(Sam(environ), built, client, catalog)
        catalog.close()


@pytest.mark.parametrize(
    ("name", "status"),
    [("http-create-video", 201), ("http-upload-video", 202), ("http-unknown-route", 404)],
)
def test_the_api_answers_from_a_container(world: World, name: str, status: int) -> None:
    answer = world.invoke("ApiFunction", event(name))
    assert answer["statusCode"] == status, answer


def test_a_50_mb_video_is_done_in_a_container_of_512_mb(world: World, clips: Clips) -> None:
    """The least memory that the template allows. A container is killed at its limit."""
    happened = world.upload(clips["50-mb.mp4"])
    answer = world.invoke("ProcessingFunction", happened, ProcessingMemory="512")
    (outcome,) = answer["outcomes"]
    assert outcome["result"] == "done"
    found = world.catalog.get(outcome["video_id"])
    assert found
    assert found.media
    assert found.thumbnail
    assert (found.status, found.media.width, found.media.duration_s) == (Status.DONE, 1280, 30.0)
    stored = world.s3.get_object(Bucket="clipo-media", Key=found.thumbnail.key)
    assert stored["Body"].read(3) == b"\xff\xd8\xff"


def test_a_file_that_is_no_video_is_failed_in_a_container(world: World, tmp_path: Path) -> None:
    (tmp_path / "notes.mp4").write_text("no video " * 1000)
    answer = world.invoke("ProcessingFunction", world.upload(tmp_path / "notes.mp4"))
    found = world.catalog.get(answer["outcomes"][0]["video_id"])
    assert found
    assert found.error
    assert (found.status, found.error.code) == (Status.FAILED, "not_a_video")


@pytest.mark.parametrize("name", ["s3-put", "invoke-retry"])
def test_processing_does_nothing_for_a_video_that_it_does_not_know(world: World, name: str) -> None:
    (outcome,) = world.invoke("ProcessingFunction", event(name))["outcomes"]
    assert outcome["result"] == "unknown"


def test_a_picture_is_made_in_a_container_of_512_mb(world: World, clips: Clips) -> None:
    # Without a record, which upkeep would find in the next test: images has no database.
    video_id = new_video_id()
    put = world.put(video_id, clips["h264.mp4"])["Records"][0]["s3"]["object"]
    asked = event("invoke-image") | {"video_id": video_id}
    asked["source"] = {"etag": put["eTag"], "size": put["size"]}
    answer = world.invoke("ImagesFunction", asked, ImagesMemory="512")
    assert answer["outcome"] == "made"
    stored = world.s3.get_object(Bucket="clipo-media", Key=wanted_in(asked).key)
    assert stored["Body"].read(3) == b"\xff\xd8\xff"


def test_upkeep_fails_an_upload_that_never_came_in_a_container(world: World) -> None:
    forgotten = video(new_video_id())
    world.catalog.add(forgotten)
    report = world.invoke("UpkeepFunction", event("schedule"))
    assert (report.get("finished"), report.get("problems")) == (True, 0), report
    found = world.catalog.get(forgotten.id)
    assert found
    assert found.error
    assert (found.status, found.error.code) == (Status.FAILED, "upload_expired")


def test_upkeep_settles_a_failed_event_in_a_container(world: World) -> None:
    stuck = video(new_video_id())
    world.catalog.add(stuck)
    batch = event("sqs-failed-events")
    record = json.loads(batch["Records"][0]["body"])
    record["requestPayload"]["Records"][0]["s3"]["object"]["key"] = stuck.upload.key
    batch["Records"][0]["body"] = json.dumps(record)
    assert world.invoke("UpkeepFunction", batch) == {"batchItemFailures": []}
    found = world.catalog.get(stuck.id)
    assert found
    assert found.error
    assert (found.status, found.error.code) == (Status.FAILED, "retries_exhausted")


@pytest.mark.parametrize("name", ["schedule-webhooks", "sqs-webhook"])
def test_webhooks_attempts_what_is_due_in_a_container(world: World, name: str) -> None:
    """No receiver is there: the attempt is recorded on the video."""
    announcing = MongoCatalog(
        replace(world.catalog._settings, webhooks_on=True), pool_size=1, timeout_ms=5000
    )
    failed = video(new_video_id())
    with closing(announcing):
        announcing.add(failed)
        moves.fail_stuck(announcing, failed.id, now=datetime.now(UTC))
    happened = event(name)
    for message in happened.get("Records", []):
        message["body"] = json.dumps({"webhook_of": failed.id})
    world.invoke("WebhooksFunction", happened, WebhookUrl=SETTINGS["WEBHOOK_URL"])
    found = world.catalog.get(failed.id)
    assert found
    assert found.webhook
    assert (found.webhook.attempts, found.webhook.delivered_at) == (1, None)


def test_a_whole_upload_through_start_api(built: Path, tmp_path: Path, clips: Clips) -> None:
    host = docker.bridge_address()
    with running_stack(tmp_path, CLIPO_BIND=host, ACCESS="open") as stack:
        environ = dict(
            line.split("=", 1) for line in (tmp_path / "functions.env").read_text().splitlines()
        )
        environ["MONGODB_URI"] = environ["MONGODB_URI"].strip("'")
        # As docs/deploy.md says.
        environ["ACCESS"] = "open"
        environ["ROOT_SECRETS"] = f"1:{(tmp_path / 'root_secret').read_text().strip()}"
        port, lambda_port = free_port(13000, taken=set()), free_port(13500, taken=set())
        at_lambda = {"AWS_ENDPOINT_URL_LAMBDA": f"http://{host}:{lambda_port}"}
        with (
            Sam(environ).start_lambda(built, host, lambda_port),
            Sam(environ | at_lambda).start_api(built, port),
            httpx2.Client(base_url=f"http://127.0.0.1:{port}", timeout=120) as stack.client,
        ):
            created = stack.create(clips["h264.mp4"])
            uploaded = post_form(created["upload"], clips["h264.mp4"].read_bytes())
            assert uploaded.status_code == 204, uploaded.text
            finished = stack.finished(created["id"])
            assert finished["status"] == "done"

            thumbnail = stack.client.get(f"/videos/{created['id']}/thumbnail")
            assert thumbnail.status_code == 307
            assert httpx2.get(thumbnail.headers["location"]).content.startswith(b"\xff\xd8\xff")

            image = stack.client.get(f"/videos/{created['id']}/image.jpg", follow_redirects=True)
            assert image.status_code == 200, image.text
            assert image.content.startswith(b"\xff\xd8\xff")

            refused = stack.client.post("/videos", json={"filename": "notes.txt", "size": 1})
            assert refused.status_code == 400
            assert refused.json()["code"] == "unsupported_extension"
