"""The command's client against servers that say nothing."""

import asyncio
import socket

import httpx2
import pytest

from clipo.client import faults
from clipo.client.api import connected
from clipo.client.faults import Unreachable


def test_who_waits_is_told_for_what(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(faults, "SLOW_S", 0.01)
    told = []

    async def ask(address: str) -> None:
        limits = httpx2.Timeout(0.1)
        async with connected(address, lambda: told.append("slow"), timeouts=limits) as api:
            for _ in range(2):
                with pytest.raises(Unreachable, match=r"nothing came for 0\.1 s"):
                    await api.page(limit=1)

    with socket.create_server(("127.0.0.1", 0)) as silent:
        asyncio.run(ask(f"http://127.0.0.1:{silent.getsockname()[1]}"))
    assert told == ["slow"]
