"""Builds the objects of the processing function from its settings."""

from collections.abc import Mapping
from dataclasses import dataclass

import functions.adapters.signed.connections  # noqa: F401 (every event needs it: import it before the first)
from functions.adapters.jobs import WebhookQueue
from functions.adapters.mongo.catalog import MongoCatalog
from functions.adapters.signed.aws import SignedAws
from functions.adapters.signed.service import SignedService
from functions.adapters.signed.storage import SignedStorage
from functions.core.settings import CatalogSettings, StorageSettings, flag, limit, max_upload_bytes
from functions.media.engine import Engine
from functions.media.programs import ffmpeg_dir
from functions.media.reader.source import RangedSources
from functions.media.sandbox import memory_limit
from functions.processing.process_video import VideoProcessor

_CATALOG_TIMEOUT_MS = 10_000
_S3_ATTEMPTS = 3
_S3_READ_TIMEOUT_S = 20


@dataclass(frozen=True, slots=True)
class ProcessingServices:
    """The objects that the handler uses."""

    uploads_bucket: str
    processor: VideoProcessor


def wire(environ: Mapping[str, str]) -> ProcessingServices:
    """Read the settings and build everything. The objects connect at their first use.

    Raises `SettingsError`.
    """
    storage_settings = StorageSettings.read(environ)
    s3 = SignedService.read("s3", environ, attempts=_S3_ATTEMPTS, read_timeout_s=_S3_READ_TIMEOUT_S)
    storage = SignedStorage(storage_settings, s3)
    processor = VideoProcessor(
        catalog=MongoCatalog(
            CatalogSettings.read(environ), pool_size=1, timeout_ms=_CATALOG_TIMEOUT_MS
        ),
        storage=storage,
        sources=RangedSources(storage),
        engine=Engine(
            ffmpeg_dir(environ),
            memory=memory_limit(environ),
            stores_location=flag(environ, "STORE_LOCATION"),
        ),
        max_bytes=max_upload_bytes(environ),
        max_duration_s=limit(environ, "MAX_DURATION_SECONDS"),
        webhooks=WebhookQueue.read(environ, SignedAws(environ).send_message),
    )
    return ProcessingServices(uploads_bucket=storage_settings.uploads_bucket, processor=processor)
