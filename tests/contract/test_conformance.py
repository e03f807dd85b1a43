"""The conformance suite, against a store that checks everything and one that checks little."""

from collections.abc import Iterator
from pathlib import Path

import boto3
import pytest

from functions.adapters.signed.credentials import Credentials
from tests.conformance.__main__ import run
from tests.conformance.store import Store
from tests.servers import s3

pytestmark = pytest.mark.long

_BUCKETS = ("conformance-uploads", "conformance-media")
_CREDENTIALS = {"AWS_ACCESS_KEY_ID": "testing", "AWS_SECRET_ACCESS_KEY": "testing"}


@pytest.fixture
def strict(tmp_path: Path) -> Iterator[str]:
    """Run the local stack's S3."""
    with s3(tmp_path, _CREDENTIALS) as server:
        yield server.url


def failures(url: str) -> dict[str, str]:
    store = Store(url, Credentials("testing", "testing"), "us-east-1", *_BUCKETS)
    return {check.name: reason for check, reason in run(store).items() if reason}


@pytest.mark.usefixtures("aws_credentials")
def test_the_store_of_the_local_stack_has_all_that_clipo_needs(strict: str) -> None:
    assert failures(strict) == {}


@pytest.mark.usefixtures("aws_credentials")
def test_a_store_that_checks_no_policy_is_found_out(s3_url: str) -> None:
    try:
        found = failures(s3_url)
    finally:
        _remove_buckets(s3_url)
    assert "a form refuses a longer and a shorter file" in found
    assert "a form expires" in found
    assert "a form uploads a file of the signed size and type" not in found


def _remove_buckets(url: str) -> None:
    """Leave other tests no buckets."""
    s3 = boto3.resource("s3", endpoint_url=url, region_name="us-east-1")
    for name in _BUCKETS:
        bucket = s3.Bucket(name)
        for upload in bucket.multipart_uploads.all():
            upload.abort()
        bucket.objects.all().delete()
        bucket.delete()
