"""The template, deployed with `sam deploy` and used over the network."""

import json
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx2
import pytest
from bson import ObjectId
from cryptography.hazmat.primitives.asymmetric import ec
from pymongo import MongoClient

from clipo.cli import deployed_stack
from clipo.cli.finding import State
from functions.core.keys import source_key
from tests.clips import Clips
from tests.credentials import admin_token, bearer
from tests.deploy.aws import Aws, emulated_aws
from tests.deploy.deployment import (
    RECEIVER,
    STACK,
    Deployed,
    create_secrets,
    deploy,
    eventually,
    layer_of,
    outputs,
    use_ffmpeg_of,
)
from tests.deploy.sam import REPOSITORY
from tests.distributions import KEY_ID, as_text, verify
from tests.events import event
from tests.problems import problem
from tests.receivers import SECRET

pytestmark = pytest.mark.long


@pytest.fixture(scope="module")
def deployed(
    built: Path, mongodb_uri: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Deployed]:
    with emulated_aws(tmp_path_factory.mktemp("aws")) as aws:
        create_secrets(aws, mongodb_uri)
        deploy(aws, built)
        # The emulator unpacks layers elsewhere than in /opt, and without their modes.
        use_ffmpeg_of(aws, layer_of(built))
        yield Deployed(aws, outputs(aws), mongodb_uri)


@contextmanager
def failed_events_that_say_when(aws: Aws) -> Iterator[None]:
    """Wait for one failed event, and put in the time, which Lambda writes and the emulator not.

    https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-retain-records.html
    """
    functions, queues = aws.client("lambda"), aws.client("sqs")
    mappings = functions.list_event_source_mappings()["EventSourceMappings"]
    (mapping,) = [m for m in mappings if m["EventSourceArn"].endswith("-failed-events")]
    url = queues.get_queue_url(QueueName=f"{STACK}-failed-events")["QueueUrl"]
    functions.update_event_source_mapping(UUID=mapping["UUID"], Enabled=False)
    yield

    def receive() -> dict[str, Any] | None:
        received = queues.receive_message(QueueUrl=url, WaitTimeSeconds=1).get("Messages", [])
        return received[0] if received else None

    message = eventually(receive)
    queues.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
    record = json.loads(message["Body"]) | {"timestamp": datetime.now(UTC).isoformat()}
    queues.send_message(QueueUrl=url, MessageBody=json.dumps(record))
    functions.update_event_source_mapping(UUID=mapping["UUID"], Enabled=True)


def test_a_stranger_is_refused(deployed: Deployed) -> None:
    video = {"filename": "clip.mp4", "size": 5}
    with deployed.stranger() as stranger, deployed.api() as api:
        video_id = api.post("/videos", json=video).json()["id"]
        with MongoClient[dict[str, Any]](deployed.mongodb_uri) as client:
            before = list(client["clipo"]["videos"].find())
            for refused in (
                stranger.get("/videos"),
                stranger.post("/videos", json=video),
                stranger.get(f"/videos/{video_id}"),
                stranger.delete(f"/videos/{video_id}"),
                stranger.post("/upload-video/", files={"file": ("clip.mp4", b"video")}),
                stranger.post("/keys", json={"name": "mine"}),
                stranger.get("/videos", headers=bearer(admin_token())),
            ):
                assert problem(refused)["code"] == "unauthenticated"
                assert refused.headers["www-authenticate"] == "Bearer"
            assert list(client["clipo"]["videos"].find()) == before
        assert stranger.get("/health").status_code == 200


def test_an_upload_starts_processing_and_becomes_done(deployed: Deployed, clips: Clips) -> None:
    with deployed.api() as api:
        video = deployed.finished(api, deployed.uploaded(api, clips["h264.mp4"].read_bytes()))
        assert (video["status"], video["media"]["width"]) == ("done", 640)
        thumbnail = api.get(f"/videos/{video['id']}/thumbnail").headers["location"]
        jpeg = httpx2.get(thumbnail, verify=deployed.aws.tls)
        assert jpeg.headers["content-type"] == "image/jpeg"
        assert jpeg.content.startswith(b"\xff\xd8\xff")


def test_pictures_are_made_by_the_images_function_and_kept(
    deployed: Deployed, clips: Clips
) -> None:
    with deployed.api() as api:
        video = deployed.finished(api, deployed.uploaded(api, clips["h264.mp4"].read_bytes()))
        pictures = video["pictures"]
        for url in (pictures["image_url"], pictures["storyboard_url"], video["thumbnail"]["url"]):
            address = url.removeprefix(deployed.outputs["ApiUrl"])
            found = api.get(address)
            assert found.status_code == 200, found.text
            assert found.content.startswith(b"\xff\xd8\xff")
            assert found.headers["cache-control"] == "private, max-age=31536000, immutable"
            known = api.get(address, headers={"If-None-Match": found.headers["etag"]})
            assert (known.status_code, known.content) == (304, b"")
        vtt = api.get(pictures["storyboard_vtt_url"].removeprefix(deployed.outputs["ApiUrl"]))
        assert vtt.text.startswith("WEBVTT\n")
        functions = deployed.aws.client("lambda")
        images = functions.get_function_configuration(FunctionName=f"{STACK}-images")
        assert "MONGODB_URI" not in images["Environment"]["Variables"]


def test_the_page_comes_through_the_gateway_as_it_was_built(deployed: Deployed) -> None:
    """Lambda's answers are text or base64: compressed files have to be the latter."""
    with deployed.api() as api:
        page = api.get("/")
        video = api.post("/videos", json={"filename": "clip.mp4", "size": 5}).json()
        storage = re.match(r"https://[^/]+", video["upload"]["url"])
        assert storage
        assert f"connect-src 'self' {storage[0]};" in page.headers["content-security-policy"]
        names = re.findall(r'(?:src|href)="/assets/([^"]+)"', page.text)
        assert any(name.endswith(".js") for name in names)
        for name in names:
            packed = api.get(f"/assets/{name}", headers={"Accept-Encoding": "gzip"})
            plain = api.get(f"/assets/{name}", headers={"Accept-Encoding": "identity"})
            assert plain.content == (REPOSITORY / "functions/api/page/assets" / name).read_bytes()
            assert packed.content == plain.content
            if name.endswith(".js"):
                assert packed.headers["content-encoding"] == "gzip"


_LOOKS = 30
"""Consecutive looks at an empty queue after which it counts as empty."""


def attempted(api: httpx2.Client, video_id: str) -> dict[str, Any]:
    """Wait until a video's webhook has been attempted."""

    def look() -> dict[str, Any] | None:
        webhook: dict[str, Any] | None = api.get(f"/videos/{video_id}").json()["webhook"]
        return webhook if webhook and webhook["attempts"] else None

    return eventually(look)


def await_empty_queue(aws: Aws) -> None:
    """Wait until no message of the queue starts a function: later attempts may be delayed."""
    sqs = aws.client("sqs")
    queue = sqs.get_queue_url(QueueName=f"{STACK}-webhooks")["QueueUrl"]
    names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
    empty = 0

    def look() -> dict[str, Any] | None:
        nonlocal empty
        counts = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=names)["Attributes"]
        empty = 0 if any(map(int, counts.values())) else empty + 1
        # Between two functions a message is nowhere for a moment.
        return counts if empty == _LOOKS else None

    eventually(look)


def test_a_webhook_is_attempted_at_once(deployed: Deployed, clips: Clips) -> None:
    """No receiver is there: that there was an attempt is the work of the queue and its trigger."""
    with deployed.api() as api:
        video_id = deployed.uploaded(api, clips["tiny.mp4"].read_bytes())
        assert attempted(api, video_id)["delivered_at"] is None


def test_a_webhook_is_attempted_again_by_the_schedule(deployed: Deployed, clips: Clips) -> None:
    """The emulator's clock does not run the schedule that often: the test does."""
    with deployed.api() as api, MongoClient[dict[str, Any]](deployed.mongodb_uri) as client:
        video_id = deployed.uploaded(api, clips["tiny.mp4"].read_bytes())
        deployed.finished(api, video_id)
        await_empty_queue(deployed.aws)
        before = api.get(f"/videos/{video_id}").json()["webhook"]["attempts"]

        def attempt_again() -> dict[str, Any] | None:
            past = datetime.now(UTC) - timedelta(minutes=1)
            due = {"webhook.due_at": past, "webhook.deliveries.0.due_at": past}
            client["clipo"]["videos"].update_one({"_id": ObjectId(video_id)}, {"$set": due})
            deployed.aws.client("lambda").invoke(
                FunctionName=f"{STACK}-webhooks", Payload=json.dumps(event("schedule-webhooks"))
            )
            webhook: dict[str, Any] = api.get(f"/videos/{video_id}").json()["webhook"]
            return webhook if webhook["attempts"] > before else None

        # After three failures in a row, the receiver rests for a minute.
        assert eventually(attempt_again, within_s=120)["delivered_at"] is None


def test_the_ancestors_form_works_up_to_what_lambda_takes(deployed: Deployed, clips: Clips) -> None:
    clip = clips["tiny.mp4"].read_bytes()
    with deployed.api() as api:
        received = api.post("/upload-video/", files={"file": ("clip.mp4", clip)})
        assert received.status_code == 202, received.text
        assert deployed.finished(api, received.json()["id"])["status"] == "done"

        larger = api.post("/upload-video/", files={"file": ("clip.mp4", bytes(4_500_001))})
        assert larger.status_code == 413
        assert "POST /videos" in larger.json()["detail"]


def test_a_file_that_is_no_video_fails_with_its_code(deployed: Deployed) -> None:
    with deployed.api() as api:
        video = deployed.finished(api, deployed.uploaded(api, b"no video " * 1000))
        assert (video["status"], video["error"]["code"]) == ("failed", "not_a_video")


def test_a_form_is_good_for_its_own_key_only(deployed: Deployed) -> None:
    with deployed.api() as api:
        upload = api.post("/videos", json={"filename": "a.mp4", "size": 1}).json()["upload"]
        assert deployed.post(upload, b"x", key="uploads/elsewhere").status_code == 403


def test_upkeep_fails_what_failed_three_times_and_a_retry_mends_it(
    deployed: Deployed, built: Path, clips: Clips, tmp_path: Path
) -> None:
    use_ffmpeg_of(deployed.aws, tmp_path / "nowhere")
    with deployed.api() as api:
        with failed_events_that_say_when(deployed.aws):
            video_id = deployed.uploaded(api, clips["tiny.mp4"].read_bytes())
        video = deployed.finished(api, video_id)
        assert (video["status"], video["error"]["code"]) == ("failed", "retries_exhausted")
        assert video["attempts"] == 3

        use_ffmpeg_of(deployed.aws, layer_of(built))
        assert api.post(f"/videos/{video_id}/retry").status_code == 202
        assert deployed.finished(api, video_id)["status"] == "done"


def test_upkeep_sweeps_and_makes_the_indexes(deployed: Deployed) -> None:
    """The emulator's clock does not run the schedule that often: the test does."""
    answer = deployed.aws.client("lambda").invoke(
        FunctionName=f"{STACK}-upkeep", Payload=json.dumps(event("schedule"))
    )
    report = json.loads(answer["Payload"].read())
    assert (report["finished"], report["problems"]) == (True, 0)
    with MongoClient[dict[str, Any]](deployed.mongodb_uri) as client:
        assert len(client["clipo"]["videos"].index_information()) > 1


def test_a_deleted_video_leaves_nothing_behind(deployed: Deployed, clips: Clips) -> None:
    with deployed.api() as api:
        video_id = deployed.uploaded(api, clips["tiny.mp4"].read_bytes())
        deployed.finished(api, video_id)
        assert api.delete(f"/videos/{video_id}").status_code == 204
        assert api.get(f"/videos/{video_id}").status_code == 404
    s3 = deployed.aws.client("s3")
    for name in ("UploadsBucket", "MediaBucket"):
        listed = s3.list_objects_v2(Bucket=deployed.outputs[name]).get("Contents", [])
        assert not [found for found in listed if video_id in found["Key"]]
    assert older_versions(deployed, video_id), "they undo the delete"
    with deployed.api() as api:
        assert api.delete(f"/videos/{video_id}", params={"purge": "true"}).status_code == 204
    assert not older_versions(deployed, video_id)


def older_versions(deployed: Deployed, video_id: str) -> list[str]:
    listed = deployed.aws.client("s3").list_object_versions(
        Bucket=deployed.outputs["UploadsBucket"], Prefix=source_key(video_id)
    )
    return [found["VersionId"] for found in listed.get("Versions", [])]


def test_no_secret_is_in_a_parameter_output_or_log(deployed: Deployed, clips: Clips) -> None:
    with deployed.api() as api:
        deployed.finished(api, deployed.uploaded(api, clips["tiny.mp4"].read_bytes()))
    stacks, logs = deployed.aws.client("cloudformation"), deployed.aws.client("logs")
    shown = json.dumps(stacks.describe_stacks(StackName=STACK)["Stacks"][0], default=str)
    for function in ("api", "processing", "upkeep", "webhooks"):
        group = f"/aws/lambda/{STACK}-{function}"
        shown += json.dumps(logs.filter_log_events(logGroupName=group)["events"])
    assert "upload signed" in shown
    assert "processing started" in shown
    assert "webhook not delivered" in shown
    assert deployed.mongodb_uri not in shown
    assert deployed.root.secret not in shown
    assert SECRET not in shown
    assert RECEIVER not in shown


def snapshots(aws: Aws) -> list[str]:
    """Return the published versions of the API that are paid for as snapshots."""
    listed = aws.client("lambda").list_versions_by_function(FunctionName=f"{STACK}-api")
    return [
        found["Version"]
        for found in listed["Versions"]
        if found["SnapStart"]["OptimizationStatus"] == "On"
    ]


def called_version(aws: Aws) -> str | None:
    """Return which published version the API's address leads to, or `None`: to the latest code."""
    gateway, functions = aws.client("apigatewayv2"), aws.client("lambda")
    (api,) = gateway.get_apis()["Items"]
    (integration,) = gateway.get_integrations(ApiId=api["ApiId"])["Items"]
    alias = integration["IntegrationUri"].partition(f":function:{STACK}-api")[2].strip(":")
    if not alias:
        return None
    found = functions.get_alias(FunctionName=f"{STACK}-api", Name=alias)
    return str(found["FunctionVersion"])


def test_snapstart_is_switched_on_and_off_and_follows_the_parameters(
    deployed: Deployed, built: Path, clips: Clips
) -> None:
    aws = deployed.aws
    assert (snapshots(aws), called_version(aws)) == ([], None)
    with deployed.api() as api:
        deploy(aws, built, ApiSnapStart="PublishedVersions")
        first = called_version(aws)
        assert snapshots(aws) == [first]
        video_id = deployed.uploaded(api, clips["tiny.mp4"].read_bytes())
        assert deployed.finished(api, video_id)["status"] == "done"

        deploy(aws, built, ApiSnapStart="PublishedVersions", AllowedExtensions="webm")
        refused = api.post("/videos", json={"filename": "clip.mp4", "size": 1})
        assert refused.json()["code"] == "unsupported_extension"
        second = called_version(aws)
        assert second != first
        assert snapshots(aws) == [second], "the old one is no longer paid for"

        # What is not named keeps its value.
        deploy(aws, built, ApiSnapStart="None", AllowedExtensions="mp4")
        assert (snapshots(aws), called_version(aws)) == ([], None)
        assert api.post("/videos", json={"filename": "clip.mp4", "size": 1}).status_code == 201


def test_files_come_from_a_distribution_where_the_operator_says_so(
    deployed: Deployed, built: Path, clips: Clips
) -> None:
    """The emulator checks no signature, so this test does."""
    aws, key = deployed.aws, ec.generate_private_key(ec.SECP256R1())
    aws.client("secretsmanager").create_secret(Name="delivery", SecretString=as_text(key))
    with deployed.api() as api:
        video_id = deployed.uploaded(api, clips["tiny.mp4"].read_bytes())
        assert deployed.finished(api, video_id)["status"] == "done"
        keys = {"DeliveryKeyIds": KEY_ID, "DeliverySecret": "delivery"}
        deploy(aws, built, Delivery="cloudfront", **keys)
        try:
            location = api.get(f"/videos/{video_id}/source").headers["location"]
            signed = urlsplit(verify(location, key))
            assert f"https://{signed.netloc}" == outputs(aws)["DistributionUrl"]
            assert signed.path == f"/uploads/{video_id}/source"
        finally:
            deploy(aws, built, Delivery="s3")
        location = api.get(f"/videos/{video_id}/source").headers["location"]
        assert deployed.outputs["UploadsBucket"] in location


def left(aws: Aws) -> list[str]:
    """Return what the stack's name can still be found in."""
    listed: dict[str, Callable[[Any], list[Any]]] = {
        "s3": lambda c: c.list_buckets()["Buckets"],
        "lambda": lambda c: c.list_functions()["Functions"] + c.list_layers()["Layers"],
        "sqs": lambda c: c.list_queues().get("QueueUrls", []),
        "logs": lambda c: c.describe_log_groups()["logGroups"],
        "iam": lambda c: c.list_roles()["Roles"],
        "events": lambda c: c.list_rules()["Rules"],
        "apigatewayv2": lambda c: c.get_apis()["Items"],
        "cloudwatch": lambda c: (
            c.describe_alarms()["MetricAlarms"] + c.list_dashboards()["DashboardEntries"]
        ),
    }
    return [
        f"{service}: {item}"
        for service, list_all in listed.items()
        for item in list_all(aws.client(service))
        if STACK in json.dumps(item, default=str)
    ]


def test_the_doctor_finds_a_disabled_schedule_and_trigger(deployed: Deployed) -> None:
    def broken() -> set[str]:
        found = deployed_stack.findings(deployed.aws.client, STACK)
        # The emulator's layers are behind a certificate of its own.
        return {one.name for one in found if one.state is State.BROKEN} - {"Layer"}

    assert broken() == set()
    events, functions = deployed.aws.client("events"), deployed.aws.client("lambda")
    rules = [one["Name"] for one in events.list_rules()["Rules"]]
    mappings = functions.list_event_source_mappings()["EventSourceMappings"]
    events.disable_rule(Name=rules[0])
    functions.update_event_source_mapping(UUID=mappings[0]["UUID"], Enabled=False)
    try:
        assert broken() == {"Schedules", "Queues"}
    finally:
        events.enable_rule(Name=rules[0])
        functions.update_event_source_mapping(UUID=mappings[0]["UUID"], Enabled=True)


_IMPORT = re.compile(r"cat >import.json <<EOF\n(.*?)\nEOF\n", re.DOTALL)


def import_buckets(aws: Aws, buckets: Mapping[str, str]) -> None:
    """Make the stack of the retained buckets alone, with the template in docs/operations.md."""
    written = _IMPORT.search((REPOSITORY / "docs/operations.md").read_text())
    assert written
    template = written[1]
    for name, bucket in buckets.items():
        template = template.replace(f"${name.removesuffix('Bucket').upper()}", bucket)
    stacks = aws.client("cloudformation")
    stacks.create_change_set(
        StackName=STACK,
        ChangeSetName="import",
        ChangeSetType="IMPORT",
        TemplateBody=template,
        ResourcesToImport=[
            {
                "ResourceType": "AWS::S3::Bucket",
                "LogicalResourceId": name,
                "ResourceIdentifier": {"BucketName": bucket},
            }
            for name, bucket in buckets.items()
        ],
    )
    of_import = {"StackName": STACK, "ChangeSetName": "import"}
    stacks.get_waiter("change_set_create_complete").wait(**of_import, WaiterConfig={"Delay": 1})
    stacks.execute_change_set(**of_import)
    stacks.get_waiter("stack_import_complete").wait(StackName=STACK, WaiterConfig={"Delay": 1})


def test_a_deleted_stack_leaves_its_buckets_which_a_new_one_takes_over(
    deployed: Deployed, built: Path, clips: Clips
) -> None:
    """The last one: it takes the stack away."""
    aws = deployed.aws
    assert len({line.partition(":")[0] for line in left(aws)}) == 8
    with deployed.api() as api:
        video_id = deployed.uploaded(api, clips["tiny.mp4"].read_bytes())
        deployed.finished(api, video_id)
        # A function that still runs would write to a log again.
        await_empty_queue(aws)
    buckets = {name: deployed.outputs[name] for name in ("UploadsBucket", "MediaBucket")}
    aws.sam.run("delete", "--stack-name", STACK, "--no-prompts")
    assert {line.partition(":")[0] for line in left(aws)} == {"s3"}

    import_buckets(aws, buckets)
    deploy(aws, built)
    use_ffmpeg_of(aws, layer_of(built))
    again = replace(deployed, outputs=outputs(aws))
    assert {name: again.outputs[name] for name in buckets} == buckets
    with again.api() as api:
        assert api.get(f"/videos/{video_id}").json()["status"] == "done"
        assert api.post(f"/videos/{video_id}/reprocess").status_code == 202
        assert again.finished(api, video_id)["status"] == "done"
        video_id = again.uploaded(api, clips["tiny.mp4"].read_bytes())
        assert again.finished(api, video_id)["status"] == "done"
