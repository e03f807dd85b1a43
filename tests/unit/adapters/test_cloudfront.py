"""Signed addresses of a CloudFront distribution: verified as CloudFront documents it."""

from base64 import b64encode
from datetime import UTC, datetime
from urllib.parse import parse_qsl, urlsplit

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from functions.adapters.signed.cloudfront import CloudFront
from functions.core.settings import SettingsError, StorageSettings
from tests.distributions import KEY_ID, as_text, verify
from tests.signed import signed_storage

NOW = datetime(2026, 1, 1, 17, 45, tzinfo=UTC)
KEY = "uploads/507f1f77bcf86cd799439011/source"
DISPOSITION = "attachment; filename=\"a b.mp4\"; filename*=UTF-8''%E2%82%AC~.mp4"
PRIVATE = ec.generate_private_key(ec.SECP256R1())


def distribution(key: str | None = None) -> CloudFront:
    found = CloudFront.read(
        {
            "DELIVERY_URL": "https://d111111abcdef8.cloudfront.net",
            "DELIVERY_KEY_ID": KEY_ID,
            "DELIVERY_KEY": as_text(PRIVATE) if key is None else key,
        },
        lambda: NOW,
    )
    assert found
    return found


def test_a_signature_is_that_of_the_canned_policy() -> None:
    url = distribution().sign("image.jpg", {"color": "red", "size": "medium"}, expires_s=900)
    signed = "https://d111111abcdef8.cloudfront.net/image.jpg?color=red&size=medium"
    assert verify(url, PRIVATE) == signed
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
            verify(changed, PRIVATE)


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
    signed = urlsplit(verify(source, PRIVATE))
    assert (signed.hostname, signed.path) == ("d111111abcdef8.cloudfront.net", f"/{KEY}")
    assert dict(parse_qsl(signed.query)) == {
        "response-content-disposition": DISPOSITION,
        "response-content-type": "video/mp4",
        "v": "3f1c0a9be27d5486",
    }
    thumbnail_url = storage.sign_thumbnail("thumbnails/1/2.jpg", expires_s=60)
    thumbnail = urlsplit(verify(thumbnail_url, PRIVATE))
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
