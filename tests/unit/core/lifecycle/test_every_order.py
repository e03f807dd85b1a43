"""The rules of a video's life in every order that thousands of tries find."""

from datetime import timedelta

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

from functions.core.failures import UPLOAD_EXPIRED
from functions.core.lifecycle import attempts, polling, restarts, stuck
from functions.core.lifecycle.attempts import MAX_REPLACEMENTS
from functions.core.lifecycle.moves import Refusal
from functions.core.s3_event import pad_sequencer
from functions.core.video import MAX_ATTEMPTS, Lease, Source, Status, UploadedObject, Video
from tests.examples import CREATED, failure, uploaded
from tests.steps import complete, fail, pending


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
        outcome = attempts.claim(before, event, lease, now=self.now)
        if isinstance(outcome, Refusal):
            self.video = attempts.learn_order(before, event)
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
            outcome = attempts.release(self.video, lease, now=self.now)
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
        outcome = polling.postpone(self.video, now=self.now)
        if isinstance(outcome, Video):
            self.video = outcome

    @rule()
    def a_person_retries(self) -> None:
        outcome = restarts.retry(self.video, now=self.now)
        if isinstance(outcome, Video):
            self.video = outcome

    @rule()
    def an_operator_reprocesses(self) -> None:
        outcome = restarts.reprocess(self.video, now=self.now)
        if isinstance(outcome, Video):
            self.video = outcome

    @rule()
    def upkeep_gives_up(self) -> None:
        lapsed = self.video.claimable_at is not None and self.video.claimable_at <= self.now
        if not self.video.status.finished and lapsed:
            error = failure() if self.video.source else UPLOAD_EXPIRED.failure()
            self.video = stuck.fail_stuck(self.video, error=error, webhook=None, now=self.now)

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
