"""The events of API Gateway in events/ lead where their names say."""

import base64

import pytest
from starlette.testclient import TestClient

from functions.api.settings import ApiSettings
from tests.events import event, names
from tests.examples import ID, OPEN, failed_video, video
from tests.fakes.catalog import FakeCatalog
from tests.fakes.storage import FakeStorage

EXPECTED = {
    "http-change-video": 200,
    "http-create-video": 201,
    "http-create-video-once": 201,
    "http-delete-video": 204,
    "http-docs": 200,
    "http-get-image": 404,
    "http-get-source": 404,
    "http-get-storyboard": 404,
    "http-get-thumbnail": 404,
    "http-get-video": 200,
    "http-health": 200,
    "http-list-videos": 200,
    "http-openapi": 200,
    "http-retry-video": 202,
    "http-sign-form": 200,
    "http-sign-part": 200,
    "http-swagger": 200,
    "http-thumbnail-image": 404,
    "http-unknown-route": 404,
    "http-upload-video": 202,
    "http-video-metadata": 200,
    "http-video-status": 200,
}


@pytest.fixture
def settings() -> ApiSettings:
    return ApiSettings.read(OPEN)


@pytest.fixture(params=names("http"))
def name(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def test_every_event_is_answered(
    client: TestClient, records: FakeCatalog, objects: FakeStorage, name: str
) -> None:
    found = failed_video() if "retry" in name else video()
    records.videos[ID] = found
    objects.uploads[found.upload.key] = b"file"
    sent = event(name)
    http = sent["requestContext"]["http"]
    response = client.request(
        http["method"], sent["rawPath"], content=body_of(sent), headers=sent["headers"]
    )
    assert response.status_code == EXPECTED[name], response.text


def body_of(sent: dict[str, object]) -> bytes:
    body = str(sent.get("body", ""))
    return base64.b64decode(body) if sent["isBase64Encoded"] else body.encode()
