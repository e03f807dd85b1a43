"""The guard of the emulator of S3, against pages of other sites and holders of one signed URL."""

from collections.abc import Iterator
from typing import Any

import boto3
import httpx2
import pytest
from botocore.config import Config

from clipo.local.cloud import Cloud
from tests.servers import S3, s3

ACCESS = {"AWS_ACCESS_KEY_ID": "LOCALTEST", "AWS_SECRET_ACCESS_KEY": "secret"}
BUCKET = "clipo-uploads"
FOREIGN = {"Origin": "http://evil.example", "Sec-Fetch-Site": "cross-site"}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[S3]:
    with s3(tmp_path_factory.mktemp("s3"), ACCESS) as server:
        urls = {"AWS_ENDPOINT_URL_S3": server.url, "AWS_ENDPOINT_URL_SQS": server.url}
        cloud = Cloud(ACCESS | urls | {"AWS_REGION": "us-east-1"})
        cloud.set_up(uploads_bucket=BUCKET, media_bucket="clipo-media")
        yield server


@pytest.fixture
def objects(server: S3) -> Any:
    client = boto3.client(
        "s3",
        endpoint_url=server.url,
        region_name="us-east-1",
        config=Config(signature_version="s3v4"),
        aws_access_key_id=ACCESS["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=ACCESS["AWS_SECRET_ACCESS_KEY"],
    )
    client.put_object(Bucket=BUCKET, Key="of-bob", Body=b"bob's file")
    return client


def assert_kept(objects: Any) -> None:
    assert objects.get_object(Bucket=BUCKET, Key="of-bob")["Body"].read() == b"bob's file"


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/_ministack/reset"),
        ("POST", "/%5fministack/reset"),
        ("POST", "/_ministack/config"),
        ("GET", "/_ministack/sqs/messages"),
        ("GET", "/_ministack/ready"),
        ("GET", "/_localstack/health"),
        ("GET", "/_aws/execute-api/a/b"),
    ],
)
@pytest.mark.parametrize("headers", [{}, FOREIGN], ids=["a program", "a page"])
def test_the_administration_of_the_emulator_is_closed(
    server: S3, objects: Any, method: str, path: str, headers: dict[str, str]
) -> None:
    response = httpx2.request(method, f"{server.url}{path}", headers=headers)
    assert (response.status_code, "AccessDenied" in response.text) == (403, True)
    assert_kept(objects)


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("evil.example", 403),
        ("evil.example:4566", 403),
        ("127.0.0.1.evil.example", 403),
        ("evil.example/localhost", 403),
        ("10.0.0.1:4566", 403),
        ("localhost", 200),
        ("LOCALHOST.:4566", 200),
        ("clipo.localhost:4566", 200),
        ("127.0.0.2:4566", 200),
        ("[::1]:4566", 200),
    ],
)
def test_only_names_of_this_machine_reach_the_emulator(server: S3, host: str, status: int) -> None:
    response = httpx2.get(f"{server.url}/_ministack/health", headers={"Host": host})
    assert response.status_code == status


def signed_part(objects: Any) -> str:
    upload = objects.create_multipart_upload(Bucket=BUCKET, Key="of-alice")["UploadId"]
    parameters = {"Bucket": BUCKET, "Key": "of-alice", "UploadId": upload, "PartNumber": 1}
    return str(objects.generate_presigned_url("upload_part", parameters))


@pytest.mark.parametrize(
    "more", [{}, {"Authorization": "AWS4-HMAC-SHA256 SignedHeaders=host;x-amz-copy-source, a=b"}]
)
def test_a_signed_url_copies_no_other_object(objects: Any, more: dict[str, str]) -> None:
    copy = {"X-Amz-Copy-Source": f"/{BUCKET}/of-bob"}
    response = httpx2.put(signed_part(objects), content=b"x", headers=copy | more)
    assert response.status_code == 403
    assert "not signed" in response.text


def test_a_signed_url_works_for_what_it_signs(objects: Any) -> None:
    assert httpx2.put(signed_part(objects), content=b"x").status_code == 200


def test_a_copy_that_is_signed_is_no_concern_of_the_guard(objects: Any) -> None:
    objects.copy_object(Bucket=BUCKET, Key="copy", CopySource=f"{BUCKET}/of-bob")
    assert objects.get_object(Bucket=BUCKET, Key="copy")["Body"].read() == b"bob's file"
