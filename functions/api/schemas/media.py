"""The JSON of a file's metadata."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from functions.api.schemas.fields import Time
from functions.core import media as core
from functions.core.access import Caller, Scope
from functions.core.media import Hdr, StreamKind
from functions.core.playback import Browsers, Obstacle, playback_of


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


def shown_media(media: core.Media, caller: Caller) -> Media:
    """Return the metadata of a file as a caller may see it."""
    shown = Media.model_validate(media)
    playback = playback_of(media)
    shown.playback = Playback.model_validate(playback) if playback else None
    if not caller.may(Scope.READ):
        shown.location = None
    return shown
