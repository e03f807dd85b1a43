from collections.abc import Iterator

import pytest
from starlette.testclient import TestClient

from functions.api.app import create_app
from functions.api.services import Services
from functions.api.settings import ApiSettings
from tests.fakes.objects import FakeObjects
from tests.fakes.processing import FakeProcessing
from tests.fakes.records import FakeRecords


@pytest.fixture
def records() -> FakeRecords:
    return FakeRecords()


@pytest.fixture
def objects() -> FakeObjects:
    return FakeObjects()


@pytest.fixture
def processing() -> FakeProcessing:
    return FakeProcessing()


@pytest.fixture
def settings() -> ApiSettings:
    return ApiSettings.read({"MAX_UPLOAD_BYTES": "10000"})


@pytest.fixture
def client(
    settings: ApiSettings,
    records: FakeRecords,
    objects: FakeObjects,
    processing: FakeProcessing,
) -> Iterator[TestClient]:
    app = create_app(Services(settings, records, objects, processing))
    with TestClient(app, raise_server_exceptions=False, follow_redirects=False) as client:
        yield client
