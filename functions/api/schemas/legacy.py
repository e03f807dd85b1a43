"""The JSON of the legacy endpoints."""

from pydantic import BaseModel, Field

from functions.api.examples import VIDEO_ID
from functions.api.schemas.fields import Time, VideoId
from functions.core.video import Status, Video


class UploadAccepted(BaseModel):
    """A received video (legacy shape)."""

    id: VideoId
    filename: str = Field(examples=["sample_video.mp4"])
    upload_time: Time
    status: Status = Field(examples=["pending"])
    message: str = Field(examples=["Video uploaded successfully. Processing started."])


class VideoStatus(BaseModel):
    """The status of a video (legacy shape)."""

    id: VideoId
    status: Status = Field(examples=["done"])


class VideoMetadata(BaseModel):
    """The metadata of a video (legacy shape). `null` means not known yet."""

    filename: str = Field(examples=["sample_video.mp4"])
    upload_time: Time
    status: Status = Field(examples=["done"])
    duration: str | None = Field(description="HH:MM:SS, rounded", examples=["00:00:30"])
    thumbnail_url: str | None = Field(
        examples=[f"https://api.example.com/thumbnails/{VIDEO_ID}.jpg"]
    )
    file_size: int = Field(description="Bytes", examples=[5242880])
    error_message: str | None = Field(examples=[None])


def video_metadata(video: Video, *, base_url: str) -> VideoMetadata:
    """Return a video in the legacy shape."""
    return VideoMetadata(
        filename=video.filename,
        upload_time=video.created_at,
        status=video.status,
        duration=video.media.duration if video.media and video.has_result else None,
        thumbnail_url=f"{base_url}thumbnails/{video.id}.jpg" if video.has_result else None,
        file_size=video.size,
        error_message=video.error.message
        if video.status is Status.FAILED and video.error
        else None,
    )
