"""The JSON of requests and responses."""

import re
from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from typing import Annotated, Any, Literal, Self

from fastapi import Path
from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainSerializer,
    WithJsonSchema,
    model_validator,
)
from pydantic_core import PydanticCustomError

from functions.adapters.storage import MultipartStep, SignedPost
from functions.api.examples import (
    CREATED_VIDEO,
    DONE_VIDEO,
    PLACEHOLDER,
    SIGNED_FORM,
    SIGNED_PART,
    TIME,
    VIDEO_ID,
)
from functions.api.new_video import MAX_FILENAME, any_case
from functions.api.sign_upload import MultipartRequest, Signed, part_size_of
from functions.core import video as core
from functions.core.access import LEGACY_OWNER, OWNER_PATTERN, Caller, Scope, is_owner
from functions.core.clock import rfc3339
from functions.core.formats import media_type_of
from functions.core.pictures import picture_addresses, thumbnail_address
from functions.core.playback import Browsers, Obstacle, playback_of
from functions.core.release import RELEASE
from functions.core.video import (
    Fallback,
    Hdr,
    MediaWarning,
    Status,
    StreamKind,
    Video,
    Visibility,
)

VISIBLE_ASCII = "^[!-~]+$"
MAX_PASSTHROUGH = 255

LARGEST_SAFE_INTEGER = 2**53 - 1
"""Largest integer that every JSON parser reads exactly: https://www.rfc-editor.org/rfc/rfc8259#section-6"""


PartSize = Annotated[
    int,
    Field(description="Bytes of each part but the last, in an upload in parts", examples=[8388608]),
]
Time = Annotated[
    datetime,
    PlainSerializer(rfc3339),
    Field(description="RFC 3339, UTC", examples=[TIME]),
]


def read_time(text: object) -> datetime:
    """Return a time with a zone, in UTC. Raises `PydanticCustomError`."""
    if isinstance(text, str):
        with suppress(ValueError, OverflowError):
            found = datetime.fromisoformat(text)
            if found.tzinfo:
                return found.astimezone(UTC)
    raise PydanticCustomError("time", f"This must be a time with a zone, such as {TIME}")


TimeInFilter = Annotated[datetime, BeforeValidator(read_time)]
VideoId = Annotated[str, Field(examples=[VIDEO_ID])]
VideoIdInPath = Annotated[
    str,
    # For the documentation only. Another text ends in 400 `invalid_id`, as at the legacy endpoints.
    Path(examples=[VIDEO_ID], json_schema_extra={"pattern": "^[0-9a-fA-F]{24}$"}),
]


def whole(number: object) -> object:
    """Return 5 for 5.0: JSON has one kind of number, and some clients write it so."""
    return int(number) if isinstance(number, float) and number.is_integer() else number


# The limits stand before the validator: behind it Pydantic documents them by other names.
Size = Annotated[int, Field(ge=0, le=LARGEST_SAFE_INTEGER), BeforeValidator(whole)]
PartNumber = Annotated[int, Field(ge=1, le=10_000), BeforeValidator(whole)]


_CONTENT_TYPE = (
    f"^ *(({any_case('video')}/[A-Za-z0-9.+-]{{1,100}}|{any_case('application/octet-stream')})"
    " *(;[ -~]*)?)?$"
)


def _normalize_content_type(text: object) -> object:
    """Return `video/mp4` for `Video/MP4; codecs=avc1`, and `None` for an empty text.

    Browsers give files that they do not know an empty type.
    """
    if not isinstance(text, str):
        return text
    if not re.fullmatch(_CONTENT_TYPE, text):
        raise PydanticCustomError(
            "content_type",
            "This must be a video's type such as video/mp4, or application/octet-stream;"
            " leave it out when you do not know it",
        )
    return text.partition(";")[0].strip().lower() or None


ContentType = Annotated[
    str | None,
    BeforeValidator(_normalize_content_type),
    WithJsonSchema({"anyOf": [{"type": "string", "pattern": _CONTENT_TYPE}, {"type": "null"}]}),
]


# JSON has no enumerations, so strict models need the exception.
VisibilityInBody = Annotated[Visibility, Field(strict=False)]


def _check_owner(text: str) -> str:
    if is_owner(text):
        return text
    raise PydanticCustomError(
        "owner", "An owner's name has 1 to 128 letters, digits or . _ : @ | / + = -"
    )


def _check_owner_in_filter(text: str) -> str:
    return text if text == LEGACY_OWNER else _check_owner(text)


Owner = Annotated[
    str,
    AfterValidator(_check_owner),
    WithJsonSchema({"type": "string", "pattern": OWNER_PATTERN}),
]
OwnerInFilter = Annotated[
    str,
    AfterValidator(_check_owner_in_filter),
    WithJsonSchema({"type": "string", "pattern": rf"{OWNER_PATTERN}|^\{LEGACY_OWNER}$"}),
]


class FieldError(BaseModel):
    """One invalid field of the request."""

    field: str = Field(examples=["body.size"])
    message: str


class QuotaLeft(BaseModel):
    """What the next announcement may have. `null` means that nothing limits it."""

    videos: int | None = Field(description="Number of videos", examples=[0])
    bytes: int | None = Field(description="Bytes", examples=[250000000])


class ProblemDetails(BaseModel):
    """RFC 9457 problem details: every error of the API."""

    type: str = Field(description="Stable", examples=["urn:clipo:problem:video_not_found"])
    title: str
    status: int
    detail: str = Field(description="What happened and what to do, for a person")
    instance: str = Field(description="The path that was asked for")
    code: str = Field(description="Stable: the end of `type`", examples=["video_not_found"])
    request_id: str = Field(description="Name it when you report the problem")
    left: QuotaLeft | None = Field(default=None, description="Present if a quota is exceeded")
    errors: list[FieldError] = Field(default=[], description="Present if fields are invalid")


class Health(BaseModel):
    """The answer to a health check."""

    status: Literal["healthy"] = "healthy"
    message: Literal["Clipo AI Backend is running"] = "Clipo AI Backend is running"


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


class CreateVideo(BaseModel):
    """A video that is about to be uploaded."""

    model_config = ConfigDict(extra="forbid", strict=True)

    filename: str = Field(
        description="1 to 255 characters",
        examples=["holiday.mp4"],
        json_schema_extra={"maxLength": MAX_FILENAME},
    )
    size: Size = Field(
        description="Bytes",
        examples=[5242880],
        # An empty file has an error of its own.
        json_schema_extra={"minimum": 1},
    )
    content_type: ContentType = Field(
        default=None,
        description="The media type that the upload will carry, in lower case and without"
        " parameters. If it is empty or left out, Clipo takes it from the extension",
        examples=["video/mp4"],
    )
    passthrough: str | None = Field(
        default=None,
        max_length=MAX_PASSTHROUGH,
        description="A text of yours, which Clipo stores and returns unchanged",
        examples=["order-1042"],
    )
    owner: Owner | None = Field(
        default=None,
        description="The owner of the video. Only credentials for all owners choose it; without it"
        " only they reach the video. The videos of other credentials have their owner",
        examples=["user-7"],
    )
    visibility: VisibilityInBody = Field(
        default=Visibility.PRIVATE,
        description="Who gets the file and the thumbnail. `private`: callers with a credential for"
        " the video. `public`: everyone; only credentials with the scope `write` may announce a"
        " public video",
    )


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


class SignedUpload(BaseModel):
    """A form to post to object storage: all `fields`, then the file as `file`."""

    method: Literal["POST"] = "POST"
    url: str = Field(examples=["https://uploads.s3.eu-west-1.amazonaws.com/"])
    fields: dict[str, str]
    expires_at: Time
    part_size: PartSize


def _add_steps(schema: dict[str, Any]) -> None:
    """Write the rows of `_STEPS` into the JSON Schema, where else each field is by itself."""
    fields = schema["properties"]
    # Each can be given or `null`.
    (upload_id, no_id), (part, no_part) = (fields[n]["anyOf"] for n in ("uploadId", "partNumber"))
    schema["anyOf"] = [
        {
            "properties": {
                "method": {"const": method},
                "uploadId": upload_id if in_parts else no_id,
                "partNumber": part if of_part else no_part,
            },
            "required": ["method"] + ["uploadId"] * in_parts + ["partNumber"] * of_part,
        }
        for method, in_parts, of_part in _STEPS
    ]


class SignUpload(BaseModel):
    """A request to S3 to be signed, as Uppy gives it to `signRequest`.

    | | `method` | `uploadId` | `partNumber` |
    |---|---|---|---|
    | the whole file, as a form | PUT | | |
    | begin an upload in parts | POST | | |
    | one part | PUT | yes | yes |
    | list the parts | GET | yes | |
    | put them together | POST | yes | |
    | give it up | DELETE | yes | |
    """

    # Later releases of Uppy may send further fields, which do not affect the signature.
    model_config = ConfigDict(
        extra="ignore",
        strict=True,
        json_schema_extra=_add_steps,
    )

    method: Literal["PUT", "POST", "GET", "DELETE"]
    key: str | None = Field(
        default=None,
        description="This video's own, if given",
        examples=[f"uploads/{VIDEO_ID}/source"],
    )
    upload_id: str | None = Field(
        default=None,
        alias="uploadId",
        max_length=1024,
        pattern=VISIBLE_ASCII,
        description="The upload id that S3 returned when the upload in parts began",
    )
    part_number: PartNumber | None = Field(
        default=None,
        alias="partNumber",
        description="From 1; each has `part_size` bytes, the last one the rest",
    )

    @property
    def multipart(self) -> MultipartRequest | None:
        """The step of an upload in parts, or `None` for the form."""
        step = _STEPS[self._shape]
        return MultipartRequest(step, self.upload_id, self.part_number) if step else None

    @property
    def _shape(self) -> tuple[str, bool, bool]:
        return self.method, self.upload_id is not None, self.part_number is not None

    @model_validator(mode="after")
    def _known_step(self) -> Self:
        if self._shape not in _STEPS:
            raise ValueError(
                "Begin with PUT or POST; then uploadId goes with GET, POST or DELETE,"
                " or with PUT and partNumber"
            )
        return self


_STEPS: dict[tuple[str, bool, bool], MultipartStep | None] = {
    ("PUT", False, False): None,
    ("POST", False, False): MultipartStep.CREATE,
    ("PUT", True, True): MultipartStep.PART,
    ("GET", True, False): MultipartStep.LIST,
    ("POST", True, False): MultipartStep.COMPLETE,
    ("DELETE", True, False): MultipartStep.ABORT,
}
"""Steps by method, presence of an upload id, and presence of a part number."""


class SignedRequest(BaseModel):
    """A signed request, as Uppy's `signRequest` returns it. Send it before it expires."""

    model_config = ConfigDict(json_schema_extra={"examples": [SIGNED_FORM, SIGNED_PART]})

    url: str
    key: str
    expires_at: Time
    part_size: PartSize
    headers: dict[str, str] | None = Field(
        default=None, description="Headers that the request must carry unchanged, if there are any"
    )
    fields: dict[str, str] | None = Field(
        default=None, description="Present for a form: post all of them, then the file as `file`"
    )


class Stream(BaseModel):
    """A stream that is neither video nor sound."""

    model_config = ConfigDict(from_attributes=True)

    index: int
    kind: Literal[StreamKind.SUBTITLE, StreamKind.DATA, StreamKind.ATTACHMENT, StreamKind.COVER] = (
        Field(description="`cover` is a still picture, `attachment` a file such as a font")
    )
    codec: str | None = Field(examples=["subrip"])
    language: str | None = Field(description="Language tag", examples=["eng"])
    default: bool = Field(description="Whether players choose it among those of its kind")


class VideoStream(BaseModel):
    """A stream of moving pictures. Names of formats and colours are ffmpeg's."""

    model_config = ConfigDict(from_attributes=True)

    index: int
    kind: Literal[StreamKind.VIDEO]
    codec: str | None = Field(examples=["h264"])
    language: str | None
    default: bool = Field(description="Whether players choose it among those of its kind")
    profile: str | None = Field(examples=["High"])
    level: str | None = Field(examples=["4.0"])
    pixel_format: str | None = Field(examples=["yuv420p"])
    bit_depth: int | None = Field(examples=[8])
    width: int | None = Field(description="Pixels as coded: before rotation and pixel aspect")
    height: int | None
    rotation: int = Field(description="Clockwise degrees that a player turns the picture by")
    display_aspect_ratio: str | None = Field(description="Before rotation", examples=["16:9"])
    frame_rate: float | None = Field(examples=[29.97])
    interlaced: bool | None
    bit_rate: int | None = Field(description="Bits a second")
    hdr: Hdr | None = Field(description="Kind of high dynamic range")
    dolby_vision_profile: int | None
    color_range: str | None = Field(examples=["tv"])
    color_space: str | None = Field(examples=["bt709"])
    color_transfer: str | None = Field(examples=["bt709"])
    color_primaries: str | None = Field(examples=["bt709"])


class AudioStream(BaseModel):
    """A stream of sound."""

    model_config = ConfigDict(from_attributes=True)

    index: int
    kind: Literal[StreamKind.AUDIO]
    codec: str | None = Field(examples=["aac"])
    language: str | None = Field(description="Language tag", examples=["eng"])
    default: bool = Field(description="Whether players choose it among those of its kind")
    channels: int | None = Field(examples=[2])
    channel_layout: str | None = Field(examples=["stereo"])
    sample_rate: int | None = Field(description="Hertz", examples=[48000])
    bit_rate: int | None = Field(description="Bits a second")


class Location(BaseModel):
    """The place of the recording in WGS 84."""

    model_config = ConfigDict(from_attributes=True)

    latitude: float = Field(examples=[48.8577])
    longitude: float = Field(examples=[2.295])
    altitude_m: float | None = Field(examples=[35.0])


class Playback(BaseModel):
    """Which browsers play the file: the current Chromium, Firefox and Safari, without plugins."""

    model_config = ConfigDict(from_attributes=True)

    browsers: Browsers = Field(
        description="`some` may depend on the device, or miss the sound or the right colours"
    )
    reason: Obstacle | None = Field(
        description="Property of the file that not all browsers can play", examples=[None]
    )
    message: str = Field(description="The same as a sentence for people")


class Media(BaseModel):
    """The metadata of the file. `null` means that the file does not state the value."""

    model_config = ConfigDict(
        from_attributes=True,
        # The record has no `playback`, but every response has.
        json_schema_serialization_defaults_required=True,
    )

    container: str = Field(
        description="mp4, mov, matroska, webm, avi, asf (WMV), flv and others", examples=["mp4"]
    )
    duration: str | None = Field(description="HH:MM:SS, rounded", examples=["00:00:30"])
    duration_s: float | None = Field(examples=[29.96])
    width: int = Field(description="Pixels as shown: after rotation and pixel aspect")
    height: int
    rotation: int = Field(description="Clockwise degrees that a player turns the picture by")
    frame_rate: float | None = Field(examples=[29.97])
    video_codec: str = Field(examples=["h264"])
    audio_codec: str | None = Field(examples=["aac"])
    bit_rate: int | None = Field(description="Bits a second, of the whole file")
    has_audio: bool
    streams: list[Annotated[VideoStream | AudioStream | Stream, Field(discriminator="kind")]] = (
        Field(description="First 32 streams of the file; none if release 0.1 processed the video")
    )
    created_at: Time | None = Field(
        description="Time of the recording, as the file says itself. RFC 3339, UTC"
    )
    chapters: int
    stereo_3d: bool = Field(description="Whether the main picture has one for each eye")
    spherical: bool = Field(description="Whether the main picture is a panorama (360 degrees)")
    faststart: bool | None = Field(
        description="Whether the index of an MP4 or MOV file stands before its samples, so that it"
        " plays before all of it is downloaded. `null` for other formats"
    )
    location: Location | None = Field(
        description="`null` unless the operator stores locations (`STORE_LOCATION`) and the"
        " credential has the scope `read`"
    )
    playback: Playback | None = Field(
        default=None, description="`null` if release 0.1 processed the video"
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


class CreatedVideo(VideoResource):
    """A pending video, with the form that uploads it.

    `upload` is `null` if the request repeats an earlier one and the file has already arrived.
    """

    model_config = ConfigDict(json_schema_extra={"examples": [CREATED_VIDEO]})

    upload: SignedUpload | None


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
        attempts=video.attempts,
        source=VideoFile(url=f"{address}/source", content_type=media_type_of(media.container))
        if media
        else None,
        media=_media(media, caller) if media else None,
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


def _media(media: core.Media, caller: Caller) -> Media:
    shown = Media.model_validate(media)
    playback = playback_of(media)
    shown.playback = Playback.model_validate(playback) if playback else None
    if not caller.may(Scope.READ):
        shown.location = None
    return shown


def created_video(
    video: Video, signed: SignedPost | None, *, caller: Caller, base_url: str
) -> CreatedVideo:
    """Return a new video with its form."""
    upload = signed and SignedUpload(
        url=signed.url,
        fields=dict(signed.fields),
        expires_at=video.upload.expires_at,
        part_size=part_size_of(video),
    )
    shown = video_resource(video, caller=caller, base_url=base_url)
    return CreatedVideo(**dict(shown), upload=upload)


def signed_request(signed: Signed) -> SignedRequest:
    """Return a signed request as Uppy takes it."""
    return SignedRequest(
        url=signed.url,
        key=signed.key,
        expires_at=signed.expires_at,
        part_size=signed.part_size,
        headers=dict(signed.headers) or None,
        fields=dict(signed.form.fields) if signed.form else None,
    )


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
