"""The rules of a video's life, one by one and in every order that thousands of tries find."""

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

from functions.core import lifecycle
from functions.core.lifecycle import MAX_ATTEMPTS, UPLOAD_WINDOW, Refusal
from functions.core.s3_event import pad_sequencer
from functions.core.video import Lease, Source, Status, UploadedObject, Video, Webhook
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
OLDER, NEWER = pad_sequencer("00"), pad_sequencer("FF")


def moved(outcome: Video | Refusal) -> Video:
    assert isinstance(outcome, Video), outcome
    return outcome


def claimed(seen: Video | None = None, lease: Lease = LEASE) -> Video:
    return moved(lifecycle.claim(seen or pending(), uploaded(), lease, now=NOW))


def pending() -> Video:
    return video()


class TestExtendUpload:
    def test_a_window_that_is_mostly_left_stays(self) -> None:
        seen = replace(pending(), upload=replace(pending().upload, expires_at=NOW + UPLOAD_WINDOW))
        assert lifecycle.extend_upload(seen, now=NOW) is seen

    def test_a_window_that_is_mostly_used_begins_again(self) -> None:
        extended = moved(lifecycle.extend_upload(pending(), now=NOW))
        assert extended.upload.expires_at == NOW + UPLOAD_WINDOW

    def test_an_upload_that_has_arrived_is_not_awaited(self) -> None:
        assert lifecycle.extend_upload(claimed(), now=NOW) is Refusal.NOT_PENDING


class TestClaim:
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

    def test_a_newer_upload_takes_a_live_lease(self) -> None:
        worn_out = replace(claimed(), attempts=MAX_ATTEMPTS)
        newer = uploaded(etag="b", sequencer=NEWER)
        taken = moved(lifecycle.claim(worn_out, newer, LEASE, now=NOW))
        assert (taken.attempts, taken.source) == (1, newer.source)

    @pytest.mark.parametrize("seen", [claimed(), done_video(), failed_video()])
    def test_an_older_upload_is_superseded(self, seen: Video) -> None:
        older = uploaded(etag="b", sequencer=OLDER)
        assert lifecycle.claim(seen, older, LEASE, now=LEASE.until) is Refusal.SUPERSEDED

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

    def test_a_file_that_came_too_late_is_processed(self) -> None:
        expired = video(status=Status.FAILED, error=failure())
        assert moved(lifecycle.claim(expired, uploaded(), LEASE, now=NOW)).attempts == 1

    def test_an_event_without_a_sequencer_keeps_the_known_order(self) -> None:
        unordered = uploaded(etag="b", sequencer="")
        taken = moved(lifecycle.claim(claimed(), unordered, LEASE, now=NOW))
        assert taken.source == Source("b", 1000, uploaded().source.sequencer)


class TestLearnOrder:
    def test_from_a_duplicate_of_a_later_write(self) -> None:
        learned = lifecycle.learn_order(done_video(), uploaded(sequencer=NEWER))
        assert learned.source
        assert learned.source.sequencer == NEWER

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
        assert done.updated_at == processing().finished_at

    def test_fails(self) -> None:
        failed = moved(fail(replace(claimed(), media=media(), thumbnail=thumbnail())))
        assert (failed.status, failed.error, failed.webhook) == (
            Status.FAILED,
            failure(),
            WEBHOOK,
        )
        assert (failed.media, failed.thumbnail, failed.lease, failed.claimable_at) == (None,) * 4

    def test_gives_its_lease_back(self) -> None:
        released = moved(lifecycle.release(claimed(), LEASE, now=NOW))
        assert moved(lifecycle.claim(released, uploaded(), LEASE, now=NOW)).attempts == 2
        assert complete(released) is Refusal.SUPERSEDED

    @pytest.mark.parametrize("seen", [pending(), done_video(), claimed(lease=Lease("x", NOW))])
    def test_moves_nothing_without_its_lease(self, seen: Video) -> None:
        assert complete(seen) is Refusal.SUPERSEDED
        assert fail(seen) is Refusal.SUPERSEDED
        assert lifecycle.release(seen, LEASE, now=NOW) is Refusal.SUPERSEDED


class TestPeopleAndUpkeep:
    def test_a_failed_video_is_retried_with_all_attempts(self) -> None:
        worn_out = replace(failed_video(), attempts=MAX_ATTEMPTS, webhook=WEBHOOK)
        again = moved(lifecycle.retry(worn_out, now=NOW))
        assert (again.status, again.attempts, again.error) == (Status.PENDING, 0, None)
        assert (again.webhook, again.processing, again.source) == (None, None, worn_out.source)
        assert moved(lifecycle.claim(again, uploaded(), LEASE, now=NOW)).attempts == 1

    @pytest.mark.parametrize("seen", [pending(), claimed(), done_video()])
    def test_no_other_is_retried(self, seen: Video) -> None:
        assert lifecycle.retry(seen, now=NOW) is Refusal.NOT_FAILED

    def test_a_claim_forgets_replays(self) -> None:
        replayed = lifecycle.replay(pending(), now=NOW)
        assert (replayed.replays, replayed.updated_at) == (1, NOW)
        assert claimed(replayed).replays == 0

    def test_what_is_stuck_fails_without_a_worker(self) -> None:
        seen = replace(claimed(), media=media(), thumbnail=thumbnail(), replays=3)
        failed = lifecycle.fail_stuck(seen, error=failure(), webhook=WEBHOOK, now=NOW)
        assert (failed.status, failed.error, failed.replays) == (Status.FAILED, failure(), 0)
        assert (failed.lease, failed.claimable_at, failed.media, failed.thumbnail) == (None,) * 4


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
        live = before.lease is not None and before.lease.until > self.now
        same = before.source is not None and before.source.etag == event.source.etag
        assert not (live and same), "two workers for one upload"
        assert not (before.status is Status.DONE and same), "done again for the same bytes"
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
        if isinstance(outcome, Refusal):
            return
        assert self.video.lease
        assert self.video.lease.token == lease.token
        assert self.video.source
        assert self.video.source.etag == source.etag
        self.video = outcome

    @rule()
    def a_person_retries(self) -> None:
        outcome = lifecycle.retry(self.video, now=self.now)
        if isinstance(outcome, Video):
            self.video = outcome

    @rule()
    def upkeep_gives_up(self) -> None:
        lapsed = self.video.claimable_at is not None and self.video.claimable_at <= self.now
        if not self.video.status.finished and lapsed:
            self.video = lifecycle.fail_stuck(
                self.video, error=failure(), webhook=None, now=self.now
            )

    @invariant()
    def the_record_is_consistent(self) -> None:
        video = self.video
        assert (video.claimable_at is None) == video.status.finished
        assert (video.lease is not None) == (video.status is Status.PROCESSING)
        assert (video.error is not None) == (video.status is Status.FAILED)
        assert (video.media is not None) >= (video.status is Status.DONE)
        assert 0 <= video.attempts <= MAX_ATTEMPTS


def test_the_record_is_consistent_whatever_happens() -> None:
    run_state_machine_as_test(
        Life, settings=settings(max_examples=500, stateful_step_count=30, deadline=None)
    )
