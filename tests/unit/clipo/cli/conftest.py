from typing import Any

import httpx2
import pytest

from clipo.client import http_client
from tests.scripted_api import Scripted


class _Httpx2:
    """The package, with an API instead of a network."""

    def __init__(self, api: Scripted) -> None:
        self._api = api

    def __getattr__(self, name: str) -> Any:
        return getattr(httpx2, name)

    def AsyncClient(self, **_: Any) -> httpx2.AsyncClient:  # noqa: N802 (its name there)
        return httpx2.AsyncClient(transport=httpx2.MockTransport(self._api))


@pytest.fixture
def scripted(monkeypatch: pytest.MonkeyPatch) -> Scripted:
    """An API in this process, whose responses a test chooses."""
    api = Scripted()
    monkeypatch.setattr(http_client, "httpx2", _Httpx2(api))
    monkeypatch.setenv("NO_COLOR", "1")
    for name in ("CLIPO_API", "CLIPO_API_KEY", "CLIPO_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    return api
