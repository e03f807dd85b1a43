"""Makes the HTTP client, with the proxies and certificates that the environment names."""

import os
from collections.abc import Iterator
from typing import Any

import httpx2

from clipo.client.address import is_local
from clipo.errors import ClipoError

_PROXIES = ("http_proxy", "https_proxy", "all_proxy")
_CERTIFICATES = ("SSL_CERT_FILE", "SSL_CERT_DIR", "SSLKEYLOGFILE")
_UNUSABLE = (ImportError, ValueError, httpx2.InvalidURL)
"""Errors of a proxy with an invalid URL or an unsupported scheme (SOCKS needs a package)."""


def http_client(address: str, **options: Any) -> httpx2.AsyncClient:
    """Return the client for an API, whose storage may be on another host.

    Requests to an API on this machine use no proxy, and an unusable proxy or certificate in the
    environment does not matter. Raises `ClipoError` for any other.
    """
    local = is_local(address)
    direct = {f"all://{httpx2.URL(address).netloc.decode()}": None} if local else None
    try:
        return httpx2.AsyncClient(mounts=direct, **options)
    except (OSError, *_UNUSABLE) as error:
        if local:
            return httpx2.AsyncClient(trust_env=False, **options)
        raise ClipoError(_reason(error)) from error


def _reason(error: Exception) -> str:
    if isinstance(error, OSError):
        names = " or ".join(certificates_in_use())
        return f"{names} names a file that cannot be used: {error.strerror}. Correct or unset it."
    names = " and ".join(name for name in proxies_in_use() if not _is_usable(os.environ[name]))
    return f"{names} must name a proxy as http://host:port or https://…. Correct or unset it."


def _is_usable(proxy: str) -> bool:
    try:
        httpx2.Proxy(proxy if "://" in proxy else f"http://{proxy}")
    except _UNUSABLE:
        return False
    return not proxy.startswith("socks")


def proxies_in_use() -> list[str]:
    """Return the names of the environment variables that name proxies."""
    return list(_set(*_PROXIES, *(name.upper() for name in _PROXIES)))


def certificates_in_use() -> list[str]:
    """Return the names of the environment variables that name certificates."""
    return list(_set(*_CERTIFICATES))


def _set(*names: str) -> Iterator[str]:
    return (name for name in names if os.environ.get(name))
