"""The API and its page with fake adapters on a real socket: it starts at once."""

import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from socket import socket
from typing import Any

import uvicorn

from clipo.local.api_server import app
from functions.api.services import Backend
from functions.api.settings import ApiSettings
from tests.credentials import KEYS
from tests.fakes.api_keys import FakeApiKeys
from tests.fakes.catalog import FakeCatalog
from tests.fakes.pictures import fake_pictures
from tests.fakes.processing import FakeProcessing
from tests.fakes.storage import FakeStorage


@contextmanager
def served(
    records: FakeCatalog,
    keys: FakeApiKeys,
    settings: Mapping[str, str] = KEYS,
    objects: FakeStorage | None = None,
    **options: Any,
) -> Iterator[int]:
    """Serve the API of the local stack with fake adapters, and yield its port."""
    objects = objects or FakeStorage()
    backend = Backend(
        ApiSettings.read(settings),
        records,
        objects,
        FakeProcessing(),
        keys,
        fake_pictures(objects),
    )
    config = uvicorn.Config(app(backend), log_level="error", **options)
    server = uvicorn.Server(config)
    with closing(socket()) as listening:
        listening.bind(("127.0.0.1", 0))
        thread = threading.Thread(target=server.run, args=([listening],))
        thread.start()
        while not server.started and thread.is_alive():
            time.sleep(0.01)
        try:
            yield listening.getsockname()[1]
        finally:
            server.should_exit = True
            thread.join()
