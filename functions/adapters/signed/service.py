"""One AWS service, used by requests that Clipo signs itself."""

from collections.abc import Mapping
from functools import cached_property
from threading import Lock
from typing import TYPE_CHECKING, BinaryIO

from functions.adapters.signed import proxies
from functions.adapters.signed.credentials import CredentialSource, credential_source
from functions.adapters.signed.sigv4 import Signer
from functions.core.clock import Clock, utc_now
from functions.core.settings import required

if TYPE_CHECKING:
    from urllib3 import BaseHTTPResponse

    from functions.adapters.signed.connections import Connections


class SignedService:
    """Signs requests to one service in one region, and sends them over kept connections."""

    def __init__(
        self,
        name: str,
        region: str,
        credentials: CredentialSource,
        *,
        attempts: int,
        read_timeout_s: int,
        ca_bundle: str | None = None,
        proxies: Mapping[str, str] | None = None,
        now: Clock = utc_now,
    ) -> None:
        """Store the settings. `name` is the service's name in signatures, such as `s3`.

        `attempts` limits how often it sends one request. `ca_bundle` is a file of trusted
        certificates; `None` stands for the system's. `proxies` are those of `proxies.read`.
        """
        self._name = name
        self._region = region
        self._credentials = credentials
        self._attempts = attempts
        self._read_timeout_s = read_timeout_s
        self._ca_bundle = ca_bundle
        self._proxies = proxies
        self._now = now
        self._connecting = Lock()

    @classmethod
    def read(
        cls, name: str, environ: Mapping[str, str], *, attempts: int, read_timeout_s: int
    ) -> "SignedService":
        """Read AWS_REGION, AWS_CA_BUNDLE, the proxies and the credentials.

        Raises `SettingsError`.
        """
        return cls(
            name,
            required(environ, "AWS_REGION"),
            credential_source(environ),
            attempts=attempts,
            read_timeout_s=read_timeout_s,
            ca_bundle=environ.get("AWS_CA_BUNDLE") or None,
            proxies=proxies.read(environ),
        )

    @cached_property
    def _connections(self) -> "Connections":
        # The API mostly signs URLs and rarely sends a request, so it imports urllib3 for the first.
        from functions.adapters.signed.connections import Connections  # noqa: PLC0415

        return Connections(
            attempts=self._attempts,
            read_timeout_s=self._read_timeout_s,
            ca_bundle=self._ca_bundle,
            proxies=self._proxies,
        )

    def signer(self) -> Signer:
        """Return a signer with the current time and credentials. Raises `RequestFailed`."""
        return Signer(self._credentials(), self._name, self._region, self._now())

    def send(
        self,
        method: str,
        address: str,
        headers: Mapping[str, str],
        body: bytes | BinaryIO | None = None,
        *,
        read_timeout_s: int | None = None,
        stream: bool = False,
    ) -> "BaseHTTPResponse":
        """Sign and send a request, whose headers have names in lower case.

        See `Connections.send`. Raises `RequestFailed`.
        """
        payload = body if isinstance(body, bytes) else b""
        signed = self.signer().headers(method, address, headers, payload)
        with self._connecting:
            connections = self._connections
        return connections.send(
            method, address, signed, body, read_timeout_s=read_timeout_s, stream=stream
        )
