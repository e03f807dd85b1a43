"""The Lambda handler with API Gateway's events."""

import asyncio
import json
from collections.abc import Iterator
from typing import Any

import pytest

from functions.api import handler as module
from tests.events import event
from tests.fakes.lambda_context import FakeLambdaContext


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Settings as the template gives them; nothing listens at these addresses."""
    settings = {
        "UPLOADS_BUCKET": "clipo-uploads",
        "MEDIA_BUCKET": "clipo-media",
        "AWS_REGION": "eu-west-1",
        "AWS_ACCESS_KEY_ID": "testing",
        "AWS_SECRET_ACCESS_KEY": "testing",
        "PROCESSING_FUNCTION": "clipo-processing",
        "MONGODB_URI": "mongodb://127.0.0.1:9/?directConnection=true",
    }
    for name, value in settings.items():
        monkeypatch.setenv(name, value)
    module._adapter.cache_clear()
    # Mangum takes the thread's event loop. One of its own it would leave behind, unclosed.
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    yield
    asyncio.set_event_loop(None)
    loop.close()
    module._adapter.cache_clear()


def invoke(name: str) -> dict[str, Any]:
    return module.handler(event(name), FakeLambdaContext())  # type: ignore[arg-type]


def test_a_request_is_answered_as_text() -> None:
    response = invoke("http-health")
    assert (response["statusCode"], response["isBase64Encoded"]) == (200, False)
    assert json.loads(response["body"])["status"] == "healthy"


def test_a_problem_is_text_and_carries_lambdas_request_id() -> None:
    response = invoke("http-unknown-route")
    assert response["isBase64Encoded"] is False
    assert json.loads(response["body"])["request_id"] == FakeLambdaContext.aws_request_id


def test_docs_work_with_their_files() -> None:
    assert 'src="/swagger/' in invoke("http-docs")["body"]
    script = event("http-docs")
    script["rawPath"] = "/swagger/swagger-ui-bundle.js"
    response = module.handler(script, FakeLambdaContext())  # type: ignore[arg-type]
    assert response["statusCode"] == 200
