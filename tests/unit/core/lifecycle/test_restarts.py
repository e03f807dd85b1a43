"""The rules of retry and reprocess."""

from dataclasses import replace

import pytest

from functions.core.lifecycle import announcement, attempts, replays, restarts, stuck
from functions.core.lifecycle.moves import Refusal
from functions.core.video import MAX_ATTEMPTS, Source, Status, Video
from tests.examples import (
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
    OTHER_LEASE,
    WEBHOOK,
    claimed,
    complete,
    expired,
    fail,
    moved,
    pending,
)


class TestAwaitUploadAgain:
    def test_an_expired_upload_is_awaited_again(self) -> None:
        again = moved(restarts.await_upload_again(expired(), now=NOW))
        assert (again.status, again.error) == (Status.PENDING, None)

    @pytest.mark.parametrize("other", [video(), failed_video(), done_video()])
    def test_any_other_video_stays(self, other: Video) -> None:
        assert restarts.await_upload_again(other, now=NOW) is other


class TestRestarts:
    def test_a_failed_video_is_retried_with_all_attempts(self) -> None:
        worn_out = replace(failed_video(), attempts=MAX_ATTEMPTS, webhook=WEBHOOK)
        again = moved(restarts.retry(worn_out, now=NOW))
        assert (again.status, again.attempts, again.error) == (Status.PENDING, 0, None)
        assert (again.webhook, again.processing, again.source) == (None, None, worn_out.source)
        assert (again.lease, again.claimable_at, again.updated_at) == (None, NOW, NOW)
        for attempt in range(1, MAX_ATTEMPTS + 1):
            again = moved(attempts.claim(again, uploaded(), LEASE, now=NOW))
            assert again.attempts == attempt
            again = moved(attempts.release(again, LEASE, now=NOW))
        assert attempts.claim(again, uploaded(), LEASE, now=NOW) is Refusal.EXHAUSTED

    def test_a_retry_takes_the_lease_of_a_worker_that_was_slow_to_fail(self) -> None:
        failed = stuck.fail_stuck(claimed(), error=failure(), webhook=None, now=NOW)
        again = moved(restarts.retry(failed, now=NOW))
        assert complete(again) is Refusal.SUPERSEDED
        taken = moved(attempts.claim(again, uploaded(), OTHER_LEASE, now=NOW))
        assert complete(taken) is Refusal.SUPERSEDED

    def test_a_retry_keeps_the_order_of_uploads(self) -> None:
        again = moved(restarts.retry(failed_video(), now=NOW))
        found = replays.found_upload(again, Source("b", 7, ""))
        done = moved(complete(moved(attempts.claim(again, found, LEASE, now=NOW))))
        assert attempts.claim(done, uploaded(), LEASE, now=NOW) is Refusal.DUPLICATE
        newest = uploaded(etag="c", sequencer=NEWER)
        assert moved(attempts.claim(done, newest, LEASE, now=NOW)).source == newest.source

    def test_a_video_that_was_never_claimed_is_retried(self) -> None:
        again = moved(restarts.retry(video(status=Status.FAILED, error=failure()), now=NOW))
        found = replays.found_upload(again, Source("etag", 7, ""))
        assert moved(attempts.claim(again, found, LEASE, now=NOW)).attempts == 1

    @pytest.mark.parametrize("seen", [pending(), claimed(), done_video()])
    def test_no_other_is_retried(self, seen: Video) -> None:
        assert restarts.retry(seen, now=NOW) is Refusal.NOT_FAILED

    def test_a_done_video_is_reprocessed_and_keeps_its_result_until_the_new_one(self) -> None:
        done = moved(complete(claimed()))
        again = moved(restarts.reprocess(replace(done, attempts=MAX_ATTEMPTS), now=NOW))
        assert (again.status, again.attempts, again.webhook) == (Status.PENDING, 0, None)
        assert (again.claimable_at, again.updated_at) == (NOW, NOW)
        taken = moved(attempts.claim(again, uploaded(), OTHER_LEASE, now=NOW))
        for seen in (again, taken):
            assert seen.has_result
            assert (seen.media, seen.thumbnail) == (done.media, done.thumbnail)
            assert seen.processing == done.processing
        better = replace(thumbnail(), key="better")
        finished = attempts.complete(
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
        again = moved(restarts.reprocess(done, now=NOW))
        taken = moved(attempts.claim(again, uploaded(), OTHER_LEASE, now=NOW))
        for kept in (
            moved(fail(taken, OTHER_LEASE)),
            stuck.fail_stuck(taken, error=failure(), webhook=WEBHOOK, now=NOW),
            stuck.fail_stuck(again, error=failure(), webhook=WEBHOOK, now=NOW),
        ):
            assert (kept.status, kept.error, kept.webhook) == (Status.DONE, None, WEBHOOK)
            assert (kept.media, kept.thumbnail) == (done.media, done.thumbnail)
            assert (kept.processing, kept.lease, kept.claimable_at) == (done.processing, None, None)

    @pytest.mark.parametrize("sequencer", [NEWER, uploaded().source.sequencer])
    def test_other_bytes_do_not_keep_the_result(self, sequencer: str) -> None:
        """Not even those that upkeep found, whose event has the place of the old ones."""
        again = moved(restarts.reprocess(moved(complete(claimed())), now=NOW))
        newer = uploaded(etag="b", sequencer=sequencer)
        taken = moved(attempts.claim(again, newer, OTHER_LEASE, now=NOW))
        assert not taken.has_result
        assert moved(fail(taken, OTHER_LEASE)).status is Status.FAILED

    def test_no_upload_is_signed_for_a_video_that_is_reprocessed(self) -> None:
        again = moved(restarts.reprocess(done_video(), now=NOW))
        assert announcement.extend_upload(again, now=NOW) is Refusal.NOT_PENDING

    @pytest.mark.parametrize("seen", [pending(), claimed(), failed_video()])
    def test_no_other_is_reprocessed(self, seen: Video) -> None:
        assert restarts.reprocess(seen, now=NOW) is Refusal.NOT_DONE
