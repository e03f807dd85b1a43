"""Turns API Gateway's events into ASGI requests, and corrects Mangum's host, scheme and path.

Mangum fails on a `Host` with an IPv6 address, and uses any text in `X-Forwarded-Proto` as the
scheme of the API's links.
"""

from typing import Any, ClassVar

from mangum.handlers.api_gateway import APIGateway, HTTPGateway
from mangum.types import LambdaConfig, LambdaContext, LambdaEvent, Response, Scope

_OURS = ("host", "x-forwarded-port", "x-forwarded-proto")


class _Request:
    """A request that Mangum reads from a simplified event, and whose scope is completed here."""

    _reader: ClassVar[type[HTTPGateway | APIGateway]]

    @classmethod
    def infer(cls, event: LambdaEvent, context: LambdaContext, config: LambdaConfig) -> bool:
        """Tell whether an event is such a request."""
        return cls._reader.infer(event, context, config)

    def __init__(self, event: LambdaEvent, context: LambdaContext, config: LambdaConfig) -> None:
        """Take the event."""
        self._read = self._reader(_without_ours(event), context, _without_base_path(config))
        self._original, self._base_path = event, config["api_gateway_base_path"].rstrip("/")

    @property
    def body(self) -> bytes:
        """The decoded body."""
        return self._read.body

    @property
    def scope(self) -> Scope:
        """The request as ASGI has it."""
        return _completed(self._read.scope, self._original, self._base_path)

    def __call__(self, response: Response) -> dict[str, Any]:
        """Return the response in API Gateway's format."""
        return self._read(response)


class HttpApi(_Request):
    """A request of an HTTP API, in either format."""

    _reader = HTTPGateway


class RestApi(_Request):
    """A request of a REST API."""

    _reader = APIGateway


def _without_ours(event: LambdaEvent) -> LambdaEvent:
    several = {
        kind: {name: value for name, value in headers.items() if name.lower() not in _OURS}
        for kind, headers in _headers(event).items()
    }
    return {**event, **several}


def _without_base_path(config: LambdaConfig) -> LambdaConfig:
    """Keep Mangum from cutting the path: the application knows it as ASGI's `root_path`."""
    return {**config, "api_gateway_base_path": "/"}


def _completed(scope: Scope, event: LambdaEvent, base_path: str) -> Scope:
    """Add the host, the scheme and the base path.

    API Gateway serves TLS only, so the scheme is HTTP only if an emulator states it.
    """
    own_name = event["requestContext"].get("domainName") or "localhost"
    host = _value(event, "host") or own_name
    scheme = "http" if _value(event, "x-forwarded-proto") == "http" else "https"
    headers = [*scope["headers"], [b"host", host.encode()]]
    path = scope["path"]
    if not f"{path}/".startswith(f"{base_path}/"):
        # A REST API at its own address leaves the stage out.
        path = base_path + path
    added = {"path": path, "root_path": base_path, "headers": headers, "scheme": scheme}
    return {**scope, **added, "server": (own_name, 443)}


def _value(event: LambdaEvent, wanted: str) -> str:
    for headers in _headers(event).values():
        for name, value in headers.items():
            if name.lower() == wanted:
                return ",".join(value) if isinstance(value, list) else str(value)
    return ""


def _headers(event: LambdaEvent) -> dict[str, dict[str, Any]]:
    kinds = ("multiValueHeaders", "headers")
    return {kind: event.get(kind) or {} for kind in kinds if kind in event}
