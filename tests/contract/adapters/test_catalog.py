"""The catalog against a server that speaks MongoDB's protocol.

`tests/unit/core/lifecycle` proves the rules of what is saved here.
"""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import pytest
from bson import ObjectId
from pymongo import MongoClient
from pymongo.monitoring import (
    CommandFailedEvent,
    CommandListener,
    CommandStartedEvent,
    CommandSucceededEvent,
)

from functions.adapters.catalog import KeyUse, Search, UploadMethod, change, discard
from functions.adapters.mongo import listing
from functions.adapters.mongo.catalog import MongoCatalog
from functions.adapters.mongo.documents import Document
from functions.adapters.mongo.ids import new_video_id
from functions.core.access import ALL_OWNERS as ALL
from functions.core.failures import UPLOAD_EXPIRED
from functions.core.lifecycle import announcement, attempts, replays, stuck
from functions.core.lifecycle.moves import Move, Refusal
from functions.core.listing import Order, Selection
from functions.core.s3_event import pad_sequencer
from functions.core.settings import CatalogSettings
from functions.core.unavailable import CatalogUnavailable
from functions.core.video import Delivery, Lease, Status, UploadedObject, Video, Visibility, Webhook
from functions.processing.process_video import VideoProcessor
from tests import moves
from tests.examples import CREATED, done_video, failure, odd_video, processing, uploaded, video
from tests.fakes.stepped import EtagEngine, SteppedSources, SteppedStorage
from tests.release_0_1 import Release01

NOW = datetime(2026, 1, 2, 12, tzinfo=UTC)
LATER = NOW + timedelta(minutes=5)
LEASE = Lease("mine", LATER)


@pytest.fixture
def catalog(mongodb_uri: str) -> Iterator[MongoCatalog]:
    settings = CatalogSettings(mongodb_uri, database=f"test-{ObjectId()}")
    made = MongoCatalog(settings, pool_size=4, timeout_ms=10_000)
    made.ensure_schema()
    yield made
    with MongoClient[dict[str, object]](mongodb_uri) as client:
        client.drop_database(settings.database)
    made.close()


@pytest.fixture
def announcing(catalog: MongoCatalog) -> Iterator[MongoCatalog]:
    """The same records, with webhooks on."""
    settings = replace(catalog._settings, webhooks_on=True)
    with closing(MongoCatalog(settings, pool_size=4, timeout_ms=10_000)) as made:
        yield made


@pytest.fixture
def pending(catalog: MongoCatalog) -> Video:
    added = video(new_video_id())
    catalog.add(added)
    return added


@dataclass
class Watched(CommandListener):
    """A catalog, and the commands that it sends to MongoDB."""

    catalog: MongoCatalog
    commands: list[dict[str, Any]] = field(default_factory=list)

    def started(self, event: CommandStartedEvent) -> None:
        self.commands.append(dict(event.command))

    def succeeded(self, event: CommandSucceededEvent) -> None:
        pass

    def failed(self, event: CommandFailedEvent) -> None:
        pass

    def names(self) -> list[str]:
        return [next(iter(command)) for command in self.commands]

    def update(self) -> dict[str, Any]:
        """Return the only change of the last command."""
        (update,) = self.commands[-1]["updates"]
        change: dict[str, Any] = update["u"]
        return change


@pytest.fixture
def watched(catalog: MongoCatalog) -> Iterator[Watched]:
    with closing(MongoCatalog(catalog._settings, pool_size=1, timeout_ms=10_000)) as made:
        watched = Watched(made)
        made._client = MongoClient(
            catalog._settings.uri, tz_aware=True, tzinfo=UTC, event_listeners=[watched]
        )
        yield watched


def change_document(catalog: MongoCatalog, of: Video, update: Document) -> None:
    assert catalog._videos.update_one({"_id": ObjectId(of.id)}, update).modified_count


def document(catalog: MongoCatalog, of: Video) -> Document:
    found = catalog._videos.find_one({"_id": ObjectId(of.id)})
    assert found
    return found


class TestRecords:
    def test_come_back_as_they_were_added(self, catalog: MongoCatalog) -> None:
        added = video(new_video_id(), passthrough="order-1", filename="😀 ü.mp4")
        catalog.add(added)
        assert catalog.get(added.id) == added

    @pytest.mark.parametrize("method", ["POST", "form"])
    def test_can_be_read_by_release_0_1(self, catalog: MongoCatalog, method: UploadMethod) -> None:
        added = video(new_video_id())
        catalog.add(added, method=method)
        document = catalog._videos.find_one({"_id": ObjectId(added.id)})
        assert document
        upload = {"key": added.upload.key, "method": method, "expires_at": CREATED}
        assert upload.items() <= document["upload"].items()

    def test_of_unknown_ids_are_none(self, catalog: MongoCatalog) -> None:
        assert catalog.get(new_video_id()) is None

    def test_with_fields_of_a_newer_release_can_be_read(
        self, catalog: MongoCatalog, pending: Video
    ) -> None:
        change = {"$set": {"later": 1, "upload.later": 2}}
        catalog._videos.update_one({"_id": ObjectId(pending.id)}, change)
        assert catalog.get(pending.id) == pending

    def test_are_not_overwritten(self, catalog: MongoCatalog, pending: Video) -> None:
        assert catalog.add(video(new_video_id()))
        moves.claim(catalog, uploaded(pending.id), LEASE, now=NOW)
        assert not catalog.add(pending)
        found = catalog.get(pending.id)
        assert found
        assert found.status is Status.PROCESSING

    def test_are_discarded_as_they_were_seen_only(
        self, catalog: MongoCatalog, pending: Video
    ) -> None:
        extended = moves.move(catalog, pending.id, partial(announcement.extend_upload, now=NOW))
        assert not catalog.discard(pending)
        assert catalog.get(pending.id) == extended
        assert catalog.discard(extended)
        assert catalog.get(pending.id) is None
        assert not catalog.discard(extended)

    def test_are_discarded_while_pending_only(self, catalog: MongoCatalog, pending: Video) -> None:
        claimed = moves.claim(catalog, uploaded(pending.id), LEASE, now=NOW)
        for seen in (pending, claimed, None):
            discard(catalog, seen)
        assert catalog.get(pending.id) == claimed
        other = video(new_video_id())
        catalog.add(other)
        moves.move(catalog, other.id, partial(announcement.extend_upload, now=NOW))
        discard(catalog, other)
        assert catalog.get(other.id) is None

    def test_are_not_discarded_when_they_wait_for_another_attempt(
        self, catalog: MongoCatalog, pending: Video
    ) -> None:
        moves.claim(catalog, uploaded(pending.id), LEASE, now=NOW)
        moves.fail_stuck(catalog, pending.id, now=NOW)
        retried = moves.retry(catalog, pending.id, now=NOW)
        discard(catalog, retried)
        assert catalog.get(pending.id) == retried


class TestPage:
    def test_is_newest_first_and_goes_on(self, catalog: MongoCatalog) -> None:
        ids = [new_video_id() for _ in range(5)]
        for video_id in ids:
            catalog.add(video(video_id))
        first = catalog.page(limit=3)
        rest = catalog.page(after=first[-1].id, limit=3)
        assert [v.id for v in first + rest] == ids[::-1]

    def test_can_be_of_one_status(self, catalog: MongoCatalog, pending: Video) -> None:
        other = video(new_video_id())
        catalog.add(other)
        moves.claim(catalog, uploaded(other.id), LEASE, now=NOW)
        found = catalog.page(Selection((Status.PROCESSING,)), limit=5)
        assert [v.id for v in found] == [other.id]
        assert pending.id in [v.id for v in catalog.page(limit=5)]


def moved(outcome: Move) -> Video:
    assert isinstance(outcome, Video), outcome
    return outcome


def states() -> dict[str, Video]:
    """Return one video in every state that the rules lead to."""
    new = video(new_video_id(), passthrough="order-1")
    event = uploaded(new.id)
    done = replace(
        done_video(new.id),
        webhook=Webhook("msg_1", due_at=NOW),
        updated_at=NOW,
        source=event.source,
    )
    claimed = moved(attempts.claim(new, event, LEASE, now=NOW))
    newer = uploaded(new.id, etag="newer", sequencer=pad_sequencer("FF"))
    begun = moves.begin_delivery(done, now=NOW)
    assert done.media
    silent = replace(done.media, audio_codec=None, duration_s=None, has_audio=False)
    return {
        "new": new,
        "extended": moved(announcement.extend_upload(new, now=NOW)),
        "claimed": claimed,
        "released": moved(attempts.release(claimed, LEASE, now=NOW)),
        "replayed": replays.replay(claimed, now=LATER),
        "done": done,
        "odd": replace(done, media=odd_video().media, thumbnail=odd_video().thumbnail),
        "silent": replace(done, media=silent, webhook=None),
        "begun": begun,
        "told": moves.end_delivery(begun, 204, now=LATER),
        "not_told": moves.end_delivery(begun, None, now=LATER),
        "overwritten": moved(attempts.claim(done, newer, LEASE, now=NOW)),
        "failed": stuck.fail_stuck(claimed, error=failure(), webhook=None, now=NOW),
        "expired": stuck.fail_stuck(
            new, error=UPLOAD_EXPIRED.failure(), webhook=None, now=datetime(2100, 1, 2, tzinfo=UTC)
        ),
    }


STATES = list(states())


class TestSave:
    @pytest.mark.parametrize("before", STATES)
    def test_makes_any_record_of_any_other(self, catalog: MongoCatalog, before: str) -> None:
        for after in STATES:
            of = states()
            if of[before].source and not of[after].source:
                continue  # No rule forgets what was claimed.
            catalog.add(of["new"])
            seen = catalog.save(of["new"], of[before])
            assert seen
            saved = catalog.save(seen, of[after])
            assert saved == replace(of[after], version=3)
            assert catalog.get(saved.id) == saved, after

    @pytest.mark.parametrize("state", STATES)
    def test_leaves_fields_of_a_newer_release_alone(
        self, catalog: MongoCatalog, state: str
    ) -> None:
        of = states()
        catalog.add(of["new"])
        later = {"later": 1, "upload.later": 2, "source.later": 3}
        change_document(catalog, of["new"], {"$set": later})
        assert catalog.save(of["new"], of[state])
        found = document(catalog, of["new"])
        assert (found["later"], found["upload"]["later"], found["source"]["later"]) == (1, 2, 3)

    def test_writes_the_difference_and_nothing_else(self, watched: Watched) -> None:
        of = states()
        catalog = watched.catalog
        catalog.add(of["new"])
        extended = moved(announcement.extend_upload(of["new"], now=NOW))
        seen = catalog.save(of["new"], extended)
        assert seen
        assert watched.update() == {
            "$set": {"upload.expires_at": extended.upload.expires_at, "version": 2}
        }
        seen = catalog.save(seen, of["begun"])
        assert seen
        watched.update()
        catalog.save(seen, of["told"])
        assert watched.update() == {
            "$set": {
                "webhook.last_status": 204,
                "webhook.delivered_at": LATER,
                "webhook.deliveries": (asdict(Delivery("settings", None, 1, 204, LATER)),),
                "version": 4,
            },
            "$unset": {"webhook.due_at": ""},
        }
        catalog.save(replace(of["told"], version=4), of["silent"])
        assert watched.update() == {
            "$set": {
                "media.duration_s": None,
                "media.audio_codec": None,
                "media.has_audio": False,
                "version": 5,
            },
            "$unset": {"webhook": ""},
        }

    def test_is_refused_when_the_record_has_changed(
        self, catalog: MongoCatalog, pending: Video
    ) -> None:
        """Also in the same moment, and without another status."""
        changed = catalog.save(pending, replace(pending, attempts=1))
        assert changed
        assert catalog.save(pending, replace(pending, attempts=2)) is None
        assert catalog.get(pending.id) == changed

    def test_is_refused_when_the_video_is_not_there(self, catalog: MongoCatalog) -> None:
        missing = video(new_video_id())
        assert catalog.save(missing, replace(missing, attempts=1)) is None
        assert catalog.get(missing.id) is None

    def test_is_won_by_one_of_many_at_once(self, catalog: MongoCatalog, pending: Video) -> None:
        with ThreadPoolExecutor(8) as pool:
            saved = list(
                pool.map(lambda n: catalog.save(pending, replace(pending, attempts=n)), range(20))
            )
        (winner,) = [one for one in saved if one]
        assert catalog.get(pending.id) == winner

    def test_leaves_one_of_many_claims_at_once(self, catalog: MongoCatalog, pending: Video) -> None:
        def claim(number: int) -> Move:
            lease, event = Lease(str(number), LATER), uploaded(pending.id)
            return change(
                catalog, pending, lambda seen: attempts.claim(seen, event, lease, now=NOW)
            )

        with ThreadPoolExecutor(8) as pool:
            outcomes = list(pool.map(claim, range(20)))
        (winner,) = [one for one in outcomes if isinstance(one, Video)]
        assert catalog.get(pending.id) == winner
        assert outcomes.count(Refusal.BUSY) == 19


class TestChange:
    def test_decides_anew_when_another_writer_was_faster(
        self, catalog: MongoCatalog, pending: Video
    ) -> None:
        seen_by_rule: list[Video] = []

        def rule(seen: Video) -> Video:
            seen_by_rule.append(seen)
            if len(seen_by_rule) < 4:
                assert catalog.save(seen, replace(seen, replays=seen.replays + 1))
            return replace(seen, attempts=1)

        found = change(catalog, pending, rule)
        assert found == catalog.get(pending.id)
        assert found == replace(pending, attempts=1, replays=3, version=5)
        assert [seen.replays for seen in seen_by_rule] == [0, 1, 2, 3]

    def test_gives_up(self, catalog: MongoCatalog, pending: Video) -> None:
        def rule(seen: Video) -> Video:
            assert catalog.save(seen, replace(seen, replays=seen.replays + 1))
            return replace(seen, attempts=1)

        with pytest.raises(CatalogUnavailable):
            change(catalog, pending, rule)
        found = catalog.get(pending.id)
        assert found
        assert found.attempts == 0

    def test_writes_nothing_for_a_refusal_or_the_same_record(
        self, catalog: MongoCatalog, pending: Video
    ) -> None:
        assert change(catalog, pending, lambda _: Refusal.NOT_FAILED) is Refusal.NOT_FAILED
        assert change(catalog, pending, lambda seen: seen) == pending
        assert catalog.get(pending.id) == pending

    def test_of_a_deleted_video_is_unknown(self, catalog: MongoCatalog, pending: Video) -> None:
        catalog.delete(pending.id)
        outcome = change(catalog, pending, lambda seen: replace(seen, attempts=1))
        assert outcome is Refusal.UNKNOWN


def test_a_new_webhook_is_made_where_webhooks_are_on(
    catalog: MongoCatalog, announcing: MongoCatalog
) -> None:
    assert catalog.new_webhook(due_at=NOW) is None
    one, other = announcing.new_webhook(due_at=NOW), announcing.new_webhook(due_at=NOW)
    assert one
    assert other
    assert one == Webhook(one.id, due_at=NOW)
    assert one.id.startswith("msg_")
    assert one.id != other.id


class TestRoundTrips:
    """The real processing beside a real server: what an event costs."""

    @pytest.fixture
    def storage(self) -> SteppedStorage:
        return SteppedStorage()

    def process(self, watched: Watched, storage: SteppedStorage, event: UploadedObject) -> str:
        processor = VideoProcessor(
            watched.catalog, storage, SteppedSources(storage), EtagEngine(), max_bytes=1000
        )
        watched.commands.clear()
        return processor.process(event, remaining_s=lambda: 120).result

    @pytest.mark.parametrize(("content", "result"), [(b"good", "done"), (b"bad", "failed")])
    def test_from_claim_to_finish(
        self, watched: Watched, storage: SteppedStorage, content: bytes, result: str
    ) -> None:
        new = video(new_video_id())
        watched.catalog.add(new)
        storage.write(new.upload.key, content)
        event = uploaded(new.id, etag=storage.writes[new.upload.key][0])
        assert self.process(watched, storage, event) == result
        assert watched.names() == ["find", "update", "update"]
        assert self.process(watched, storage, event) == "duplicate"
        assert watched.names() == ["find"]

    def test_of_a_duplicate_that_teaches_the_order(
        self, watched: Watched, storage: SteppedStorage
    ) -> None:
        new = video(new_video_id())
        watched.catalog.add(new)
        storage.write(new.upload.key, b"good")
        etag = storage.writes[new.upload.key][0]
        assert self.process(watched, storage, uploaded(new.id, etag=etag, sequencer="")) == "done"
        assert self.process(watched, storage, uploaded(new.id, etag=etag)) == "duplicate"
        assert watched.names() == ["find", "update"]


class TestDelete:
    def test_removes_a_video_while_it_is_processed(
        self, catalog: MongoCatalog, pending: Video
    ) -> None:
        claimed = moves.claim(catalog, uploaded(pending.id), LEASE, now=NOW)
        catalog.delete(pending.id)
        assert catalog.save(claimed, replace(claimed, attempts=2)) is None
        assert catalog.get(pending.id) is None

    def test_of_a_seen_video_leaves_one_that_has_changed(
        self, catalog: MongoCatalog, pending: Video
    ) -> None:
        claimed = moves.claim(catalog, uploaded(pending.id), LEASE, now=NOW)
        assert catalog.delete(pending.id, seen=pending) is None
        assert (catalog.get(pending.id), catalog.deleted(pending.id)) == (claimed, None)
        deleted = catalog.delete(pending.id, seen=claimed)
        assert deleted
        assert deleted.id == pending.id
        assert catalog.get(pending.id) is None
        assert catalog.delete(pending.id, seen=claimed) is None

    def test_of_a_seen_video_leaves_one_that_changes_in_this_moment(
        self, catalog: MongoCatalog, pending: Video, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        claimed = moves.claim(catalog, uploaded(pending.id), LEASE, now=NOW)
        get = catalog.get
        monkeypatch.setattr(catalog, "get", lambda *_, **__: pending)
        assert catalog.delete(pending.id, seen=pending) is None
        assert get(pending.id) == claimed
        assert catalog.deleted_among([pending.id]) == [], "its objects stay"

    def test_leaves_a_tombstone(self, catalog: MongoCatalog, pending: Video) -> None:
        assert catalog.deleted(pending.id) is None
        tombstone = catalog.delete(pending.id.upper())
        assert tombstone
        assert tombstone.id == pending.id
        assert tombstone.expires_at - tombstone.deleted_at == timedelta(days=7)
        for again in (catalog.delete(pending.id.upper()), catalog.deleted(pending.id)):
            assert again
            assert again.id == pending.id
            assert again.expires_at - again.deleted_at == timedelta(days=7)

    def test_remembers_that_a_call_asked_for_a_purge(
        self, catalog: MongoCatalog, pending: Video
    ) -> None:
        for purge, remembered in ((False, False), (True, True), (False, True)):
            for tombstone in (catalog.delete(pending.id, purge=purge), catalog.deleted(pending.id)):
                assert tombstone
                assert tombstone.purge is remembered

    def test_of_an_unknown_video_is_not_remembered_by_a_purge(self, catalog: MongoCatalog) -> None:
        assert catalog.delete("f" * 24, purge=True) is None

    def test_of_an_unknown_video_leaves_no_tombstone(self, catalog: MongoCatalog) -> None:
        unknown = new_video_id()
        key_use = use("key", unknown)
        catalog.reserve(key_use)
        assert catalog.delete(unknown) is None
        assert catalog.deleted(unknown) is None
        assert catalog.first_use(key_use) == key_use

    def test_leaves_the_tombstone_before_the_record_goes(
        self, catalog: MongoCatalog, pending: Video, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def stop(_: MongoCatalog, __: str, ___: Video | None) -> None:
            raise CatalogUnavailable

        monkeypatch.setattr(MongoCatalog, "_remove", stop)
        with pytest.raises(CatalogUnavailable):
            catalog.delete(pending.id)
        assert catalog.get(pending.id)
        assert catalog.deleted(pending.id)

    def test_frees_its_idempotency_key_and_no_other(
        self, catalog: MongoCatalog, pending: Video
    ) -> None:
        mine, other = use("mine", pending.id), use("other", new_video_id())
        for key_use in (mine, other):
            catalog.reserve(key_use)
        catalog.delete(pending.id)
        again = replace(mine, video_id=new_video_id())
        assert catalog.reserve(again) == again
        assert catalog.reserve(replace(other, video_id=pending.id)) == other

    def test_that_ended_half_way_keeps_its_purge(
        self, catalog: MongoCatalog, pending: Video
    ) -> None:
        catalog._leave_tombstone(pending, purge=True)
        catalog.delete(pending.id)
        found = catalog.deleted(pending.id)
        assert found
        assert found.purge


class TestOwners:
    @pytest.fixture
    def of_anna(self, catalog: MongoCatalog) -> Video:
        added = video(new_video_id(), owner="anna")
        catalog.add(added)
        return added

    def test_find_their_own_records_only(
        self, catalog: MongoCatalog, pending: Video, of_anna: Video
    ) -> None:
        for owner, found in (("anna", of_anna), ("bob", None), (None, None), (ALL, of_anna)):
            assert catalog.get(of_anna.id, owner=owner) == found
        for owner, found in (("anna", None), (None, pending), (ALL, pending)):
            assert catalog.get(pending.id, owner=owner) == found

    def test_of_records_of_release_0_1_are_absent(self, catalog: MongoCatalog) -> None:
        old = Release01(catalog._videos)
        old.add(video_id := new_video_id())
        for owner, found in (("anna", False), ("$legacy", False), (None, True), (ALL, True)):
            assert (catalog.get(video_id, owner=owner) is not None) is found

    @pytest.mark.parametrize("method", ["get", "delete"])
    def test_ask_the_same_for_a_foreign_and_an_unknown_id(
        self, watched: Watched, of_anna: Video, method: str
    ) -> None:
        sent = []
        for video_id in (of_anna.id, new_video_id()):
            watched.commands.clear()
            assert getattr(watched.catalog, method)(video_id, owner="bob") is None
            sent.append([(next(iter(one)), set(one["filter"])) for one in watched.commands])
        assert sent[0] == sent[1] == [("find", {"_id", "owner"})] * (1 if method == "get" else 2)
        assert watched.catalog.get(of_anna.id) == of_anna

    def test_find_public_records_of_others_by_one_query_of_the_same_form(
        self, watched: Watched, of_anna: Video
    ) -> None:
        public = replace(of_anna, id=new_video_id(), visibility=Visibility.PUBLIC)
        watched.catalog.add(public)
        for video_id, found in (
            (public.id, public),
            (of_anna.id, None),
            (new_video_id(), None),
        ):
            watched.commands.clear()
            assert watched.catalog.get_public(video_id) == found
            sent = [(next(iter(one)), set(one["filter"])) for one in watched.commands]
            assert sent == [("find", {"_id", "visibility"})]

    def test_find_no_record_of_release_0_1_that_is_public(self, catalog: MongoCatalog) -> None:
        Release01(catalog._videos).add(video_id := new_video_id())
        assert catalog.get_public(video_id) is None
        seen = catalog.get(video_id)
        assert seen
        assert seen.visibility is Visibility.PRIVATE
        assert catalog.save(seen, replace(seen, visibility=Visibility.PUBLIC))
        found = catalog.get_public(video_id)
        assert found
        assert found.visibility is Visibility.PUBLIC

    def test_find_their_own_tombstones_only(self, catalog: MongoCatalog, of_anna: Video) -> None:
        assert catalog.delete(of_anna.id, owner="anna")
        for owner, found in (("anna", True), ("bob", False), (None, False), (ALL, True)):
            assert (catalog.deleted(of_anna.id, owner=owner) is not None) is found
            again = catalog.delete(of_anna.id, owner=owner, purge=owner == "bob")
            assert (again is not None) is found
        tombstone = catalog.deleted(of_anna.id)
        assert tombstone
        assert (tombstone.owner, tombstone.purge) == ("anna", False)

    def test_list_their_own_records_only(
        self, catalog: MongoCatalog, pending: Video, of_anna: Video
    ) -> None:
        done = replace(done_video(new_video_id()), owner="anna")
        other = video(new_video_id(), owner="bob")
        for one in (done, other):
            catalog.add(one)

        def ids(owner: str | None, status: Status | None = None, before: str | None = None) -> Any:
            selection = Selection((status,) if status else ())
            found = catalog.page(selection, owner=owner, after=before, limit=9)
            return [one.id for one in found]

        assert ids("anna") == [done.id, of_anna.id]
        assert ids("anna", Status.PENDING) == [of_anna.id]
        assert ids("anna", before=other.id) == [done.id, of_anna.id], "a cursor of bob's"
        assert ids("anna", Status.DONE, before=of_anna.id) == []
        assert ids(None) == [pending.id]
        assert ids(ALL) == [other.id, done.id, of_anna.id, pending.id]

    def test_have_a_count_of_their_own(self, catalog: MongoCatalog) -> None:
        for owner in ("anna", "anna", None):
            catalog.add(video(new_video_id(), owner=owner))
        for owner, count in (("anna", 2), ("bob", 0), (None, 1), (ALL, 3)):
            assert not catalog.has_pending(count + 1, owner=owner)
            assert count == 0 or catalog.has_pending(count, owner=owner)

    @pytest.mark.usefixtures("of_anna")
    def test_are_read_by_index(self, catalog: MongoCatalog) -> None:
        selections = [
            Selection(),
            Selection((Status.PENDING,)),
            Selection((Status.PENDING, Status.DONE), order=Order.OLDEST),
            Selection(passthrough="order-1"),
            Selection(order=Order.NAME),
            Selection(search="holiday", order=Order.NAME),
        ]
        for selection in selections:
            field, direction = listing.ORDERS[selection.order]
            condition = next(listing.conditions(selection, None)) | {"owner": "anna"}
            plan = catalog._videos.find(condition).sort(field, direction).explain()
            assert "owner_-1" in str(plan["queryPlanner"]["winningPlan"]), (selection, plan)

    def test_of_a_record_are_a_condition_of_its_changes(
        self, catalog: MongoCatalog, of_anna: Video
    ) -> None:
        taken = replace(of_anna, owner="bob")
        assert catalog.save(taken, replace(taken, attempts=1)) is None
        assert catalog.get(of_anna.id) == of_anna

    def test_that_an_operator_changes_meanwhile_stop_no_worker_but_a_caller(
        self, catalog: MongoCatalog, pending: Video
    ) -> None:
        change_document(catalog, pending, {"$set": {"owner": "$legacy"}})

        def count(seen: Video) -> Video:
            return replace(seen, attempts=seen.attempts + 1)

        assert change(catalog, pending, count, owner="anna") is Refusal.UNKNOWN
        assert moved(change(catalog, pending, count)).owner == "$legacy"

    def test_have_idempotency_keys_of_their_own(self, catalog: MongoCatalog) -> None:
        owners = ("anna", "bob", "$legacy", None)
        uses = [replace(use("key", new_video_id()), owner=owner) for owner in owners]
        for one in uses * 2:
            assert catalog.reserve(replace(one, expires_at=LATER)).video_id == one.video_id
            found = catalog.first_use(one)
            assert found
            assert found.video_id == one.video_id

    def test_share_no_key_by_their_names(self, catalog: MongoCatalog) -> None:
        """An owner's name and a key cannot be split at another place."""
        first = replace(use("b:c", new_video_id()), owner="a:")
        for owner, key in (("a:b", ":c"), (None, "a:b:c"), ("a", ":b:c")):
            other = replace(use(key, new_video_id()), owner=owner)
            assert catalog.reserve(first).video_id == first.video_id
            assert catalog.reserve(other) == other

    def test_of_none_find_the_keys_of_release_0_1(self, catalog: MongoCatalog) -> None:
        stored = asdict(first := use("key", new_video_id()))
        catalog._keys.insert_one({"_id": stored.pop("key")} | stored)
        assert catalog.reserve(use("key", new_video_id())).video_id == first.video_id


class TestReserve:
    def test_returns_the_first_use(self, catalog: MongoCatalog) -> None:
        first = use("key", new_video_id())
        assert catalog.reserve(first) == first
        assert catalog.reserve(use("key", new_video_id(), fingerprint="other")) == first
        other = use("KEY", new_video_id())
        assert catalog.reserve(other) == other

    def test_of_many_at_once_is_one_use(self, catalog: MongoCatalog) -> None:
        with ThreadPoolExecutor(20) as pool:
            uses = list(pool.map(lambda _: catalog.reserve(use("key", new_video_id())), range(20)))
        assert len({found.video_id for found in uses}) == 1

    def test_lapses_by_an_index(self, catalog: MongoCatalog) -> None:
        (ttl,) = [
            index
            for index in catalog._keys.index_information().values()
            if "expireAfterSeconds" in index
        ]
        assert (ttl["key"], ttl["expireAfterSeconds"]) == ([("expires_at", 1)], 0)
        catalog.reserve(use("key", new_video_id()))
        found = catalog._keys.find_one({"_id": "key"})
        assert found
        assert "expires_at" in found

    def test_reads_by_index(self, catalog: MongoCatalog) -> None:
        catalog.reserve(use("key", new_video_id()))
        for condition in ({"_id": "key"}, {"video_id": "x"}):
            plan = catalog._keys.find(condition).explain()["queryPlanner"]["winningPlan"]
            assert "COLLSCAN" not in str(plan), plan


def use(key: str, video_id: str, fingerprint: str = "body") -> KeyUse:
    return KeyUse(key, fingerprint, video_id, expires_at=LATER + timedelta(days=10_000))


class TestQueries:
    """What upkeep and the webhooks function ask for."""

    @pytest.fixture
    def processed(self, catalog: MongoCatalog, pending: Video) -> Video:
        """A video whose worker stops before LATER."""
        return moves.claim(catalog, uploaded(pending.id), LEASE, now=NOW)

    def test_pending_videos(self, catalog: MongoCatalog, pending: Video) -> None:
        assert list(catalog.unfinished(before=pending.created_at)) == []
        after = pending.created_at + timedelta(seconds=1)
        assert list(catalog.unfinished(before=after)) == [pending]

    def test_whether_many_are_pending(self, catalog: MongoCatalog, pending: Video) -> None:
        other = video(new_video_id())
        catalog.add(other)
        assert catalog.has_pending(2, owner=None)
        moves.claim(catalog, uploaded(pending.id), LEASE, now=NOW)
        assert catalog.has_pending(1, owner=None)
        assert not catalog.has_pending(2, owner=None)

    def test_how_many_events_of_its_own_clipo_awaits(
        self, catalog: MongoCatalog, pending: Video
    ) -> None:
        assert catalog.count_replays_awaited(limit=9) == 0
        replayed = catalog.save(pending, replays.replay(pending, now=NOW))
        assert replayed
        assert catalog.count_replays_awaited(limit=9) == 1
        moves.claim(catalog, uploaded(pending.id), LEASE, now=NOW)
        assert catalog.count_replays_awaited(limit=9) == 0

    def test_leases_that_have_lapsed(self, catalog: MongoCatalog, processed: Video) -> None:
        assert list(catalog.unfinished(before=LATER)) == []
        assert list(catalog.unfinished(before=LATER + timedelta(seconds=1))) == [processed]

    def test_nothing_that_is_finished(self, catalog: MongoCatalog, processed: Video) -> None:
        moves.complete(catalog, processed.id, LEASE)
        assert list(catalog.unfinished(before=LATER + timedelta(days=1))) == []

    def test_webhooks_that_are_due(self, announcing: MongoCatalog, processed: Video) -> None:
        done = moves.complete(announcing, processed.id, LEASE)
        due_at = processing().finished_at
        assert list(announcing.undelivered(before=due_at)) == []
        assert list(announcing.undelivered(before=due_at + timedelta(seconds=1))) == [done]
        moves.move(announcing, done.id, partial(moves.begin_delivery, now=NOW))
        moves.move(announcing, done.id, lambda seen: moves.end_delivery(seen, 204, now=NOW))
        assert list(announcing.undelivered(before=NOW + timedelta(days=1))) == []

    def test_since_when_ids_have_no_video(self, catalog: MongoCatalog, pending: Video) -> None:
        gone, other = new_video_id(), new_video_id()
        wanted = [pending.id, gone]
        assert catalog.orphaned_since(wanted, now=NOW) == {gone: NOW}
        assert catalog.orphaned_since([*wanted, other], now=LATER) == {gone: NOW, other: LATER}
        assert catalog.orphaned_since([pending.id], now=LATER) == {}
        assert catalog.orphaned_since([], now=LATER) == {}

    def test_a_record_that_came_back_is_no_orphan(self, catalog: MongoCatalog) -> None:
        lost = video(new_video_id())
        assert catalog.orphaned_since([lost.id], now=NOW) == {lost.id: NOW}
        catalog.add(lost)
        assert catalog.orphaned_since([lost.id], now=NOW) == {}
        catalog._videos.delete_many({})
        assert catalog.orphaned_since([lost.id], now=LATER) == {lost.id: LATER}

    def test_a_record_wins_over_a_tombstone(self, catalog: MongoCatalog, pending: Video) -> None:
        deleted, lost = video(new_video_id(), owner="ada"), new_video_id()
        catalog.add(deleted)
        tombstone = catalog.delete(deleted.id, purge=True)
        catalog._leave_tombstone(pending, purge=True)  # a delete that ended before its next step
        (found,) = catalog.deleted_among([deleted.id, pending.id, lost])
        assert tombstone
        assert (found.id, found.owner, found.purge) == (deleted.id, "ada", True)
        assert catalog.deleted_among([pending.id, lost]) == []
        assert catalog.deleted_among([]) == []

    def test_how_far_a_search_has_come(self, catalog: MongoCatalog) -> None:
        assert catalog.search() is None
        for after in ("uploads/a", "uploads/b"):
            catalog.save_search(Search(after=after, due_at=NOW))
            assert catalog.search() == Search(after=after, due_at=NOW)


def test_indexes_can_be_ensured_again(catalog: MongoCatalog) -> None:
    catalog.ensure_schema()


def test_a_server_that_is_not_there_is_unavailable() -> None:
    settings = CatalogSettings("mongodb://127.0.0.1:9/?directConnection=true", "clipo")
    with (
        closing(MongoCatalog(settings, pool_size=1, timeout_ms=200)) as catalog,
        pytest.raises(CatalogUnavailable),
    ):
        catalog.get(new_video_id())
