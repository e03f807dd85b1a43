"""The rules of a worker's attempt."""

from dataclasses import replace
from datetime import datetime

import pytest

from functions.core.lifecycle import attempts, replays
from functions.core.lifecycle.attempts import MAX_REPLACEMENTS
from functions.core.lifecycle.moves import Refusal
from functions.core.s3_event import pad_sequencer
from functions.core.video import MAX_ATTEMPTS, Lease, Source, Status, UploadedObject, Video, Webhook
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
from tests.steps import (
    LEASE,
    NEWER,
    NOW,
    OLDER,
    OTHER_LEASE,
    WEBHOOK,
    claimed,
    complete,
    fail,
    moved,
    pending,
)

LARGER = uploaded(size=2000).source
"""The source of `done_video`."""


class TestClaim:
    def test_a_finished_status_and_an_event_without_order_need_the_current_object(self) -> None:
        assert attempts.needs_current_object(done_video(), uploaded(), claimed())
        assert not attempts.needs_current_object(done_video(), uploaded(), Refusal.DUPLICATE)
        assert not attempts.needs_current_object(pending(), uploaded(), claimed())
        without_order = uploaded(sequencer="")
        for outcome in (claimed(), Refusal.BUSY):
            assert attempts.needs_current_object(pending(), without_order, outcome)

    def test_a_pending_video(self) -> None:
        taken = claimed()
        assert (taken.status, taken.attempts, taken.lease) == (Status.PROCESSING, 1, LEASE)
        assert taken.source == uploaded().source
        assert taken.claimable_at == LEASE.until

    @pytest.mark.parametrize("seen", [None, video(video_id="0" * 24)])
    def test_no_video_of_this_key(self, seen: Video | None) -> None:
        outcome = attempts.claim(seen, uploaded(), LEASE, now=NOW)
        assert outcome is Refusal.UNKNOWN

    def test_a_live_lease(self) -> None:
        outcome = attempts.claim(claimed(), uploaded(), LEASE, now=NOW)
        assert outcome is Refusal.BUSY

    def test_a_lapsed_lease(self) -> None:
        again = moved(attempts.claim(claimed(), uploaded(), LEASE, now=LEASE.until))
        assert again.attempts == 2

    def test_the_last_attempt_is_the_last(self) -> None:
        worn_out = replace(claimed(), attempts=MAX_ATTEMPTS)
        outcome = attempts.claim(worn_out, uploaded(), LEASE, now=LEASE.until)
        assert outcome is Refusal.EXHAUSTED

    @pytest.mark.parametrize("seen", [claimed(), done_video(), failed_video()])
    def test_a_newer_upload_takes_even_a_live_lease(self, seen: Video) -> None:
        worn_out = replace(seen, attempts=MAX_ATTEMPTS)
        newer = uploaded(etag="b", sequencer=NEWER)
        taken = moved(attempts.claim(worn_out, newer, OTHER_LEASE, now=NOW))
        assert (taken.status, taken.attempts) == (Status.PROCESSING, 1)
        assert (taken.source, taken.lease) == (newer.source, OTHER_LEASE)
        assert complete(taken) is Refusal.SUPERSEDED, "the older worker has lost its lease"

    def test_upkeep_s_event_keeps_the_lease_when_s3_s_own_follows_it(self) -> None:
        unordered = moved(attempts.claim(pending(), uploaded(sequencer=""), LEASE, now=NOW))
        assert attempts.claim(unordered, uploaded(), OTHER_LEASE, now=NOW) is Refusal.BUSY

    def test_without_sequencers_other_bytes_are_newer(self) -> None:
        unordered = uploaded(sequencer="")
        taken = moved(attempts.claim(pending(), unordered, LEASE, now=NOW))
        done = moved(complete(taken))
        other = uploaded(etag="b", sequencer="")
        assert attempts.claim(done, unordered, LEASE, now=NOW) is Refusal.DUPLICATE
        for seen in (taken, done):
            assert moved(attempts.claim(seen, other, LEASE, now=NOW)).source == other.source

    def test_an_event_of_the_bytes_that_upkeep_found_replaced_is_not_newer(self) -> None:
        """Upkeep's event has the place of what was claimed before it."""
        released = moved(attempts.release(claimed(), LEASE, now=NOW))
        found = replays.found_upload(released, Source("b", 7, ""))
        taken = moved(attempts.claim(released, found, LEASE, now=NOW))
        assert attempts.claim(taken, uploaded(), OTHER_LEASE, now=NOW) is Refusal.BUSY
        done = moved(complete(taken))
        assert attempts.claim(done, uploaded(), OTHER_LEASE, now=NOW) is Refusal.DUPLICATE
        newest = uploaded(etag="c", sequencer=NEWER)
        assert moved(attempts.claim(done, newest, LEASE, now=NOW)).source == newest.source

    @pytest.mark.parametrize("seen", [claimed(), done_video(), failed_video()])
    @pytest.mark.parametrize("now", [NOW, LEASE.until])
    def test_an_older_upload_is_superseded(self, seen: Video, now: datetime) -> None:
        older = uploaded(etag="b", sequencer=OLDER)
        assert attempts.claim(seen, older, OTHER_LEASE, now=now) is Refusal.SUPERSEDED

    @pytest.mark.parametrize("seen", [done_video(), failed_video()])
    def test_a_duplicate(self, seen: Video) -> None:
        assert attempts.claim(seen, uploaded(), LEASE, now=NOW) is Refusal.DUPLICATE

    def test_the_same_bytes_written_again_leave_a_done_video_alone(self) -> None:
        again = uploaded(sequencer=NEWER)
        assert attempts.claim(done_video(), again, LEASE, now=NOW) is Refusal.DUPLICATE
        assert moved(attempts.claim(failed_video(), again, LEASE, now=NOW)).attempts == 1

    def test_other_bytes_start_a_finished_video_again(self) -> None:
        told = replace(done_video(), webhook=Webhook("msg", due_at=NOW))
        newer = uploaded(etag="b", sequencer=NEWER)
        assert moved(attempts.claim(told, newer, LEASE, now=NOW)).webhook is None

    @pytest.mark.parametrize("event", [uploaded(), uploaded(sequencer="")])
    def test_a_file_that_came_too_late_is_processed(self, event: UploadedObject) -> None:
        expired = video(status=Status.FAILED, error=failure())
        taken = moved(attempts.claim(expired, event, LEASE, now=NOW))
        assert (taken.attempts, taken.error) == (1, None)

    def test_an_event_without_a_sequencer_keeps_the_known_order(self) -> None:
        unordered = uploaded(etag="b", sequencer="")
        taken = moved(attempts.claim(claimed(), unordered, LEASE, now=NOW))
        assert taken.source == Source("b", 1000, uploaded().source.sequencer)
        same = moved(attempts.claim(claimed(), uploaded(sequencer=""), LEASE, now=LEASE.until))
        assert same.source == uploaded().source

    def test_the_fourth_upload_that_replaces_a_finished_one_is_not_processed(self) -> None:
        seen = moved(complete(claimed()))
        for number in range(1, 4):
            newer = uploaded(etag=f"e{number}", sequencer=pad_sequencer(f"A{number}"))
            seen = moved(complete(moved(attempts.claim(seen, newer, LEASE, now=NOW))))
        assert seen.replacements == MAX_REPLACEMENTS == 3
        assert seen.source
        assert seen.source.etag == "e3"
        for etag in ("e4", "e3"):
            newest = uploaded(etag=etag, sequencer=NEWER)
            expected = Refusal.DUPLICATE if etag == "e3" else Refusal.REPLACED_TOO_OFTEN
            assert attempts.claim(seen, newest, LEASE, now=NOW) is expected

    def test_the_same_bad_bytes_are_not_processed_for_ever(self) -> None:
        seen = moved(fail(claimed(), LEASE))
        for number in range(1, 4):
            again = uploaded(sequencer=pad_sequencer(f"A{number}"))
            seen = moved(fail(moved(attempts.claim(seen, again, LEASE, now=NOW)), LEASE))
        last = uploaded(sequencer=NEWER)
        assert attempts.claim(seen, last, LEASE, now=NOW) is Refusal.REPLACED_TOO_OFTEN

    def test_upkeep_finishes_an_unfinished_video_that_was_replaced_too_often(self) -> None:
        worn_out = replace(claimed(), replacements=MAX_REPLACEMENTS)
        newest = uploaded(etag="b", sequencer=NEWER)
        refused = attempts.claim(worn_out, newest, OTHER_LEASE, now=NOW)
        assert refused is Refusal.REPLACED_TOO_OFTEN
        released = moved(attempts.release(worn_out, LEASE, now=NOW))
        found = replays.found_upload(released, replace(newest.source, sequencer=""))
        taken = moved(attempts.claim(released, found, OTHER_LEASE, now=NOW))
        assert (taken.source and taken.source.etag, taken.attempts) == ("b", 2)

    def test_an_attempt_after_a_crash_is_no_replacement(self) -> None:
        again = moved(attempts.claim(claimed(), uploaded(), LEASE, now=LEASE.until))
        assert again.replacements == 0


class TestLearnOrder:
    def test_from_a_duplicate_of_a_later_write(self) -> None:
        learned = attempts.learn_order(done_video(), uploaded(sequencer=NEWER))
        assert learned == replace(done_video(), source=replace(LARGER, sequencer=NEWER))

    def test_an_upload_before_it_is_then_known_as_older(self) -> None:
        unordered = moved(attempts.claim(pending(), uploaded(sequencer=""), LEASE, now=NOW))
        done = moved(complete(unordered))
        assert attempts.claim(done, uploaded(), LEASE, now=NOW) is Refusal.DUPLICATE
        learned = attempts.learn_order(done, uploaded())
        older = uploaded(etag="b", sequencer=OLDER)
        assert moved(attempts.claim(done, older, LEASE, now=NOW))
        assert attempts.claim(learned, older, LEASE, now=NOW) is Refusal.SUPERSEDED

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
        assert attempts.learn_order(seen, event) is seen


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
        released = moved(attempts.release(claimed(), LEASE, now=NOW))
        assert moved(attempts.claim(released, uploaded(), LEASE, now=NOW)).attempts == 2
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
        assert attempts.release(seen, LEASE, now=NOW) is Refusal.SUPERSEDED
