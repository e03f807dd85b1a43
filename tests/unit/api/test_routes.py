"""What holds for every route of the API, also for those that are still to come."""

from collections.abc import Iterator

import pytest
from fastapi import FastAPI
from fastapi.routing import APIRoute
from starlette.routing import BaseRoute
from starlette.testclient import TestClient

from tests.examples import ID, done_video
from tests.fakes.catalog import FakeCatalog
from tests.fakes.storage import FakeStorage
from tests.problems import problem

STRICT = ("/videos", "/me", "/webhooks/deliveries", "/webhooks/events")


PARTS = dict.fromkeys(("key_id", "delivery_id", "receiver_id"), "none") | {
    "video_id": ID,
    "name": "none.js",
    "release": "0.2.0",
}


def calls(client: TestClient) -> Iterator[tuple[str, str]]:
    """Yield method and path of every route, each with the id of one video."""
    app = client.app
    assert isinstance(app, FastAPI)
    for route in every_route(app.routes):
        for method in sorted(route.methods or ()):
            yield method, route.path.format_map(PARTS)


def every_route(routes: list[BaseRoute]) -> Iterator[APIRoute]:
    for route in routes:
        if isinstance(route, APIRoute):
            yield route
        elif router := getattr(route, "original_router", None):
            yield from every_route(router.routes)


@pytest.fixture(autouse=True)
def _one_video(records: FakeCatalog, objects: FakeStorage) -> None:
    records.videos[ID] = done = done_video()
    assert done.thumbnail
    objects.thumbnails[done.thumbnail.key] = b"jpeg"


def test_the_resource_api_ignores_no_query_parameter(client: TestClient) -> None:
    seen = 0
    for method, path in calls(client):
        if path.startswith(STRICT):
            found = problem(client.request(method, f"{path}?unknown=1"))
            assert (found["status"], found["errors"][0]["field"]) == (422, "query.unknown"), path
            seen += 1
    assert seen >= 7


def test_no_other_route_minds_a_query_parameter(client: TestClient) -> None:
    """Legacy clients, and pages that are opened from a mail, may carry any."""
    for method, path in calls(client):
        if not path.startswith(STRICT):
            plain, with_query = client.request(method, path), client.request(method, f"{path}?a=1")
            assert with_query.status_code == plain.status_code, path
    assert client.get("/openapi.json?a=1").status_code == 200


def test_no_json_may_be_stored_but_lists_that_a_client_revalidates(client: TestClient) -> None:
    for method, path in [*calls(client), ("GET", "/nothing"), ("GET", "/openapi.json")]:
        response = client.request(method, path)
        if "json" in response.headers.get("content-type", ""):
            rule = "private, no-cache" if "etag" in response.headers else "no-store"
            assert response.headers["cache-control"] == rule, path


def test_the_answer_to_a_bug_may_not_be_stored(
    client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delattr(FakeCatalog, "get")
    response = client.get(f"/video-status/{ID}")
    assert (response.status_code, response.headers["cache-control"]) == (500, "no-store")


def test_pictures_and_files_of_the_page_keep_their_own_rules(client: TestClient) -> None:
    image = client.get(f"/thumbnails/{ID}.jpg")
    assert image.headers["cache-control"] == "private, max-age=300"
    assert "no-store" not in client.get("/swagger/swagger-ui.css").headers.get("cache-control", "")
