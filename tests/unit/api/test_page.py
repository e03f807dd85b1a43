"""The web page as it is served: its settings, its policy, and its files."""

import re
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from functions.core.failures import FailureCode
from functions.core.formats import FORMATS
from functions.core.playback import Obstacle
from tests.fakes.storage import FakeStorage

_SENTENCES = Path(__file__).parents[3] / "web" / "src" / "api-sentences.ts"


def addresses(html: str) -> list[str]:
    return re.findall(r'(?:href|src)="(/assets/[^"]+)"', html)


def test_the_page_knows_what_the_api_accepts(client: TestClient) -> None:
    html = client.get("/").text
    assert '<meta name="clipo:max-upload-bytes" content="10000">' in html
    extensions = ",".join(one.extension for one in FORMATS)
    assert f'<meta name="clipo:allowed-extensions" content="{extensions}">' in html
    assert "{{" not in html


def test_the_page_may_speak_to_the_api_and_to_storage_only(client: TestClient) -> None:
    policy = client.get("/").headers["Content-Security-Policy"]
    storage = "https://media.example https://uploads.example"
    assert policy.split("; ") == [
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        f"img-src 'self' data: blob: {storage}",
        f"media-src 'self' {storage}",
        f"connect-src 'self' {storage}",
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'none'",
    ]


def test_files_are_kept_for_ever_and_the_page_is_asked_for_again(client: TestClient) -> None:
    page = client.get("/")
    assert page.headers["Cache-Control"] == "no-cache"
    assert len(addresses(page.text)) == 4
    for address in addresses(page.text):
        answer = client.get(address)
        assert answer.status_code == 200
        assert answer.headers["Cache-Control"] == "public, max-age=31536000, immutable"


@pytest.mark.parametrize("ending", [".js", ".css", ".svg"])
def test_files_come_packed_to_whoever_unpacks_them(client: TestClient, ending: str) -> None:
    address = next(a for a in addresses(client.get("/").text) if a.endswith(ending))
    plain = client.get(address, headers={"Accept-Encoding": "identity"})
    packed = client.get(address, headers={"Accept-Encoding": "gzip"})
    assert "Content-Encoding" not in plain.headers
    assert packed.headers["Content-Encoding"] == "gzip"
    assert packed.headers["Content-Type"] == plain.headers["Content-Type"]
    assert packed.content == plain.content
    assert int(packed.headers["Content-Length"]) < len(plain.content)


def test_the_page_stays_small_enough_for_a_slow_phone(client: TestClient) -> None:
    found = [a for a in addresses(client.get("/").text) if a.endswith((".js", ".css"))]
    packed = [client.get(address, headers={"Accept-Encoding": "gzip"}) for address in found]
    assert sum(int(one.headers["Content-Length"]) for one in packed) <= 90_000


@pytest.mark.parametrize("name", ["nothing.js", "..%2Findex.html", "%2e%2e%2f%2e%2e%2fapp.py"])
def test_there_is_no_other_file(client: TestClient, name: str) -> None:
    answer = client.get(f"/assets/{name}")
    assert (answer.status_code, answer.json()["code"]) == (404, "route_not_found")


def test_without_storage_the_page_says_so(client: TestClient, objects: FakeStorage) -> None:
    objects.down = True
    assert client.get("/").status_code == 503


@pytest.mark.parametrize("code", [*FailureCode, *Obstacle])
def test_the_page_translates_each_failure_and_each_obstacle(code: str) -> None:
    german, spanish = _SENTENCES.read_text().split("const ES")
    for language in (german, spanish):
        assert re.search(rf"^    {code}:", language, re.MULTILINE)
