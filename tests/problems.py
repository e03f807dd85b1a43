"""Checks that every error response has one shape."""

from typing import Any, Protocol


class Response(Protocol):
    @property
    def status_code(self) -> int: ...
    @property
    def headers(self) -> Any: ...
    def json(self) -> Any: ...


def problem(response: Response) -> dict[str, Any]:
    """Return the problem document of an error response, checked for what all have."""
    assert response.headers["content-type"] == "application/problem+json"
    body: dict[str, Any] = response.json()
    assert body["status"] == response.status_code
    assert body["type"] == f"urn:clipo:problem:{body['code']}"
    assert body["title"]
    assert isinstance(body["detail"], str)
    assert body["detail"]
    assert body["instance"].startswith("/")
    assert body["request_id"] == response.headers["x-request-id"]
    return body
