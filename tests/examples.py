"""Typical values, for tests in which only some fields matter."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from functions.core.keys import source_key
from functions.core.media import (
    AudioStream,
    Hdr,
    Location,
    Media,
    MediaWarning,
    Stream,
    StreamKind,
    VideoStream,
)
from functions.core.s3_event import pad_sequencer
from functions.core.video import (
    DeletedVideo,
    ExpectedUpload,
    Failure,
    Fallback,
    Processing,
    Source,
    Status,
    Thumbnail,
    UploadedObject,
    Video,
)

ID = "507f1f77bcf86cd799439011"
PLACEHOLDER = "VpcFFxJWQIdQqYlCuelrdIdlWJQEb2UE"
SEQUENCER = pad_sequencer("0055AED6DCD90281E5")
OPEN = {"ACCESS": "open"}
"""Settings of an API that needs no credential."""

CREATED = datetime(2026, 1, 2, 3, 4, 5, 678000, tzinfo=UTC)


def video(video_id: str = ID, **changes: Any) -> Video:
    fields: dict[str, Any] = {
        "id": video_id,
        "filename": "clip.mp4",
        "content_type": "video/mp4",
        "declared_size": 1000,
        "status": Status.PENDING,
        "created_at": CREATED,
        "updated_at": CREATED,
        "upload": ExpectedUpload(key=source_key(video_id), expires_at=CREATED),
        "version": 1,
    }
    made = Video(**fields | changes)
    return made if made.status.finished else replace(made, claimable_at=_claimable_at(made))


def _claimable_at(unfinished: Video) -> datetime:
    return unfinished.lease.until if unfinished.lease else unfinished.created_at


def uploaded(
    video_id: str = ID, *, etag: str = "etag", sequencer: str = SEQUENCER, size: int = 1000
) -> UploadedObject:
    source = Source(etag=etag, size=size, sequencer=sequencer)
    return UploadedObject(video_id=video_id, key=source_key(video_id), source=source)


def media() -> Media:
    return Media(
        container="mp4",
        duration_s=30.02,
        width=640,
        height=360,
        rotation=0,
        frame_rate=25.0,
        video_codec="h264",
        audio_codec="aac",
        bit_rate=800_000,
        has_audio=True,
        streams=streams(),
        created_at=CREATED,
        chapters=2,
        faststart=True,
    )


def streams() -> tuple[Stream, ...]:
    return (
        VideoStream(
            index=0,
            kind=StreamKind.VIDEO,
            codec="h264",
            language=None,
            default=True,
            profile="High",
            level="3.0",
            pixel_format="yuv420p",
            bit_depth=8,
            width=640,
            height=360,
            rotation=0,
            display_aspect_ratio="16:9",
            frame_rate=25.0,
            interlaced=False,
            bit_rate=700_000,
            hdr=Hdr.HLG,
            dolby_vision_profile=None,
            color_range="tv",
            color_space="bt2020nc",
            color_transfer="arib-std-b67",
            color_primaries="bt2020",
        ),
        AudioStream(
            index=1,
            kind=StreamKind.AUDIO,
            codec="aac",
            language="eng",
            default=True,
            channels=2,
            channel_layout="stereo",
            sample_rate=48_000,
            bit_rate=96_000,
        ),
        Stream(index=2, kind=StreamKind.DATA, codec=None, language=None, default=False),
    )


def thumbnail(key: str = f"thumbnails/{ID}/token.jpg") -> Thumbnail:
    return Thumbnail(
        key=key, width=320, height=180, at_s=3.002, fallback=False, placeholder=PLACEHOLDER
    )


def processing() -> Processing:
    return Processing(
        started_at=CREATED, finished_at=CREATED, wall_ms=120, bytes_read=1000, requests=1
    )


def failure() -> Failure:
    return Failure(code="corrupt", message="The file is damaged.", retryable=False)


def done_video(video_id: str = ID) -> Video:
    return video(
        video_id,
        status=Status.DONE,
        source=uploaded(video_id, size=2000).source,
        attempts=1,
        media=media(),
        thumbnail=thumbnail(),
        processing=processing(),
    )


def deleted_video(video_id: str = ID, **changes: Any) -> DeletedVideo:
    return replace(DeletedVideo(video_id, deleted_at=CREATED, expires_at=CREATED), **changes)


def odd_video(video_id: str = ID) -> Video:
    """Return a done video that is cut off and begins in the dark."""
    somewhere = Location(latitude=48.8577, longitude=2.295, altitude_m=None)
    cut = replace(media(), warnings=(MediaWarning.TRUNCATED,), location=somewhere)
    later = replace(thumbnail(), fallback=True, fallback_reason=Fallback.DARK)
    return replace(done_video(video_id), media=cut, thumbnail=later)


def failed_video(video_id: str = ID) -> Video:
    return video(
        video_id,
        status=Status.FAILED,
        source=uploaded(video_id).source,
        attempts=1,
        processing=processing(),
        error=failure(),
    )
