from collections.abc import Iterator

import pytest
from starlette.testclient import TestClient

from functions.adapters.pictures import Pictures
from functions.api.app import create_app
from functions.api.login import Logins
from functions.api.services import Backend
from functions.api.settings import ApiSettings
from tests.examples import OPEN
from tests.fakes.api_keys import FakeApiKeys
from tests.fakes.catalog import FakeCatalog
from tests.fakes.pictures import FakePictureLeases, FakePictureMaker
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
def api_keys() -> FakeApiKeys:
    return FakeApiKeys()


@pytest.fixture
def leases() -> FakePictureLeases:
    return FakePictureLeases()


@pytest.fixture
def maker(objects: FakeStorage) -> FakePictureMaker:
    return FakePictureMaker(objects)


@pytest.fixture
def pictures(leases: FakePictureLeases, maker: FakePictureMaker) -> Pictures:
    return Pictures(leases, maker)


@pytest.fixture
def pauses() -> list[float]:
    """Return the pauses that the API makes, in seconds. They take no time."""
    return []


@pytest.fixture
def settings() -> ApiSettings:
    return ApiSettings.read(OPEN | {"MAX_UPLOAD_BYTES": "10000"})


@pytest.fixture
def logins() -> Logins | None:
    """Return the check of the tokens of an operator's own login. There is none by default."""
    return None


@pytest.fixture
def client(
    settings: ApiSettings,
    records: FakeCatalog,
    objects: FakeStorage,
    processing: FakeProcessing,
    api_keys: FakeApiKeys,
    pictures: Pictures,
    pauses: list[float],
    logins: Logins | None,
) -> Iterator[TestClient]:
    backend = Backend(
        settings,
        records,
        objects,
        processing,
        api_keys,
        pictures,
        logins,
        sleep=pauses.append,
    )
    app = create_app(backend)
    with TestClient(app, raise_server_exceptions=False, follow_redirects=False) as client:
        yield client
