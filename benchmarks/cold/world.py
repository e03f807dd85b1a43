"""MongoDB and S3 on this machine, and the events that functions get there."""

import copy
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3

from benchmarks.cold.sandbox import FunctionFailed
from clipo.local.cloud import Cloud
from functions.adapters.mongo.api_keys import MongoApiKeys
from functions.adapters.mongo.catalog import MongoCatalog
from functions.adapters.mongo.ids import new_video_id
from functions.core.api_keys import Root
from functions.core.keys import source_key
from functions.core.settings import CatalogSettings
from tests.clips import Clips
from tests.credentials import issue
from tests.events import event
from tests.examples import video
from tests.receivers import SECRET
from tests.servers import mongodb, s3

_CREDENTIALS = {"AWS_ACCESS_KEY_ID": "LOCALCOLD", "AWS_SECRET_ACCESS_KEY": "secret"}
_ROOT = Root(1, "0" * 64)
_CLIP = "h264.mp4"
_GOOD = (("statusCode", 201), ("finished", True))
"""What the API, upkeep and webhooks answer."""


@dataclass(frozen=True)
class World:
    """What the functions work with, and their settings for it."""

    environ: dict[str, str]
    s3: Any
    catalog: MongoCatalog
    clip: bytes
    api_key: str

    def wake(self) -> None:
        """Have the servers read their own files again: their start is not what is measured."""
        happened = self.upload()
        key = happened["Records"][0]["s3"]["object"]["key"]
        self.s3.get_object(Bucket="clipo-uploads", Key=key)["Body"].read()
        self.s3.delete_object(Bucket="clipo-uploads", Key=key)

    def event_maker(self, function: str) -> Callable[[], dict[str, Any]]:
        """Return what makes a new event for a function: each is of use only once."""
        return {
            "api": lambda: event("http-create-video"),
            "processing": self.upload,
            "upkeep": lambda: event("schedule"),
            "webhooks": lambda: event("schedule-webhooks"),
        }[function]

    def keyed_event(self) -> dict[str, Any]:
        """Return a new event for the API, with an API key."""
        asked = copy.deepcopy(event("http-create-video"))
        asked["headers"] |= {"authorization": f"Bearer {self.api_key}"}
        return asked

    def upload(self) -> dict[str, Any]:
        """Add a video and its file; return S3's event of it."""
        added = video(new_video_id())
        self.catalog.add(added)
        key = source_key(added.id)
        put = self.s3.put_object(Bucket="clipo-uploads", Key=key, Body=self.clip)
        happened = copy.deepcopy(event("s3-post"))
        happened["Records"][0]["s3"]["object"] |= {
            "key": key,
            "size": len(self.clip),
            "eTag": put["ETag"].strip('"'),
        }
        return happened


@contextmanager
def world(folder: Path) -> Iterator[World]:
    """Run both servers for the time of a `with` block."""
    with s3(folder, _CREDENTIALS) as storage, mongodb(folder) as database:
        environ = _CREDENTIALS | {
            "ACCESS": "open",
            "ROOT_SECRETS": f"{_ROOT.generation}:{_ROOT.secret}",
            "AWS_REGION": "us-east-1",
            "AWS_DEFAULT_REGION": "us-east-1",
            "AWS_ENDPOINT_URL_S3": storage.url,
            "AWS_ENDPOINT_URL_SQS": storage.url,
            "MONGODB_URI": database.uri,
            "UPLOADS_BUCKET": "clipo-uploads",
            "MEDIA_BUCKET": "clipo-media",
            "PROCESSING_FUNCTION": "clipo-processing",
            "IMAGES_FUNCTION": "clipo-images",
            "API_URL": "https://api.invalid",
            "WEBHOOK_URL": "https://receiver.invalid/hook",
            "WEBHOOK_SECRET": SECRET,
            "WEBHOOK_QUEUE_URL": f"{storage.url}/000000000000/clipo-webhooks",
            "POWERTOOLS_METRICS_NAMESPACE": "Clipo/cold",
        }
        Cloud(environ).set_up(uploads_bucket="clipo-uploads", media_bucket="clipo-media")
        client = boto3.Session(
            aws_access_key_id=_CREDENTIALS["AWS_ACCESS_KEY_ID"],
            aws_secret_access_key=_CREDENTIALS["AWS_SECRET_ACCESS_KEY"],
            region_name=environ["AWS_REGION"],
        ).client("s3", endpoint_url=storage.url)
        catalog = MongoCatalog(CatalogSettings.read(environ), pool_size=1, timeout_ms=5000)
        catalog.ensure_schema()
        key = issue(MongoApiKeys(catalog), root=_ROOT)
        yield World(environ, client, catalog, Clips(folder)[_CLIP].read_bytes(), key.key)
        catalog.close()


def check(happened: Mapping[str, Any], answer: Mapping[str, Any]) -> None:
    """Raise `FunctionFailed` where a function has not done what the event asks for."""
    if happened and not any(answer.get(name) == value for name, value in _GOOD):
        outcomes = [outcome["result"] for outcome in answer.get("outcomes", [])]
        if outcomes != ["done"]:
            raise FunctionFailed(str(answer))
