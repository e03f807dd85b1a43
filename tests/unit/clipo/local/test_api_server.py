"""Which requests the local API answers."""

import pytest
from starlette.testclient import TestClient

from clipo.local.api_server import app
from functions.api.services import Backend
from functions.api.settings import ApiSettings
from tests.examples import OPEN
from tests.fakes.api_keys import FakeApiKeys
from tests.fakes.catalog import FakeCatalog
from tests.fakes.pictures import fake_pictures
from tests.fakes.processing import FakeProcessing
from tests.fakes.storage import FakeStorage
from tests.problems import problem

ORIGIN = "https://app.example.com"


@pytest.fixture
def client() -> TestClient:
    settings = ApiSettings.read(OPEN | {"API_ORIGINS": ORIGIN})
    services = Backend(
        settings, FakeCatalog(), FakeStorage(), FakeProcessing(), FakeApiKeys(), fake_pictures()
    )
    return TestClient(app(services, {"video.lan", "172.17.0.1", "fd00::1"}))


@pytest.mark.parametrize(
    "host",
    [
        "localhost",
        "localhost:8000",
        "LOCALHOST.:8000",
        "clipo.localhost:8000",
        "127.0.0.1:8000",
        "127.8.8.8",
        "[::1]:8443",
        "[::1]",
        "video.lan",
        "Video.LAN:80",
        "172.17.0.1:8000",
        "[fd00::1]:8000",
    ],
)
def test_it_answers_to_loopback_names_and_to_those_of_the_setting(
    client: TestClient, host: str
) -> None:
    assert client.get("/health", headers={"Host": host}).status_code == 200


@pytest.mark.parametrize(
    "host",
    [
        "evil.example",
        "evil.example:8000",
        "localhost.evil.example",
        "127.0.0.1.evil.example",
        "evil-localhost",
        "10.0.0.1",
        "128.0.0.1",
        "0.0.0.0",
        "[::2]:8000",
        "user@localhost",
        "localhost:8000@evil.example",
        "[::1",
        "[",
        "a b",
        "",
    ],
)
@pytest.mark.parametrize(
    ("method", "path"),
    [("GET", "/videos"), ("GET", "/"), ("GET", "/health"), ("DELETE", f"/videos/{'a' * 24}")],
)
def test_it_answers_to_no_other_host(client: TestClient, method: str, path: str, host: str) -> None:
    body = problem(client.request(method, path, headers={"Host": host}))
    assert (body["status"], body["code"]) == (421, "unknown_host")
    assert "CLIPO_HOSTS" in body["detail"]


@pytest.mark.parametrize(
    ("origin", "allowed"),
    [
        (ORIGIN, True),
        ("http://localhost:3000", True),
        ("http://127.0.0.1", True),
        ("http://[::1]:5173", True),
        ("https://evil.example", False),
        ("http://localhost.evil.example", False),
        ("null", False),
    ],
)
def test_pages_of_this_machine_and_of_the_setting_may_call(
    client: TestClient,
    origin: str,
    allowed: bool,  # noqa: FBT001 (a column of the table)
) -> None:
    asked = {"Origin": origin, "Access-Control-Request-Method": "DELETE"}
    preflight = client.options("/videos", headers=asked | {"Host": "localhost"})
    assert (preflight.headers.get("access-control-allow-origin") == origin) == allowed
    headers = {"Origin": origin, "Sec-Fetch-Site": "cross-site", "Host": "localhost"}
    sent = client.post("/videos", json={"filename": "a.mp4", "size": 5}, headers=headers)
    assert sent.status_code == (201 if allowed else 403)
