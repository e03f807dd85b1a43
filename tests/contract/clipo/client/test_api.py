"""The API client against a server that does not respond."""

import asyncio
import socket

import httpx2
import pytest

from clipo.client import faults
from clipo.client.api import connect
from clipo.client.faults import Unreachable


def test_a_slow_server_is_reported_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(faults, "SLOW_S", 0.01)
    reports: list[str] = []

    async def ask(address: str) -> None:
        limits = httpx2.Timeout(0.1)
        async with connect(address, lambda: reports.append("slow"), timeouts=limits) as api:
            for _ in range(2):
                with pytest.raises(Unreachable, match=r"no response for 0\.1 s"):
                    await api.page(limit=1)

    with socket.create_server(("127.0.0.1", 0)) as silent:
        asyncio.run(ask(f"http://127.0.0.1:{silent.getsockname()[1]}"))
    assert reports == ["slow"]
