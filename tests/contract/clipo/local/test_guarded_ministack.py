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
