"""The custom elements as the API serves them to pages of other origins."""

import base64
import hashlib
import json
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from functions.core.release import RELEASE

NAMES = ("clipo-upload.js", "clipo-grid.js", "clipo-player.js")
_PACKAGE = Path(__file__).parents[3] / "web" / "elements" / "package.json"


@pytest.mark.parametrize("name", NAMES)
def test_an_element_is_a_module_for_every_page_for_ever(client: TestClient, name: str) -> None:
    answer = client.get(f"/elements/{RELEASE}/{name}", headers={"Origin": "https://app.example"})
    assert answer.status_code == 200
    assert answer.headers["Content-Type"] == "text/javascript; charset=utf-8"
    assert answer.headers["Access-Control-Allow-Origin"] == "*"
    assert answer.headers["Cache-Control"] == "public, max-age=31536000, immutable"
    known = {"If-None-Match": answer.headers["ETag"]}
    assert client.get(f"/elements/{RELEASE}/{name}", headers=known).status_code == 304


def test_the_integrity_hashes_are_those_of_the_files(client: TestClient) -> None:
    hashes = client.get(f"/elements/{RELEASE}/integrity.json").json()
    assert set(hashes) == set(NAMES)
    for name, stated in hashes.items():
        content = client.get(f"/elements/{RELEASE}/{name}").content
        assert stated == f"sha384-{base64.b64encode(hashlib.sha384(content).digest()).decode()}"


def test_an_address_without_a_release_leads_to_the_present_one(client: TestClient) -> None:
    answer = client.get("/elements/clipo-grid.js", follow_redirects=False)
    assert answer.status_code == 307
    assert answer.headers["Location"] == f"{RELEASE}/clipo-grid.js"
    assert answer.headers["Access-Control-Allow-Origin"] == "*"


@pytest.mark.parametrize("path", ["clipo-none.js", "0.1.0/clipo-upload.js", f"{RELEASE}/none.js"])
def test_there_is_no_other_file(client: TestClient, path: str) -> None:
    answer = client.get(f"/elements/{path}")
    assert (answer.status_code, answer.json()["code"]) == (404, "route_not_found")


def test_the_upload_stays_small(client: TestClient) -> None:
    packed = {"Accept-Encoding": "gzip"}
    sizes = {
        name: int(
            client.get(f"/elements/{RELEASE}/{name}", headers=packed).headers["Content-Length"]
        )
        for name in NAMES
    }
    assert all(size <= 25_000 for size in sizes.values()), sizes


def test_the_npm_package_has_the_release() -> None:
    assert json.loads(_PACKAGE.read_text())["version"] == RELEASE
