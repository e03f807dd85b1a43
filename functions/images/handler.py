"""The images Lambda: makes the picture that the API asks for, and stores it."""

import os
from dataclasses import asdict
from functools import cache
from typing import Any

from functions.adapters.lambda_context import LambdaContext
from functions.adapters.telemetry import log_context, trace_context
from functions.core.pictures import wanted_in
from functions.core.trace import HEADER, parse_trace
from functions.images.make_picture import PictureStudio
from functions.images.wiring import wire


@cache
def _wired() -> PictureStudio:
    return wire(os.environ)


def handler(event: Any, context: LambdaContext) -> dict[str, str]:
    """Make one picture, and return how that ended. Raises the errors of a broken event.

    Only the API may invoke this function. Each error that another attempt may avoid is raised.
    """

    def remaining_s() -> float:
        return context.get_remaining_time_in_millis() / 1000

    wanted = wanted_in(event)
    with (
        log_context(request_id=context.aws_request_id, video_id=wanted.video_id),
        trace_context(parse_trace(event.get(HEADER))),
    ):
        return asdict(_wired().make(wanted, remaining_s=remaining_s))
