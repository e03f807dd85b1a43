"""The two triggers of upkeep and webhooks: a schedule and an SQS queue.

https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-errorhandling.html
"""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from functions.adapters.lambda_context import LambdaContext
from functions.adapters.parallel import in_parallel
from functions.adapters.telemetry import log_context, logger, trace_context
from functions.core.trace import new_trace

RemainingTime = Callable[[], float]
"""A function that returns the seconds until Lambda ends this invocation."""


class UnknownEvent(Exception):
    """The event is neither a scheduled one nor a batch of queue messages."""


def dispatch(
    event: Any,
    context: LambdaContext,
    *,
    run: Callable[[RemainingTime], dict[str, Any]],
    settle: Callable[[str], None],
    margin_s: float,
    parallel: bool = False,
) -> dict[str, Any]:
    """Call `run` for a scheduled event, or `settle` with the body of each queue message.

    If `parallel`, it settles all messages at the same time, else one after the other. With less
    than `margin_s` left, the remaining messages stay on the queue. Raises `UnknownEvent`, and the
    errors of `run`.
    """

    def remaining_s() -> float:
        return context.get_remaining_time_in_millis() / 1000

    with log_context(request_id=context.aws_request_id), trace_context(new_trace()):
        if isinstance(event, Mapping):
            if event.get("detail-type") == "Scheduled Event":
                with log_context(event_id=event.get("id")):
                    return run(remaining_s)
            if isinstance(messages := event.get("Records"), list):
                return _settle_all(
                    messages, settle, lambda: remaining_s() >= margin_s, parallel=parallel
                )
        raise UnknownEvent("Neither a scheduled event nor a batch of queue messages.")


def _settle_all(
    messages: list[dict[str, Any]],
    settle: Callable[[str], None],
    has_time: Callable[[], bool],
    *,
    parallel: bool,
) -> dict[str, Any]:
    """Settle each message. SQS delivers those in the response again."""

    def is_settled(message: Mapping[str, Any]) -> bool:
        with log_context(message_id=message["messageId"]):
            return has_time() and _try_settle(message, settle)

    calls = [partial(is_settled, message) for message in messages]
    settled = in_parallel(*calls) if parallel else [call() for call in calls]
    failed = [one["messageId"] for one, done in zip(messages, settled, strict=True) if not done]
    return {"batchItemFailures": [{"itemIdentifier": one} for one in failed]}


def _try_settle(message: Mapping[str, Any], settle: Callable[[str], None]) -> bool:
    try:
        settle(message["body"])
    except Exception:  # noqa: BLE001 (a bad message must not stop the others)
        logger().exception("message will be retried")
        return False
    return True
