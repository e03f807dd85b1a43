"""What storage signs: the documents themselves.

Contract tests prove that S3 refuses what it should; test_sigv4.py, that we sign as AWS does.
"""

import base64
import json
import os
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from functions.adapters.s3_storage import S3Storage
from functions.adapters.storage import MultipartStep
from functions.core.settings import Credentials, StorageSettings
from functions.core.unavailable import StorageUnavailable

pytestmark = pytest.mark.usefixtures("aws_credentials")

SETTINGS = StorageSettings("clipo-uploads", "clipo-media", "eu-west-1", endpoint_url=None)


@pytest.fixture
def signing() -> S3Storage:
    return S3Storage(SETTINGS, attempts=1, read_timeout_s=1)


def sign(storage: S3Storage) -> dict[str, str]:
    signed = storage.sign_upload(
        "uploads/1/source", content_type="video/mp4", max_bytes=100, expires_s=900
    )
    return {"url": signed.url, **signed.fields}


def test_a_signed_form_allows_exactly_one_key_one_type_and_a_range_of_sizes(
    signing: S3Storage,
) -> None:
    policy = json.loads(base64.b64decode(sign(signing)["policy"]))
    assert {"bucket": "clipo-uploads"} in policy["conditions"]
    assert {"key": "uploads/1/source"} in policy["conditions"]
    assert {"Content-Type": "video/mp4"} in policy["conditions"]
    assert ["content-length-range", 1, 100] in policy["conditions"]
    expires = datetime.fromisoformat(policy["expiration"]) - datetime.now(UTC)
    assert timedelta(seconds=890) < expires <= timedelta(seconds=900)


def test_a_signed_form_goes_to_the_regional_host_with_sigv4(signing: S3Storage) -> None:
    form = sign(signing)
    assert urlsplit(form["url"]).hostname == "clipo-uploads.s3.eu-west-1.amazonaws.com"
    assert form["x-amz-algorithm"] == "AWS4-HMAC-SHA256"


def test_other_servers_are_addressed_by_path() -> None:
    settings = StorageSettings("clipo-uploads", "m", "us-east-1", "http://127.0.0.1:9")
    form = sign(S3Storage(settings, attempts=1, read_timeout_s=1))
    assert form["url"] == "http://127.0.0.1:9/clipo-uploads"


def test_a_thumbnails_address_forces_its_type_and_expires(signing: S3Storage) -> None:
    query = parse_qs(urlsplit(signing.sign_thumbnail("thumbnails/1.jpg", expires_s=60)).query)
    assert query["X-Amz-Expires"] == ["60"]
    assert query["response-content-type"] == ["image/jpeg"]


def test_the_environments_credentials_are_used_with_their_token() -> None:
    lambdas = {
        "UPLOADS_BUCKET": "u",
        "MEDIA_BUCKET": "m",
        "AWS_REGION": "eu-west-1",
        "AWS_ACCESS_KEY_ID": "AKIA",
        "AWS_SECRET_ACCESS_KEY": "hidden",
        "AWS_SESSION_TOKEN": "passing",
    }
    settings = StorageSettings.read(lambdas)
    form = sign(S3Storage(settings, attempts=1, read_timeout_s=1))
    assert form["x-amz-credential"].startswith("AKIA/")
    assert form["x-amz-security-token"] == "passing"
    assert "hidden" not in repr(settings)
    assert "passing" not in repr(settings)


def test_other_credentials_are_those_that_awss_sdk_finds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_SESSION_TOKEN", "found")
    storage = S3Storage(SETTINGS, attempts=1, read_timeout_s=1)
    with ThreadPoolExecutor(20) as pool:
        forms = list(pool.map(lambda _: sign(storage), range(40)))
    assert {form["x-amz-security-token"] for form in forms} == {"found"}


def test_without_any_credentials_storage_is_unavailable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", os.devnull)
    monkeypatch.setenv("AWS_CONFIG_FILE", os.devnull)
    with pytest.raises(StorageUnavailable, match="no credentials"):
        sign(S3Storage(SETTINGS, attempts=1, read_timeout_s=1))


@pytest.mark.parametrize("token", ["two\nlines", "tökén"])
def test_credentials_that_no_header_can_carry_are_refused_unsaid(token: str) -> None:
    with pytest.raises(ValueError, match="printable") as caught:
        Credentials("AKIA", "secret", token)
    assert token not in str(caught.value)


KEY = "uploads/507f1f77bcf86cd799439011/source"


def signed_step(
    storage: S3Storage, step: MultipartStep, **given: Any
) -> tuple[str, dict[str, Any]]:
    url = urlsplit(storage.sign_multipart(KEY, step, expires_s=900, **given))
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
    signing: S3Storage, step: MultipartStep, given: dict[str, Any], said: dict[str, list[str]]
) -> None:
    path, query = signed_step(signing, step, **given)
    assert path == f"/{KEY}"
    assert {k: v for k, v in query.items() if not k.startswith("X-Amz-")} == said
    assert query["X-Amz-SignedHeaders"] == ["host"]


def test_the_beginning_of_an_upload_in_parts_carries_its_type(signing: S3Storage) -> None:
    _, query = signed_step(signing, MultipartStep.CREATE, content_type="video/mp4")
    assert query["X-Amz-SignedHeaders"] == ["content-type;host"]
