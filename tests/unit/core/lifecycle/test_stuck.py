"""The rules of videos that no event moves."""

from dataclasses import replace
from datetime import timedelta

from functions.core.failures import UPLOAD_EXPIRED
from functions.core.lifecycle import attempts, replays, restarts, stuck
from functions.core.lifecycle.moves import Refusal
from functions.core.video import Status
from tests.examples import done_video, failure, uploaded
from tests.steps import LEASE, NEWER, NOW, WEBHOOK, claimed, complete, expired, moved, pending


class TestStuck:
    def test_a_claim_forgets_replays(self) -> None:
        replayed = replays.replay(pending(), now=NOW)
        assert (replayed.replays, replayed.updated_at) == (1, NOW)
        assert claimed(replayed).replays == 0

    def test_what_is_stuck_fails_without_a_worker(self) -> None:
        newer = uploaded(etag="b", sequencer=NEWER)
        taken = moved(attempts.claim(done_video(), newer, LEASE, now=NOW))
        seen = replace(taken, replays=3)
        failed = stuck.fail_stuck(seen, error=failure(), webhook=WEBHOOK, now=NOW)
        assert (failed.status, failed.error, failed.replays) == (Status.FAILED, failure(), 0)
        assert (failed.lease, failed.claimable_at, failed.media, failed.thumbnail) == (None,) * 4
        assert (failed.processing, failed.webhook, failed.updated_at) == (None, WEBHOOK, NOW)
        assert complete(failed) is Refusal.SUPERSEDED, "the worker was not dead after all"
        assert attempts.claim(failed, newer, LEASE, now=NOW) is Refusal.DUPLICATE

    def test_a_later_write_of_the_same_bytes_has_an_event_of_its_own(self) -> None:
        later = attempts.learn_order(claimed(), uploaded(sequencer=NEWER))
        after = LEASE.until + timedelta(seconds=1)
        assert stuck.is_abandoned(claimed(), uploaded(), failed_at=after)
        assert not stuck.is_abandoned(later, uploaded(), failed_at=after)


class TestExpired:
    def test_an_expired_announcement_is_removed_after_a_week(self) -> None:
        assert expired().remove_at == NOW + timedelta(days=7)

    def test_an_announcement_that_is_alive_again_is_not_removed(self) -> None:
        assert moved(restarts.await_upload_again(expired(), now=NOW)).remove_at is None
        assert claimed(expired()).remove_at is None

    def test_a_video_with_an_upload_or_a_result_is_not_removed(self) -> None:
        error = UPLOAD_EXPIRED.failure()
        for seen in (claimed(), moved(restarts.reprocess(done_video(), now=NOW))):
            failed = stuck.fail_stuck(seen, error=error, webhook=None, now=NOW)
            assert failed.remove_at is None
