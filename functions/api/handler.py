"""The API Lambda: API Gateway's event in, the application's response out."""

import os
from functools import cache
from typing import Any

from mangum import Mangum
from mangum.adapter import DEFAULT_TEXT_MIME_TYPES
from mangum.types import LambdaContext, LambdaEvent

from api.app import create_app
from api.problems import MEDIA_TYPE
from api.services import deployed_processing, wire


@cache
def _adapter() -> Mangum:
    return Mangum(
        create_app(wire(os.environ, deployed_processing(os.environ))),
        lifespan="off",
        text_mime_types=[*DEFAULT_TEXT_MIME_TYPES, MEDIA_TYPE],
    )


def handler(event: LambdaEvent, context: LambdaContext) -> dict[str, Any]:
    """Answer one request of API Gateway."""
    return _adapter()(event, context)
