"""The API Lambda: API Gateway's event in, the application's response out."""

import os
from contextlib import suppress
from functools import cache
from typing import Any

from mangum import Mangum
from mangum.adapter import DEFAULT_TEXT_MIME_TYPES
from mangum.types import LambdaContext, LambdaEvent

from functions.adapters.jobs import ProcessingFunction
from functions.adapters.signed.aws import SignedAws
from functions.api.app import create_app
from functions.api.gateway import HttpApi, RestApi
from functions.api.problems import MEDIA_TYPE
from functions.api.services import wire


@cache
def _adapter() -> Mangum:
    processing = ProcessingFunction(os.environ, SignedAws(os.environ).invoke)
    backend = wire(os.environ, processing)
    return Mangum(
        create_app(backend),
        lifespan="off",
        text_mime_types=[*DEFAULT_TEXT_MIME_TYPES, MEDIA_TYPE],
        api_gateway_base_path=backend.settings.base_path,
        custom_handlers=[HttpApi, RestApi],
    )


def handler(event: LambdaEvent, context: LambdaContext) -> dict[str, Any]:
    """Answer one request of API Gateway."""
    return _adapter()(event, context)


def _import_the_rest() -> None:
    """Import the HTTP client, which otherwise waits for the first request to AWS, and PyJWT.

    With SnapStart that is the request for credentials, before the first signature. The snapshot
    must not contain credentials (ADR 24).
    https://docs.aws.amazon.com/lambda/latest/dg/snapstart-runtime-hooks-python.html
    """
    import functions.adapters.signed.connections  # noqa: PLC0415

    if os.environ.get("OIDC_ISSUER"):
        import functions.adapters.issuer  # noqa: F401, PLC0415


with suppress(ImportError):  # only Lambda's own Python has it
    from snapshot_restore_py import register_before_snapshot

    register_before_snapshot(_import_the_rest)
