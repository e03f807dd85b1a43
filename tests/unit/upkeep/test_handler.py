"""Which event means what, and what is answered."""

import copy
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from functions.adapters.jobs import ProcessingFunction
from functions.adapters.triggers import UnknownEvent
from functions.core.keys import source_key
from functions.core.quotas import Usage
from functions.core.settings import SettingsError
from functions.core.unavailable import CatalogUnavailable, StorageUnavailable
from functions.core.video import Status
from functions.upkeep.failed_events import FailedEvents
from functions.upkeep.handler import handle
from functions.upkeep.orphans import OrphanSearch
from functions.upkeep.recount import Recount
from functions.upkeep.sweep import Sweep
from functions.upkeep.wiring import Wired, wire
from tests.events import event
from tests.examples import ID, video
from tests.fakes.catalog import FakeCatalog
from tests.fakes.lambda_context import FakeLambdaContext
from tests.fakes.processing import FakeProcessing
from tests.fakes.storage import FakeStorage
from tests.logs import logged, measured

SETTINGS = {
    "UPLOADS_BUCKET": "clipo-uploads",
    "MEDIA_BUCKET": "clipo-media",
    "AWS_REGION": "eu-west-1",
    "MONGODB_URI": "mongodb://127.0.0.1:9",
    "PROCESSING_FUNCTION": "clipo-processing",
}


@dataclass
class World:
    records: FakeCatalog = field(default_factory=lambda: FakeCatalog({ID: video()}))
    objects: FakeStorage = field(default_factory=FakeStorage)
    processing: FakeProcessing = field(default_factory=FakeProcessing)
    context: FakeLambdaContext = field(default_factory=FakeLambdaContext)

    def handle(self, of: Any) -> dict[str, Any]:
        wired = Wired(
            sweep=Sweep(self.records, self.objects, self.processing),
            recount=Recount(self.records),
            orphan_search=OrphanSearch(self.records, self.objects, delete=False),
            failed_events=FailedEvents(self.records, self.objects, "clipo-uploads"),
        )
        return handle(of, self.context, wired)


@pytest.fixture
def world() -> World:
    return World()


def test_the_schedule_sweeps_and_searches_for_orphaned_objects(world: World) -> None:
    gone = source_key("507f1f77bcf86cd799439012")
    world.objects.uploads[gone] = b"bytes"
    world.objects.modified_at[gone] = datetime.now(UTC) - timedelta(days=2)
    report = world.handle(event("schedule"))
    assert report["failed"] == {"upload_expired": 1}
    assert report["orphaned_objects"]["orphaned"] == 1
    assert "orphaned_objects" not in world.handle(event("schedule")), "once a day"


def test_the_schedule_recounts_quotas_once_a_day(world: World) -> None:
    world.records.usage.counters["anna"] = Usage(3, 3000)
    with logged() as lines:
        report = world.handle(event("schedule"))
    assert report["quotas"] == {"counters": 1, "corrected": 1, "finished": True}
    assert [line["counter"] for line in lines if line["message"] == "quota corrected"] == ["anna"]
    assert world.records.usage.counters["anna"] == Usage()
    assert "quotas" not in world.handle(event("schedule"))


def test_counters_for_which_a_run_has_no_time_are_recounted_by_the_next(world: World) -> None:
    world.records.usage.counters["anna"] = Usage(3, 3000)
    world.context.remaining_s = 89
    report = world.handle(event("schedule"))["quotas"]
    assert report == {"counters": 0, "corrected": 0, "finished": False}


def test_a_message_of_the_failure_queue_is_settled(world: World) -> None:
    assert world.handle(event("sqs-failed-events")) == {"batchItemFailures": []}
    assert world.records.videos[ID].status is Status.FAILED


def test_a_fault_of_ours_in_one_message_does_not_keep_the_others_from_being_settled(
    world: World,
) -> None:
    batch = event("sqs-failed-events")
    batch["Records"].insert(0, {"messageId": "without a body"})
    assert world.handle(batch) == {"batchItemFailures": [{"itemIdentifier": "without a body"}]}
    assert world.records.videos[ID].status is Status.FAILED


def test_what_there_is_no_time_for_comes_again(world: World) -> None:
    world.context.remaining_s = 29
    batch = event("sqs-failed-events")
    (message,) = batch["Records"]
    again = {"batchItemFailures": [{"itemIdentifier": message["messageId"]}]}
    assert world.handle(batch) == again
    assert world.records.videos[ID].status is Status.PENDING


def test_lines_name_the_run_the_message_and_the_event(world: World) -> None:
    batch = event("sqs-failed-events")
    with logged() as lines:
        world.handle(batch)
    for line in lines:
        assert line["request_id"] == world.context.aws_request_id
        assert line["message_id"] == batch["Records"][0]["messageId"]
        assert (line["video_id"], line["event_id"]) == (ID, "C3D13FE58DE4C810")
    assert lines[-1]["code"] == "retries_exhausted"
    schedule = event("schedule")
    with logged() as lines:
        world.handle(schedule)
    assert {line["event_id"] for line in lines} == {schedule["id"]}


def test_only_the_messages_that_could_not_be_settled_come_again(world: World) -> None:
    batch = event("sqs-failed-events")
    second = copy.deepcopy(batch["Records"][0]) | {"messageId": "second"}
    second["body"] = "not understood, and not to come again"
    batch["Records"].append(second)
    world.records.down = True
    first = batch["Records"][0]["messageId"]
    assert world.handle(batch) == {"batchItemFailures": [{"itemIdentifier": first}]}


@pytest.mark.parametrize(
    "nonsense", [None, [], "text", {}, {"Records": None}, event("s3-test-event")]
)
def test_other_events_are_refused(world: World, nonsense: object) -> None:
    with pytest.raises(UnknownEvent):
        world.handle(nonsense)


def test_what_could_not_be_looked_after_is_raised_at_the_end(world: World) -> None:
    world.objects.down = True
    with pytest.raises(ExceptionGroup) as raised:
        world.handle(event("schedule"))
    assert [type(error) for error in raised.value.exceptions] == [StorageUnavailable] * 2


def test_without_a_catalog_the_run_fails(world: World) -> None:
    world.records.down = True
    with pytest.raises(CatalogUnavailable):
        world.handle(event("schedule"))


@pytest.mark.parametrize("name", SETTINGS)
def test_a_missing_setting_is_named(name: str) -> None:
    with pytest.raises(SettingsError, match=name):
        wire(SETTINGS | {name: ""}, ProcessingFunction(SETTINGS | {name: ""}, lambda *_: None))


@pytest.mark.parametrize(("text", "expected"), [("", False), ("false", False), ("True", True)])
def test_a_setting_says_whether_orphaned_objects_are_deleted(text: str, *, expected: bool) -> None:
    wired = wire(SETTINGS | {"DELETE_ORPHANED_OBJECTS": text}, FakeProcessing())
    assert wired.orphan_search.delete is expected


def test_a_setting_that_is_neither_true_nor_false_is_refused() -> None:
    with pytest.raises(SettingsError, match="DELETE_ORPHANED_OBJECTS"):
        wire(SETTINGS | {"DELETE_ORPHANED_OBJECTS": "yes"}, FakeProcessing())


@pytest.mark.parametrize("remaining_s", [35, 89])
def test_a_sweep_that_is_out_of_time_leaves_the_search_its_share(
    world: World, remaining_s: float, capsys: pytest.CaptureFixture[str]
) -> None:
    world.context.remaining_s = remaining_s
    world.objects.uploads[source_key(ID)] = b"bytes"
    with logged() as lines:
        report = world.handle(event("schedule"))
    assert (report["seen"], report["finished"]) == (0, False)
    assert report["orphaned_objects"] == {
        "listed": 1,
        "orphaned": 0,
        "deleted": 0,
        "deletes_finished": 0,
        "late_uploads": 0,
        "finished": True,
    }
    assert [line["task"] for line in lines if line["message"] == "upkeep unfinished"] == ["sweep"]
    assert measured(capsys.readouterr().out)["UpkeepUnfinished"] == 1


def test_a_search_that_is_out_of_time_says_so(world: World) -> None:
    world.context.remaining_s = 29
    world.objects.uploads[source_key(ID)] = b"bytes"
    with logged() as lines:
        assert world.handle(event("schedule"))["orphaned_objects"]["finished"] is False
    tasks = [line["task"] for line in lines if line["message"] == "upkeep unfinished"]
    assert tasks == ["sweep", "orphan search"]
