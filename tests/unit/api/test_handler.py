"""The Lambda handler with API Gateway's events."""

import asyncio
import json
from collections.abc import Iterator
from typing import Any

import pytest
from starlette.requests import Request

from functions.api import handler as module
from tests.events import event
from tests.fakes.lambda_context import FakeLambdaContext


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Settings as the template gives them; nothing listens at these addresses."""
    settings = {
        "ACCESS": "open",
        "UPLOADS_BUCKET": "clipo-uploads",
        "MEDIA_BUCKET": "clipo-media",
        "AWS_REGION": "eu-west-1",
        "AWS_ACCESS_KEY_ID": "testing",
        "AWS_SECRET_ACCESS_KEY": "testing",
        "PROCESSING_FUNCTION": "clipo-processing",
        "IMAGES_FUNCTION": "clipo-images",
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


def call(sent: dict[str, Any]) -> dict[str, Any]:
    return module.handler(sent, FakeLambdaContext())  # type: ignore[arg-type]


def invoke(name: str) -> dict[str, Any]:
    return call(event(name))


def http_event(path: str) -> dict[str, Any]:
    """Return a GET of an HTTP API."""
    sent = event("http-health")
    sent["rawPath"] = sent["requestContext"]["http"]["path"] = path
    return sent


def rest_event(path: str) -> dict[str, Any]:
    """Return a GET of a REST API."""
    headers = event("http-health")["headers"]
    return {
        "resource": "/{proxy+}",
        "path": path,
        "httpMethod": "GET",
        "headers": headers,
        "multiValueHeaders": {name: [value] for name, value in headers.items()},
        "queryStringParameters": None,
        "multiValueQueryStringParameters": None,
        "requestContext": {"stage": "prod", "identity": {"sourceIp": "192.0.2.1"}},
        "body": None,
        "isBase64Encoded": False,
    }


def with_headers(sent: dict[str, Any], host: str, proto: str | None) -> dict[str, Any]:
    """Set the headers, of which a REST API's event has all values besides."""
    for name, value in (("host", host), ("x-forwarded-proto", proto)):
        for kind in ("headers", "multiValueHeaders"):
            if kind in sent:
                sent[kind] = {n: v for n, v in sent[kind].items() if n.lower() != name}
                if value is not None:
                    several = kind == "multiValueHeaders"
                    sent[kind][name.title()] = [value] if several else value
    return sent


def base_url(sent: dict[str, Any]) -> str:
    """Return the address that the links of an answer begin with."""
    seen: list[str] = []

    async def app(scope: Any, _receive: Any, send: Any) -> None:
        seen.append(str(Request(scope).base_url))
        await send({"type": "http.response.start", "status": 204, "headers": []})
        await send({"type": "http.response.body"})

    adapter = module._adapter()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(adapter, "app", app)
        call(sent)
    return seen[0]


def test_a_request_is_answered_as_text() -> None:
    response = invoke("http-health")
    assert (response["statusCode"], response["isBase64Encoded"]) == (200, False)
    assert json.loads(response["body"])["status"] == "healthy"


def test_a_problem_is_text_and_carries_lambdas_request_id() -> None:
    response = invoke("http-unknown-route")
    assert response["isBase64Encoded"] is False
    assert json.loads(response["body"])["request_id"] == FakeLambdaContext.aws_request_id


def test_the_links_of_an_answer_have_the_scheme_and_host_of_the_request() -> None:
    for host, proto, base in [
        ("api.example.com", "https", "https://api.example.com/"),
        ("api.example.com", "https,http", "https://api.example.com/"),
        ("api.example.com", "http, https", "https://api.example.com/"),
        ("api.example.com", "nonsense", "https://api.example.com/"),
        ("api.example.com", None, "https://api.example.com/"),
        ("127.0.0.1:3000", "http", "http://127.0.0.1:3000/"),
        ("[::1]:8443", "https", "https://[::1]:8443/"),
        ("[::1]", "https", "https://[::1]/"),
    ]:
        assert base_url(with_headers(event("http-health"), host, proto)) == base, (host, proto)
        assert base_url(with_headers(rest_event("/health"), host, proto)) == base, (host, proto)


@pytest.mark.parametrize("host", ["[::1", "a:b:c", "api.example.com:port", "", "a b"])
def test_a_host_that_is_not_one_is_no_bug(host: str) -> None:
    """What API Gateway lets through is its own name, but a function may be called in other ways."""
    sent = with_headers(event("http-unknown-route"), host, "https")
    sent["requestContext"]["domainName"] = "own.example.com"
    assert call(sent)["statusCode"] == 404


def test_a_forwarded_host_is_not_believed() -> None:
    sent = with_headers(event("http-health"), "api.example.com", "https")
    sent["headers"]["x-forwarded-host"] = "evil.example"
    assert base_url(sent) == "https://api.example.com/"


@pytest.mark.parametrize("shape", ["a named stage", "a mapping key", "a REST API", "a REST domain"])
def test_behind_a_base_path_routes_and_links_work(
    monkeypatch: pytest.MonkeyPatch, shape: str
) -> None:
    """A stage or a mapping key stands before the path, but not in a REST API's own address."""
    monkeypatch.setenv("BASE_PATH", "/prod")
    rest, path = shape.startswith("a REST"), "" if shape == "a REST API" else "/prod"

    def sent(to: str) -> dict[str, Any]:
        return rest_event(path + to) if rest else http_event(path + to)

    assert json.loads(call(sent("/health"))["body"])["status"] == "healthy"
    assert base_url(sent("/health")) == "https://api.example.com/prod/"
    assert call(sent("/swagger/swagger-ui.css"))["statusCode"] == 200
    docs = call(sent("/docs"))["body"]
    assert 'src="/prod/swagger/' in docs
    assert "url: '/prod/openapi.json'" in docs
    document = json.loads(call(sent("/openapi.json"))["body"])
    assert document["servers"] == [{"url": "/prod"}]
    missing = json.loads(call(sent("/"))["body"])
    assert (missing["status"], missing["code"]) == (404, "route_not_found")
    assert "See /prod/docs." in missing["detail"]
    patched = sent("/videos")
    if rest:
        patched["httpMethod"] = "PATCH"
    else:
        patched["requestContext"]["http"]["method"] = "PATCH"
    assert call(patched)["headers"]["allow"] == "GET, HEAD, POST"


def test_without_the_setting_a_base_path_is_not_guessed() -> None:
    assert call(http_event("/prod/health"))["statusCode"] == 404


def test_docs_work_with_their_files() -> None:
    assert 'src="/swagger/' in invoke("http-docs")["body"]
    assert call(http_event("/swagger/swagger-ui-bundle.js"))["statusCode"] == 200
