"""Clipo: the clients of its API, the mounts for web servers, and the command.

`Clipo` and `AsyncClipo` load at their first use, because the command starts quicker without them.
"""

from typing import TYPE_CHECKING, Any

from clipo.errors import ClipoError

if TYPE_CHECKING:
    from clipo.client.async_clipo import AsyncClipo
    from clipo.client.sync_clipo import Clipo

__all__ = ["AsyncClipo", "Clipo", "ClipoError"]


def __getattr__(name: str) -> Any:
    from importlib import import_module  # noqa: PLC0415 (loaded with a client only)

    modules = {"AsyncClipo": "clipo.client.async_clipo", "Clipo": "clipo.client.sync_clipo"}
    if name not in modules:
        raise AttributeError(f"module 'clipo' has no attribute {name!r}")
    return getattr(import_module(modules[name]), name)
