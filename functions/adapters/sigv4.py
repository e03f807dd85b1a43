"""AWS's Signature Version 4, as S3 takes it in URLs and in forms.

By ourselves, because botocore needs a client for it: most of what the API's first answer waited
for (ADR 22). tests/unit/adapters/test_sigv4.py shows that both sign alike, to the byte.

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

from functions.core.settings import Credentials

_ALGORITHM = "AWS4-HMAC-SHA256"
_UNSIGNED = "UNSIGNED-PAYLOAD"


@dataclass(frozen=True, slots=True)
class Signer:
    """Signs for one region, at one time."""

    credentials: Credentials
    region: str
    at: datetime
    """In UTC: a signature is good from then on."""

    def url(
        self,
        method: str,
        address: str,
        query: Mapping[str, str],
        *,
        content_type: str | None = None,
        expires_s: int,
    ) -> str:
        """Return the address, already quoted, with the query and what signs both.

        A content type that is given has to be sent as the request's own.
        """
        headers = {"content-type": content_type} if content_type else {}
        headers["host"] = _host(address)
        said = {
            "X-Amz-Algorithm": _ALGORITHM,
            "X-Amz-Credential": self._credential,
            "X-Amz-Date": self._time,
            "X-Amz-Expires": str(expires_s),
            "X-Amz-SignedHeaders": ";".join(headers),
        }
        if self.credentials.session_token:
            said["X-Amz-Security-Token"] = self.credentials.session_token
        signed = _query({**query, **said})
        signature = self._signature_of(method, address, signed, headers)
        return f"{address}?{'&'.join(signed)}&X-Amz-Signature={signature}"

    def headers(self, method: str, address: str, given: Mapping[str, str]) -> dict[str, str]:
        """Return what has to be sent to the address, already quoted: what is given, and signed.

        Names are in lower case. The body is not covered: TLS sees to it.
        """
        headers = {
            **given,
            "host": _host(address),
            "x-amz-content-sha256": _UNSIGNED,
            "x-amz-date": self._time,
        }
        if self.credentials.session_token:
            headers["x-amz-security-token"] = self.credentials.session_token
        headers = dict(sorted(headers.items()))
        signature = self._signature_of(method, address, [], headers)
        said = f"SignedHeaders={';'.join(headers)}, Signature={signature}"
        return {**headers, "authorization": f"{_ALGORITHM} Credential={self._credential}, {said}"}

    def form(
        self, fields: Mapping[str, str], conditions: list[Any], *, expires_s: int
    ) -> dict[str, str]:
        """Return the fields of a form that may be posted where all the conditions hold."""
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
        return f"{self.at:%Y%m%d}/{self.region}/s3/aws4_request"

    @property
    def _credential(self) -> str:
        return f"{self.credentials.access_key_id}/{self._scope}"

    def _signature_of(
        self, method: str, address: str, query: list[str], headers: Mapping[str, str]
    ) -> str:
        """Sign what AWS calls the canonical request, of headers in the order of their names."""
        canonical = [
            method,
            urlsplit(address).path,
            "&".join(sorted(query)),
            *(f"{name}:{value}" for name, value in headers.items()),
            "",
            ";".join(headers),
            _UNSIGNED,
        ]
        request = sha256("\n".join(canonical).encode()).hexdigest()
        return self._signature("\n".join([_ALGORITHM, self._time, self._scope, request]))

    def _signature(self, text: str) -> str:
        key = f"AWS4{self.credentials.secret_access_key}".encode()
        for part in self._scope.split("/"):
            key = digest(key, part.encode(), "sha256")
        return digest(key, text.encode(), "sha256").hex()


def quoted_key(key: str) -> str:
    """Return an object's key as the path of its URL."""
    return quote(key, safe="/")


def _host(address: str) -> str:
    """Return what a client sends as `Host`: in lower case, without its scheme's own port.

    https://url.spec.whatwg.org/#url-serializing
    """
    parts = urlsplit(address)
    host = (parts.hostname or "") if ":" not in (parts.hostname or "") else f"[{parts.hostname}]"
    implied = {"http": 80, "https": 443}.get(parts.scheme)
    return host if parts.port in (None, implied) else f"{host}:{parts.port}"


def _query(parameters: Mapping[str, str]) -> list[str]:
    return [f"{quote(name, safe='')}={quote(value, safe='')}" for name, value in parameters.items()]
