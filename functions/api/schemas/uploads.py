"""The JSON of announcements, and of the signed requests that upload a file."""

import re
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, WithJsonSchema, model_validator
from pydantic_core import PydanticCustomError

from functions.adapters.storage import MultipartStep, SignedPost
from functions.api.examples import CREATED_VIDEO, SIGNED_FORM, SIGNED_PART, VIDEO_ID
from functions.api.new_video import MAX_FILENAME, any_case
from functions.api.schemas.fields import (
    LARGEST_SAFE_INTEGER,
    MAX_PASSTHROUGH,
    VISIBLE_ASCII,
    Owner,
    Time,
    VisibilityInBody,
    whole,
)
from functions.api.schemas.videos import VideoResource, video_resource
from functions.api.sign_upload import MultipartRequest, Signed, part_size_of
from functions.core.access import Caller
from functions.core.video import Video, Visibility

PartSize = Annotated[
    int,
    Field(description="Bytes of each part but the last, in an upload in parts", examples=[8388608]),
]

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


class CreatedVideo(VideoResource):
    """A pending video, with the form that uploads it.

    `upload` is `null` if the request repeats an earlier one and the file has already arrived.
    """

    model_config = ConfigDict(json_schema_extra={"examples": [CREATED_VIDEO]})

    upload: SignedUpload | None


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
