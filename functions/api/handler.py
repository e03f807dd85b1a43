"""The API Lambda: API Gateway's event in, the application's response out."""

import os
from contextlib import suppress
from functools import cache
from typing import Any

from mangum import Mangum
from mangum.adapter import DEFAULT_TEXT_MIME_TYPES
from mangum.types import LambdaContext, LambdaEvent

from functions.adapters.jobs import ProcessingFunction
from functions.api.app import create_app
from functions.api.gateway import HttpApi, RestApi
from functions.api.problems import MEDIA_TYPE
from functions.api.services import wire


@cache
def _adapter() -> Mangum:
    services = wire(os.environ, ProcessingFunction.read(os.environ))
    return Mangum(
        create_app(services),
        lifespan="off",
        text_mime_types=[*DEFAULT_TEXT_MIME_TYPES, MEDIA_TYPE],
        api_gateway_base_path=services.settings.base_path,
        custom_handlers=[HttpApi, RestApi],
    )


def handler(event: LambdaEvent, context: LambdaContext) -> dict[str, Any]:
    """Answer one request of API Gateway."""
    return _adapter()(event, context)


def _import_the_rest() -> None:
    """Import the modules that otherwise wait for the first call that needs them.

    A snapshot can contain them (ADR 24). It must not contain credentials: with SnapStart botocore
    looks for them before the first signature.
    https://docs.aws.amazon.com/lambda/latest/dg/snapstart-runtime-hooks-python.html
    """
    import functions.adapters.s3_client  # noqa: F401, PLC0415


with suppress(ImportError):  # only Lambda's own Python has it
    from snapshot_restore_py import register_before_snapshot

    register_before_snapshot(_import_the_rest)
