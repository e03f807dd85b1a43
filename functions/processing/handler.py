"""The processing Lambda: S3's event in, videos finished."""

import os
from dataclasses import asdict
from functools import cache
from typing import Any

from functions.adapters.lambda_context import LambdaContext
from functions.adapters.telemetry import log_context
from functions.core.s3_event import event_id, records, uploaded_object
from functions.processing.process_video import EventOutcome
from functions.processing.wiring import ProcessingServices, wire


@cache
def _wired() -> ProcessingServices:
    return wire(os.environ)


def handler(event: Any, context: LambdaContext) -> dict[str, list[dict[str, str]]]:
    """Process every upload that an S3 event names.

    One bad record does not keep the others from being processed: the errors are raised
    together at the end, and the finished ones do nothing when the event comes again.
    """
    outcomes: list[EventOutcome] = []
    errors: list[Exception] = []
    with log_context(request_id=context.aws_request_id):
        for record in records(event):
            try:
                outcomes += _process(record, context)
            except Exception as error:  # noqa: BLE001 (raised below)
                errors.append(error)
    if len(errors) == 1:
        raise errors[0]
    if errors:
        raise ExceptionGroup("Lambda is to deliver this event again.", errors)
    return {"outcomes": [asdict(outcome) for outcome in outcomes]}


def _process(record: Any, context: LambdaContext) -> list[EventOutcome]:
    def remaining_s() -> float:
        return context.get_remaining_time_in_millis() / 1000

    upload = uploaded_object(record, bucket=_wired().uploads_bucket)
    if upload is None:
        return []
    with log_context(video_id=upload.video_id, event_id=event_id(record)):
        return [_wired().processor.process(upload, remaining_s=remaining_s)]
