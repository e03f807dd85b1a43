"""The JSON of errors."""

from pydantic import BaseModel, Field


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
