"""Errors that no endpoint raises by itself."""

import pytest
from starlette.testclient import TestClient

from tests.examples import ID
from tests.fakes.catalog import FakeCatalog
from tests.problems import problem


def test_an_unknown_route(client: TestClient) -> None:
    body = problem(client.get("/vidoes"))
    assert (body["status"], body["code"], body["instance"]) == (404, "route_not_found", "/vidoes")


def test_a_method_that_is_not_allowed(client: TestClient) -> None:
    response = client.patch("/videos")
    assert problem(response)["code"] == "method_not_allowed"
    assert response.headers["allow"] == "GET, HEAD, POST"
    assert client.put(f"/videos/{ID}").headers["allow"] == "DELETE, GET, HEAD, PATCH"
    assert client.put("/docs").headers["allow"] == "GET"


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", f"/videos/{ID}"),
        ("GET", "/videos"),
        ("GET", f"/video-status/{ID}"),
        ("GET", f"/thumbnails/{ID}.jpg"),
        ("DELETE", f"/videos/{ID}"),
        ("POST", f"/videos/{ID}/retry"),
    ],
)
def test_a_database_that_is_down(
    client: TestClient, records: FakeCatalog, method: str, path: str
) -> None:
    records.down = True
    response = client.request(method, path)
    body = problem(response)
    assert (body["status"], body["code"]) == (503, "catalog_unavailable")
    assert response.headers["retry-after"]


@pytest.mark.parametrize("path", ["/health", "/videos", "/docs", "/swagger/swagger-ui.css"])
def test_head_is_answered_like_get_without_a_body(client: TestClient, path: str) -> None:
    head, get = client.head(path), client.get(path)
    assert (head.status_code, head.content) == (200, b"")
    assert head.headers["content-length"] == get.headers["content-length"]


def test_a_body_that_is_not_json_is_malformed(client: TestClient) -> None:
    headers = {"content-type": "application/json"}
    body = problem(client.post("/videos", content=b'{"a": }', headers=headers))
    assert (body["status"], body["code"]) == (400, "malformed_body")
    assert "character 6" in body["detail"]


def test_a_bug_shows_nothing_of_the_inside(
    client: TestClient, records: FakeCatalog, monkeypatch: pytest.MonkeyPatch
) -> None:
    def bug(_: str) -> None:
        raise RuntimeError("secret detail")

    monkeypatch.setattr(records, "get", bug)
    response = client.get(f"/videos/{ID}")
    assert problem(response)["code"] == "internal_error"
    assert "secret" not in response.text
    assert "Traceback" not in response.text


@pytest.mark.parametrize("declared", ["abc", "-1", "²", ""])
def test_a_content_length_that_is_no_number_is_not_a_bug(client: TestClient, declared: str) -> None:
    headers = [
        (b"content-length", declared.encode()),
        (b"content-type", b"application/json"),
    ]
    assert client.post("/videos", content=b"{}", headers=headers).status_code == 422


def test_every_response_has_a_request_id_of_its_own(client: TestClient) -> None:
    ids = {client.get("/health").headers["x-request-id"] for _ in range(3)}
    assert len(ids) == 3


@pytest.mark.parametrize(
    ("path", "body", "headers"),
    [
        ("/videos", {"filename": "a.mp4", "size": 1, "content_type": "text/html"}, {}),
        ("/videos", {"filename": "a.mp4", "size": 1}, {"Idempotency-Key": "a b"}),
        (f"/videos/{ID}/upload/sign", {"method": "GET", "uploadId": "ä"}, {}),
        (f"/videos/{ID}/upload/sign", {"method": "GET"}, {}),
    ],
)
def test_a_refusal_is_a_sentence_and_not_a_regular_expression(
    client: TestClient, path: str, body: dict[str, object], headers: dict[str, str]
) -> None:
    found = problem(client.post(path, json=body, headers=headers))
    assert found["status"] == 422
    for message in (found["detail"], *(error["message"] for error in found["errors"])):
        assert "pattern" not in message
        assert "^" not in message
        assert "Value error" not in message
