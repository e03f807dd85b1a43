"""A stack of release 0.1 is upgraded by `sam deploy`, and its database by `clipo migrate`.

`release_0_1.json` is release 0.1's template without its alarms, its dashboard and its texts.
"""

import json
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2
import pytest
from pymongo import MongoClient

from functions.adapters.mongo.ids import new_video_id
from functions.core.keys import source_key
from tests.clips import Clips
from tests.command import Command
from tests.deploy.aws import Aws, emulated_aws
from tests.deploy.deployment import (
    STACK,
    Deployed,
    create_secrets,
    deploy,
    deploy_template,
    layer_of,
    outputs,
    use_ffmpeg_of,
)
from tests.events import event
from tests.examples import thumbnail, uploaded
from tests.problems import problem
from tests.release_0_1 import Release01

pytestmark = pytest.mark.long

_TEMPLATE = Path(__file__).with_name("release_0_1.json")
_DATABASE = "upgraded"
_PARAMETERS = {
    "MongoDatabase": _DATABASE,
    # Release 0.1's name of DeleteOrphanedObjects: samconfig.toml may still have it.
    "DeleteLeftovers": "true",
}
_HANDLERS = ("api/handler.py", "processing/cold_start.py", "upkeep/handler.py")
_KEEP_DATA = ("AWS::S3::Bucket", "AWS::SQS::Queue", "AWS::ApiGatewayV2::Api")


@dataclass(frozen=True)
class Upgraded(Deployed):
    """A stack that release 0.1 has left, with its videos."""

    done: str
    failed: str
    before: dict[str, tuple[str, str]]
    """The resources of release 0.1 that hold data or an address, and when they were made."""
    refusal: str
    """The answer to an update without the parameter BucketNames."""
    after_refusal: dict[str, tuple[str, str]]

    def upkeep(self) -> dict[str, Any]:
        """Run the schedule, which the emulator's clock does not run that often."""
        answer = self.aws.client("lambda").invoke(
            FunctionName=f"{STACK}-upkeep", Payload=json.dumps(event("schedule"))
        )
        report: dict[str, Any] = json.loads(answer["Payload"].read())
        return report

    def upkeep_warns(self) -> bool:
        logs = self.aws.client("logs")
        found = logs.filter_log_events(logGroupName=f"/aws/lambda/{STACK}-upkeep")["events"]
        return "database not migrated" in json.dumps(found)


@pytest.fixture(scope="module")
def upgraded(
    built: Path, mongodb_uri: str, clips: Clips, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Upgraded]:
    with (
        emulated_aws(tmp_path_factory.mktemp("aws")) as aws,
        MongoClient[dict[str, Any]](mongodb_uri) as client,
    ):
        create_secrets(aws, mongodb_uri)
        deploy_template(aws, release_0_1(tmp_path_factory.mktemp("release")), **_PARAMETERS)
        old = Release01(client[_DATABASE].videos)
        old.ensure_indexes()
        done, failed = new_video_id(), new_video_id()
        add_videos(aws, old, clips, done=done, failed=failed)
        before = resources_with_data(aws)
        with pytest.raises(AssertionError) as refused:
            deploy(aws, built, **_PARAMETERS | {"BucketNames": ""})
        refusal, after_refusal = str(refused.value), resources_with_data(aws)
        deploy(aws, built, **_PARAMETERS | {"BucketNames": "legacy"})
        use_ffmpeg_of(aws, layer_of(built))
        yield Upgraded(aws, outputs(aws), mongodb_uri, done, failed, before, refusal, after_refusal)
        client.drop_database(_DATABASE)


def release_0_1(folder: Path) -> Path:
    """Return its template, beside functions that do nothing."""
    for handler in _HANDLERS:
        file = folder / "code" / handler
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text("def handler(event, context):\n    return {}\n")
    shutil.copy(_TEMPLATE, folder)
    return folder / _TEMPLATE.name


def add_videos(aws: Aws, old: Release01, clips: Clips, *, done: str, failed: str) -> None:
    """Add a video that is done and one that has failed, as release 0.1 has left them."""
    s3, buckets = aws.client("s3"), outputs(aws)
    for video_id in (done, failed):
        old.add(video_id)
        assert old.claim(uploaded(video_id))
        s3.put_object(
            Bucket=buckets["UploadsBucket"],
            Key=source_key(video_id),
            Body=clips["tiny.mp4"].read_bytes(),
        )
    assert old.complete(done)
    assert old.fail(failed)
    s3.put_object(Bucket=buckets["MediaBucket"], Key=thumbnail().key, Body=b"\xff\xd8\xff jpeg")


def resources_with_data(aws: Aws) -> dict[str, tuple[str, str]]:
    """Return what must not be replaced: by its name in the template, its id and its age."""
    stacks = aws.client("cloudformation")
    listed = stacks.describe_stack_resources(StackName=STACK)["StackResources"]
    s3, sqs = aws.client("s3"), aws.client("sqs")
    made = {found["Name"]: found["CreationDate"] for found in s3.list_buckets()["Buckets"]}
    found = {}
    for one in listed:
        physical_id = one["PhysicalResourceId"]
        if one["ResourceType"] == "AWS::SQS::Queue":
            attributes = sqs.get_queue_attributes(QueueUrl=physical_id, AttributeNames=["All"])
            made[physical_id] = attributes["Attributes"]["CreatedTimestamp"]
        if one["ResourceType"] in _KEEP_DATA:
            found[one["LogicalResourceId"]] = (physical_id, str(made.get(physical_id, "")))
    return found


def test_what_holds_data_is_not_replaced(upgraded: Upgraded) -> None:
    names = {"UploadsBucket", "MediaBucket", "FailedEvents", "Webhooks", "HttpApi"}
    assert upgraded.before.keys() == names
    assert resources_with_data(upgraded.aws) == upgraded.before


def test_an_update_without_the_bucket_names_is_refused_and_changes_nothing(
    upgraded: Upgraded,
) -> None:
    assert "BucketNames" in upgraded.refusal
    assert upgraded.after_refusal == upgraded.before


def test_the_update_closes_the_stack(upgraded: Upgraded) -> None:
    with upgraded.stranger() as stranger:
        for path in ("/videos", f"/videos/{upgraded.done}", f"/video-status/{upgraded.done}"):
            assert problem(stranger.get(path))["code"] == "unauthenticated"
        assert stranger.get("/health").status_code == 200


def test_the_bucket_of_uploads_keeps_versions_from_now_on(upgraded: Upgraded) -> None:
    s3, bucket = upgraded.aws.client("s3"), upgraded.outputs["UploadsBucket"]
    assert s3.get_bucket_versioning(Bucket=bucket)["Status"] == "Enabled"
    with upgraded.api() as api:
        video_id = upgraded.uploaded(api, b"no video")
        upgraded.finished(api, video_id)
        assert api.delete(f"/videos/{video_id}").status_code == 204
    key = source_key(video_id)
    (older,) = s3.list_object_versions(Bucket=bucket, Prefix=key)["Versions"]
    restored = s3.get_object(Bucket=bucket, Key=key, VersionId=older["VersionId"])
    assert restored["Body"].read() == b"no video"


def test_each_queue_has_one_reader(upgraded: Upgraded) -> None:
    """Release 0.1 had upkeep read the webhooks."""
    mappings = upgraded.aws.client("lambda").list_event_source_mappings()["EventSourceMappings"]
    readers = {
        one["EventSourceArn"].rpartition(":")[2]: one["FunctionArn"].rpartition(":")[2]
        for one in mappings
    }
    assert len(mappings) == 2
    assert readers == {
        f"{STACK}-failed-events": f"{STACK}-upkeep",
        f"{STACK}-webhooks": f"{STACK}-webhooks",
    }


def test_videos_of_release_0_1_are_shown_and_retried(upgraded: Upgraded) -> None:
    with upgraded.api() as api:
        listed = api.get("/videos").json()["data"]
        assert {one["id"] for one in listed} >= {upgraded.done, upgraded.failed}
        location = api.get(f"/videos/{upgraded.done}/thumbnail").headers["location"]
        jpeg = httpx2.get(location, verify=upgraded.aws.tls)
        assert jpeg.content.startswith(b"\xff\xd8\xff")
        assert api.post(f"/videos/{upgraded.failed}/retry").status_code == 202
        assert upgraded.finished(api, upgraded.failed)["status"] == "done"


def test_an_upload_to_the_upgraded_stack_becomes_done(upgraded: Upgraded, clips: Clips) -> None:
    with upgraded.api() as api:
        video_id = upgraded.uploaded(api, clips["tiny.mp4"].read_bytes())
        assert upgraded.finished(api, video_id)["status"] == "done"


def test_upkeep_deletes_orphaned_objects_only_by_the_new_parameter(upgraded: Upgraded) -> None:
    found = upgraded.aws.client("lambda").get_function_configuration(FunctionName=f"{STACK}-upkeep")
    variables = found["Environment"]["Variables"]
    assert variables["DELETE_ORPHANED_OBJECTS"] == "false"
    assert "DELETE_LEFTOVERS" not in variables


def test_upkeep_warns_until_the_database_is_migrated(upgraded: Upgraded, tmp_path: Path) -> None:
    assert upgraded.upkeep()["migrated"] is False
    assert upgraded.upkeep_warns()
    database = {"MONGODB_URI": upgraded.mongodb_uri, "MONGODB_DATABASE": _DATABASE}
    migrated = Command({"HOME": str(tmp_path)} | database, tmp_path).run("migrate")
    assert (migrated.returncode, "dropped" in migrated.stdout) == (0, True), migrated.stderr
    report = upgraded.upkeep()
    assert (report["migrated"], report["problems"], report["finished"]) == (True, 0, True)


def test_other_bucket_names_leave_the_old_buckets_with_their_objects(
    upgraded: Upgraded, built: Path
) -> None:
    """The last one: the stack then has other buckets."""
    old = [upgraded.outputs[name] for name in ("UploadsBucket", "MediaBucket")]
    s3 = upgraded.aws.client("s3")
    before = [s3.list_objects_v2(Bucket=bucket)["KeyCount"] for bucket in old]
    changes = {"BucketNames": "account-regional", "Access": "open"}
    deploy(upgraded.aws, built, **_PARAMETERS | changes)
    with upgraded.stranger() as stranger:
        assert stranger.get(f"/videos/{upgraded.done}").status_code == 200, "it is open again"
    new = outputs(upgraded.aws)
    assert [new["UploadsBucket"], new["MediaBucket"]] == [f"{bucket}-an" for bucket in old]
    assert [s3.list_objects_v2(Bucket=bucket)["KeyCount"] for bucket in old] == before
    assert min(before) > 0
