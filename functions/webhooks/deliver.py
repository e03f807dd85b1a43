"""Delivers each result to the receivers that want it, with retries for one day.

https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md
"""

from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextvars import copy_context
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import partial
from time import monotonic
from typing import Any

from functions.adapters.catalog import Catalog, change
from functions.adapters.jobs import LONGEST_DELAY_S, WebhookQueue
from functions.adapters.parallel import in_parallel
from functions.adapters.telemetry import current_trace, logger, trace_context
from functions.core.delivery_log import (
    DeliveryStatus,
    LoggedAttempt,
    LoggedDelivery,
    delivery_id,
)
from functions.core.lifecycle import deliveries
from functions.core.lifecycle.moves import Move, Refusal
from functions.core.result_event import (
    TEST_EVENT,
    event_type,
    payload,
    receiver_test_event,
    result_event,
)
from functions.core.trace import HEADER, parse_trace
from functions.core.unavailable import CatalogUnavailable, QueueUnavailable
from functions.core.video import Delivery, Video, Webhook
from functions.webhooks.gate import MOST_AT_ONCE
from functions.webhooks.outbound import Answer, NotAnswered
from functions.webhooks.targets import Target, Targets

MARGIN_S = 45
"""Seconds that one attempt may take, with slow DNS, a slow receiver and a slow catalog."""

_NO_RECEIVER = ""
"""The receiver of no delivery, with which `begin_delivery` only ends unwanted ones."""


@dataclass(slots=True)
class DeliveryReport:
    """The result of one scheduled run."""

    delivered: int = 0
    not_delivered: int = 0
    finished: bool = True
    """False if the run stopped early, for lack of time or because a receiver fails."""

    def add(self, other: "DeliveryReport") -> None:
        """Add the result of another part of the run."""
        self.delivered += other.delivered
        self.not_delivered += other.not_delivered
        self.finished &= other.finished


@dataclass(frozen=True, slots=True)
class Webhooks:
    """Makes the delivery attempts that are due. Each receiver has its own threads and limits."""

    catalog: Catalog
    targets: Targets
    queue: WebhookQueue
    api_url: str
    """The address of the API in the payloads."""

    def run(self, *, remaining_s: Callable[[], float]) -> DeliveryReport:
        """Attempt all deliveries that are due. Raises `CatalogUnavailable`."""
        targets, now, total = self.targets.all(), datetime.now(UTC), DeliveryReport()
        reports = in_parallel(
            partial(self._drop_unwanted, targets, now, remaining_s),
            *(partial(self._run_for, one, now, remaining_s) for one in targets),
        )
        for report in reports:
            total.add(report)
        return total

    def deliver(self, video_id: str) -> None:
        """Attempt the due deliveries of one video's result. Raises `CatalogUnavailable`."""
        video, now = self.catalog.get(video_id), datetime.now(UTC)
        if video is None or video.webhook is None or not deliveries.is_due(video.webhook, now=now):
            return
        targets = [one for one in self.targets.all() if _may_be_due(video, one, now)]
        if not targets:
            self._begin(video, _NO_RECEIVER, now)
        in_parallel(*(partial(self._attempt_if_admitted, one, video) for one in targets))

    def send_test(self, test_id: str) -> None:
        """Send the test of a receiver that the log names, once. Raises `CatalogUnavailable`."""
        test = self.catalog.deliveries.get(test_id)
        if test is None or test.type != TEST_EVENT or test.status is not DeliveryStatus.PENDING:
            return
        target = self.targets.get(test.receiver)
        if target is None:
            self.catalog.deliveries.mark(test_id, DeliveryStatus.FAILED, due_at=None)
            return
        body = payload(receiver_test_event(test.receiver, now=test.created_at))
        answer, attempt = _post(target, test.event_id, body)
        accepted = deliveries.is_accepted(answer.status)
        ended = replace(
            test,
            status=DeliveryStatus.DELIVERED if accepted else DeliveryStatus.FAILED,
            due_at=None,
            delivered_at=datetime.now(UTC) if accepted else None,
        )
        self.catalog.deliveries.record(ended, attempt)
        logger().info("receiver tested", receiver=target.id, reason=attempt.reason)

    def _drop_unwanted(
        self, targets: Sequence[Target], before: datetime, remaining_s: Callable[[], float]
    ) -> DeliveryReport:
        """End the deliveries that no receiver wants any more."""
        for video in self.catalog.undelivered(before=before):
            if any(_may_be_due(video, one, before) for one in targets):
                continue
            if remaining_s() < MARGIN_S:
                return DeliveryReport(finished=False)
            self._begin(video, _NO_RECEIVER, before)
        return DeliveryReport()

    def _run_for(
        self, target: Target, before: datetime, remaining_s: Callable[[], float]
    ) -> DeliveryReport:
        """Attempt the due deliveries to one receiver, some at once."""
        report, waiting = DeliveryReport(), list[Future[bool | None]]()
        with ThreadPoolExecutor(MOST_AT_ONCE) as pool:
            for video in self.catalog.undelivered(before=before):
                if not _may_be_due(video, target, before):
                    continue
                if remaining_s() < MARGIN_S or not target.gate.admit():
                    report.finished = False
                    break
                waiting.append(pool.submit(copy_context().run, self._attempt, target, video))
        results = [one.result() for one in waiting]
        report.delivered, report.not_delivered = results.count(True), results.count(False)
        return report

    def _attempt_if_admitted(self, target: Target, video: Video) -> None:
        """Attempt a delivery unless the receiver rests. The next run then makes the attempt."""
        if target.gate.admit():
            self._attempt(target, video)

    def _attempt(self, target: Target, video: Video) -> bool | None:
        """Return whether the receiver accepted the webhook, `None` without an attempt."""
        accepted = None
        try:
            accepted = self._attempt_once(target, video)
        finally:
            target.gate.leave(accepted=accepted)
        return accepted

    def _attempt_once(self, target: Target, video: Video) -> bool | None:
        now = datetime.now(UTC)
        saved = self._begin(video, target.id, now)
        if isinstance(saved, Refusal) or saved.webhook is None:
            # Another run makes the attempt, or the video was deleted, retried or uploaded again.
            return None
        begun = saved.webhook.delivery_to(target.id)
        if begun is None:
            return None
        if deliveries.has_begun(saved.webhook, target.id, now=now):
            with trace_context(parse_trace(video.traceparent)):
                return self._send(target, saved, saved.webhook, begun)
        if begun.due_at is None and not begun.delivered_at and _may_be_due(video, target, now):
            self._record(saved, saved.webhook.id, begun, None, reason="interrupted")
        return None

    def _begin(self, video: Video, receiver: str, now: datetime) -> Move:
        targets = self.targets.all()

        def begin(seen: Video) -> Move:
            wanted_by = [one.id for one in targets if one.receiver.wants(seen)]
            return deliveries.begin_delivery(seen, receiver, wanted_by=wanted_by, now=now)

        return change(self.catalog, video, begin)

    def _send(self, target: Target, video: Video, webhook: Webhook, begun: Delivery) -> bool:
        body = payload(result_event(video, api_url=self.api_url))
        answer, attempt = _post(target, webhook.id, body)
        now = datetime.now(UTC)
        after = deliveries.after_answer(
            begun, answer.status, now=now, retry_after=answer.retry_after
        )

        def end(seen: Video) -> Move:
            return deliveries.end_delivery(seen, webhook.id, begun, after)

        change(self.catalog, video, end)
        self._record(video, webhook.id, after, attempt, reason=attempt.reason)
        if after.due_at:
            self._enqueue_retry(video.id, (after.due_at - now).total_seconds())
        return after.delivered_at is not None

    def _record(
        self,
        video: Video,
        event_id: str,
        after: Delivery,
        attempt: LoggedAttempt | None,
        *,
        reason: str,
    ) -> None:
        _log(video, event_id, after, reason=reason)
        try:
            self.catalog.deliveries.record(_logged(video, event_id, after), attempt)
        except CatalogUnavailable:
            # The state on the video's record decides; this is for people.
            logger().warning("delivery not logged", video_id=video.id, exc_info=True)

    def _enqueue_retry(self, video_id: str, delay_s: float) -> None:
        """Enqueue a retry that is due soon. Scheduled runs make the later ones."""
        if delay_s > LONGEST_DELAY_S:
            return
        try:
            # The clock of the machine that receives the message may be slightly slow.
            self.queue.enqueue(video_id, delay_s=min(round(delay_s) + 1, LONGEST_DELAY_S))
        except QueueUnavailable:
            logger().warning("webhook not enqueued", video_id=video_id, exc_info=True)


def _may_be_due(video: Video, target: Target, now: datetime) -> bool:
    """Tell whether a video's result may have a delivery to a receiver that is due."""
    webhook = video.webhook
    if webhook is None:
        return False
    if not webhook.deliveries:
        return target.receiver.wants(video)
    delivery = webhook.delivery_to(target.id)
    return delivery is not None and deliveries.is_due(delivery, now=now)


def _post(target: Target, event_id: str, body: str) -> tuple[Answer, LoggedAttempt]:
    now, begun = datetime.now(UTC), monotonic()
    headers = {
        "content-type": "application/json",
        "user-agent": "Clipo",
        "webhook-id": event_id,
        "webhook-timestamp": str(int(now.timestamp())),
        "webhook-signature": " ".join(s.sign(event_id, now, body) for s in target.signers),
    }
    if trace := current_trace():
        headers[HEADER] = trace.next_span().header
    try:
        answer = target.client.post(headers, body.encode())
        reason = f"status {answer.status}"
    except NotAnswered as error:
        answer, reason = Answer(status=None), str(error)
    duration_ms = round((monotonic() - begun) * 1000)
    return answer, LoggedAttempt(now, answer.status, reason, duration_ms)


def _logged(video: Video, event_id: str, after: Delivery) -> LoggedDelivery:
    return LoggedDelivery(
        id=delivery_id(event_id, after.receiver),
        receiver=after.receiver,
        event_id=event_id,
        type=event_type(video),
        status=_status(after),
        created_at=video.updated_at,
        video_id=video.id,
        owner=video.owner,
        due_at=after.due_at,
        delivered_at=after.delivered_at,
    )


def _status(after: Delivery) -> DeliveryStatus:
    if after.delivered_at:
        return DeliveryStatus.DELIVERED
    return DeliveryStatus.PENDING if after.due_at else DeliveryStatus.FAILED


def _log(video: Video, event_id: str, after: Delivery, *, reason: str) -> None:
    facts: dict[str, Any] = {
        "video_id": video.id,
        "owner": video.owner,
        "webhook_id": event_id,
        "receiver": after.receiver,
        "event_type": event_type(video),
        "attempt": after.attempts,
        "reason": reason,
    }
    if after.delivered_at:
        logger().info("webhook delivered", **facts)
    elif after.due_at:
        logger().warning("webhook not delivered", **facts)
    else:
        logger().error("webhook given up", **facts)
