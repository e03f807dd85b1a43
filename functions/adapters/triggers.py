"""The two ways in which Lambda calls upkeep and webhooks: by a schedule and by a queue.

https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-errorhandling.html
"""

from collections.abc import Callable, Mapping
from typing import Any

from functions.adapters.lambda_context import LambdaContext
from functions.adapters.telemetry import log_context, logger

RemainingTime = Callable[[], float]
"""Returns the seconds until Lambda ends this invocation."""


class UnknownEvent(Exception):
    """Neither the schedule's event nor messages of a queue."""


def dispatch(
    event: Any,
    context: LambdaContext,
    *,
    run: Callable[[RemainingTime], dict[str, Any]],
    settle: Callable[[str], None],
    margin_s: float,
) -> dict[str, Any]:
    """Call `run` for the schedule's event, and `settle` with the body of each queue message.

    No message is begun with less than `margin_s` left. Raises `UnknownEvent`, and what `run`
    raises.
    """

    def remaining_s() -> float:
        return context.get_remaining_time_in_millis() / 1000

    with log_context(request_id=context.aws_request_id):
        if isinstance(event, Mapping):
            if event.get("detail-type") == "Scheduled Event":
                with log_context(event_id=event.get("id")):
                    return run(remaining_s)
            if isinstance(messages := event.get("Records"), list):
                return _settle_all(messages, settle, lambda: remaining_s() >= margin_s)
        raise UnknownEvent("Neither an event of the schedule nor messages of a queue.")


def _settle_all(
    messages: list[dict[str, Any]], settle: Callable[[str], None], has_time: Callable[[], bool]
) -> dict[str, Any]:
    """Settle each message. Those that the answer names stay on the queue and come again."""
    again = []
    for message in messages:
        with log_context(message_id=message["messageId"]):
            if not (has_time() and _settled(message, settle)):
                again.append({"itemIdentifier": message["messageId"]})
    return {"batchItemFailures": again}


def _settled(message: Mapping[str, Any], settle: Callable[[str], None]) -> bool:
    try:
        settle(message["body"])
    except Exception:  # noqa: BLE001 (one bad message is to keep no other)
        logger().exception("message comes again")
        return False
    return True
