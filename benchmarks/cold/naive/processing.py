"""Processing, built when the module is imported."""

import os
from dataclasses import asdict
from pathlib import Path
from typing import Any

from functions.core.s3_event import records, uploaded_object
from functions.core.settings import max_upload_bytes
from functions.media.engine import Engine
from functions.media.reader.source import RangedSources
from functions.processing.process_video import VideoProcessor

from .clients import catalog, settings, storage

processor = VideoProcessor(
    catalog=catalog,
    storage=storage,
    sources=RangedSources(storage),
    engine=Engine(Path(os.environ["CLIPO_FFMPEG_DIR"])),
    max_bytes=max_upload_bytes(os.environ),
    webhooks=None,
)


def handler(event: Any, context: Any) -> dict[str, Any]:
    """Process every upload that an S3 event names."""

    def remaining_s() -> float:
        return float(context.get_remaining_time_in_millis()) / 1000

    uploads = [uploaded_object(r, bucket=settings.uploads_bucket) for r in records(event)]
    return {
        "outcomes": [
            asdict(processor.process(upload, remaining_s=remaining_s))
            for upload in uploads
            if upload
        ]
    }
