"""Addresses of a CloudFront distribution, which the operator's key signs (ADR 61).

https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/private-content-creating-signed-url-canned-policy.html
"""

from base64 import b64decode, b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from functools import cached_property
from typing import TYPE_CHECKING
from urllib.parse import quote

from functions.adapters.signed.sigv4 import quoted_query
from functions.core.clock import Clock, utc_now
from functions.core.settings import SettingsError, required

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey

_URL_SAFE = str.maketrans("+=/", "-_~")


@dataclass(frozen=True)
class CloudFront:
    """A distribution in front of both buckets."""

    url: str
    """The address of the distribution, without a slash at the end."""
    key_id: str
    """CloudFront's id of the public key."""
    key: str
    """The private key: PKCS #8 as DER, in base64."""
    now: Clock = utc_now

    @classmethod
    def read(cls, environ: Mapping[str, str], now: Clock = utc_now) -> "CloudFront | None":
        """Read DELIVERY_URL, DELIVERY_KEY_ID and DELIVERY_KEY; `None` without the first.

        Raises `SettingsError`.
        """
        url = environ.get("DELIVERY_URL", "").rstrip("/")
        if not url:
            return None
        key_id, key = (required(environ, f"DELIVERY_KEY{suffix}") for suffix in ("_ID", ""))
        return cls(url, key_id, key, now)

    def sign(self, key: str, query: Mapping[str, str], *, expires_s: int) -> str:
        """Return a URL at which anyone can read an object until it expires, also with HEAD.

        The first signature imports cryptography. Raises `SettingsError` for an unusable key.
        """
        address = f"{self.url}/{quote(key)}?{quoted_query(query)}"
        expires = int((self.now() + timedelta(seconds=expires_s)).timestamp())
        signed = {
            "Expires": str(expires),
            "Signature": self._signature(_canned_policy(address, expires)),
            "Key-Pair-Id": self.key_id,
            "Hash-Algorithm": "SHA256",
        }
        return f"{address}&{quoted_query(signed)}"

    def _signature(self, policy: str) -> str:
        from cryptography.hazmat.primitives.asymmetric.ec import ECDSA  # noqa: PLC0415 (see `sign`)
        from cryptography.hazmat.primitives.hashes import SHA256  # noqa: PLC0415 (see `sign`)

        signature = self._private_key.sign(policy.encode(), ECDSA(SHA256()))
        return b64encode(signature).decode().translate(_URL_SAFE)

    @cached_property
    def _private_key(self) -> "EllipticCurvePrivateKey":
        from cryptography.hazmat.primitives.asymmetric.ec import (  # noqa: PLC0415 (see `sign`)
            SECP256R1,
            EllipticCurvePrivateKey,
        )
        from cryptography.hazmat.primitives.serialization import (  # noqa: PLC0415 (see `sign`)
            load_der_private_key,
        )

        # The message leaves out the text, which is secret.
        unusable = SettingsError("DELIVERY_KEY must be a P-256 key: PKCS #8 as DER, in base64.")
        try:
            key = load_der_private_key(b64decode(self.key, validate=True), password=None)
        except (ValueError, TypeError) as error:
            raise unusable from error
        if not isinstance(key, EllipticCurvePrivateKey) or not isinstance(key.curve, SECP256R1):
            raise unusable
        return key


def _canned_policy(address: str, expires: int) -> str:
    """Return the statement that CloudFront itself makes of a request, without white space."""
    # The address contains neither quotation marks nor backslashes: they are percent-encoded.
    condition = f'{{"DateLessThan":{{"AWS:EpochTime":{expires}}}}}'
    return f'{{"Statement":[{{"Resource":"{address}","Condition":{condition}}}]}}'
