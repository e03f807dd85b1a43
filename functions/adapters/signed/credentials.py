"""Credentials for signing requests, as Lambda provides them to a function."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from threading import Lock

from functions.adapters.request_failed import RequestFailed
from functions.core.clock import Clock, utc_now
from functions.core.settings import SettingsError

_RENEW_BEFORE = timedelta(minutes=5)
_ATTEMPTS = 2
_READ_TIMEOUT_S = 1


@dataclass(frozen=True, slots=True)
class Credentials:
    """AWS credentials for signing requests."""

    access_key_id: str
    secret_access_key: str = field(repr=False)
    session_token: str | None = field(default=None, repr=False)

    def __post_init__(self) -> None:
        """Raise `ValueError` for characters that no header can carry.

        The HTTP library's own error would repeat the secret.
        """
        for value in (self.access_key_id, self.secret_access_key, self.session_token or ""):
            if not (value.isascii() and value.isprintable()):
                raise ValueError("AWS credentials consist of printable ASCII characters.")


CredentialSource = Callable[[], Credentials]
"""A function that returns valid credentials. It may raise `RequestFailed`."""


def credential_source(environ: Mapping[str, str]) -> CredentialSource:
    """Read AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and AWS_SESSION_TOKEN.

    SnapStart replaces them with AWS_CONTAINER_CREDENTIALS_FULL_URI and
    AWS_CONTAINER_AUTHORIZATION_TOKEN, since a snapshot would outlive them. Raises `SettingsError`.
    https://docs.aws.amazon.com/lambda/latest/dg/snapstart-activate.html#snapstart-credentials
    """
    key, secret = environ.get("AWS_ACCESS_KEY_ID"), environ.get("AWS_SECRET_ACCESS_KEY")
    if key and secret:
        try:
            found = Credentials(key, secret, environ.get("AWS_SESSION_TOKEN") or None)
        except ValueError as error:
            names = "AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and AWS_SESSION_TOKEN"
            raise SettingsError(f"{error} Check {names}.") from error
        return lambda: found
    url = environ.get("AWS_CONTAINER_CREDENTIALS_FULL_URI")
    if not url:
        raise SettingsError("Set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY.")
    return ContainerCredentials(url, environ.get("AWS_CONTAINER_AUTHORIZATION_TOKEN", "")).current


class ContainerCredentials:
    """Credentials of an HTTP endpoint on this machine, kept until shortly before they expire.

    https://docs.aws.amazon.com/sdkref/latest/guide/feature-container-credentials.html
    """

    def __init__(self, url: str, token: str, *, now: Clock = utc_now) -> None:
        """Store the endpoint's URL. `token` is the value of the `Authorization` header."""
        self._url = url
        self._token = token
        self._now = now
        self._reading = Lock()
        self._kept: tuple[Credentials, datetime] | None = None

    def current(self) -> Credentials:
        """Return credentials that are valid now. Raises `RequestFailed`."""
        with self._reading:
            if self._kept is None or self._now() >= self._kept[1] - _RENEW_BEFORE:
                self._kept = self._read()
            return self._kept[0]

    def _read(self) -> tuple[Credentials, datetime]:
        # Without SnapStart a function gets its credentials from the environment, without urllib3.
        from functions.adapters.signed.connections import Connections  # noqa: PLC0415

        connections = Connections(attempts=_ATTEMPTS, read_timeout_s=_READ_TIMEOUT_S)
        answer = connections.send("GET", self._url, {"authorization": self._token})
        try:
            found = json.loads(answer.data)
            return (
                Credentials(found["AccessKeyId"], found["SecretAccessKey"], found.get("Token")),
                datetime.fromisoformat(found["Expiration"]),
            )
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            raise RequestFailed("credentials not understood") from error
