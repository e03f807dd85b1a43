"""Signed addresses of a CloudFront distribution: verified as CloudFront documents it."""

import json
from base64 import b64decode, b64encode
from datetime import UTC, datetime
from urllib.parse import parse_qsl, urlsplit

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from functions.adapters.signed.cloudfront import CloudFront
from functions.core.settings import SettingsError, StorageSettings
from tests.signed import signed_storage

NOW = datetime(2026, 1, 1, 17, 45, tzinfo=UTC)
KEY = "uploads/507f1f77bcf86cd799439011/source"
DISPOSITION = "attachment; filename=\"a b.mp4\"; filename*=UTF-8''%E2%82%AC~.mp4"
PRIVATE = ec.generate_private_key(ec.SECP256R1())


def as_text(key: ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey) -> str:
    return b64encode(key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())).decode()


def distribution(key: str | None = None) -> CloudFront:
    found = CloudFront.read(
        {
            "DELIVERY_URL": "https://d111111abcdef8.cloudfront.net",
            "DELIVERY_KEY_ID": "K2JCJMDEHXQW5F",
            "DELIVERY_KEY": as_text(PRIVATE) if key is None else key,
        },
        lambda: NOW,
    )
    assert found
    return found


def verify(url: str) -> str:
    """Check a signed address as CloudFront does. Return the address that was signed.

    CloudFront removes its own parameters, and makes the policy of what is left.
    """
    base, query = url.split("?")
    parts = query.split("&")
    ours = ("Expires", "Signature", "Key-Pair-Id", "Hash-Algorithm")
    values = {name: value for name, value in parse_qsl(query) if name in ours}
    assert list(values) == list(ours)
    assert values["Hash-Algorithm"] == "SHA256"
    assert values["Key-Pair-Id"] == "K2JCJMDEHXQW5F"
    left = [part for part in parts if part.partition("=")[0] not in ours]
    address = f"{base}?{'&'.join(left)}" if left else base
    until = {"DateLessThan": {"AWS:EpochTime": int(values["Expires"])}}
    policy = {"Statement": [{"Resource": address, "Condition": until}]}
    signature = values["Signature"].translate(str.maketrans("-_~", "+=/"))
    PRIVATE.public_key().verify(
        b64decode(signature, validate=True),
        json.dumps(policy, separators=(",", ":")).encode(),
        ec.ECDSA(SHA256()),
    )
    return address


def test_a_signature_is_that_of_the_canned_policy() -> None:
    url = distribution().sign("image.jpg", {"color": "red", "size": "medium"}, expires_s=900)
    assert verify(url) == "https://d111111abcdef8.cloudfront.net/image.jpg?color=red&size=medium"
    # The moment of the example in CloudFront's documentation is 18:00.
    assert "&Expires=1767290400&Signature=" in url


def test_a_changed_address_is_refused() -> None:
    url = distribution().sign(KEY, {"v": "1"}, expires_s=900)
    for changed in (
        url.replace("?v=1", "?v=2"),
        url.replace("/source", "/other"),
        url.replace("Expires=1", "Expires=2"),
    ):
        with pytest.raises(InvalidSignature):
            verify(changed)


def test_storage_names_the_distribution_instead_of_the_buckets() -> None:
    settings = StorageSettings("clipo-uploads", "clipo-media", "eu-west-1", endpoint_url=None)
    storage = signed_storage(settings, delivery=distribution())
    source = storage.sign_source(
        KEY,
        method="GET",
        content_type="video/mp4",
        content_disposition=DISPOSITION,
        version="3f1c0a9be27d5486",
        expires_s=900,
    )
    signed = urlsplit(verify(source))
    assert (signed.hostname, signed.path) == ("d111111abcdef8.cloudfront.net", f"/{KEY}")
    assert dict(parse_qsl(signed.query)) == {
        "response-content-disposition": DISPOSITION,
        "response-content-type": "video/mp4",
        "v": "3f1c0a9be27d5486",
    }
    thumbnail = urlsplit(verify(storage.sign_thumbnail("thumbnails/1/2.jpg", expires_s=60)))
    assert thumbnail.path == "/thumbnails/1/2.jpg"
    assert thumbnail.query == "response-content-type=image%2Fjpeg"
    upload = storage.sign_upload(KEY, content_type="video/mp4", size=1, expires_s=60)
    assert "clipo-uploads.s3." in upload.url, "uploads go to the bucket"
    assert "https://d111111abcdef8.cloudfront.net" in storage.origins(), "the page may show it"


def test_without_a_distribution_there_is_no_key() -> None:
    assert CloudFront.read({"DELIVERY_URL": "", "DELIVERY_KEY_ID": "", "DELIVERY_KEY": ""}) is None


@pytest.mark.parametrize(
    "key",
    [
        "no base64",
        b64encode(b"no key").decode(),
        as_text(rsa.generate_private_key(public_exponent=65537, key_size=1024)),
        as_text(ec.generate_private_key(ec.SECP384R1())),
    ],
)
def test_another_key_is_refused_and_not_shown(key: str) -> None:
    with pytest.raises(SettingsError) as refused:
        distribution(key).sign(KEY, {}, expires_s=900)
    assert "DELIVERY_KEY must be a P-256 key" in str(refused.value)
    assert key not in str(refused.value)
