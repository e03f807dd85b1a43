"""MongoDB and S3 as most functions have them: both clients are made when the module is imported."""

import os
from collections.abc import Generator

import boto3
from botocore.config import Config
from pymongo import MongoClient

from functions.adapters.mongo.catalog import MongoCatalog
from functions.adapters.signed.service import SignedService
from functions.adapters.signed.storage import SignedStorage
from functions.adapters.storage import READ_BYTES, SignedPost
from functions.core.settings import CatalogSettings, StorageSettings
from functions.core.video import Source

settings = StorageSettings.read(os.environ)
s3 = boto3.client(
    "s3",
    region_name=settings.region,
    config=Config(
        signature_version="s3v4",
        s3={"addressing_style": "path" if settings.endpoint_url else "virtual"},
    ),
)


class EagerCatalog(MongoCatalog):
    """The same catalog; its client is there from the beginning."""

    def __init__(self) -> None:
        super().__init__(CatalogSettings.read(os.environ), pool_size=2, timeout_ms=10_000)
        assert isinstance(self._client, MongoClient)  # noqa: S101 (the use makes it)


class BotoStorage(SignedStorage):
    """The same storage, by boto3's client in all that is measured."""

    def __init__(self) -> None:
        super().__init__(
            settings, SignedService.read("s3", os.environ, attempts=3, read_timeout_s=20)
        )

    def sign_upload(self, key: str, *, content_type: str, size: int, expires_s: int) -> SignedPost:
        signed = s3.generate_presigned_post(
            settings.uploads_bucket,
            key,
            Fields={"Content-Type": content_type},
            Conditions=[
                {"Content-Type": content_type},
                ["content-length-range", size, size],
            ],
            ExpiresIn=expires_s,
        )
        return SignedPost(url=signed["url"], fields=signed["fields"])

    def read_upload(self, key: str, source: Source, start: int, end: int) -> Generator[bytes]:
        found = s3.get_object(
            Bucket=settings.uploads_bucket,
            Key=key,
            IfMatch=source.etag,
            Range=f"bytes={start}-{end - 1}",
        )
        while piece := found["Body"].read(READ_BYTES):
            yield piece

    def upload_etag(self, key: str) -> str | None:
        head = s3.head_object(Bucket=settings.uploads_bucket, Key=key)
        return head["ETag"].strip('"')

    def put_thumbnail(self, key: str, jpeg: bytes) -> None:
        s3.put_object(Bucket=settings.media_bucket, Key=key, Body=jpeg, ContentType="image/jpeg")


catalog = EagerCatalog()
storage = BotoStorage()
