"""One uploaded object, from its event to a finished status."""

import time
import uuid
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Protocol

from functions.adapters.jobs import WebhookJobs
from functions.adapters.storage import ObjectGone, SourceReplaced
from functions.adapters.telemetry import Metric, count, count_failed, logger, measure
from functions.core.clock import Clock, utc_now
from functions.core.failures import BadMedia, Code
from functions.core.keys import thumbnail_key
from functions.core.unavailable import Unavailable
from functions.core.video import (
    LEASE_GRACE,
    Failure,
    Lease,
    Media,
    Processing,
    Refusal,
    Thumbnail,
    UploadedObject,
    Video,
    refusal,
    starts_again,
)
from functions.media.engine import Inspection, Source


class Records(Protocol):
    """The catalog's part in processing. Each step tells whether it matched."""

    def get(self, video_id: str) -> Video | None:
        """Return one video."""

    def claim(self, event: UploadedObject, lease: Lease, *, now: datetime) -> bool:
        """Take the lease."""

    def claim_finished(
        self, seen: Video, event: UploadedObject, lease: Lease, *, now: datetime
    ) -> bool:
        """Take the lease on a finished video, if it is as it was seen."""

    def complete(
        self,
        video_id: str,
        lease: Lease,
        *,
        media: Media,
        thumbnail: Thumbnail,
        processing: Processing,
    ) -> bool:
        """Move to done."""

    def fail(self, video_id: str, lease: Lease, *, error: Failure, processing: Processing) -> bool:
        """Move to failed."""

    def release(self, video_id: str, lease: Lease, *, now: datetime) -> bool:
        """Let the lease lapse."""


class Thumbnails(Protocol):
    """Where pictures are published."""

    def put_thumbnail(self, key: str, jpeg: bytes) -> None:
        """Publish one."""

    def delete_thumbnail(self, key: str) -> None:
        """Remove one."""


class Leftovers(Protocol):
    """What a deleted video may have left in storage."""

    def delete_objects_of(self, video_id: str) -> None:
        """Remove all that was ever stored for it."""


class OpenSource(Source, Protocol):
    """An uploaded object that can be read."""

    @property
    def bytes_read(self) -> int:
        """Return the bytes that came from storage so far."""

    @property
    def requests(self) -> int:
        """Return the requests that were sent to storage so far."""


class Sources(Protocol):
    """How an uploaded object is read."""

    def open(self, event: UploadedObject, *, directory: Path) -> AbstractContextManager[OpenSource]:
        """Make the object readable for the time of a `with` block."""

    def is_current(self, event: UploadedObject) -> bool:
        """Tell whether the stored object is still the event's."""


class Inspector(Protocol):
    """What finds out about a file."""

    def inspect(
        self, source: Source, *, directory: Path, remaining_s: Callable[[], float]
    ) -> Inspection:
        """Return the metadata and the thumbnail."""


class NotNow(Exception):
    """The video cannot be claimed now: let Lambda deliver the event again later."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of one event."""

    video_id: str
    result: str
    """`done`, `failed`, or why nothing was to be done: a `Refusal`."""


@dataclass(frozen=True, slots=True)
class VideoProcessor:
    """Claims, inspects, publishes and completes."""

    records: Records
    thumbnails: Thumbnails
    sources: Sources
    inspector: Inspector
    leftovers: Leftovers
    max_bytes: int
    webhooks: WebhookJobs | None = None
    """`None` where nobody wants to be told."""
    now: Clock = utc_now

    def process(self, event: UploadedObject, *, remaining_s: Callable[[], float]) -> Outcome:
        """Bring the event's video to a finished status, once.

        Raises `NotNow` when another worker is at it, and whatever went wrong beneath
        us: Lambda then delivers the event again.
        """
        now = self.now()
        until = now + timedelta(seconds=remaining_s()) + LEASE_GRACE
        lease = Lease(token=uuid.uuid4().hex, until=until)
        if not event.source.sequencer and not self.sources.is_current(event):
            # Without S3's order of events only the object itself tells an old one.
            return self._refused(event, Refusal.SUPERSEDED)
        work = _Work(now, time.monotonic())
        try:
            # Here, too: a claim whose answer was lost may have been carried out.
            if reason := self._claim(event, lease, now):
                return self._refused(event, reason)
            return self._process_claimed(event, lease, work, remaining_s)
        except NotNow:
            raise
        except Exception as error:
            logger().exception(
                "processing interrupted", reason=str(error), **_cost(work.finished(self.now()))
            )
            self._back_out(event, lease, work)
            raise

    def _claim(self, event: UploadedObject, lease: Lease, now: datetime) -> Refusal | None:
        """Take the lease, or return why it is not to be had."""
        if self.records.claim(event, lease, now=now):
            return None
        video = self.records.get(event.video_id)
        if video is None or not starts_again(video, event):
            return refusal(video, event)
        if not self.sources.is_current(event):
            # Overwritten: a finished status moves for the newest upload only.
            return Refusal.SUPERSEDED
        if self.records.claim_finished(video, event, lease, now=now):
            return None
        return Refusal.BUSY

    def _process_claimed(
        self,
        event: UploadedObject,
        lease: Lease,
        work: "_Work",
        remaining_s: Callable[[], float],
    ) -> Outcome:
        video = self.records.get(event.video_id)
        if video is None:
            # Deleted between the claim and here.
            return self._refused(event, Refusal.UNKNOWN)
        logger().info("processing started", size=event.source.size, attempt=video.attempts)
        if video.attempts > 1:
            count(Metric.RETRIES)
        try:
            inspection = self._inspect(event, work, remaining_s)
        except SourceReplaced:
            # The newer object's own event claims the video.
            self.records.release(event.video_id, lease, now=self.now())
            return self._superseded(event.video_id, work)
        except BadMedia as error:
            return self._fail(video, lease, error, work)
        return self._complete(video, lease, inspection, work)

    def _refused(self, event: UploadedObject, reason: Refusal) -> Outcome:
        if reason in (Refusal.BUSY, Refusal.EXHAUSTED):
            logger().warning("not now", reason=reason)
            raise NotNow(f"Video {event.video_id} is {reason}.")
        if reason is Refusal.UNKNOWN:
            # Deleted while its form could still be used, or by a call that got no further than
            # the record. Nothing else refers to what is there.
            self.leftovers.delete_objects_of(event.video_id)
        if reason is Refusal.DUPLICATE:
            count(Metric.DUPLICATES)
        logger().info("nothing to do", reason=reason)
        return Outcome(event.video_id, reason)

    def _inspect(
        self, event: UploadedObject, work: "_Work", remaining_s: Callable[[], float]
    ) -> Inspection:
        if event.source.size > self.max_bytes:
            raise BadMedia(
                Code.TOO_LARGE,
                f"The file has {event.source.size:,} bytes, more than the {self.max_bytes:,}"
                " that are allowed. Upload a smaller version.",
            )
        with TemporaryDirectory(prefix="clipo-") as temporary:
            directory = Path(temporary)
            try:
                with self.sources.open(event, directory=directory) as source:
                    try:
                        return self.inspector.inspect(
                            source, directory=directory, remaining_s=remaining_s
                        )
                    finally:
                        work.bytes_read, work.requests = source.bytes_read, source.requests
            except ObjectGone as error:
                raise BadMedia(
                    Code.SOURCE_GONE,
                    "The uploaded file is no longer in storage. Upload it again.",
                ) from error

    def _complete(
        self, video: Video, lease: Lease, inspection: Inspection, work: "_Work"
    ) -> Outcome:
        frame = inspection.frame
        thumbnail = Thumbnail(
            key=thumbnail_key(video.id, lease),
            width=frame.width,
            height=frame.height,
            at_s=frame.at_s,
            fallback=frame.fallback,
        )
        work.published = thumbnail.key
        self.thumbnails.put_thumbnail(thumbnail.key, frame.jpeg)
        processing = work.finished(self.now())
        if not self.records.complete(
            video.id, lease, media=inspection.media, thumbnail=thumbnail, processing=processing
        ):
            self.thumbnails.delete_thumbnail(thumbnail.key)
            return self._superseded(video.id, work)
        self._remove_thumbnail(video.thumbnail.key if video.thumbnail else None)
        logger().info(
            "video done",
            duration_s=inspection.media.duration_s,
            width=inspection.media.width,
            height=inspection.media.height,
            **_cost(processing),
        )
        measure({Metric.DONE: 1} | _measured(processing))
        self._enqueue_webhook(video.id)
        return Outcome(video.id, "done")

    def _fail(self, video: Video, lease: Lease, error: BadMedia, work: "_Work") -> Outcome:
        processing = work.finished(self.now())
        if not self.records.fail(video.id, lease, error=error.failure, processing=processing):
            return self._superseded(video.id, work)
        self._remove_thumbnail(video.thumbnail.key if video.thumbnail else None)
        logger().info("video failed", code=error.code, **_cost(processing))
        count_failed(error.code)
        measure(_measured(processing))
        self._enqueue_webhook(video.id)
        return Outcome(video.id, "failed")

    def _superseded(self, video_id: str, work: "_Work") -> Outcome:
        """Stop quietly: a newer upload, another worker or a delete has the video now."""
        logger().info("work dropped", reason=Refusal.SUPERSEDED, **_cost(work.finished(self.now())))
        return Outcome(video_id, Refusal.SUPERSEDED)

    def _enqueue_webhook(self, video_id: str) -> None:
        if self.webhooks is None:
            return
        try:
            self.webhooks.enqueue(video_id)
        except Unavailable:
            # The record says that the webhook is due, and its scheduled run looks there.
            logger().warning("webhook not enqueued", exc_info=True)

    def _remove_thumbnail(self, key: str | None) -> None:
        """Remove a picture that nothing refers to any more."""
        if key is None:
            return
        try:
            self.thumbnails.delete_thumbnail(key)
        except Unavailable:
            # It is in nobody's way, and what matters has been recorded.
            logger().warning("thumbnail not removed", exc_info=True)

    def _back_out(self, event: UploadedObject, lease: Lease, work: "_Work") -> None:
        """Let the lease lapse, and leave no picture of this attempt."""
        try:
            released = self.records.release(event.video_id, lease, now=self.now())
        except Unavailable:
            # The error that brought us here matters more; the lease ends by itself.
            logger().warning("lease not released", exc_info=True)
            return
        if released:
            # So it was not completed, although the attempt to do so may have failed half-way.
            self._remove_thumbnail(work.published)


@dataclass(slots=True)
class _Work:
    """What an attempt has cost so far."""

    started_at: datetime
    started: float
    bytes_read: int = 0
    requests: int = 0
    published: str | None = None
    """The key of this attempt's thumbnail, once it may be there."""

    def finished(self, now: datetime) -> Processing:
        return Processing(
            started_at=self.started_at,
            finished_at=now,
            wall_ms=round((time.monotonic() - self.started) * 1000),
            bytes_read=self.bytes_read,
            requests=self.requests,
        )


def _cost(processing: Processing) -> dict[str, Any]:
    """Return what an attempt has cost, for the log."""
    return {
        "wall_ms": processing.wall_ms,
        "bytes_read": processing.bytes_read,
        "requests": processing.requests,
    }


def _measured(processing: Processing) -> dict[Metric, float]:
    return {Metric.DURATION: processing.wall_ms, Metric.BYTES_READ: processing.bytes_read}
