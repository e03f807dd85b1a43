"""The rules of workers without events."""

from dataclasses import replace
from datetime import timedelta

from functions.core.lifecycle import attempts, polling
from functions.core.lifecycle.moves import Refusal
from tests.examples import done_video, failed_video
from tests.steps import LEASE, NOW, claimed, moved, pending


class TestAWorkerWithoutEvents:
    def test_it_looks_for_an_upload_again_after_an_eighth_of_the_wait(self) -> None:
        seen = replace(pending(), updated_at=NOW - timedelta(seconds=80), claimable_at=NOW)
        postponed = moved(polling.postpone(seen, now=NOW))
        assert postponed == replace(seen, claimable_at=NOW + timedelta(seconds=10))

    def test_a_released_video_waits_for_its_next_attempt(self) -> None:
        released = moved(attempts.release(claimed(), LEASE, now=NOW))
        postponed = moved(polling.postpone(released, now=NOW))
        assert postponed.claimable_at == NOW + timedelta(seconds=30)

    def test_it_postpones_no_video_that_it_may_not_take_up(self) -> None:
        for seen in (claimed(), done_video(), failed_video()):
            assert polling.postpone(seen, now=NOW) is Refusal.BUSY
