"""The catalog's transitions against a server that speaks MongoDB's protocol."""

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from bson import ObjectId
from pymongo import MongoClient

from functions.adapters import mongo as module
from functions.adapters.catalog import KeyUse, Search, UploadMethod
from functions.adapters.mongo import MongoCatalog, is_video_id, new_video_id
from functions.core.s3_event import pad_sequencer
from functions.core.settings import CatalogSettings
from functions.core.unavailable import CatalogUnavailable
from functions.core.video import (
    MAX_ATTEMPTS,
    Lease,
    Refusal,
    Source,
    Status,
    UploadedObject,
    Video,
    Webhook,
    found_upload,
    refusal,
    starts_again,
)
from tests.examples import CREATED, failure, media, processing, thumbnail, uploaded, video

NOW = datetime(2026, 1, 2, 12, tzinfo=UTC)
LATER = NOW + timedelta(minutes=5)


@pytest.fixture
def catalog(mongodb_uri: str) -> Iterator[MongoCatalog]:
    settings = CatalogSettings(mongodb_uri, database=f"test-{ObjectId()}")
    made = MongoCatalog(settings, pool_size=4, timeout_ms=10_000)
    made.ensure_indexes()
    yield made
    with MongoClient[dict[str, object]](mongodb_uri) as client:
        client.drop_database(settings.database)
    made.close()


@pytest.fixture
def announcing(catalog: MongoCatalog) -> Iterator[MongoCatalog]:
    """The same records, where a receiver wants to be told."""
    settings = replace(catalog._settings, announces=True)
    with closing(MongoCatalog(settings, pool_size=4, timeout_ms=10_000)) as made:
        yield made


@pytest.fixture
def pending(catalog: MongoCatalog) -> Video:
    added = video(new_video_id())
    catalog.add(added)
    return added


def lease(token: str = "mine", until: datetime = LATER) -> Lease:
    return Lease(token=token, until=until)


def newer(event: UploadedObject) -> UploadedObject:
    source = replace(event.source, etag="newer", sequencer=pad_sequencer("FFFF"))
    return replace(event, source=source)


def claim(
    catalog: MongoCatalog, event: UploadedObject, with_lease: Lease, *, now: datetime
) -> bool:
    """Claim as processing does, of an object that is still there."""
    if catalog.claim(event, with_lease, now=now):
        return True
    seen = catalog.get(event.video_id)
    if seen is None or not starts_again(seen, event):
        return False
    return catalog.claim_finished(seen, event, with_lease, now=now)


def complete(catalog: MongoCatalog, video_id: str, with_lease: Lease) -> bool:
    return catalog.complete(
        video_id, with_lease, media=media(), thumbnail=thumbnail(), processing=processing()
    )


def fail(catalog: MongoCatalog, video_id: str, with_lease: Lease) -> bool:
    return catalog.fail(video_id, with_lease, error=failure(), processing=processing())


def stored(catalog: MongoCatalog, of: Video) -> Video:
    found = catalog.get(of.id)
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
        assert document["upload"] == upload

    def test_come_back_whole_when_done(self, catalog: MongoCatalog, pending: Video) -> None:
        claim(catalog, uploaded(pending.id), lease(), now=NOW)
        complete(catalog, pending.id, lease())
        found = stored(catalog, pending)
        assert (found.media, found.thumbnail, found.processing) == (
            media(),
            thumbnail(),
            processing(),
        )
        assert found.source == uploaded(pending.id).source
        assert (found.lease, found.error) == (None, None)

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
        claim(catalog, uploaded(pending.id), lease(), now=NOW)
        assert not catalog.add(pending)
        assert stored(catalog, pending).status is Status.PROCESSING

    def test_can_be_discarded_while_pending_only(
        self, catalog: MongoCatalog, pending: Video
    ) -> None:
        claim(catalog, uploaded(pending.id), lease(), now=NOW)
        catalog.discard(pending.id)
        assert catalog.get(pending.id)
        other = video(new_video_id())
        catalog.add(other)
        catalog.discard(other.id)
        assert catalog.get(other.id) is None


def test_ids_made_at_one_moment_differ(monkeypatch: pytest.MonkeyPatch) -> None:
    """Also in copies of one process, which SnapStart makes: nothing is drawn ahead or counted."""
    moment = 1_764_000_000_999_999_999
    monkeypatch.setattr(module, "time_ns", lambda: moment)
    ids = {new_video_id() for _ in range(1000)}
    assert len(ids) == 1000
    assert {ObjectId(one).generation_time.timestamp() for one in ids} == {moment // 10**9}


def test_a_later_id_is_greater(monkeypatch: pytest.MonkeyPatch) -> None:
    moments = [0, 1, 59, 60, 999_999_999, 1_000_000_000, 4_000_000_000 * 10**9]
    ids = []
    for moment in moments:
        monkeypatch.setattr(module, "time_ns", lambda moment=moment: moment)
        ids.append(new_video_id()[:14])
    assert ids == sorted(ids)
    assert len(set(ids)) == len(moments) - 2  # a fraction has 60 ns


class TestPage:
    def test_is_newest_first_and_goes_on(self, catalog: MongoCatalog) -> None:
        ids = [new_video_id() for _ in range(5)]
        for video_id in ids:
            catalog.add(video(video_id))
        first = catalog.page(status=None, before=None, limit=3)
        rest = catalog.page(status=None, before=first[-1].id, limit=3)
        assert [v.id for v in first + rest] == ids[::-1]

    def test_can_be_of_one_status(self, catalog: MongoCatalog, pending: Video) -> None:
        other = video(new_video_id())
        catalog.add(other)
        claim(catalog, uploaded(other.id), lease(), now=NOW)
        found = catalog.page(status=Status.PROCESSING, before=None, limit=5)
        assert [v.id for v in found] == [other.id]
        assert pending.id in [v.id for v in catalog.page(status=None, before=None, limit=5)]


class TestClaim:
    def test_of_a_pending_video(self, catalog: MongoCatalog, pending: Video) -> None:
        event = uploaded(pending.id)
        assert claim(catalog, event, lease(), now=NOW)
        found = stored(catalog, pending)
        assert (found.status, found.attempts) == (Status.PROCESSING, 1)
        assert (found.lease, found.source) == (lease(), event.source)

    def test_of_an_unknown_video_or_key(self, catalog: MongoCatalog, pending: Video) -> None:
        assert not claim(catalog, uploaded(new_video_id()), lease(), now=NOW)
        other_key = replace(uploaded(pending.id), key="uploads/other/source")
        assert not claim(catalog, other_key, lease(), now=NOW)

    def test_while_another_lease_lives(self, catalog: MongoCatalog, pending: Video) -> None:
        claim(catalog, uploaded(pending.id), lease(), now=NOW)
        assert not claim(catalog, uploaded(pending.id), lease("other"), now=NOW)
        assert refusal(stored(catalog, pending), uploaded(pending.id)) is Refusal.BUSY

    def test_after_a_lease_has_lapsed(self, catalog: MongoCatalog, pending: Video) -> None:
        claim(catalog, uploaded(pending.id), lease(), now=NOW)
        assert claim(catalog, uploaded(pending.id), lease("other"), now=LATER)
        assert stored(catalog, pending).attempts == 2

    def test_after_a_lease_was_released(self, catalog: MongoCatalog, pending: Video) -> None:
        claim(catalog, uploaded(pending.id), lease(), now=NOW)
        assert catalog.release(pending.id, lease(), now=NOW)
        assert claim(catalog, uploaded(pending.id), lease("other"), now=NOW)

    def test_when_all_attempts_are_used_up(self, catalog: MongoCatalog, pending: Video) -> None:
        moment = NOW
        for attempt in range(MAX_ATTEMPTS):
            until = moment + timedelta(minutes=1)
            assert claim(catalog, uploaded(pending.id), lease(str(attempt), until), now=moment)
            moment = until
        assert not claim(catalog, uploaded(pending.id), lease("last"), now=moment)
        assert refusal(stored(catalog, pending), uploaded(pending.id)) is Refusal.EXHAUSTED

    @pytest.mark.parametrize("finish", [complete, fail])
    def test_of_a_finished_video_by_the_same_event(
        self, catalog: MongoCatalog, pending: Video, finish: object
    ) -> None:
        claim(catalog, uploaded(pending.id), lease(), now=NOW)
        assert finish(catalog, pending.id, lease())  # type: ignore[operator]
        assert not claim(catalog, uploaded(pending.id), lease("other"), now=LATER)
        assert refusal(stored(catalog, pending), uploaded(pending.id)) is Refusal.DUPLICATE

    @pytest.mark.parametrize("finished", [True, False])
    def test_by_a_newer_upload(self, catalog: MongoCatalog, pending: Video, finished: bool) -> None:  # noqa: FBT001
        event = uploaded(pending.id)
        claim(catalog, event, lease(), now=NOW)
        if finished:
            complete(catalog, pending.id, lease())
        assert claim(catalog, newer(event), lease("newer"), now=NOW)
        found = stored(catalog, pending)
        assert (found.status, found.attempts) == (Status.PROCESSING, 1)
        assert found.source == newer(event).source
        assert not complete(catalog, pending.id, lease()), "the older worker has lost its lease"

    def test_by_a_newer_upload_starts_its_attempts_anew(
        self, catalog: MongoCatalog, pending: Video
    ) -> None:
        event = uploaded(pending.id)
        for _ in range(MAX_ATTEMPTS - 1):
            claim(catalog, event, lease(), now=NOW)
            catalog.release(pending.id, lease(), now=NOW)
        assert claim(catalog, newer(event), lease("newer"), now=NOW)
        assert stored(catalog, pending).attempts == 1

    def test_by_an_older_upload_after_a_newer_one(
        self, catalog: MongoCatalog, pending: Video
    ) -> None:
        event = uploaded(pending.id)
        claim(catalog, newer(event), lease(), now=NOW)
        for moment in (NOW, LATER + timedelta(hours=1)):
            assert not claim(catalog, event, lease("older"), now=moment)
        assert refusal(stored(catalog, pending), event) is Refusal.SUPERSEDED

    def test_without_sequencers_goes_by_etag(self, catalog: MongoCatalog, pending: Video) -> None:
        event = uploaded(pending.id, sequencer="")
        assert claim(catalog, event, lease(), now=NOW)
        complete(catalog, pending.id, lease())
        assert not claim(catalog, event, lease("again"), now=LATER)
        other = uploaded(pending.id, sequencer="", etag="other")
        assert claim(catalog, other, lease("newer"), now=LATER)

    def test_of_a_finished_video_that_has_moved_since_it_was_seen_is_refused(
        self, catalog: MongoCatalog, pending: Video
    ) -> None:
        event = uploaded(pending.id)
        claim(catalog, event, lease(), now=NOW)
        complete(catalog, pending.id, lease())
        seen = stored(catalog, pending)
        assert claim(catalog, newer(event), lease("newer"), now=LATER)
        assert not catalog.claim_finished(seen, newer(event), lease("late"), now=LATER)

    def test_of_bytes_that_are_done_is_refused_when_their_lost_event_comes_late(
        self, catalog: MongoCatalog, pending: Video
    ) -> None:
        found = uploaded(pending.id, sequencer="")
        assert claim(catalog, found, lease(), now=NOW)
        complete(catalog, pending.id, lease())
        late = uploaded(pending.id)
        assert not claim(catalog, late, lease("late"), now=LATER)
        assert refusal(stored(catalog, pending), late) is Refusal.DUPLICATE
        older = uploaded(pending.id, etag="older", sequencer=pad_sequencer("00"))
        assert not claim(catalog, older, lease("older"), now=LATER), "its place is known now"
        assert claim(catalog, newer(late), lease("newer"), now=LATER)

    def test_of_bytes_that_failed_is_possible_by_another_upload_of_them(
        self, catalog: MongoCatalog, pending: Video
    ) -> None:
        claim(catalog, uploaded(pending.id), lease(), now=NOW)
        fail(catalog, pending.id, lease())
        again = uploaded(pending.id, sequencer=pad_sequencer("FFFF"))
        assert claim(catalog, again, lease("again"), now=NOW)
        assert stored(catalog, pending).attempts == 1

    def test_by_an_event_without_order_keeps_the_order_that_is_known(
        self, catalog: MongoCatalog, pending: Video
    ) -> None:
        claim(catalog, uploaded(pending.id), lease(), now=NOW)
        catalog.release(pending.id, lease(), now=NOW)
        assert claim(catalog, uploaded(pending.id, sequencer=""), lease("other"), now=NOW)
        assert stored(catalog, pending).source == uploaded(pending.id).source

    def test_is_won_by_one_of_many_at_once(self, catalog: MongoCatalog, pending: Video) -> None:
        won: list[str] = []

        def claim_as(token: str) -> None:
            if claim(catalog, uploaded(pending.id), lease(token), now=NOW):
                won.append(token)

        workers = [threading.Thread(target=claim_as, args=(str(n),)) for n in range(20)]
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join()
        assert len(won) == 1
        assert stored(catalog, pending).lease == lease(won[0])


class TestFinish:
    @pytest.mark.parametrize("finish", [complete, fail])
    def test_needs_the_lease(self, catalog: MongoCatalog, pending: Video, finish: object) -> None:
        assert not finish(catalog, pending.id, lease())  # type: ignore[operator]
        claim(catalog, uploaded(pending.id), lease(), now=NOW)
        assert not finish(catalog, pending.id, lease("other"))  # type: ignore[operator]
        assert finish(catalog, pending.id, lease())  # type: ignore[operator]
        assert not finish(catalog, pending.id, lease())  # type: ignore[operator]

    def test_as_failed_keeps_the_reason_and_no_media(
        self, catalog: MongoCatalog, pending: Video
    ) -> None:
        event = uploaded(pending.id)
        claim(catalog, event, lease(), now=NOW)
        complete(catalog, pending.id, lease())
        claim(catalog, newer(event), lease("newer"), now=NOW)
        assert fail(catalog, pending.id, lease("newer"))
        found = stored(catalog, pending)
        assert (found.status, found.error) == (Status.FAILED, failure())
        assert (found.media, found.thumbnail) == (None, None)

    def test_as_done_forgets_an_earlier_error(self, catalog: MongoCatalog, pending: Video) -> None:
        event = uploaded(pending.id)
        claim(catalog, event, lease(), now=NOW)
        fail(catalog, pending.id, lease())
        claim(catalog, newer(event), lease("newer"), now=NOW)
        complete(catalog, pending.id, lease("newer"))
        assert stored(catalog, pending).error is None

    def test_of_a_lapsed_lease_still_counts_while_nobody_else_has_claimed(
        self, catalog: MongoCatalog, pending: Video
    ) -> None:
        claim(catalog, uploaded(pending.id), lease(until=NOW), now=NOW)
        assert complete(catalog, pending.id, lease())

    @pytest.mark.parametrize("finish", [complete, fail])
    def test_that_comes_after_the_lease_was_released_is_nobodys(
        self, catalog: MongoCatalog, pending: Video, finish: object
    ) -> None:
        """MongoDB may carry out a request that its worker has waited for in vain."""
        claim(catalog, uploaded(pending.id), lease(), now=NOW)
        catalog.release(pending.id, lease(), now=NOW)
        assert not finish(catalog, pending.id, lease())  # type: ignore[operator]


class TestRetry:
    @pytest.fixture
    def failed(self, catalog: MongoCatalog, pending: Video) -> Video:
        moment = NOW
        for _ in range(MAX_ATTEMPTS):
            catalog.release(pending.id, lease(), now=moment)
            claim(catalog, uploaded(pending.id), lease(), now=moment)
        assert fail(catalog, pending.id, lease())
        return pending

    def test_begins_anew_with_all_attempts(self, catalog: MongoCatalog, failed: Video) -> None:
        assert catalog.retry(failed, now=LATER)
        found = stored(catalog, failed)
        assert (found.status, found.attempts) == (Status.PENDING, 0)
        assert (found.error, found.processing, found.lease) == (None, None, None)
        for attempt in range(1, MAX_ATTEMPTS + 1):
            assert claim(catalog, uploaded(failed.id), lease(str(attempt)), now=LATER)
            assert stored(catalog, failed).attempts == attempt
            catalog.release(failed.id, lease(str(attempt)), now=LATER)
        assert not claim(catalog, uploaded(failed.id), lease("last"), now=LATER)

    def test_ends_with_a_retry_that_comes_first(self, catalog: MongoCatalog, failed: Video) -> None:
        assert catalog.retry(failed, now=LATER)
        assert not catalog.retry(failed, now=LATER)
        claim(catalog, uploaded(failed.id), lease("new"), now=LATER)
        assert not catalog.retry(failed, now=LATER)
        complete(catalog, failed.id, lease("new"))
        assert not catalog.retry(failed, now=LATER)
        assert not catalog.retry(video(new_video_id()), now=LATER)

    def test_takes_the_worker_that_had_failed_before_its_right(
        self, catalog: MongoCatalog, failed: Video
    ) -> None:
        catalog.retry(failed, now=LATER)
        assert not complete(catalog, failed.id, lease())
        claim(catalog, uploaded(failed.id), lease("new"), now=LATER)
        assert not complete(catalog, failed.id, lease())

    def test_keeps_the_order_of_uploads(self, catalog: MongoCatalog, failed: Video) -> None:
        event = uploaded(failed.id)
        catalog.retry(failed, now=LATER)
        seen = found_upload(stored(catalog, failed), Source("newer", 7, ""))
        assert claim(catalog, seen, lease("new"), now=LATER)
        assert complete(catalog, failed.id, lease("new"))
        assert not claim(catalog, event, lease("late"), now=LATER), "its own, of before"
        other = replace(newer(event), source=replace(newer(event).source, etag="newest"))
        assert claim(catalog, other, lease("newest"), now=LATER), "of one after it"

    def test_of_a_video_that_was_never_claimed(self, catalog: MongoCatalog, pending: Video) -> None:
        change = {"$set": {"status": Status.FAILED}, "$unset": {"claimable_at": ""}}
        catalog._videos.update_one({"_id": ObjectId(pending.id)}, change)
        assert catalog.retry(stored(catalog, pending), now=LATER)
        seen = found_upload(stored(catalog, pending), Source("etag", 7, ""))
        assert claim(catalog, seen, lease(), now=LATER)


class TestExtendUpload:
    def test_of_pending_videos_only(self, catalog: MongoCatalog, pending: Video) -> None:
        assert catalog.extend_upload(pending.id, until=LATER)
        assert stored(catalog, pending).upload == replace(pending.upload, expires_at=LATER)
        claim(catalog, uploaded(pending.id), lease(), now=NOW)
        assert not catalog.extend_upload(pending.id, until=NOW)
        assert not catalog.extend_upload(new_video_id(), until=NOW)
        assert stored(catalog, pending).upload.expires_at == LATER


class TestDelete:
    def test_removes_a_video_while_it_is_processed(
        self, catalog: MongoCatalog, pending: Video
    ) -> None:
        claim(catalog, uploaded(pending.id), lease(), now=NOW)
        catalog.delete(pending.id)
        assert catalog.get(pending.id) is None
        assert not complete(catalog, pending.id, lease())
        assert not catalog.release(pending.id, lease(), now=NOW)
        assert not claim(catalog, newer(uploaded(pending.id)), lease("new"), now=NOW)
        assert catalog.get(pending.id) is None
        catalog.delete(pending.id)

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
        assert "expires_at" in document(catalog, use("key", new_video_id()))

    def test_reads_by_index(self, catalog: MongoCatalog) -> None:
        catalog.reserve(use("key", new_video_id()))
        for condition in ({"_id": "key"}, {"video_id": "x"}):
            plan = catalog._keys.find(condition).explain()["queryPlanner"]["winningPlan"]
            assert "COLLSCAN" not in str(plan), plan


def use(key: str, video_id: str, fingerprint: str = "body") -> KeyUse:
    return KeyUse(key, fingerprint, video_id, expires_at=LATER + timedelta(days=10_000))


def document(catalog: MongoCatalog, key_use: KeyUse) -> dict[str, object]:
    catalog.reserve(key_use)
    found = catalog._keys.find_one({"_id": key_use.key})
    assert found
    return found


class TestWebhook:
    """Of a finish: written with it, gone with it."""

    @pytest.fixture
    def done(self, announcing: MongoCatalog, pending: Video) -> Video:
        announcing.claim(uploaded(pending.id), lease(), now=NOW)
        assert complete(announcing, pending.id, lease())
        return stored(announcing, pending)

    def due(self, catalog: MongoCatalog) -> list[str]:
        return [found.id for found in catalog.undelivered(before=datetime.now(UTC))]

    @pytest.mark.parametrize("finish", [complete, fail])
    def test_is_due_with_the_finish(
        self, announcing: MongoCatalog, pending: Video, finish: Callable[..., bool]
    ) -> None:
        announcing.claim(uploaded(pending.id), lease(), now=NOW)
        assert stored(announcing, pending).webhook is None
        assert finish(announcing, pending.id, lease())
        webhook = stored(announcing, pending).webhook
        assert webhook
        assert webhook == Webhook(id=webhook.id, due_at=processing().finished_at)
        assert self.due(announcing) == [pending.id]

    def test_is_due_with_a_failure_that_no_worker_records(
        self, announcing: MongoCatalog, pending: Video
    ) -> None:
        assert announcing.fail_stuck(pending, error=failure(), now=NOW)
        webhook = stored(announcing, pending).webhook
        assert webhook
        assert (webhook.due_at, webhook.attempts) == (NOW, 0)

    def test_is_not_written_where_nobody_wants_to_be_told(
        self, catalog: MongoCatalog, pending: Video
    ) -> None:
        catalog.claim(uploaded(pending.id), lease(), now=NOW)
        complete(catalog, pending.id, lease())
        assert stored(catalog, pending).webhook is None

    def test_of_a_finish_that_did_not_happen_is_not_written(
        self, announcing: MongoCatalog, done: Video
    ) -> None:
        assert not complete(announcing, done.id, lease())
        assert stored(announcing, done) == done

    def test_comes_back_as_it_was_moved(self, announcing: MongoCatalog, done: Video) -> None:
        assert done.webhook
        begun = done.webhook.begun(now=NOW)
        assert announcing.move_webhook(done.id, done.webhook, begun)
        assert stored(announcing, done).webhook == begun
        delivered = begun.answered(204, now=LATER)
        assert announcing.move_webhook(done.id, begun, delivered)
        assert stored(announcing, done) == replace(done, webhook=delivered), "and nothing else"
        assert self.due(announcing) == []

    def test_moves_once_from_where_it_was_seen(self, announcing: MongoCatalog, done: Video) -> None:
        assert done.webhook
        seen, begun = done.webhook, done.webhook.begun(now=NOW)
        with ThreadPoolExecutor(8) as pool:
            moves = list(
                pool.map(lambda _: announcing.move_webhook(done.id, seen, begun), range(8))
            )
        assert sum(moves) == 1

    def test_goes_with_a_newer_upload_and_comes_anew(
        self, announcing: MongoCatalog, done: Video
    ) -> None:
        assert done.webhook
        upload = newer(uploaded(done.id))
        assert announcing.claim_finished(done, upload, lease("other"), now=LATER)
        assert stored(announcing, done).webhook is None
        assert not announcing.move_webhook(done.id, done.webhook, done.webhook.begun(now=LATER))
        assert complete(announcing, done.id, lease("other"))
        webhook = stored(announcing, done).webhook
        assert webhook
        assert webhook.id != done.webhook.id
        assert not announcing.move_webhook(done.id, done.webhook, done.webhook.begun(now=LATER))

    def test_goes_with_a_retry(self, announcing: MongoCatalog, pending: Video) -> None:
        announcing.claim(uploaded(pending.id), lease(), now=NOW)
        fail(announcing, pending.id, lease())
        assert announcing.retry(stored(announcing, pending), now=NOW)
        assert stored(announcing, pending).webhook is None
        assert self.due(announcing) == []

    def test_stays_when_the_same_event_comes_again(
        self, announcing: MongoCatalog, done: Video
    ) -> None:
        assert not announcing.claim(uploaded(done.id), lease("other"), now=LATER)
        assert stored(announcing, done).webhook == done.webhook

    def test_goes_with_the_video(self, announcing: MongoCatalog, done: Video) -> None:
        assert done.webhook
        announcing.delete(done.id)
        assert not announcing.move_webhook(done.id, done.webhook, done.webhook.begun(now=NOW))
        assert self.due(announcing) == []


class TestUpkeep:
    @pytest.fixture
    def processed(self, catalog: MongoCatalog, pending: Video) -> Video:
        """A video whose worker stops before LATER."""
        claim(catalog, uploaded(pending.id), lease(), now=NOW)
        return stored(catalog, pending)

    def test_finds_uploads_that_are_overdue(self, catalog: MongoCatalog, pending: Video) -> None:
        expires = pending.upload.expires_at
        assert list(catalog.overdue(before=expires)) == []
        assert list(catalog.overdue(before=expires + timedelta(seconds=1))) == [pending]

    def test_finds_leases_that_have_lapsed(self, catalog: MongoCatalog, processed: Video) -> None:
        assert list(catalog.lapsed(before=LATER)) == []
        assert list(catalog.lapsed(before=LATER + timedelta(seconds=1))) == [processed]
        assert list(catalog.overdue(before=LATER + timedelta(days=1))) == []

    def test_finds_nothing_that_is_finished(self, catalog: MongoCatalog, processed: Video) -> None:
        complete(catalog, processed.id, lease())
        assert list(catalog.lapsed(before=LATER + timedelta(days=1))) == []

    def test_counts_replays_until_one_is_claimed(
        self, catalog: MongoCatalog, pending: Video
    ) -> None:
        assert catalog.count_replay(pending, now=NOW)
        found = stored(catalog, pending)
        assert (found.replays, found.updated_at, found.status) == (1, NOW, Status.PENDING)
        assert not catalog.count_replay(pending, now=NOW), "another run was faster"
        assert catalog.count_replay(found, now=LATER)
        assert claim(catalog, uploaded(pending.id), lease(), now=LATER)
        assert stored(catalog, pending).replays == 0

    def test_fails_what_is_stuck(self, catalog: MongoCatalog, processed: Video) -> None:
        assert catalog.fail_stuck(processed, error=failure(), now=LATER)
        found = stored(catalog, processed)
        assert (found.status, found.error, found.lease) == (Status.FAILED, failure(), None)
        assert found.updated_at == LATER
        assert not complete(catalog, processed.id, lease()), "the worker was not dead after all"
        assert not claim(catalog, uploaded(processed.id), lease("same"), now=LATER)

    def test_failing_forgets_what_was_found_in_an_earlier_upload(
        self, catalog: MongoCatalog, processed: Video
    ) -> None:
        complete(catalog, processed.id, lease())
        claim(catalog, newer(uploaded(processed.id)), lease("newer"), now=NOW)
        assert catalog.fail_stuck(stored(catalog, processed), error=failure(), now=LATER)
        found = stored(catalog, processed)
        assert (found.media, found.thumbnail, found.processing) == (None, None, None)

    @pytest.mark.parametrize("sequencer", [uploaded().source.sequencer, ""])
    def test_an_upload_that_comes_after_all_is_claimed(
        self, catalog: MongoCatalog, pending: Video, sequencer: str
    ) -> None:
        assert catalog.fail_stuck(pending, error=failure(), now=NOW)
        assert claim(catalog, uploaded(pending.id, sequencer=sequencer), lease(), now=LATER)
        assert stored(catalog, pending).attempts == 1

    def test_leaves_alone_what_has_moved(self, catalog: MongoCatalog, pending: Video) -> None:
        claim(catalog, uploaded(pending.id), lease(), now=NOW)
        seen = stored(catalog, pending)
        catalog.release(pending.id, lease(), now=LATER)
        for old in (pending, seen):
            assert not catalog.fail_stuck(old, error=failure(), now=LATER)
            assert not catalog.count_replay(old, now=LATER)

    def test_leaves_alone_what_has_moved_in_the_same_moment(
        self, catalog: MongoCatalog, pending: Video
    ) -> None:
        claim(catalog, uploaded(pending.id), lease(), now=pending.updated_at)
        assert not catalog.fail_stuck(pending, error=failure(), now=LATER)

    def test_leaves_alone_what_may_be_uploaded_for_longer(
        self, catalog: MongoCatalog, pending: Video
    ) -> None:
        extended = {"$set": {"upload.expires_at": LATER}}
        catalog._videos.update_one({"_id": ObjectId(pending.id)}, extended)
        assert not catalog.fail_stuck(pending, error=failure(), now=LATER)

    def test_tells_which_ids_are_videos(self, catalog: MongoCatalog, pending: Video) -> None:
        assert catalog.known([pending.id, new_video_id()]) == {pending.id}
        assert catalog.known([]) == set()

    def test_remembers_how_far_a_search_has_come(self, catalog: MongoCatalog) -> None:
        assert catalog.search() is None
        for after in ("uploads/a", "uploads/b"):
            catalog.save_search(Search(after=after, due_at=NOW))
            assert catalog.search() == Search(after=after, due_at=NOW)


def test_indexes_can_be_ensured_again(catalog: MongoCatalog) -> None:
    catalog.ensure_indexes()


def test_a_server_that_is_not_there_is_unavailable() -> None:
    settings = CatalogSettings("mongodb://127.0.0.1:9/?directConnection=true", "clipo")
    with (
        closing(MongoCatalog(settings, pool_size=1, timeout_ms=200)) as catalog,
        pytest.raises(CatalogUnavailable),
    ):
        catalog.get(new_video_id())


@pytest.mark.parametrize("text", ["", "x", "5" * 23, "5" * 25, "g" * 24, "5" * 12])
def test_what_is_no_id(text: str) -> None:
    assert not is_video_id(text)
