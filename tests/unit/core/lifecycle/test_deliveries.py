"""The rules of a webhook's deliveries."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from functions.core.lifecycle import deliveries
from functions.core.lifecycle.moves import Refusal
from functions.core.video import Delivery, Video, Webhook
from tests.examples import done_video
from tests.steps import NOW, WEBHOOK, moved

SETTINGS, OTHER = deliveries.SETTINGS_RECEIVER, "rcv_other"
DELIVERY = Delivery(SETTINGS, due_at=NOW)
ALL_ATTEMPTS = len(deliveries.WEBHOOK_DELAYS) + 1


def told(*deliveries: Delivery, webhook: Webhook = WEBHOOK) -> Video:
    return replace(done_video(), webhook=replace(webhook, deliveries=deliveries))


def begin(video: Video, receiver: str = SETTINGS, *wanted_by: str) -> Webhook:
    wanted_by = wanted_by or (SETTINGS, OTHER)
    begun = moved(deliveries.begin_delivery(video, receiver, wanted_by=wanted_by, now=NOW)).webhook
    assert begun
    return begun


class TestWebhook:
    def test_the_first_attempt_plans_the_deliveries_to_all_receivers(self) -> None:
        due_at = NOW + deliveries.DELIVERY_TIME
        assert begin(told()) == replace(
            WEBHOOK,
            attempts=1,
            due_at=NOW,
            deliveries=(Delivery(SETTINGS, due_at, attempts=1), Delivery(OTHER, NOW)),
        )

    def test_an_attempt_is_counted_before_it_is_made(self) -> None:
        begun = begin(told(DELIVERY), SETTINGS)
        due_at = NOW + deliveries.DELIVERY_TIME
        assert (begun.due_at, begun.attempts) == (due_at, 1)
        assert deliveries.has_begun(begun, SETTINGS, now=NOW)
        again = deliveries.begin_delivery(
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
        begun = moved(deliveries.begin_delivery(told(), "", wanted_by=[], now=NOW)).webhook
        assert begun
        assert begun == replace(WEBHOOK, due_at=None)
        assert not begun.has_receiver

    @pytest.mark.parametrize(
        ("due_at", "due"),
        [
            (None, False),
            (NOW, True),
            (NOW + deliveries.CLOCK_SKEW, True),
            (NOW + timedelta(seconds=3), False),
        ],
    )
    def test_is_due_by_a_clock_that_may_be_slow(
        self, due_at: datetime | None, *, due: bool
    ) -> None:
        assert deliveries.is_due(replace(WEBHOOK, due_at=due_at), now=NOW) is due

    def test_a_last_attempt_that_was_interrupted_is_not_made_again(self) -> None:
        last = replace(DELIVERY, attempts=ALL_ATTEMPTS)
        given_up = begin(told(last))
        assert given_up.deliveries == (replace(last, due_at=None),)
        assert not deliveries.has_begun(given_up, SETTINGS, now=NOW)

    @pytest.mark.parametrize("status", [200, 299])
    def test_a_receiver_accepts(self, status: int) -> None:
        after = deliveries.after_answer(replace(DELIVERY, attempts=1), status, now=NOW)
        assert after == Delivery(SETTINGS, None, 1, last_status=status, delivered_at=NOW)

    @pytest.mark.parametrize("status", [None, 199, 302, 500])
    def test_a_receiver_does_not_accept(self, status: int | None) -> None:
        begun = replace(DELIVERY, attempts=2)
        after = deliveries.after_answer(begun, status, now=NOW)
        assert after == replace(begun, due_at=NOW + timedelta(minutes=5), last_status=status)
        last = replace(DELIVERY, attempts=ALL_ATTEMPTS)
        assert deliveries.after_answer(last, status, now=NOW).due_at is None

    def test_a_receiver_that_is_gone_gets_no_further_attempt(self) -> None:
        begun = replace(DELIVERY, attempts=1)
        after = deliveries.after_answer(begun, 410, now=NOW, retry_after=timedelta(minutes=10))
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
        assert (
            deliveries.after_answer(begun, 429, now=NOW, retry_after=asked).due_at == NOW + waited
        )

    def test_a_result_is_recorded_for_its_own_attempt_only(self) -> None:
        begun = replace(DELIVERY, attempts=1)
        after = deliveries.after_answer(begun, 204, now=NOW)
        ended = moved(deliveries.end_delivery(told(begun), "msg", begun, after)).webhook
        assert ended == Webhook("msg", None, 1, 204, NOW, (after,))
        for other in (
            done_video(),
            told(replace(begun, attempts=2)),
            told(begun, webhook=replace(WEBHOOK, id="msg_2")),
            told(replace(begun, receiver=OTHER)),
        ):
            outcome = deliveries.end_delivery(other, "msg", begun, after)
            assert outcome is Refusal.ANOTHER_ATTEMPT

    def test_it_is_delivered_when_all_receivers_have_accepted_it(self) -> None:
        waiting = Delivery(OTHER, NOW + timedelta(hours=2), attempts=4, last_status=500)
        begun = replace(DELIVERY, attempts=1)
        after = deliveries.after_answer(begun, 204, now=NOW)
        ended = moved(deliveries.end_delivery(told(begun, waiting), "msg", begun, after)).webhook
        assert ended == Webhook("msg", waiting.due_at, 4, 204, None, (after, waiting))

    def test_a_delivery_of_the_present_result_can_be_made_again(self) -> None:
        given_up = Delivery(OTHER, None, ALL_ATTEMPTS, 500)
        delivered = Delivery(SETTINGS, None, 1, 204, NOW)
        video = told(delivered, given_up, webhook=replace(WEBHOOK, due_at=None))
        again = moved(deliveries.deliver_again(video, "msg", OTHER, now=NOW)).webhook
        assert again
        assert again.deliveries == (delivered, Delivery(OTHER, NOW))
        assert (again.due_at, again.delivered_at) == (NOW, None)
        for video_id, webhook_id, receiver in (
            (video, "msg_2", OTHER),
            (video, "msg", "rcv_3"),
            (done_video(), "msg", OTHER),
        ):
            outcome = deliveries.deliver_again(video_id, webhook_id, receiver, now=NOW)
            assert isinstance(outcome, Refusal)

    def test_without_a_webhook_there_is_no_attempt(self) -> None:
        outcome = deliveries.begin_delivery(done_video(), SETTINGS, wanted_by=[], now=NOW)
        assert outcome is Refusal.ANOTHER_ATTEMPT
