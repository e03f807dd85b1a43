"""Writes that a page of another origin sends."""

import pytest
from starlette.testclient import TestClient

from functions.api.settings import ApiSettings
from tests.credentials import KEYS, bearer, issue
from tests.examples import ID, OPEN
from tests.fakes.api_keys import FakeApiKeys
from tests.fakes.catalog import FakeCatalog
from tests.problems import problem

ALLOWED = "https://app.example.com"
FOREIGN = "https://evil.example"
WRITES = [
    ("POST", "/videos"),
    ("POST", f"/videos/{ID}/upload/sign"),
    ("POST", f"/videos/{ID}/retry"),
    ("DELETE", f"/videos/{ID}"),
    ("POST", "/upload-video/"),
    ("POST", "/upload-video"),
]


@pytest.fixture
def settings() -> ApiSettings:
    return ApiSettings.read(KEYS | OPEN | {"API_ORIGINS": f"{ALLOWED},https://other.example.com"})


@pytest.mark.parametrize(
    "headers",
    [
        {"Sec-Fetch-Site": "cross-site", "Origin": FOREIGN},
        {"Sec-Fetch-Site": "cross-site", "Origin": "null"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site", "Origin": "http://other.testserver"},
        {"Origin": FOREIGN},
        {"Origin": "null"},
        {"Origin": "http://testserver.evil.example"},
        {"Origin": "http://["},
    ],
)
@pytest.mark.parametrize(("method", "path"), WRITES)
def test_a_write_from_another_site_is_refused(
    client: TestClient, records: FakeCatalog, method: str, path: str, headers: dict[str, str]
) -> None:
    records.down = True
    body = problem(client.request(method, path, headers=headers))
    assert (body["status"], body["code"]) == (403, "cross_site")
    assert "ApiOrigins" in body["detail"]


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Sec-Fetch-Site": "same-origin", "Origin": "http://testserver"},
        {"Sec-Fetch-Site": "same-origin", "Origin": "https://behind.a.proxy"},
        {"Sec-Fetch-Site": "none"},
        {"Origin": "http://testserver"},
        {"Sec-Fetch-Site": "cross-site", "Origin": ALLOWED},
        {"Origin": ALLOWED},
    ],
)
def test_other_writes_are_let_through(
    client: TestClient, records: FakeCatalog, headers: dict[str, str]
) -> None:
    announced = client.post("/videos", json={"filename": "a.mp4", "size": 5}, headers=headers)
    assert announced.status_code == 201
    form = {"file": ("clip.mp4", b"video", "video/mp4")}
    assert client.post("/upload-video/", files=form, headers=headers).status_code == 202
    assert len(records.videos) == 2


def test_a_write_with_a_token_is_let_through(client: TestClient, api_keys: FakeApiKeys) -> None:
    """A page of another site cannot know one, and browsers do not add it."""
    headers = {"Sec-Fetch-Site": "cross-site", "Origin": FOREIGN}
    token = bearer(issue(api_keys).token())
    body = {"filename": "a.mp4", "size": 5}
    assert client.post("/videos", json=body, headers=headers | token).status_code == 201


@pytest.mark.parametrize("path", ["/health", "/videos", f"/video-status/{ID}", "/docs"])
def test_reads_are_answered_whichever_page_asks(client: TestClient, path: str) -> None:
    headers = {"Sec-Fetch-Site": "cross-site", "Origin": FOREIGN}
    assert client.get(path, headers=headers).status_code == client.get(path).status_code


def test_every_operation_documents_these_refusals(client: TestClient) -> None:
    for path, operations in client.get("/openapi.json").json()["paths"].items():
        for method, operation in operations.items():
            responses = operation["responses"]
            codes = {
                code
                for response in responses.values()
                for code in response.get("content", {})
                .get("application/problem+json", {})
                .get("examples", {})
            }
            assert "unknown_host" in codes, path
            assert ("cross_site" in codes) == (method != "get"), path
