"""The documents that storage signs.

Contract tests prove that S3 refuses what it should; test_sigv4.py, that we sign as AWS does.
"""

import base64
import json
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from functions.adapters.signed.storage import SignedStorage
from functions.adapters.storage import MultipartStep
from functions.core.settings import StorageSettings
from tests.signed import signed_storage

SETTINGS = StorageSettings("clipo-uploads", "clipo-media", "eu-west-1", endpoint_url=None)


@pytest.fixture
def signing() -> SignedStorage:
    return signed_storage(SETTINGS)


def sign(storage: SignedStorage) -> dict[str, str]:
    signed = storage.sign_upload(
        "uploads/1/source", content_type="video/mp4", size=100, expires_s=900
    )
    return {"url": signed.url, **signed.fields}


def test_a_signed_form_allows_exactly_one_key_one_type_and_one_size(
    signing: SignedStorage,
) -> None:
    policy = json.loads(base64.b64decode(sign(signing)["policy"]))
    assert {"bucket": "clipo-uploads"} in policy["conditions"]
    assert {"key": "uploads/1/source"} in policy["conditions"]
    assert {"Content-Type": "video/mp4"} in policy["conditions"]
    assert ["content-length-range", 100, 100] in policy["conditions"]
    expires = datetime.fromisoformat(policy["expiration"]) - datetime.now(UTC)
    assert timedelta(seconds=890) < expires <= timedelta(seconds=900)


def test_a_signed_form_goes_to_the_regional_host_with_sigv4(signing: SignedStorage) -> None:
    form = sign(signing)
    assert urlsplit(form["url"]).hostname == "clipo-uploads.s3.eu-west-1.amazonaws.com"
    assert form["x-amz-algorithm"] == "AWS4-HMAC-SHA256"


def test_other_servers_are_addressed_by_path() -> None:
    settings = StorageSettings("clipo-uploads", "m", "us-east-1", "http://127.0.0.1:9")
    form = sign(signed_storage(settings))
    assert form["url"] == "http://127.0.0.1:9/clipo-uploads"


def test_a_thumbnails_address_forces_its_type_and_expires(signing: SignedStorage) -> None:
    query = parse_qs(urlsplit(signing.sign_thumbnail("thumbnails/1.jpg", expires_s=60)).query)
    assert query["X-Amz-Expires"] == ["60"]
    assert query["response-content-type"] == ["image/jpeg"]


KEY = "uploads/507f1f77bcf86cd799439011/source"


def signed_step(
    storage: SignedStorage, step: MultipartStep, headers: dict[str, str] | None = None, **given: Any
) -> tuple[str, dict[str, Any]]:
    url = urlsplit(storage.sign_multipart(KEY, step, headers=headers or {}, expires_s=900, **given))
    assert url.hostname == "clipo-uploads.s3.eu-west-1.amazonaws.com"
    query = parse_qs(url.query, keep_blank_values=True)
    assert query["X-Amz-Expires"] == ["900"]
    assert query["X-Amz-Algorithm"] == ["AWS4-HMAC-SHA256"]
    return url.path, query


@pytest.mark.parametrize(
    ("step", "given", "said"),
    [
        (MultipartStep.CREATE, {}, {"uploads": [""]}),
        (
            MultipartStep.PART,
            {"upload_id": "U", "part_number": 7},
            {"uploadId": ["U"], "partNumber": ["7"]},
        ),
        (MultipartStep.LIST, {"upload_id": "U"}, {"uploadId": ["U"]}),
        (MultipartStep.COMPLETE, {"upload_id": "U"}, {"uploadId": ["U"]}),
        (MultipartStep.ABORT, {"upload_id": "U"}, {"uploadId": ["U"]}),
    ],
)
def test_each_step_of_an_upload_in_parts_is_signed_for_its_key(
    signing: SignedStorage, step: MultipartStep, given: dict[str, Any], said: dict[str, list[str]]
) -> None:
    path, query = signed_step(signing, step, **given)
    assert path == f"/{KEY}"
    assert {k: v for k, v in query.items() if not k.startswith("X-Amz-")} == said
    assert query["X-Amz-SignedHeaders"] == ["host"]


@pytest.mark.parametrize(
    ("name", "bound"),
    [
        ("Content-Type", "content-type;host"),
        ("Content-Length", "content-length;host"),
        ("x-amz-mp-object-size", "host;x-amz-mp-object-size"),
    ],
)
def test_a_step_of_an_upload_in_parts_is_bound_to_its_headers(
    signing: SignedStorage, name: str, bound: str
) -> None:
    _, query = signed_step(signing, MultipartStep.PART, headers={name: "1"})
    assert query["X-Amz-SignedHeaders"] == [bound]
