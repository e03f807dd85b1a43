"""Delivers each result to the operator's receiver, with retries for one day.

https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from standardwebhooks import Webhook as WebhookSigner

from functions.adapters.catalog import Catalog, change
from functions.adapters.jobs import LONGEST_DELAY_S, WebhookQueue
from functions.adapters.telemetry import current_trace, logger, trace_context
from functions.core import lifecycle
from functions.core.lifecycle import Move, Refusal
from functions.core.trace import HEADER, parse_trace
from functions.core.unavailable import QueueUnavailable
from functions.core.video import Video, Webhook
from functions.webhooks.outbound import Answer, NotAnswered
from functions.webhooks.payload import event_type, payload

MARGIN_S = 45
"""Seconds that one attempt may take, with slow DNS, a slow receiver and a slow catalog."""

_MAX_FAILED_IN_A_ROW = 3
"""Consecutive failed attempts after which a run stops and leaves the rest to the next run."""


@dataclass(slots=True)
class DeliveryReport:
    """The result of one scheduled run."""

    delivered: int = 0
    not_delivered: int = 0
    finished: bool = True
    """False if the run stopped early, for lack of time or because the receiver fails."""


@dataclass(frozen=True, slots=True)
class Webhooks:
    """Makes one delivery attempt for each webhook that is due."""

    catalog: Catalog
    post: Callable[[Mapping[str, str], bytes], Answer]
    """Sends headers and body to the receiver. Raises `NotAnswered`."""
    signers: Sequence[WebhookSigner]
    """One for each secret: two while the operator replaces a secret."""
    queue: WebhookQueue
    api_url: str
    """The address of the API in the payloads."""

    def run(self, *, remaining_s: Callable[[], float]) -> DeliveryReport:
        """Attempt all webhooks that are due. Raises `CatalogUnavailable`."""
        report, failed_in_a_row = DeliveryReport(), 0
        for video in self.catalog.undelivered(before=datetime.now(UTC)):
            if remaining_s() < MARGIN_S or failed_in_a_row == _MAX_FAILED_IN_A_ROW:
                report.finished = False
                break
            delivered = self._attempt(video)
            if delivered is None:
                continue
            report.delivered += delivered
            report.not_delivered += not delivered
            failed_in_a_row = 0 if delivered else failed_in_a_row + 1
        return report

    def deliver(self, video_id: str) -> None:
        """Attempt one video's webhook if it is due. Raises `CatalogUnavailable`."""
        video = self.catalog.get(video_id)
        if video and video.webhook and lifecycle.is_due(video.webhook, now=datetime.now(UTC)):
            self._attempt(video)

    def _attempt(self, video: Video) -> bool | None:
        """Return whether the receiver accepted the webhook, `None` without an attempt."""
        begun = lifecycle.begin_delivery(video, now=datetime.now(UTC))
        saved = None if isinstance(begun, Refusal) else self.catalog.save(video, begun)
        if saved is None or saved.webhook is None:
            # Another run makes the attempt, or the video was deleted, retried or uploaded again.
            return None
        if saved.webhook.due_at is None:
            _log(video, saved.webhook, reason="interrupted")
            return None
        with trace_context(parse_trace(video.traceparent)):
            return self._send(saved, saved.webhook)

    def _send(self, video: Video, begun: Webhook) -> bool:
        answer, reason = self._post(video, begun.id)
        now = datetime.now(UTC)
        after = lifecycle.after_answer(
            begun, answer.status, now=now, retry_after=answer.retry_after
        )

        def end(seen: Video) -> Move:
            return lifecycle.end_delivery(seen, begun, after)

        change(self.catalog, video, end)
        _log(video, after, reason=reason)
        if after.due_at:
            self._enqueue_retry(video.id, (after.due_at - now).total_seconds())
        return after.delivered_at is not None

    def _post(self, video: Video, webhook_id: str) -> tuple[Answer, str]:
        body, now = payload(video, api_url=self.api_url), datetime.now(UTC)
        headers = {
            "content-type": "application/json",
            "user-agent": "Clipo",
            "webhook-id": webhook_id,
            "webhook-timestamp": str(int(now.timestamp())),
            "webhook-signature": " ".join(s.sign(webhook_id, now, body) for s in self.signers),
        }
        if trace := current_trace():
            headers[HEADER] = trace.next_span().header
        try:
            answer = self.post(headers, body.encode())
        except NotAnswered as error:
            return Answer(status=None), str(error)
        return answer, f"status {answer.status}"

    def _enqueue_retry(self, video_id: str, delay_s: float) -> None:
        """Enqueue a retry that is due soon. Scheduled runs make the later ones."""
        if delay_s > LONGEST_DELAY_S:
            return
        try:
            # The clock of the machine that receives the message may be slightly slow.
            self.queue.enqueue(video_id, delay_s=min(round(delay_s) + 1, LONGEST_DELAY_S))
        except QueueUnavailable:
            logger().warning("webhook not enqueued", video_id=video_id, exc_info=True)


def _log(video: Video, webhook: Webhook, *, reason: str) -> None:
    facts: dict[str, Any] = {
        "video_id": video.id,
        "owner": video.owner,
        "webhook_id": webhook.id,
        "event_type": event_type(video),
        "attempt": webhook.attempts,
        "reason": reason,
    }
    if webhook.delivered_at:
        logger().info("webhook delivered", **facts)
    elif webhook.due_at:
        logger().warning("webhook not delivered", **facts)
    else:
        logger().error("webhook given up", **facts)
