from collections.abc import Iterator

import pytest
from starlette.testclient import TestClient

from functions.api.app import create_app
from functions.api.services import Services
from functions.api.settings import ApiSettings
from tests.fakes.catalog import FakeCatalog
from tests.fakes.processing import FakeProcessing
from tests.fakes.storage import FakeStorage


@pytest.fixture
def records() -> FakeCatalog:
    return FakeCatalog()


@pytest.fixture
def objects() -> FakeStorage:
    return FakeStorage()


@pytest.fixture
def processing() -> FakeProcessing:
    return FakeProcessing()


@pytest.fixture
def settings() -> ApiSettings:
    return ApiSettings.read({"MAX_UPLOAD_BYTES": "10000"})


@pytest.fixture
def client(
    settings: ApiSettings,
    records: FakeCatalog,
    objects: FakeStorage,
    processing: FakeProcessing,
) -> Iterator[TestClient]:
    app = create_app(Services(settings, records, objects, processing))
    with TestClient(app, raise_server_exceptions=False, follow_redirects=False) as client:
        yield client
