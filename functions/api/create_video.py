"""Announces a video and signs its upload. No byte of it passes through here."""

import hashlib
import json
from dataclasses import replace
from datetime import timedelta

from api import problems
from api.lookup import find_video
from api.new_video import new_video
from api.problems import Problem
from api.services import Services
from api.sign_upload import extended, sign_form
from shared.catalog import KeyUse
from shared.log import logger
from shared.metrics import Metric, count
from shared.storage import SignedPost
from shared.video import Status, Video, source_key

_KEY_KEPT = timedelta(hours=24)


def create_video(
    services: Services,
    *,
    filename: str,
    size: int,
    content_type: str | None,
    passthrough: str | None,
    idempotency_key: str | None,
) -> tuple[Video, SignedPost | None]:
    """Insert a pending video and return it with the form that uploads it.

    A repetition, by its key, returns the first one's video; without a form where its file has
    arrived. Raises `Problem`, `CatalogUnavailable` or `StorageUnavailable`.
    """
    video = new_video(
        filename=filename,
        size=size,
        upload_method="POST",
        settings=services.settings,
        now=services.now(),
        content_type=content_type,
        passthrough=passthrough,
    )
    if idempotency_key is not None:
        fingerprint = _fingerprint(filename, size, content_type, passthrough)
        video = _of_first_use(services, video, idempotency_key, fingerprint)
    signed = sign_form(services, video)
    if not services.records.add(video):
        return _repeated(services, video.id)
    logger().info("upload signed", video_id=video.id, size=size)
    count(Metric.UPLOADS)
    return video, signed


def _of_first_use(services: Services, video: Video, key: str, fingerprint: str) -> Video:
    """Return the video under the id that the key was first used for.

    The key is there before the video: where the first request ended between the two, or has
    not got further yet, this one adds the video in its place (ADR 12).
    """
    use = KeyUse(key, fingerprint, video.id, expires_at=video.created_at + _KEY_KEPT)
    first = services.records.reserve(use)
    if first.fingerprint != fingerprint:
        raise Problem(
            problems.IDEMPOTENCY_KEY_REUSED,
            problems.IDEMPOTENCY_KEY_REUSED.example,
        )
    upload = replace(video.upload, key=source_key(first.video_id))
    return replace(video, id=first.video_id, upload=upload)


def _repeated(services: Services, video_id: str) -> tuple[Video, SignedPost | None]:
    video = find_video(services, video_id)
    logger().info("request repeated", video_id=video.id, status=video.status)
    if video.status is Status.FAILED and video.source is None:
        # Its file has not come in time: it is awaited again.
        services.records.retry(video.id, now=services.now())
    awaited = extended(services, video.id)
    return find_video(services, video.id), sign_form(services, video) if awaited else None


def _fingerprint(*fields: str | int | None) -> str:
    return hashlib.sha256(json.dumps(fields).encode()).hexdigest()
