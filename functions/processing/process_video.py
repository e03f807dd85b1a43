"""Processes one uploaded object: claims its video, inspects the file and saves the result."""

import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from functions.adapters.catalog import Catalog, change, remove_objects_without_record
from functions.adapters.jobs import WebhookQueue
from functions.adapters.storage import (
    ObjectGone,
    SourceReplaced,
    Storage,
    remove_pictures,
    remove_thumbnail,
)
from functions.adapters.telemetry import (
    Metric,
    count,
    count_failed,
    join_trace,
    log_context,
    logger,
    measure,
    trace_context,
)
from functions.core.clock import Clock, utc_now
from functions.core.failures import SIZE_MISMATCH, SOURCE_GONE, TOO_LARGE, BadMedia
from functions.core.keys import thumbnail_key
from functions.core.lifecycle import attempts
from functions.core.lifecycle.attempts import LEASE_GRACE
from functions.core.lifecycle.moves import Move, Refusal
from functions.core.pictures import picture_version
from functions.core.quotas import smallest
from functions.core.release import RELEASE
from functions.core.trace import parse_trace
from functions.core.unavailable import Unavailable
from functions.core.video import Lease, Processing, Status, Thumbnail, UploadedObject, Video
from functions.media.engine import Engine, Inspection
from functions.media.reader.source import RangedSources
from functions.media.thumbnail import Frame


class NotNow(Exception):
    """The video cannot be claimed now: let Lambda deliver the event again later."""


@dataclass(frozen=True, slots=True)
class EventOutcome:
    """The result of one event."""

    video_id: str
    result: str
    """`done`, `failed`, or the `Refusal` because of which the video was not changed."""


@dataclass(frozen=True, slots=True)
class VideoProcessor:
    """Claims the video of an event, inspects its upload, and completes or fails the video."""

    catalog: Catalog
    storage: Storage
    sources: RangedSources
    engine: Engine
    max_bytes: int
    max_duration_s: int | None = None
    """The duration limit of all videos; `None` sets none."""
    webhooks: WebhookQueue | None = None
    """The queue that delivers results; `None` if webhooks are off."""
    now: Clock = utc_now

    def process(self, event: UploadedObject, *, remaining_s: Callable[[], float]) -> EventOutcome:
        """Process the upload that an event reports, unless another worker has done so.

        Raises `NotNow` if the video cannot be claimed now, and any error of an external service.
        Lambda then retries the event.
        """
        with trace_context(None):  # until `_claim` joins the trace of the record
            return self._process(event, remaining_s)

    def _process(self, event: UploadedObject, remaining_s: Callable[[], float]) -> EventOutcome:
        now = self.now()
        until = now + timedelta(seconds=remaining_s()) + LEASE_GRACE
        lease = Lease(token=uuid.uuid4().hex, until=until)
        work = _Work(now, time.monotonic())
        try:
            # MongoDB may have saved a claim whose answer was lost: `_back_out` releases it.
            claimed = self._claim(event, lease, now)
            if isinstance(claimed, Refusal):
                return self._refuse(event, claimed)
            with log_context(owner=claimed.owner):
                return self._process_claimed(claimed, event, lease, work, remaining_s)
        except NotNow:
            raise
        except Exception as error:
            logger().exception(
                "processing interrupted", reason=str(error), **_cost(work.to_processing(self.now()))
            )
            self._back_out(event, lease, work)
            raise

    def _claim(self, event: UploadedObject, lease: Lease, now: datetime) -> Move:
        """Return the video with this worker's lease, or why the worker may not have it."""
        seen = self.catalog.get(event.video_id)
        if seen is None:
            return Refusal.UNKNOWN
        join_trace(parse_trace(seen.traceparent))

        def claim(current: Video) -> Move:
            nonlocal seen
            seen = current
            moved = attempts.claim(seen, event, lease, now=now)
            if attempts.needs_current_object(seen, event, moved):
                return moved if self.sources.is_current(event) else Refusal.SUPERSEDED
            return moved

        moved = change(self.catalog, seen, claim)
        if moved is Refusal.DUPLICATE or moved is Refusal.BUSY:
            change(self.catalog, seen, lambda video: attempts.learn_order(video, event))
        if isinstance(moved, Video) and not seen.charged:
            # An upload that arrived after Clipo had given its quota back.
            self.catalog.usage.charge(moved.owner, moved.declared_size)
        return moved

    def _process_claimed(
        self,
        video: Video,
        event: UploadedObject,
        lease: Lease,
        work: "_Work",
        remaining_s: Callable[[], float],
    ) -> EventOutcome:
        logger().info("processing started", size=event.source.size, attempt=video.attempts)
        if video.attempts > 1:
            count(Metric.RETRIES)
        try:
            self._check_size(video, event)
            inspection = self._inspect(video, event, work, remaining_s)
        except SourceReplaced:
            # The event of the newer object claims the video.
            now = self.now()
            change(self.catalog, video, lambda seen: attempts.release(seen, lease, now=now))
            return self._drop(event.video_id, work, Refusal.SUPERSEDED)
        except BadMedia as error:
            if attempts.removes_object(video, error.code):
                # Before the result is saved, so that the event comes again if this request fails.
                self.storage.delete_upload(event.key, event.source)
            return self._fail(video, lease, error, work)
        return self._complete(video, lease, inspection, work)

    def _refuse(self, event: UploadedObject, reason: Refusal) -> EventOutcome:
        if reason in (Refusal.BUSY, Refusal.EXHAUSTED):
            logger().warning("not now", reason=reason)
            raise NotNow(f"Video {event.video_id} is {reason}.")
        if reason is Refusal.UNKNOWN:
            # Perhaps the video was deleted before its upload arrived, or the delete stopped after
            # it had removed the record.
            self._remove_objects_of_deleted(event.video_id)
        if reason is Refusal.DUPLICATE:
            count(Metric.DUPLICATES)
        logger().info("nothing to do", reason=reason)
        return EventOutcome(event.video_id, reason)

    def _check_size(self, video: Video, event: UploadedObject) -> None:
        size = event.source.size
        if not video.accepts_size(size):
            raise BadMedia(SIZE_MISMATCH, size=size, declared=video.declared_size)
        if size > self.max_bytes:
            raise BadMedia(TOO_LARGE, size=size, limit=self.max_bytes)

    def _inspect(
        self,
        video: Video,
        event: UploadedObject,
        work: "_Work",
        remaining_s: Callable[[], float],
    ) -> Inspection:
        with TemporaryDirectory(prefix="clipo-") as temporary:
            directory = Path(temporary)
            try:
                with self.sources.open(event, directory=directory) as source:
                    try:
                        return self.engine.inspect(
                            source,
                            directory=directory,
                            remaining_s=remaining_s,
                            max_duration_s=smallest(self.max_duration_s, video.max_duration_s),
                        )
                    finally:
                        work.bytes_read, work.requests = source.bytes_read, source.requests
            except ObjectGone as error:
                raise BadMedia(SOURCE_GONE) from error

    def _complete(
        self, video: Video, lease: Lease, inspection: Inspection, work: "_Work"
    ) -> EventOutcome:
        thumbnail = self._publish(inspection.frame, thumbnail_key(video.id, lease), work)
        processing = work.to_processing(self.now())
        webhook = self.catalog.new_webhook(due_at=processing.finished_at)

        def complete(seen: Video) -> Move:
            return attempts.complete(
                seen,
                lease,
                media=inspection.media,
                thumbnail=thumbnail,
                processing=processing,
                webhook=webhook,
            )

        completed = change(self.catalog, video, complete)
        if isinstance(completed, Refusal):
            return self._drop(video.id, work, completed)
        self._remove_replaced(video, completed)
        logger().info(
            "video done",
            duration_s=inspection.media.duration_s,
            width=inspection.media.width,
            height=inspection.media.height,
            **_cost(processing),
        )
        measure({Metric.DONE: 1} | _measured(processing))
        self._enqueue_webhook(video.id)
        self._abort_other_uploads(completed)
        return EventOutcome(video.id, completed.status)

    def _publish(self, frame: Frame, key: str, work: "_Work") -> Thumbnail:
        work.published = key
        self.storage.put_thumbnail(key, frame.jpeg)
        return Thumbnail(
            key=key,
            width=frame.width,
            height=frame.height,
            at_s=frame.at_s,
            fallback=frame.fallback is not None,
            fallback_reason=frame.fallback,
            placeholder=frame.placeholder,
        )

    def _fail(self, video: Video, lease: Lease, error: BadMedia, work: "_Work") -> EventOutcome:
        processing = work.to_processing(self.now())
        webhook = self.catalog.new_webhook(due_at=processing.finished_at)

        def fail(seen: Video) -> Move:
            return attempts.fail(
                seen, lease, error=error.failure, processing=processing, webhook=webhook
            )

        failed = change(self.catalog, video, fail)
        if isinstance(failed, Refusal):
            return self._drop(video.id, work, failed)
        self._remove_replaced(video, failed)
        kept = failed.status is Status.DONE
        logger().info(
            "reprocessing failed" if kept else "video failed", code=error.code, **_cost(processing)
        )
        count_failed(error.code)
        measure(_measured(processing))
        self._enqueue_webhook(video.id)
        self._abort_other_uploads(failed)
        return EventOutcome(video.id, failed.status)

    def _drop(self, video_id: str, work: "_Work", refusal: Refusal) -> EventOutcome:
        """Remove this attempt's output: the video was deleted, or another worker has claimed it."""
        if work.published:
            self.storage.delete_thumbnail(work.published)
        if refusal is Refusal.UNKNOWN:
            self._remove_objects_of_deleted(video_id)
        logger().info("work dropped", reason=refusal, **_cost(work.to_processing(self.now())))
        return EventOutcome(video_id, Refusal.SUPERSEDED)

    def _remove_objects_of_deleted(self, video_id: str) -> None:
        remove_objects_without_record(self.catalog, self.storage.delete_objects_of, video_id)

    def _enqueue_webhook(self, video_id: str) -> None:
        if self.webhooks is None:
            return
        try:
            self.webhooks.enqueue(video_id)
        except Unavailable:
            # The next scheduled run of the webhooks function finds it by the record's due time.
            logger().warning("webhook not enqueued", exc_info=True)

    def _abort_other_uploads(self, video: Video) -> None:
        """Abort the unfinished uploads in parts of a video that was uploaded in parts.

        S3's lifecycle rule aborts all others, so that a form costs no request. The ETag of an
        upload in parts contains a hyphen.
        https://docs.aws.amazon.com/AmazonS3/latest/API/API_Object.html
        """
        if video.source is None or "-" not in video.source.etag:
            return
        try:
            self.storage.abort_uploads(video.upload.key)
        except Unavailable:
            logger().warning("uploads not aborted", exc_info=True)

    def _remove_replaced(self, claimed: Video, finished: Video) -> None:
        """Remove the pictures of an earlier result, unless the video still shows them."""
        if claimed.thumbnail and claimed.thumbnail != finished.thumbnail:
            self._remove_thumbnail(claimed.id, claimed.thumbnail.key)
            present = picture_version(finished)
            remove = partial(self.storage.delete_pictures, claimed.id, except_version=present)
            remove_pictures(remove, video_id=claimed.id)

    def _remove_thumbnail(self, video_id: str, key: str) -> None:
        remove_thumbnail(self.storage.delete_thumbnail, key, video_id=video_id)

    def _back_out(self, event: UploadedObject, lease: Lease, work: "_Work") -> None:
        """Release the lease, and remove the thumbnail of this attempt."""
        now = self.now()
        try:
            seen = self.catalog.get(event.video_id)
            released = seen and change(
                self.catalog, seen, lambda video: attempts.release(video, lease, now=now)
            )
        except Unavailable:
            # The caller raises the first error, which matters more. The lease expires by itself.
            logger().warning("lease not released", exc_info=True)
            return
        if isinstance(released, Video) and work.published:
            # This attempt did not complete the video, even if its last save had no answer.
            self._remove_thumbnail(event.video_id, work.published)


@dataclass(slots=True)
class _Work:
    """The cost of an attempt so far."""

    started_at: datetime
    started: float
    bytes_read: int = 0
    requests: int = 0
    published: str | None = None
    """The key of this attempt's thumbnail, set just before it is uploaded."""

    def to_processing(self, now: datetime) -> Processing:
        return Processing(
            started_at=self.started_at,
            finished_at=now,
            wall_ms=round((time.monotonic() - self.started) * 1000),
            bytes_read=self.bytes_read,
            requests=self.requests,
            release=RELEASE,
        )


def _cost(processing: Processing) -> dict[str, Any]:
    """Return the cost of an attempt as fields of a log line."""
    return {
        "wall_ms": processing.wall_ms,
        "bytes_read": processing.bytes_read,
        "requests": processing.requests,
    }


def _measured(processing: Processing) -> dict[Metric, float]:
    """Return the cost of an attempt as metrics."""
    return {Metric.DURATION: processing.wall_ms, Metric.BYTES_READ: processing.bytes_read}
