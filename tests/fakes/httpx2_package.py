"""The package `httpx2`, with an API in memory instead of a network."""

from collections.abc import Callable
from typing import Any

import httpx2


class FakeHttpx2:
    """Its clients send each request to a function."""

    def __init__(self, api: Callable[[httpx2.Request], httpx2.Response]) -> None:
        self._api = api

    def __getattr__(self, name: str) -> Any:
        return getattr(httpx2, name)

    def AsyncClient(self, **_: Any) -> httpx2.AsyncClient:  # noqa: N802 (its name there)
        return httpx2.AsyncClient(transport=httpx2.MockTransport(self._api))
