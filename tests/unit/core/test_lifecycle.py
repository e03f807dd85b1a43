"""The rules of a video's life, one by one and in every order that thousands of tries find."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

from functions.core import lifecycle
from functions.core.failures import UPLOAD_EXPIRED
from functions.core.lifecycle import MAX_REPLACEMENTS, UPLOAD_WINDOW, Refusal
from functions.core.s3_event import pad_sequencer
from functions.core.video import (
    MAX_ATTEMPTS,
    Delivery,
    Failure,
    Lease,
    Source,
    Status,
    UploadedObject,
    Video,
    Webhook,
)
from tests.examples import (
    CREATED,
    done_video,
    failed_video,
    failure,
    media,
    processing,
    thumbnail,
    uploaded,
    video,
)

NOW = CREATED + timedelta(minutes=1)
LEASE = Lease("mine", NOW + timedelta(minutes=2))
OTHER_LEASE = Lease("another's", NOW + timedelta(minutes=2))
LARGER = uploaded(size=2000).source
"""The source of `done_video`."""
OLDER, NEWER = pad_sequencer("00"), pad_sequencer("FF")


def moved(outcome: Video | Refusal) -> Video:
    assert isinstance(outcome, Video), outcome
    return outcome


def claimed(seen: Video | None = None, lease: Lease = LEASE) -> Video:
    return moved(lifecycle.claim(seen or pending(), uploaded(), lease, now=NOW))


def pending() -> Video:
    return video()


def expired() -> Video:
    error = UPLOAD_EXPIRED.failure()
    return lifecycle.fail_stuck(pending(), error=error, webhook=None, now=NOW)


class TestExtendUpload:
    def test_a_window_that_is_mostly_left_stays(self) -> None:
        seen = replace(pending(), upload=replace(pending().upload, expires_at=NOW + UPLOAD_WINDOW))
        assert lifecycle.extend_upload(seen, now=NOW) is seen

    def test_a_window_that_is_mostly_used_begins_again(self) -> None:
        extended = moved(lifecycle.extend_upload(pending(), now=NOW))
        assert extended.upload.expires_at == NOW + UPLOAD_WINDOW

    def test_an_upload_that_has_arrived_is_not_awaited(self) -> None:
        assert lifecycle.extend_upload(claimed(), now=NOW) is Refusal.NOT_PENDING


class TestDiscard:
    @pytest.mark.parametrize("make", [done_video, failed_video])
    def test_only_before_the_first_event(self, make: Callable[[], Video]) -> None:
        again = lifecycle.retry if make is failed_video else lifecycle.reprocess
        assert lifecycle.may_discard(pending())
        assert not lifecycle.may_discard(claimed())
        assert not lifecycle.may_discard(moved(again(make(), now=NOW)))


class TestAwaitUploadAgain:
    def test_an_expired_upload_is_awaited_again(self) -> None:
        again = moved(lifecycle.await_upload_again(expired(), now=NOW))
        assert (again.status, again.error) == (Status.PENDING, None)

    def test_an_expired_announcement_is_removed_after_a_week(self) -> None:
        assert expired().remove_at == NOW + timedelta(days=7)

    def test_an_announcement_that_is_alive_again_is_not_removed(self) -> None:
        assert moved(lifecycle.await_upload_again(expired(), now=NOW)).remove_at is None
        assert claimed(expired()).remove_at is None

    def test_a_video_with_an_upload_or_a_result_is_not_removed(self) -> None:
        error = UPLOAD_EXPIRED.failure()
        for seen in (claimed(), moved(lifecycle.reprocess(done_video(), now=NOW))):
            stuck = lifecycle.fail_stuck(seen, error=error, webhook=None, now=NOW)
            assert stuck.remove_at is None

    @pytest.mark.parametrize("other", [video(), failed_video(), done_video()])
    def test_any_other_video_stays(self, other: Video) -> None:
        assert lifecycle.await_upload_again(other, now=NOW) is other


class TestClaim:
    def test_a_finished_status_and_an_event_without_order_need_the_current_object(self) -> None:
        assert lifecycle.needs_current_object(done_video(), uploaded(), claimed())
        assert not lifecycle.needs_current_object(done_video(), uploaded(), Refusal.DUPLICATE)
        assert not lifecycle.needs_current_object(pending(), uploaded(), claimed())
        without_order = uploaded(sequencer="")
        for outcome in (claimed(), Refusal.BUSY):
            assert lifecycle.needs_current_object(pending(), without_order, outcome)

    def test_a_pending_video(self) -> None:
        taken = claimed()
        assert (taken.status, taken.attempts, taken.lease) == (Status.PROCESSING, 1, LEASE)
        assert taken.source == uploaded().source
        assert taken.claimable_at == LEASE.until

    @pytest.mark.parametrize("seen", [None, video(video_id="0" * 24)])
    def test_no_video_of_this_key(self, seen: Video | None) -> None:
        outcome = lifecycle.claim(seen, uploaded(), LEASE, now=NOW)
        assert outcome is Refusal.UNKNOWN

    def test_a_live_lease(self) -> None:
        outcome = lifecycle.claim(claimed(), uploaded(), LEASE, now=NOW)
        assert outcome is Refusal.BUSY

    def test_a_lapsed_lease(self) -> None:
        again = moved(lifecycle.claim(claimed(), uploaded(), LEASE, now=LEASE.until))
        assert again.attempts == 2

    def test_the_last_attempt_is_the_last(self) -> None:
        worn_out = replace(claimed(), attempts=MAX_ATTEMPTS)
        outcome = lifecycle.claim(worn_out, uploaded(), LEASE, now=LEASE.until)
        assert outcome is Refusal.EXHAUSTED

    @pytest.mark.parametrize("seen", [claimed(), done_video(), failed_video()])
    def test_a_newer_upload_takes_even_a_live_lease(self, seen: Video) -> None:
        worn_out = replace(seen, attempts=MAX_ATTEMPTS)
        newer = uploaded(etag="b", sequencer=NEWER)
        taken = moved(lifecycle.claim(worn_out, newer, OTHER_LEASE, now=NOW))
        assert (taken.status, taken.attempts) == (Status.PROCESSING, 1)
        assert (taken.source, taken.lease) == (newer.source, OTHER_LEASE)
        assert complete(taken) is Refusal.SUPERSEDED, "the older worker has lost its lease"

    def test_upkeep_s_event_keeps_the_lease_when_s3_s_own_follows_it(self) -> None:
        unordered = moved(lifecycle.claim(pending(), uploaded(sequencer=""), LEASE, now=NOW))
        assert lifecycle.claim(unordered, uploaded(), OTHER_LEASE, now=NOW) is Refusal.BUSY

    def test_without_sequencers_other_bytes_are_newer(self) -> None:
        unordered = uploaded(sequencer="")
        taken = moved(lifecycle.claim(pending(), unordered, LEASE, now=NOW))
        done = moved(complete(taken))
        other = uploaded(etag="b", sequencer="")
        assert lifecycle.claim(done, unordered, LEASE, now=NOW) is Refusal.DUPLICATE
        for seen in (taken, done):
            assert moved(lifecycle.claim(seen, other, LEASE, now=NOW)).source == other.source

    def test_an_event_of_the_bytes_that_upkeep_found_replaced_is_not_newer(self) -> None:
        """Upkeep's event has the place of what was claimed before it."""
        released = moved(lifecycle.release(claimed(), LEASE, now=NOW))
        found = lifecycle.found_upload(released, Source("b", 7, ""))
        taken = moved(lifecycle.claim(released, found, LEASE, now=NOW))
        assert lifecycle.claim(taken, uploaded(), OTHER_LEASE, now=NOW) is Refusal.BUSY
        done = moved(complete(taken))
        assert lifecycle.claim(done, uploaded(), OTHER_LEASE, now=NOW) is Refusal.DUPLICATE
        newest = uploaded(etag="c", sequencer=NEWER)
        assert moved(lifecycle.claim(done, newest, LEASE, now=NOW)).source == newest.source

    @pytest.mark.parametrize("seen", [claimed(), done_video(), failed_video()])
    @pytest.mark.parametrize("now", [NOW, LEASE.until])
    def test_an_older_upload_is_superseded(self, seen: Video, now: datetime) -> None:
        older = uploaded(etag="b", sequencer=OLDER)
        assert lifecycle.claim(seen, older, OTHER_LEASE, now=now) is Refusal.SUPERSEDED

    @pytest.mark.parametrize("seen", [done_video(), failed_video()])
    def test_a_duplicate(self, seen: Video) -> None:
        assert lifecycle.claim(seen, uploaded(), LEASE, now=NOW) is Refusal.DUPLICATE

    def test_the_same_bytes_written_again_leave_a_done_video_alone(self) -> None:
        again = uploaded(sequencer=NEWER)
        assert lifecycle.claim(done_video(), again, LEASE, now=NOW) is Refusal.DUPLICATE
        assert moved(lifecycle.claim(failed_video(), again, LEASE, now=NOW)).attempts == 1

    def test_other_bytes_start_a_finished_video_again(self) -> None:
        told = replace(done_video(), webhook=Webhook("msg", due_at=NOW))
        newer = uploaded(etag="b", sequencer=NEWER)
        assert moved(lifecycle.claim(told, newer, LEASE, now=NOW)).webhook is None

    @pytest.mark.parametrize("event", [uploaded(), uploaded(sequencer="")])
    def test_a_file_that_came_too_late_is_processed(self, event: UploadedObject) -> None:
        expired = video(status=Status.FAILED, error=failure())
        taken = moved(lifecycle.claim(expired, event, LEASE, now=NOW))
        assert (taken.attempts, taken.error) == (1, None)

    def test_an_event_without_a_sequencer_keeps_the_known_order(self) -> None:
        unordered = uploaded(etag="b", sequencer="")
        taken = moved(lifecycle.claim(claimed(), unordered, LEASE, now=NOW))
        assert taken.source == Source("b", 1000, uploaded().source.sequencer)
        same = moved(lifecycle.claim(claimed(), uploaded(sequencer=""), LEASE, now=LEASE.until))
        assert same.source == uploaded().source

    def test_the_fourth_upload_that_replaces_a_finished_one_is_not_processed(self) -> None:
        seen = moved(complete(claimed()))
        for number in range(1, 4):
            newer = uploaded(etag=f"e{number}", sequencer=pad_sequencer(f"A{number}"))
            seen = moved(complete(moved(lifecycle.claim(seen, newer, LEASE, now=NOW))))
        assert seen.replacements == MAX_REPLACEMENTS == 3
        assert seen.source
        assert seen.source.etag == "e3"
        for etag in ("e4", "e3"):
            newest = uploaded(etag=etag, sequencer=NEWER)
            expected = Refusal.DUPLICATE if etag == "e3" else Refusal.REPLACED_TOO_OFTEN
            assert lifecycle.claim(seen, newest, LEASE, now=NOW) is expected

    def test_the_same_bad_bytes_are_not_processed_for_ever(self) -> None:
        seen = moved(fail(claimed(), LEASE))
        for number in range(1, 4):
            again = uploaded(sequencer=pad_sequencer(f"A{number}"))
            seen = moved(fail(moved(lifecycle.claim(seen, again, LEASE, now=NOW)), LEASE))
        last = uploaded(sequencer=NEWER)
        assert lifecycle.claim(seen, last, LEASE, now=NOW) is Refusal.REPLACED_TOO_OFTEN

    def test_upkeep_finishes_an_unfinished_video_that_was_replaced_too_often(self) -> None:
        worn_out = replace(claimed(), replacements=MAX_REPLACEMENTS)
        newest = uploaded(etag="b", sequencer=NEWER)
        refused = lifecycle.claim(worn_out, newest, OTHER_LEASE, now=NOW)
        assert refused is Refusal.REPLACED_TOO_OFTEN
        released = moved(lifecycle.release(worn_out, LEASE, now=NOW))
        found = lifecycle.found_upload(released, replace(newest.source, sequencer=""))
        taken = moved(lifecycle.claim(released, found, OTHER_LEASE, now=NOW))
        assert (taken.source and taken.source.etag, taken.attempts) == ("b", 2)

    def test_an_attempt_after_a_crash_is_no_replacement(self) -> None:
        again = moved(lifecycle.claim(claimed(), uploaded(), LEASE, now=LEASE.until))
        assert again.replacements == 0


class TestLearnOrder:
    def test_from_a_duplicate_of_a_later_write(self) -> None:
        learned = lifecycle.learn_order(done_video(), uploaded(sequencer=NEWER))
        assert learned == replace(done_video(), source=replace(LARGER, sequencer=NEWER))

    def test_an_upload_before_it_is_then_known_as_older(self) -> None:
        unordered = moved(lifecycle.claim(pending(), uploaded(sequencer=""), LEASE, now=NOW))
        done = moved(complete(unordered))
        assert lifecycle.claim(done, uploaded(), LEASE, now=NOW) is Refusal.DUPLICATE
        learned = lifecycle.learn_order(done, uploaded())
        older = uploaded(etag="b", sequencer=OLDER)
        assert moved(lifecycle.claim(done, older, LEASE, now=NOW))
        assert lifecycle.claim(learned, older, LEASE, now=NOW) is Refusal.SUPERSEDED

    @pytest.mark.parametrize(
        ("seen", "event"),
        [
            (done_video(), uploaded(etag="b", sequencer=NEWER)),
            (done_video(), uploaded(sequencer=OLDER)),
            (done_video(), uploaded(sequencer="")),
            (pending(), uploaded()),
        ],
    )
    def test_from_nothing_else(self, seen: Video, event: UploadedObject) -> None:
        assert lifecycle.learn_order(seen, event) is seen


WEBHOOK = Webhook("msg", due_at=NOW)


def complete(seen: Video, lease: Lease = LEASE) -> Video | Refusal:
    return lifecycle.complete(
        seen, lease, media=media(), thumbnail=thumbnail(), processing=processing(), webhook=WEBHOOK
    )


def fail(seen: Video, lease: Lease = LEASE) -> Video | Refusal:
    return lifecycle.fail(seen, lease, error=failure(), processing=processing(), webhook=WEBHOOK)


class TestTheWorker:
    def test_completes(self) -> None:
        done = moved(complete(claimed()))
        assert (done.status, done.media, done.thumbnail) == (Status.DONE, media(), thumbnail())
        assert (done.lease, done.claimable_at, done.error, done.webhook) == (
            *(None, None, None),
            WEBHOOK,
        )
        assert (done.updated_at, done.processing) == (processing().finished_at, processing())

    def test_completes_after_its_lease_while_no_other_has_claimed(self) -> None:
        assert moved(complete(claimed(lease=Lease("mine", CREATED)))).status is Status.DONE

    def test_fails(self) -> None:
        failed = moved(fail(replace(claimed(), thumbnail=thumbnail())))
        assert (failed.status, failed.error, failed.webhook) == (
            Status.FAILED,
            failure(),
            WEBHOOK,
        )
        assert (failed.media, failed.thumbnail, failed.lease, failed.claimable_at) == (None,) * 4

    def test_gives_its_lease_back(self) -> None:
        released = moved(lifecycle.release(claimed(), LEASE, now=NOW))
        assert moved(lifecycle.claim(released, uploaded(), LEASE, now=NOW)).attempts == 2
        # MongoDB may carry out a request that its worker has waited for in vain.
        assert complete(released) is Refusal.SUPERSEDED
        assert fail(released) is Refusal.SUPERSEDED

    def test_completes_once_although_the_driver_repeats_the_write(self) -> None:
        done = moved(complete(claimed()))
        assert complete(done) is done

    @pytest.mark.parametrize(
        "seen",
        [
            pending(),
            replace(done_video(), thumbnail=thumbnail("thumbnails/other.jpg")),
            claimed(lease=Lease("x", NOW)),
        ],
    )
    def test_moves_nothing_without_its_lease(self, seen: Video) -> None:
        assert complete(seen) is Refusal.SUPERSEDED
        assert fail(seen) is Refusal.SUPERSEDED
        assert lifecycle.release(seen, LEASE, now=NOW) is Refusal.SUPERSEDED


class TestAWorkerWithoutEvents:
    def test_it_looks_for_an_upload_again_after_an_eighth_of_the_wait(self) -> None:
        seen = replace(pending(), updated_at=NOW - timedelta(seconds=80), claimable_at=NOW)
        postponed = moved(lifecycle.postpone(seen, now=NOW))
        assert postponed == replace(seen, claimable_at=NOW + timedelta(seconds=10))

    def test_a_released_video_waits_for_its_next_attempt(self) -> None:
        released = moved(lifecycle.release(claimed(), LEASE, now=NOW))
        postponed = moved(lifecycle.postpone(released, now=NOW))
        assert postponed.claimable_at == NOW + timedelta(seconds=30)

    def test_it_postpones_no_video_that_it_may_not_take_up(self) -> None:
        for seen in (claimed(), done_video(), failed_video()):
            assert lifecycle.postpone(seen, now=NOW) is Refusal.BUSY


class TestPeopleAndUpkeep:
    def test_a_failed_video_is_retried_with_all_attempts(self) -> None:
        worn_out = replace(failed_video(), attempts=MAX_ATTEMPTS, webhook=WEBHOOK)
        again = moved(lifecycle.retry(worn_out, now=NOW))
        assert (again.status, again.attempts, again.error) == (Status.PENDING, 0, None)
        assert (again.webhook, again.processing, again.source) == (None, None, worn_out.source)
        assert (again.lease, again.claimable_at, again.updated_at) == (None, NOW, NOW)
        for attempt in range(1, MAX_ATTEMPTS + 1):
            again = moved(lifecycle.claim(again, uploaded(), LEASE, now=NOW))
            assert again.attempts == attempt
            again = moved(lifecycle.release(again, LEASE, now=NOW))
        assert lifecycle.claim(again, uploaded(), LEASE, now=NOW) is Refusal.EXHAUSTED

    def test_a_retry_takes_the_lease_of_a_worker_that_was_slow_to_fail(self) -> None:
        failed = lifecycle.fail_stuck(claimed(), error=failure(), webhook=None, now=NOW)
        again = moved(lifecycle.retry(failed, now=NOW))
        assert complete(again) is Refusal.SUPERSEDED
        taken = moved(lifecycle.claim(again, uploaded(), OTHER_LEASE, now=NOW))
        assert complete(taken) is Refusal.SUPERSEDED

    def test_a_retry_keeps_the_order_of_uploads(self) -> None:
        again = moved(lifecycle.retry(failed_video(), now=NOW))
        found = lifecycle.found_upload(again, Source("b", 7, ""))
        done = moved(complete(moved(lifecycle.claim(again, found, LEASE, now=NOW))))
        assert lifecycle.claim(done, uploaded(), LEASE, now=NOW) is Refusal.DUPLICATE
        newest = uploaded(etag="c", sequencer=NEWER)
        assert moved(lifecycle.claim(done, newest, LEASE, now=NOW)).source == newest.source

    def test_a_video_that_was_never_claimed_is_retried(self) -> None:
        again = moved(lifecycle.retry(video(status=Status.FAILED, error=failure()), now=NOW))
        found = lifecycle.found_upload(again, Source("etag", 7, ""))
        assert moved(lifecycle.claim(again, found, LEASE, now=NOW)).attempts == 1

    @pytest.mark.parametrize("seen", [pending(), claimed(), done_video()])
    def test_no_other_is_retried(self, seen: Video) -> None:
        assert lifecycle.retry(seen, now=NOW) is Refusal.NOT_FAILED

    def test_a_done_video_is_reprocessed_and_keeps_its_result_until_the_new_one(self) -> None:
        done = moved(complete(claimed()))
        again = moved(lifecycle.reprocess(replace(done, attempts=MAX_ATTEMPTS), now=NOW))
        assert (again.status, again.attempts, again.webhook) == (Status.PENDING, 0, None)
        assert (again.claimable_at, again.updated_at) == (NOW, NOW)
        taken = moved(lifecycle.claim(again, uploaded(), OTHER_LEASE, now=NOW))
        for seen in (again, taken):
            assert seen.has_result
            assert (seen.media, seen.thumbnail) == (done.media, done.thumbnail)
            assert seen.processing == done.processing
        better = replace(thumbnail(), key="better")
        finished = lifecycle.complete(
            taken,
            OTHER_LEASE,
            media=media(),
            thumbnail=better,
            processing=processing(),
            webhook=WEBHOOK,
        )
        assert (moved(finished).thumbnail, moved(finished).webhook) == (better, WEBHOOK)

    def test_reprocessing_that_fails_leaves_the_old_result(self) -> None:
        done = moved(complete(claimed()))
        again = moved(lifecycle.reprocess(done, now=NOW))
        taken = moved(lifecycle.claim(again, uploaded(), OTHER_LEASE, now=NOW))
        for kept in (
            moved(fail(taken, OTHER_LEASE)),
            lifecycle.fail_stuck(taken, error=failure(), webhook=WEBHOOK, now=NOW),
            lifecycle.fail_stuck(again, error=failure(), webhook=WEBHOOK, now=NOW),
        ):
            assert (kept.status, kept.error, kept.webhook) == (Status.DONE, None, WEBHOOK)
            assert (kept.media, kept.thumbnail) == (done.media, done.thumbnail)
            assert (kept.processing, kept.lease, kept.claimable_at) == (done.processing, None, None)

    @pytest.mark.parametrize("sequencer", [NEWER, uploaded().source.sequencer])
    def test_other_bytes_do_not_keep_the_result(self, sequencer: str) -> None:
        """Not even those that upkeep found, whose event has the place of the old ones."""
        again = moved(lifecycle.reprocess(moved(complete(claimed())), now=NOW))
        newer = uploaded(etag="b", sequencer=sequencer)
        taken = moved(lifecycle.claim(again, newer, OTHER_LEASE, now=NOW))
        assert not taken.has_result
        assert moved(fail(taken, OTHER_LEASE)).status is Status.FAILED

    def test_no_upload_is_signed_for_a_video_that_is_reprocessed(self) -> None:
        again = moved(lifecycle.reprocess(done_video(), now=NOW))
        assert lifecycle.extend_upload(again, now=NOW) is Refusal.NOT_PENDING

    @pytest.mark.parametrize("seen", [pending(), claimed(), failed_video()])
    def test_no_other_is_reprocessed(self, seen: Video) -> None:
        assert lifecycle.reprocess(seen, now=NOW) is Refusal.NOT_DONE

    def test_a_claim_forgets_replays(self) -> None:
        replayed = lifecycle.replay(pending(), now=NOW)
        assert (replayed.replays, replayed.updated_at) == (1, NOW)
        assert claimed(replayed).replays == 0

    def test_what_is_stuck_fails_without_a_worker(self) -> None:
        newer = uploaded(etag="b", sequencer=NEWER)
        taken = moved(lifecycle.claim(done_video(), newer, LEASE, now=NOW))
        seen = replace(taken, replays=3)
        failed = lifecycle.fail_stuck(seen, error=failure(), webhook=WEBHOOK, now=NOW)
        assert (failed.status, failed.error, failed.replays) == (Status.FAILED, failure(), 0)
        assert (failed.lease, failed.claimable_at, failed.media, failed.thumbnail) == (None,) * 4
        assert (failed.processing, failed.webhook, failed.updated_at) == (None, WEBHOOK, NOW)
        assert complete(failed) is Refusal.SUPERSEDED, "the worker was not dead after all"
        assert lifecycle.claim(failed, newer, LEASE, now=NOW) is Refusal.DUPLICATE

    def test_a_later_write_of_the_same_bytes_has_an_event_of_its_own(self) -> None:
        later = lifecycle.learn_order(claimed(), uploaded(sequencer=NEWER))
        after = LEASE.until + timedelta(seconds=1)
        assert lifecycle.is_abandoned(claimed(), uploaded(), failed_at=after)
        assert not lifecycle.is_abandoned(later, uploaded(), failed_at=after)


class TestQuota:
    """A video counts until its object is gone."""

    @pytest.mark.parametrize(
        ("code", "counts"),
        [
            ("size_mismatch", False),
            ("too_large", False),
            ("too_long", False),
            ("source_gone", False),
            ("upload_expired", False),
            ("corrupt", True),
            ("timed_out", True),
            ("retries_exhausted", True),
        ],
    )
    def test_counts_a_failed_video_while_it_has_its_object(
        self, code: str, *, counts: bool
    ) -> None:
        error = Failure(code, "Text.", retryable=False)
        assert claimed().charged
        failed = lifecycle.fail_stuck(claimed(), error=error, webhook=None, now=NOW)
        assert failed.charged is counts
        by_worker = lifecycle.fail(
            claimed(), LEASE, error=error, processing=processing(), webhook=None
        )
        assert isinstance(by_worker, Video)
        assert by_worker.charged is counts

    @pytest.mark.parametrize(("code", "counts"), [("too_long", True), ("source_gone", False)])
    def test_counts_a_reprocessed_video_whose_object_stays(
        self, code: str, *, counts: bool
    ) -> None:
        again = lifecycle.reprocess(done_video(), now=NOW)
        assert isinstance(again, Video)
        error = Failure(code, "Text.", retryable=False)
        kept = lifecycle.fail_stuck(again, error=error, webhook=None, now=NOW)
        assert (kept.status, kept.charged) == (Status.DONE, counts)

    def test_counts_a_late_upload_again(self) -> None:
        expired = replace(failed_video(), charged=False, source=None)
        moved = lifecycle.claim(expired, uploaded(), LEASE, now=NOW)
        assert isinstance(moved, Video)
        assert moved.charged


SETTINGS, OTHER = lifecycle.SETTINGS_RECEIVER, "rcv_other"
DELIVERY = Delivery(SETTINGS, due_at=NOW)
ALL_ATTEMPTS = len(lifecycle.WEBHOOK_DELAYS) + 1


def told(*deliveries: Delivery, webhook: Webhook = WEBHOOK) -> Video:
    return replace(done_video(), webhook=replace(webhook, deliveries=deliveries))


def begin(video: Video, receiver: str = SETTINGS, *wanted_by: str) -> Webhook:
    wanted_by = wanted_by or (SETTINGS, OTHER)
    begun = moved(lifecycle.begin_delivery(video, receiver, wanted_by=wanted_by, now=NOW)).webhook
    assert begun
    return begun


class TestWebhook:
    def test_the_first_attempt_plans_the_deliveries_to_all_receivers(self) -> None:
        due_at = NOW + lifecycle.DELIVERY_TIME
        assert begin(told()) == replace(
            WEBHOOK,
            attempts=1,
            due_at=NOW,
            deliveries=(Delivery(SETTINGS, due_at, attempts=1), Delivery(OTHER, NOW)),
        )

    def test_an_attempt_is_counted_before_it_is_made(self) -> None:
        begun = begin(told(DELIVERY), SETTINGS)
        due_at = NOW + lifecycle.DELIVERY_TIME
        assert (begun.due_at, begun.attempts) == (due_at, 1)
        assert lifecycle.has_begun(begun, SETTINGS, now=NOW)
        again = lifecycle.begin_delivery(
            told(*begun.deliveries, webhook=begun), SETTINGS, wanted_by=[SETTINGS], now=NOW
        )
        assert again is Refusal.ANOTHER_ATTEMPT

    def test_attempts_of_release_0_1_were_for_the_receiver_of_the_settings(self) -> None:
        begun = begin(told(webhook=replace(WEBHOOK, attempts=3)), OTHER)
        assert [one.attempts for one in begun.deliveries] == [3, 1]

    def test_a_receiver_that_wants_it_no_more_gets_no_further_attempt(self) -> None:
        delivered = Delivery(SETTINGS, attempts=1, delivered_at=NOW)
        begun = begin(told(delivered, Delivery(OTHER, NOW, attempts=1)), "", SETTINGS)
        assert begun.deliveries == (delivered,)
        assert (begun.due_at, begun.delivered_at) == (None, NOW)

    def test_a_result_that_no_receiver_wants_is_not_due(self) -> None:
        begun = moved(lifecycle.begin_delivery(told(), "", wanted_by=[], now=NOW)).webhook
        assert begun
        assert begun == replace(WEBHOOK, due_at=None)
        assert not begun.has_receiver

    @pytest.mark.parametrize(
        ("due_at", "due"),
        [
            (None, False),
            (NOW, True),
            (NOW + lifecycle.CLOCK_SKEW, True),
            (NOW + timedelta(seconds=3), False),
        ],
    )
    def test_is_due_by_a_clock_that_may_be_slow(
        self, due_at: datetime | None, *, due: bool
    ) -> None:
        assert lifecycle.is_due(replace(WEBHOOK, due_at=due_at), now=NOW) is due

    def test_a_last_attempt_that_was_interrupted_is_not_made_again(self) -> None:
        last = replace(DELIVERY, attempts=ALL_ATTEMPTS)
        given_up = begin(told(last))
        assert given_up.deliveries == (replace(last, due_at=None),)
        assert not lifecycle.has_begun(given_up, SETTINGS, now=NOW)

    @pytest.mark.parametrize("status", [200, 299])
    def test_a_receiver_accepts(self, status: int) -> None:
        after = lifecycle.after_answer(replace(DELIVERY, attempts=1), status, now=NOW)
        assert after == Delivery(SETTINGS, None, 1, last_status=status, delivered_at=NOW)

    @pytest.mark.parametrize("status", [None, 199, 302, 500])
    def test_a_receiver_does_not_accept(self, status: int | None) -> None:
        begun = replace(DELIVERY, attempts=2)
        after = lifecycle.after_answer(begun, status, now=NOW)
        assert after == replace(begun, due_at=NOW + timedelta(minutes=5), last_status=status)
        last = replace(DELIVERY, attempts=ALL_ATTEMPTS)
        assert lifecycle.after_answer(last, status, now=NOW).due_at is None

    def test_a_receiver_that_is_gone_gets_no_further_attempt(self) -> None:
        begun = replace(DELIVERY, attempts=1)
        after = lifecycle.after_answer(begun, 410, now=NOW, retry_after=timedelta(minutes=10))
        assert after == replace(begun, due_at=None, last_status=410)

    @pytest.mark.parametrize(
        ("attempts", "asked", "waited"),
        [
            (1, timedelta(seconds=4), timedelta(seconds=5)),
            (1, timedelta(hours=2), timedelta(hours=2)),
            (6, timedelta(hours=2), timedelta(hours=10)),
            (1, timedelta(days=9), timedelta(days=1)),
        ],
    )
    def test_a_receiver_may_postpone_the_next_attempt(
        self, attempts: int, asked: timedelta, waited: timedelta
    ) -> None:
        begun = replace(DELIVERY, attempts=attempts)
        assert lifecycle.after_answer(begun, 429, now=NOW, retry_after=asked).due_at == NOW + waited

    def test_a_result_is_recorded_for_its_own_attempt_only(self) -> None:
        begun = replace(DELIVERY, attempts=1)
        after = lifecycle.after_answer(begun, 204, now=NOW)
        ended = moved(lifecycle.end_delivery(told(begun), "msg", begun, after)).webhook
        assert ended == Webhook("msg", None, 1, 204, NOW, (after,))
        for other in (
            done_video(),
            told(replace(begun, attempts=2)),
            told(begun, webhook=replace(WEBHOOK, id="msg_2")),
            told(replace(begun, receiver=OTHER)),
        ):
            outcome = lifecycle.end_delivery(other, "msg", begun, after)
            assert outcome is Refusal.ANOTHER_ATTEMPT

    def test_it_is_delivered_when_all_receivers_have_accepted_it(self) -> None:
        waiting = Delivery(OTHER, NOW + timedelta(hours=2), attempts=4, last_status=500)
        begun = replace(DELIVERY, attempts=1)
        after = lifecycle.after_answer(begun, 204, now=NOW)
        ended = moved(lifecycle.end_delivery(told(begun, waiting), "msg", begun, after)).webhook
        assert ended == Webhook("msg", waiting.due_at, 4, 204, None, (after, waiting))

    def test_a_delivery_of_the_present_result_can_be_made_again(self) -> None:
        given_up = Delivery(OTHER, None, ALL_ATTEMPTS, 500)
        delivered = Delivery(SETTINGS, None, 1, 204, NOW)
        video = told(delivered, given_up, webhook=replace(WEBHOOK, due_at=None))
        again = moved(lifecycle.deliver_again(video, "msg", OTHER, now=NOW)).webhook
        assert again
        assert again.deliveries == (delivered, Delivery(OTHER, NOW))
        assert (again.due_at, again.delivered_at) == (NOW, None)
        for video_id, webhook_id, receiver in (
            (video, "msg_2", OTHER),
            (video, "msg", "rcv_3"),
            (done_video(), "msg", OTHER),
        ):
            outcome = lifecycle.deliver_again(video_id, webhook_id, receiver, now=NOW)
            assert isinstance(outcome, Refusal)

    def test_without_a_webhook_there_is_no_attempt(self) -> None:
        outcome = lifecycle.begin_delivery(done_video(), SETTINGS, wanted_by=[], now=NOW)
        assert outcome is Refusal.ANOTHER_ATTEMPT


def same_bytes(seen: Video, event: UploadedObject) -> bool:
    return seen.source is not None and seen.source.etag == event.source.etag


class Life(RuleBasedStateMachine):
    """One video: uploads, workers that overlap, people and upkeep, in any order."""

    def __init__(self) -> None:
        super().__init__()
        self.video = pending()
        self.now = CREATED
        self.writes = 0
        self.leases: list[tuple[Lease, Source]] = []
        self.done_with = ""

    @rule(seconds=st.integers(0, 300))
    def time_passes(self, seconds: int) -> None:
        self.now += timedelta(seconds=seconds)

    @rule()
    def the_client_uploads(self) -> None:
        self.writes += 1

    @rule(write=st.integers(0, 5), ordered=st.booleans())
    def an_event_comes(self, write: int, ordered: bool) -> None:  # noqa: FBT001 (Hypothesis)
        write = min(write, self.writes)
        if not write or (not ordered and write != self.writes):
            return  # without an order, storage itself says which upload is current
        sequencer = pad_sequencer(f"{write:04X}") if ordered else ""
        event = uploaded(etag=f"e{write}", sequencer=sequencer)
        before = self.video
        lease = Lease(f"lease{len(self.leases)}", self.now + timedelta(seconds=150))
        outcome = lifecycle.claim(before, event, lease, now=self.now)
        if isinstance(outcome, Refusal):
            self.video = lifecycle.learn_order(before, event)
            return
        assert outcome.has_result == (before.has_result and same_bytes(before, event))
        live = before.lease is not None and before.lease.until > self.now
        same = same_bytes(before, event)
        assert not (live and same), "two workers for one upload"
        assert not (before.status is Status.DONE and same), "done again for the same bytes"
        assert before.replacements <= outcome.replacements <= MAX_REPLACEMENTS
        self.video = outcome
        self.leases.append((lease, event.source))

    @rule(worker=st.integers(0, 20), how=st.sampled_from(["complete", "fail", "release"]))
    def a_worker_ends(self, worker: int, how: str) -> None:
        if worker >= len(self.leases):
            return
        lease, source = self.leases[worker]
        outcome: Video | Refusal
        if how == "release":
            outcome = lifecycle.release(self.video, lease, now=self.now)
        else:
            outcome = (complete if how == "complete" else fail)(self.video, lease)
        if isinstance(outcome, Refusal) or outcome == self.video:
            return  # the worker has no lease, or repeats the save of its own result
        assert self.video.lease
        assert self.video.lease.token == lease.token
        assert self.video.source
        assert self.video.source.etag == source.etag
        self.video = outcome

    @rule()
    def a_worker_without_events_postpones(self) -> None:
        outcome = lifecycle.postpone(self.video, now=self.now)
        if isinstance(outcome, Video):
            self.video = outcome

    @rule()
    def a_person_retries(self) -> None:
        outcome = lifecycle.retry(self.video, now=self.now)
        if isinstance(outcome, Video):
            self.video = outcome

    @rule()
    def an_operator_reprocesses(self) -> None:
        outcome = lifecycle.reprocess(self.video, now=self.now)
        if isinstance(outcome, Video):
            self.video = outcome

    @rule()
    def upkeep_gives_up(self) -> None:
        lapsed = self.video.claimable_at is not None and self.video.claimable_at <= self.now
        if not self.video.status.finished and lapsed:
            error = failure() if self.video.source else UPLOAD_EXPIRED.failure()
            self.video = lifecycle.fail_stuck(self.video, error=error, webhook=None, now=self.now)

    @invariant()
    def the_record_is_consistent(self) -> None:
        video = self.video
        assert (video.claimable_at is None) == video.status.finished
        assert (video.lease is not None) == (video.status is Status.PROCESSING)
        assert (video.error is not None) == (video.status is Status.FAILED)
        assert video.has_result >= (video.status is Status.DONE)
        assert not (video.has_result and video.status is Status.FAILED)
        assert (video.source is not None) == bool(self.leases), "the order of writes is kept"
        assert 0 <= video.attempts <= MAX_ATTEMPTS
        never_uploaded = video.status is Status.FAILED and video.source is None
        assert (video.remove_at is not None) == never_uploaded, "no upload and no result is removed"


def test_the_record_is_consistent_whatever_happens() -> None:
    run_state_machine_as_test(
        Life, settings=settings(max_examples=500, stateful_step_count=30, deadline=None)
    )
