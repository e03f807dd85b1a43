"""The HTTP proxies that the environment names, by the rules of Python and of AWS's SDKs."""

from collections.abc import Callable, Mapping
from urllib.parse import unquote, urlsplit

from functions.core.settings import SettingsError

_NAMES = {"http": "http_proxy", "https": "https_proxy", "no": "no_proxy"}


def read(environ: Mapping[str, str]) -> dict[str, str]:
    """Read HTTP_PROXY, HTTPS_PROXY and NO_PROXY; small letters come first.

    The keys are the schemes, and `no`. Raises `SettingsError`.
    """
    given = {key: environ.get(name) or environ.get(name.upper()) for key, name in _NAMES.items()}
    found = {key: text for key, text in given.items() if text}
    for scheme in found.keys() - {"no"}:
        address = found[scheme] if "://" in found[scheme] else f"http://{found[scheme]}"
        parts = urlsplit(address)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            # The message leaves the address out: it may contain a password.
            raise SettingsError(f"{_NAMES[scheme].upper()} must be an http or https URL.")
        found[scheme] = address
    return found


def proxy_of(address: str, proxies: Mapping[str, str]) -> str | None:
    """Return the URL of the proxy for an address, `None` for a direct connection."""
    parts = urlsplit(address)
    proxy = proxies.get(parts.scheme)
    if proxy is None:
        return None
    # It costs a cold start more than the rest of this module.
    from urllib import request  # noqa: PLC0415

    # typeshed knows this function, which botocore uses, too, on other systems only.
    bypass: Callable[[str, Mapping[str, str]], bool] = getattr(request, "proxy_bypass_environment")  # noqa: B009
    return None if bypass(parts.netloc, proxies) else proxy


def credentials_of(proxy: str) -> str | None:
    """Return the user name and password in a proxy's URL, with a colon between them."""
    parts = urlsplit(proxy)
    return f"{unquote(parts.username)}:{unquote(parts.password or '')}" if parts.username else None
