"""Functions of release 0.1 and of this one on the same records.

Both run while a deployment is in progress, and release 0.1 runs alone after a roll-back. It kept
the rules in the conditions of its updates, and raised no version.
"""

from collections.abc import Callable, Iterator
from dataclasses import MISSING, fields, replace
from datetime import timedelta
from functools import partial
from typing import Any

import pytest
from bson import ObjectId
from pymongo import MongoClient

from functions.adapters.catalog import change
from functions.adapters.mongo.catalog import MongoCatalog
from functions.adapters.mongo.ids import new_video_id
from functions.core.lifecycle import announcement, attempts, replays
from functions.core.lifecycle.moves import Refusal
from functions.core.media import Media
from functions.core.s3_event import pad_sequencer
from functions.core.settings import CatalogSettings
from functions.core.video import Lease, Source, Status, UploadedObject, Video, Visibility, Webhook
from tests import moves
from tests.examples import failure, media, processing, uploaded
from tests.release_0_1 import LATER, LEASE, MAX_ATTEMPTS, NOW, OTHER_LEASE, Release01


@pytest.fixture
def catalog(mongodb_uri: str) -> Iterator[MongoCatalog]:
    settings = CatalogSettings(mongodb_uri, database=f"test-{ObjectId()}", webhooks_on=True)
    made = MongoCatalog(settings, pool_size=2, timeout_ms=10_000)
    yield made
    made.close()
    with MongoClient[dict[str, Any]](mongodb_uri) as client:
        client.drop_database(settings.database)


@pytest.fixture
def old(catalog: MongoCatalog) -> Release01:
    return Release01(catalog._videos)


def add(catalog: MongoCatalog, video_id: str) -> None:
    catalog.add(
        announcement.announce(
            video_id,
            filename="clip.mp4",
            content_type="video/mp4",
            size=1000,
            passthrough=None,
            owner=None,
            visibility=Visibility.PRIVATE,
            now=NOW,
        )
    )


@pytest.fixture(params=["this release", "release 0.1", "release 0.1, migrated"])
def video_id(request: pytest.FixtureRequest, catalog: MongoCatalog, old: Release01) -> str:
    """The id of a pending video that one of the releases has announced."""
    announced = new_video_id()
    if request.param.startswith("release 0.1"):
        old.add(announced)
    else:
        add(catalog, announced)
    if request.param.endswith("migrated"):
        assert catalog.migrate(lambda *_: None).records == 1
    return announced


def test_only_a_video_of_this_release_binds_the_size_of_its_upload(
    catalog: MongoCatalog, old: Release01
) -> None:
    for announce, binding in ((old.add, False), (partial(add, catalog), True)):
        announced = new_video_id()
        announce(announced)
        moves.claim(catalog, uploaded(announced), LEASE, now=NOW)
        moves.move(catalog, announced, lambda seen: attempts.release(seen, LEASE, now=NOW))
        assert found(catalog, announced).accepts_size(999) is not binding
        assert found(catalog, announced).accepts_size(1000)


def newer(video_id: str) -> UploadedObject:
    return uploaded(video_id, etag="newer", sequencer=pad_sequencer("FF"))


def found(catalog: MongoCatalog, video_id: str) -> Video:
    """Return the record. Release 0.1 must be able to read it, too."""
    document = Release01(catalog._videos).document(video_id)
    assert document["upload"]["method"] == "POST"
    assert "sequencer" in document["source"]
    assert ("claimable_at" in document) is (document["status"] in ("pending", "processing"))
    if "media" in document:
        needed = {field.name for field in fields(Media) if field.default is MISSING}
        assert needed <= document["media"].keys()
    read = catalog.get(video_id)
    assert read
    return read


def failed(catalog: MongoCatalog, video_id: str, lease: Lease = LEASE) -> Video:
    webhook = catalog.new_webhook(due_at=LATER)
    return moves.move(
        catalog,
        video_id,
        lambda seen: attempts.fail(
            seen, lease, error=failure(), processing=processing(), webhook=webhook
        ),
    )


class TestRelease01GoesOn:
    """With records that this release has written."""

    def test_claims_and_completes(
        self, catalog: MongoCatalog, old: Release01, video_id: str
    ) -> None:
        moves.move(catalog, video_id, lambda seen: announcement.extend_upload(seen, now=LATER))
        assert old.claim(uploaded(video_id))
        assert found(catalog, video_id).attempts == 1
        assert old.complete(video_id)
        assert found(catalog, video_id).media == media()

    def test_respects_a_live_lease(
        self, catalog: MongoCatalog, old: Release01, video_id: str
    ) -> None:
        moves.claim(catalog, uploaded(video_id), LEASE, now=NOW)
        assert not old.claim(uploaded(video_id), OTHER_LEASE)
        assert not old.complete(video_id, OTHER_LEASE)
        assert old.complete(video_id, LEASE)
        assert found(catalog, video_id).status is Status.DONE

    def test_claims_after_a_lapsed_lease_and_a_released_one(
        self, catalog: MongoCatalog, old: Release01, video_id: str
    ) -> None:
        moves.claim(catalog, uploaded(video_id), LEASE, now=NOW)
        assert old.claim(uploaded(video_id), OTHER_LEASE, now=LATER)
        assert found(catalog, video_id).attempts == 2
        moves.move(catalog, video_id, lambda seen: attempts.release(seen, OTHER_LEASE, now=LATER))
        assert not old.complete(video_id, OTHER_LEASE), "a released lease completes nothing"
        assert old.claim(uploaded(video_id), LEASE, now=LATER)

    def test_stops_at_the_last_attempt(
        self, catalog: MongoCatalog, old: Release01, video_id: str
    ) -> None:
        for _ in range(MAX_ATTEMPTS):
            moves.claim(catalog, uploaded(video_id), Lease("t", NOW), now=NOW)
        assert not old.claim(uploaded(video_id), OTHER_LEASE, now=LATER)
        assert old.claim(newer(video_id), OTHER_LEASE, now=LATER)

    def test_leaves_what_is_done_to_a_newer_upload(
        self, catalog: MongoCatalog, old: Release01, video_id: str
    ) -> None:
        moves.claim(catalog, uploaded(video_id), LEASE, now=NOW)
        moves.complete(catalog, video_id, LEASE)
        assert not old.claim(uploaded(video_id), OTHER_LEASE, now=LATER)
        assert not old.claim(newer(video_id), OTHER_LEASE, now=LATER), "by `claim_finished` only"
        assert old.move_webhook(video_id)
        assert old.claim_finished(newer(video_id), OTHER_LEASE)
        assert found(catalog, video_id).source == newer(video_id).source

    def test_retries_and_claims(self, catalog: MongoCatalog, old: Release01, video_id: str) -> None:
        moves.claim(catalog, uploaded(video_id), LEASE, now=NOW)
        failed(catalog, video_id)
        assert old.retry(video_id)
        assert not old.retry(video_id)
        moved = found(catalog, video_id)
        assert (moved.status, moved.error, moved.webhook) == (Status.PENDING, None, None)
        assert old.claim(uploaded(video_id), OTHER_LEASE, now=LATER)

    def test_claims_what_this_release_has_retried(
        self, catalog: MongoCatalog, old: Release01, video_id: str
    ) -> None:
        moves.fail_stuck(catalog, video_id, now=NOW)
        moves.retry(catalog, video_id, now=NOW)
        assert old.extend_upload(video_id)
        assert old.count_replay(video_id)
        unordered = uploaded(video_id, sequencer="")
        assert old.claim(unordered, LEASE, now=NOW)
        assert old.fail_stuck(video_id)
        assert found(catalog, video_id).error == failure()


class TestThisReleaseGoesOn:
    """With records that release 0.1 has written."""

    def test_completes_what_was_claimed(
        self, catalog: MongoCatalog, old: Release01, video_id: str
    ) -> None:
        old.claim(uploaded(video_id))
        moves.complete(catalog, video_id, LEASE)
        done = found(catalog, video_id)
        assert (done.status, done.lease, done.claimable_at) == (Status.DONE, None, None)

    def test_claims_by_the_same_rules(
        self, catalog: MongoCatalog, old: Release01, video_id: str
    ) -> None:
        old.claim(uploaded(video_id))
        seen = found(catalog, video_id)
        event = uploaded(video_id)
        assert attempts.claim(seen, event, OTHER_LEASE, now=NOW) is Refusal.BUSY
        old.release(video_id)
        assert moves.claim(catalog, event, OTHER_LEASE, now=LATER).attempts == 2
        assert not old.complete(video_id), "it has lost its lease"
        assert moves.claim(catalog, newer(video_id), LEASE, now=NOW).attempts == 1

    def test_starts_again_what_is_finished(
        self, catalog: MongoCatalog, old: Release01, video_id: str
    ) -> None:
        old.claim(uploaded(video_id))
        old.complete(video_id)
        done = found(catalog, video_id)
        duplicate = attempts.claim(done, uploaded(video_id), OTHER_LEASE, now=LATER)
        assert duplicate is Refusal.DUPLICATE
        claimed = moves.claim(catalog, newer(video_id), OTHER_LEASE, now=LATER)
        assert claimed.webhook is None
        failed(catalog, video_id, OTHER_LEASE)
        assert found(catalog, video_id).media is None

    def test_retries(self, catalog: MongoCatalog, old: Release01, video_id: str) -> None:
        old.claim(uploaded(video_id))
        old.fail(video_id)
        moves.retry(catalog, video_id, now=LATER)
        assert found(catalog, video_id).status is Status.PENDING
        assert moves.claim(catalog, uploaded(video_id), OTHER_LEASE, now=LATER).attempts == 1

    def test_delivers_its_webhook(
        self, catalog: MongoCatalog, old: Release01, video_id: str
    ) -> None:
        old.claim(uploaded(video_id))
        old.complete(video_id)
        assert found(catalog, video_id).webhook == Webhook("msg_0_1", due_at=LATER)
        moves.move(catalog, video_id, lambda seen: moves.begin_delivery(seen, now=LATER))
        webhook = found(catalog, video_id).webhook
        assert webhook
        assert webhook.attempts == 1

    def test_upkeep_finds_it(self, catalog: MongoCatalog, old: Release01, video_id: str) -> None:
        after = NOW + timedelta(days=1)
        assert [one.id for one in catalog.unfinished(before=after)] == [video_id]
        old.claim(uploaded(video_id))
        assert [one.id for one in catalog.unfinished(before=after)] == [video_id]
        moves.move(catalog, video_id, lambda seen: replays.replay(seen, now=LATER))
        assert moves.fail_stuck(catalog, video_id, now=LATER).status is Status.FAILED


def processing_now(old: Release01, video_id: str) -> None:
    assert old.claim(uploaded(video_id))


def done(old: Release01, video_id: str) -> None:
    processing_now(old, video_id)
    assert old.complete(video_id)


def failed_already(old: Release01, video_id: str) -> None:
    processing_now(old, video_id)
    assert old.fail(video_id)


def pending(_old: Release01, _video_id: str) -> None:
    """It is."""


@pytest.mark.parametrize(
    ("state", "meanwhile"),
    [
        (pending, lambda old, video_id: old.claim(uploaded(video_id))),
        (pending, Release01.claim_in_the_same_moment),
        (pending, Release01.extend_upload),
        (pending, Release01.count_replay),
        (pending, Release01.fail_stuck),
        (processing_now, lambda old, video_id: old.claim(newer(video_id), OTHER_LEASE, now=LATER)),
        (processing_now, Release01.complete),
        (processing_now, Release01.fail),
        (processing_now, Release01.release),
        (processing_now, Release01.count_replay),
        (done, Release01.move_webhook),
        (done, Release01.note_order),
        (done, lambda old, video_id: old.claim_finished(newer(video_id), OTHER_LEASE)),
        (failed_already, Release01.retry),
        (failed_already, Release01.move_webhook),
    ],
)
def test_what_release_0_1_changes_is_not_overwritten(
    catalog: MongoCatalog,
    old: Release01,
    video_id: str,
    state: Callable[[Release01, str], None],
    meanwhile: Callable[[Release01, str], bool],
) -> None:
    """It raises no version: the fields that it changes tell."""
    state(old, video_id)
    seen = found(catalog, video_id)
    assert meanwhile(old, video_id)
    changed = old.document(video_id)
    assert catalog.save(seen, replace(seen, replays=9)) is None
    assert not catalog.discard(seen)
    assert old.document(video_id) == changed


def test_a_record_that_is_migrated_meanwhile_is_read_again(
    catalog: MongoCatalog, old: Release01
) -> None:
    video_id = new_video_id()
    old.add(video_id)
    seen = found(catalog, video_id)
    assert catalog.migrate(lambda *_: None).records == 1
    assert catalog.save(seen, replace(seen, replays=1)) is None
    saved = change(catalog, seen, lambda current: replace(current, replays=1))
    assert isinstance(saved, Video)
    assert saved.version == 2


def test_two_releases_claim_at_once_and_one_gets_the_lease(
    catalog: MongoCatalog, old: Release01, video_id: str
) -> None:
    """Release 0.1 claims between this one's reading and saving; then this one decides anew."""
    event = uploaded(video_id)
    seen = found(catalog, video_id)
    assert old.claim(event, OTHER_LEASE)
    outcome = change(catalog, seen, lambda current: attempts.claim(current, event, LEASE, now=NOW))
    assert outcome is Refusal.BUSY
    assert found(catalog, video_id).lease == OTHER_LEASE


def test_a_record_without_a_version_gets_one_with_its_first_change(
    catalog: MongoCatalog, old: Release01
) -> None:
    video_id = new_video_id()
    old.add(video_id)
    seen = found(catalog, video_id)
    assert seen.version == 0
    changed = replace(seen, source=Source("e", 1, ""))
    assert catalog.save(seen, changed) == replace(changed, version=1)
    assert catalog.save(seen, changed) is None, "although nothing else differs"
    assert old.document(video_id)["version"] == 1
