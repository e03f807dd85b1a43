"""The processing Lambda: processes the uploads that S3 reports."""

import os
from dataclasses import asdict
from functools import cache
from typing import Any

from functions.adapters.lambda_context import LambdaContext
from functions.adapters.telemetry import log_context, trace_context
from functions.core.s3_event import event_id, records, trace_of, uploaded_object
from functions.processing.process_video import EventOutcome
from functions.processing.wiring import ProcessingServices, wire


@cache
def _wired() -> ProcessingServices:
    return wire(os.environ)


def handler(event: Any, context: LambdaContext) -> dict[str, list[dict[str, str]]]:
    """Process every upload that an S3 event names.

    A bad record does not stop the others: the handler raises all errors at the end. When Lambda
    retries the event, the finished uploads are duplicates and cost nothing.
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
        raise ExceptionGroup("Lambda should retry this event.", errors)
    return {"outcomes": [asdict(outcome) for outcome in outcomes]}


def _process(record: Any, context: LambdaContext) -> list[EventOutcome]:
    def remaining_s() -> float:
        return context.get_remaining_time_in_millis() / 1000

    upload = uploaded_object(record, bucket=_wired().uploads_bucket)
    if upload is None:
        return []
    with (
        log_context(video_id=upload.video_id, event_id=event_id(record)),
        trace_context(trace_of(record)),
    ):
        return [_wired().processor.process(upload, remaining_s=remaining_s)]
