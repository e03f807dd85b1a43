"""Records at the steps of a video's life, as its rules make them."""

from datetime import timedelta

from functions.core.failures import UPLOAD_EXPIRED
from functions.core.lifecycle import attempts, stuck
from functions.core.lifecycle.moves import Refusal
from functions.core.s3_event import pad_sequencer
from functions.core.video import Lease, Video, Webhook
from tests.examples import CREATED, failure, media, processing, thumbnail, uploaded, video

NOW = CREATED + timedelta(minutes=1)
LEASE = Lease("mine", NOW + timedelta(minutes=2))
OTHER_LEASE = Lease("another's", NOW + timedelta(minutes=2))

OLDER, NEWER = pad_sequencer("00"), pad_sequencer("FF")

WEBHOOK = Webhook("msg", due_at=NOW)


def moved(outcome: Video | Refusal) -> Video:
    assert isinstance(outcome, Video), outcome
    return outcome


def pending() -> Video:
    return video()


def claimed(seen: Video | None = None, lease: Lease = LEASE) -> Video:
    return moved(attempts.claim(seen or pending(), uploaded(), lease, now=NOW))


def expired() -> Video:
    error = UPLOAD_EXPIRED.failure()
    return stuck.fail_stuck(pending(), error=error, webhook=None, now=NOW)


def complete(seen: Video, lease: Lease = LEASE) -> Video | Refusal:
    return attempts.complete(
        seen, lease, media=media(), thumbnail=thumbnail(), processing=processing(), webhook=WEBHOOK
    )


def fail(seen: Video, lease: Lease = LEASE) -> Video | Refusal:
    return attempts.fail(seen, lease, error=failure(), processing=processing(), webhook=WEBHOOK)
