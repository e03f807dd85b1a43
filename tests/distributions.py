"""What CloudFront does with a signed address."""

import json
from base64 import b64decode, b64encode
from urllib.parse import parse_qsl

from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

KEY_ID = "K2JCJMDEHXQW5F"
_OURS = ("Expires", "Signature", "Key-Pair-Id", "Hash-Algorithm")


def as_text(key: ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey) -> str:
    """Return a private key as it is in the operator's secret."""
    written = key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
    return b64encode(written).decode()


def verify(url: str, key: ec.EllipticCurvePrivateKey) -> str:
    """Check a signed address with the public key, and return the address that was signed.

    CloudFront removes its own parameters, and makes the policy of what is left.
    """
    base, query = url.split("?")
    values = {name: value for name, value in parse_qsl(query) if name in _OURS}
    assert list(values) == list(_OURS)
    assert (values["Hash-Algorithm"], values["Key-Pair-Id"]) == ("SHA256", KEY_ID)
    left = [part for part in query.split("&") if part.partition("=")[0] not in _OURS]
    address = f"{base}?{'&'.join(left)}" if left else base
    until = {"DateLessThan": {"AWS:EpochTime": int(values["Expires"])}}
    policy = {"Statement": [{"Resource": address, "Condition": until}]}
    signature = values["Signature"].translate(str.maketrans("-_~", "+=/"))
    key.public_key().verify(
        b64decode(signature, validate=True),
        json.dumps(policy, separators=(",", ":")).encode(),
        ec.ECDSA(SHA256()),
    )
    return address
