"""The JSON of videos, and of changes to them."""

from collections.abc import Mapping, Sequence

from pydantic import BaseModel, ConfigDict, Field

from functions.api.examples import DONE_VIDEO, PLACEHOLDER, VIDEO_ID
from functions.api.schemas.fields import Time, VideoId, VisibilityInBody
from functions.api.schemas.media import Media, shown_media
from functions.core.access import Caller
from functions.core.formats import media_type_of
from functions.core.media import MediaWarning
from functions.core.picture_addresses import picture_addresses, thumbnail_address
from functions.core.release import RELEASE
from functions.core.video import Fallback, Status, Video, Visibility


class VideoFile(BaseModel):
    """The uploaded file."""

    url: str = Field(
        description="Address that redirects to a short-lived one of the file, which serves ranges"
    )
    content_type: str = Field(
        description="Media type of the container that Clipo found in the file",
        examples=["video/mp4"],
    )


class SourceAddress(BaseModel):
    """The signed address of a video's file."""

    model_config = ConfigDict(from_attributes=True)

    url: str = Field(
        examples=[f"https://uploads.s3.eu-west-1.amazonaws.com/uploads/{VIDEO_ID}/source?…"]
    )
    expires_at: Time


class ChangeVideo(BaseModel):
    """A change of a video."""

    model_config = ConfigDict(extra="forbid", strict=True)

    visibility: VisibilityInBody = Field(
        description="Who gets the file and the thumbnail. `private`: callers with a credential for"
        " the video. `public`: everyone"
    )


class Thumbnail(BaseModel):
    """The thumbnail: a JPEG of at most 320x240 with the aspect of the video."""

    url: str = Field(
        description="Address of the JPEG, which clients may keep: it changes with the thumbnail"
    )
    width: int
    height: int
    at_s: float = Field(description="Time of the frame in seconds, normally 10% of the duration")
    fallback: Fallback | None = Field(
        description="Reason for a frame other than the one at 10%. `start`: there is none, and this"
        " is the first frame; `dark`: that frame is nearly black or of one colour"
    )
    placeholder: str | None = Field(
        description="ThumbHash of the picture in base64, to show until it has loaded:"
        " https://evanw.github.io/thumbhash/. `null` if release 0.1 processed the video",
        examples=[PLACEHOLDER],
    )


class VideoPictures(BaseModel):
    """Addresses of pictures, which clients may keep: they change with the file of the video."""

    model_config = ConfigDict(from_attributes=True)

    image_url: str = Field(
        description="A JPEG of any moment: add `&t=` (seconds, or 10%), `&w=`, `&h=` and `&fit=`."
        " The address that ends in `image.webp` answers with WebP"
    )
    storyboard_url: str | None = Field(
        description="Small pictures of the whole video on one sheet. `null` if the file does not"
        " say how long the video lasts; so are the next two"
    )
    storyboard_vtt_url: str | None = Field(
        description="The places on that sheet as WebVTT, for the timelines of players"
    )
    storyboard_json_url: str | None = Field(description="The same as JSON")


class Processing(BaseModel):
    """The cost of the attempt that finished the video."""

    model_config = ConfigDict(from_attributes=True)

    started_at: Time
    finished_at: Time
    wall_ms: int
    bytes_read: int
    requests: int
    release: str | None = Field(
        description="The release of Clipo that made the result, or `null` if it was 0.1",
        examples=[RELEASE],
    )


class VideoError(BaseModel):
    """The reason why the video failed."""

    model_config = ConfigDict(from_attributes=True)

    code: str = Field(
        description="Name of the fault, which stays the same in later releases",
        examples=["no_video_stream"],
    )
    message: str = Field(description="The fault and what to do about it, in a sentence for people")
    retryable: bool


class Webhook(BaseModel):
    """The delivery of this result to all webhook receivers that want it."""

    model_config = ConfigDict(from_attributes=True)

    id: str = Field(
        description="The header `webhook-id`", examples=["msg_6b03911acf2b20c6f6841703"]
    )
    attempts: int = Field(description="The most that one receiver has had", examples=[1])
    last_status: int | None = Field(
        description="HTTP status of the last response, or `null` if there was none", examples=[204]
    )
    delivered_at: Time | None = Field(description="Time at which the last receiver accepted it")
    due_at: Time | None = Field(
        description="Time of the next attempt. `null` after delivery, and after the last attempt"
    )


class VideoResource(BaseModel):
    """All data of a video."""

    model_config = ConfigDict(json_schema_extra={"examples": [DONE_VIDEO]})

    id: VideoId
    filename: str = Field(examples=["holiday.mp4"])
    content_type: str = Field(examples=["video/mp4"])
    size: int = Field(
        description="Bytes of the stored file, or the declared ones before it arrives",
        examples=[5242880],
    )
    owner: str | None = Field(
        description="The owner, whom the credential of the announcement determines; `null` if only"
        " credentials for all owners reach the video",
        examples=["user-7"],
    )
    visibility: Visibility = Field(
        description="Who gets the file and the thumbnail. `private`: callers with a credential for"
        " the video. `public`: everyone",
        examples=["private"],
    )
    passthrough: str | None = Field(examples=["order-1042"])
    status: Status = Field(examples=["done"])
    created_at: Time
    updated_at: Time
    upload_expires_at: Time | None = Field(
        description="Time until which Clipo waits at least for the upload; signing further requests"
        " postpones it. `null` unless the video is `pending` and no worker has seen its file",
        examples=[None],
    )
    attempts: int = Field(description="Number of times that processing has begun", examples=[1])
    source: VideoFile | None = Field(description="Present if done, and during a reprocess")
    media: Media | None = Field(description="Present if done, and during a reprocess")
    thumbnail: Thumbnail | None = Field(description="Present if done, and during a reprocess")
    pictures: VideoPictures | None = Field(description="Present if done, and during a reprocess")
    warnings: list[MediaWarning] = Field(
        description="Faults of a file that still plays. `truncated`: its end is missing."
        " `dolby_vision_5`: the thumbnail is grey, because only Dolby's decoder has the colours"
    )
    processing: Processing | None = Field(
        description="Present after a worker has finished the video"
    )
    error: VideoError | None = Field(description="Present if failed")
    webhook: Webhook | None = Field(
        description="Present if finished, webhooks are on, and a receiver wants the result"
    )


class StatusCounts(BaseModel):
    """The number of videos of each status. 10000 means 10,000 or more."""

    pending: int = Field(le=10_000, examples=[2])
    processing: int = Field(le=10_000, examples=[1])
    done: int = Field(le=10_000, examples=[10_000])
    failed: int = Field(le=10_000, examples=[0])


class VideoPage(BaseModel):
    """A page of a list of videos."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "data": [DONE_VIDEO],
                    "next_cursor": "3q2-7zZiMDM5MTFhY2YyYjIwYzZmNjg0MTcwMg",
                    "has_more": True,
                    "counts": {"pending": 2, "processing": 1, "done": 10_000, "failed": 0},
                }
            ]
        }
    )

    data: list[VideoResource]
    next_cursor: str | None = Field(
        description="`cursor` of the next page, or `null` on the last one"
    )
    has_more: bool
    counts: StatusCounts | None = Field(
        description="All videos that the credential reaches, or all of `owner`, whatever the other"
        " conditions; `null` without `counts=true`"
    )


def video_page(
    videos: Sequence[Video],
    *,
    next_cursor: str | None,
    counts: Mapping[Status, int] | None,
    caller: Caller,
    base_url: str,
) -> VideoPage:
    """Return a page of a list."""
    return VideoPage(
        data=[video_resource(video, caller=caller, base_url=base_url) for video in videos],
        next_cursor=next_cursor,
        has_more=next_cursor is not None,
        counts=StatusCounts.model_validate(counts) if counts else None,
    )


def video_resource(video: Video, *, caller: Caller, base_url: str) -> VideoResource:
    """Return a video as a caller may see it, with only the results that its status vouches for."""
    thumbnail = video.thumbnail if video.has_result else None
    media = video.media if video.has_result else None
    address = f"{base_url}videos/{video.id}"
    pictures = picture_addresses(video, address)
    return VideoResource(
        id=video.id,
        filename=video.filename,
        content_type=video.content_type,
        size=video.size,
        owner=video.owner,
        visibility=video.visibility,
        passthrough=video.passthrough,
        status=video.status,
        created_at=video.created_at,
        updated_at=video.updated_at,
        upload_expires_at=video.upload.expires_at if video.awaits_upload else None,
        attempts=video.attempts,
        source=VideoFile(url=f"{address}/source", content_type=media_type_of(media.container))
        if media
        else None,
        media=shown_media(media, caller) if media else None,
        thumbnail=Thumbnail(
            url=thumbnail_address(video, address),
            width=thumbnail.width,
            height=thumbnail.height,
            at_s=thumbnail.at_s,
            fallback=thumbnail.shown_fallback,
            placeholder=thumbnail.placeholder,
        )
        if thumbnail
        else None,
        pictures=VideoPictures.model_validate(pictures) if pictures else None,
        warnings=list(media.warnings) if media else [],
        processing=Processing.model_validate(video.processing)
        if video.processing and (video.status.finished or video.has_result)
        else None,
        error=VideoError.model_validate(video.error) if video.status is Status.FAILED else None,
        webhook=Webhook.model_validate(video.webhook)
        if video.webhook and video.webhook.has_receiver
        else None,
    )
