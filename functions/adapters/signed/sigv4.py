"""AWS's Signature Version 4: in headers for every service, for S3 also in URLs and forms.

botocore signs only with a client, which takes the API longer to make than all else in a cold start
(ADR 28). tests/unit/adapters/test_sigv4.py proves that both make the same signatures.

https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-query-string-auth.html
https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-HTTPPOSTConstructPolicy.html
"""

import json
from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from hmac import digest
from typing import Any
from urllib.parse import quote, urlsplit

from functions.adapters.signed.credentials import Credentials

_ALGORITHM = "AWS4-HMAC-SHA256"
_UNSIGNED = "UNSIGNED-PAYLOAD"


@dataclass(frozen=True, slots=True)
class Signer:
    """Signs for one service in one region, at one time."""

    credentials: Credentials
    service: str
    region: str
    at: datetime
    """The beginning of the signature's validity, in UTC."""

    def url(
        self,
        method: str,
        address: str,
        query: Mapping[str, str],
        *,
        headers: Mapping[str, str] | None = None,
        expires_s: int,
    ) -> str:
        """Return a quoted address with its query and signature, for S3.

        The client has to send the headers that are given here, with these values.
        """
        given = {name.lower(): value for name, value in (headers or {}).items()}
        signed_headers = dict(sorted((given | {"host": _host(address)}).items()))
        said = {
            "X-Amz-Algorithm": _ALGORITHM,
            "X-Amz-Credential": self._credential,
            "X-Amz-Date": self._time,
            "X-Amz-Expires": str(expires_s),
            "X-Amz-SignedHeaders": ";".join(signed_headers),
        }
        if self.credentials.session_token:
            said["X-Amz-Security-Token"] = self.credentials.session_token
        signed = _query({**query, **said})
        unsigned = f"{address}?{'&'.join(signed)}"
        signature = self._signature_of(method, unsigned, signed_headers, _UNSIGNED)
        return f"{unsigned}&X-Amz-Signature={signature}"

    def headers(
        self, method: str, address: str, given: Mapping[str, str], body: bytes = b""
    ) -> dict[str, str]:
        """Return the headers for a request to a quoted address: the given ones and the signature.

        Names are in lower case. The signature covers the body, except for S3: TLS protects it.
        """
        headers = {**given, "host": _host(address), "x-amz-date": self._time}
        payload = sha256(body).hexdigest()
        if self.service == "s3":
            payload = headers["x-amz-content-sha256"] = _UNSIGNED
        if self.credentials.session_token:
            headers["x-amz-security-token"] = self.credentials.session_token
        headers = dict(sorted(headers.items()))
        signature = self._signature_of(method, address, headers, payload)
        said = f"SignedHeaders={';'.join(headers)}, Signature={signature}"
        return {**headers, "authorization": f"{_ALGORITHM} Credential={self._credential}, {said}"}

    def form(
        self, fields: Mapping[str, str], conditions: list[Any], *, expires_s: int
    ) -> dict[str, str]:
        """Return the fields of a form that S3 accepts if all conditions hold."""
        said = {
            "x-amz-algorithm": _ALGORITHM,
            "x-amz-credential": self._credential,
            "x-amz-date": self._time,
        }
        if self.credentials.session_token:
            said["x-amz-security-token"] = self.credentials.session_token
        expiration = f"{self.at + timedelta(seconds=expires_s):%Y-%m-%dT%H:%M:%SZ}"
        document = {
            "expiration": expiration,
            "conditions": [*conditions, *({name: value} for name, value in said.items())],
        }
        policy = b64encode(json.dumps(document).encode()).decode()
        return {**fields, **said, "policy": policy, "x-amz-signature": self._signature(policy)}

    @property
    def _time(self) -> str:
        return f"{self.at:%Y%m%dT%H%M%SZ}"

    @property
    def _scope(self) -> str:
        return f"{self.at:%Y%m%d}/{self.region}/{self.service}/aws4_request"

    @property
    def _credential(self) -> str:
        return f"{self.credentials.access_key_id}/{self._scope}"

    def _signature_of(
        self, method: str, address: str, headers: Mapping[str, str], payload: str
    ) -> str:
        """Sign AWS's canonical request, of headers in the order of their names."""
        parts = urlsplit(address)
        canonical = [
            method,
            # Every service but S3 takes the quoted path as text, and quotes it again.
            parts.path if self.service == "s3" else quote(parts.path, safe="/~"),
            "&".join(sorted(parts.query.split("&"))),
            *(f"{name}:{value}" for name, value in headers.items()),
            "",
            ";".join(headers),
            payload,
        ]
        request = sha256("\n".join(canonical).encode()).hexdigest()
        return self._signature("\n".join([_ALGORITHM, self._time, self._scope, request]))

    def _signature(self, text: str) -> str:
        key = f"AWS4{self.credentials.secret_access_key}".encode()
        for part in self._scope.split("/"):
            key = digest(key, part.encode(), "sha256")
        return digest(key, text.encode(), "sha256").hex()


def quoted_query(query: Mapping[str, str]) -> str:
    """Return a query as text."""
    return "&".join(_query(query))


def _host(address: str) -> str:
    """Return the `Host` header: in lower case, without the default port of the scheme.

    https://url.spec.whatwg.org/#url-serializing
    """
    parts = urlsplit(address)
    host = (parts.hostname or "") if ":" not in (parts.hostname or "") else f"[{parts.hostname}]"
    implied = {"http": 80, "https": 443}.get(parts.scheme)
    return host if parts.port in (None, implied) else f"{host}:{parts.port}"


def _query(parameters: Mapping[str, str]) -> list[str]:
    return [f"{quote(name, safe='')}={quote(value, safe='')}" for name, value in parameters.items()]
