"""The rule that tells which browsers play a video, from what its file contains.

It knows the current releases of Chromium, Firefox and Safari on desktops and phones, without
plugins: https://developer.mozilla.org/en-US/docs/Web/Media/Guides/Formats
"""

from dataclasses import dataclass
from enum import StrEnum

from functions.core.media import Media, VideoStream


class Browsers(StrEnum):
    """The share of the browsers that play a video with its picture, sound and colours."""

    ALL = "all"
    SOME = "some"
    NONE = "none"


class Obstacle(StrEnum):
    """The property of a file that keeps browsers from playing it."""

    CONTAINER = "container"
    VIDEO_CODEC = "video_codec"
    BIT_DEPTH = "bit_depth"
    PIXEL_FORMAT = "pixel_format"
    PROFILE = "profile"
    HDR = "hdr"
    AUDIO_CODEC = "audio_codec"


@dataclass(frozen=True, slots=True)
class Playback:
    """The browsers that play a video, and the reason if not all do."""

    browsers: Browsers
    reason: Obstacle | None
    message: str
    """The verdict as a sentence for a person."""


_BY_ALL = {"mp4": {"h264"}, "mov": {"h264"}, "webm": {"vp8", "vp9"}}
"""The codecs of pictures that all browsers decode, by container."""

_IN_MP4 = {
    *("h264", "hevc", "vp8", "vp9", "av1"),
    *("mpeg4", "h263", "mjpeg", "prores"),  # Safari
}
_BY_SOME = {
    "mp4": _IN_MP4,
    "mov": _IN_MP4,
    "webm": {"vp8", "vp9", "av1"},
    "matroska": {"h264", "hevc", "vp8", "vp9", "av1"},  # not Safari
}
"""The codecs of pictures that any browser decodes, by container."""

_SOUND_BY_ALL = {"mp4": {"aac", "mp3"}, "mov": {"aac", "mp3"}, "webm": {"opus", "vorbis"}}
_PIXEL_FORMATS = {"yuv420p", "yuvj420p", "yuva420p"}
_PROFILES = {
    "h264": {"Baseline", "Constrained Baseline", "Main", "High"},
    "vp9": {"Profile 0"},
}
_BITS = 8

_SENTENCES = {
    Obstacle.CONTAINER: "reads the container {media.container}",
    Obstacle.VIDEO_CODEC: "decodes {picture.codec} in this container",
    Obstacle.BIT_DEPTH: "decodes {picture.codec} with {picture.bit_depth} bits",
    Obstacle.PIXEL_FORMAT: "decodes {picture.codec} with the pixel format {picture.pixel_format}",
    Obstacle.PROFILE: "decodes {picture.codec} with the profile {picture.profile}",
    Obstacle.HDR: "shows the colours of HDR video correctly",
    Obstacle.AUDIO_CODEC: "plays the sound, which is {media.audio_codec}",
}
_LATE = "It starts late: its index is at the end. Export it with “fast start” to mend that."
_CONVERT = "As MP4 with H.264 (8 bits, 4:2:0, SDR) and AAC it plays in all of them."


def playback_of(media: Media) -> Playback | None:
    """Return which browsers play a video. `None` if release 0.1 processed it."""
    picture = _main_picture(media)
    if not picture:
        return None
    is_played = picture.codec in _BY_SOME.get(media.container, ())
    reason = _obstacle(media, picture, is_played=is_played)
    if not reason:
        late = f" {_LATE}" if media.faststart is False else ""
        return Playback(Browsers.ALL, None, f"All browsers play the video.{late}")
    browsers = Browsers.SOME if is_played else Browsers.NONE
    subject = "Not every browser" if is_played else "No browser"
    fact = _SENTENCES[reason].format(media=media, picture=picture)
    return Playback(browsers, reason, f"{subject} {fact}. {_CONVERT}")


def _main_picture(media: Media) -> VideoStream | None:
    pictures = [one for one in media.streams if isinstance(one, VideoStream)]
    same = [one for one in pictures if one.codec == media.video_codec]
    return max(same, key=lambda picture: picture.default, default=None)


def _obstacle(media: Media, picture: VideoStream, *, is_played: bool) -> Obstacle | None:
    """Return the first reason why not all browsers play a video."""
    container, profiles = media.container, _PROFILES.get(media.video_codec)
    is_unread = container not in _BY_SOME
    obstacles = {
        Obstacle.CONTAINER: is_unread or (is_played and container not in _BY_ALL),
        Obstacle.VIDEO_CODEC: picture.codec not in _BY_ALL.get(container, ()),
        Obstacle.BIT_DEPTH: (picture.bit_depth or _BITS) > _BITS,
        Obstacle.PIXEL_FORMAT: (picture.pixel_format or "yuv420p") not in _PIXEL_FORMATS,
        Obstacle.PROFILE: profiles and (picture.profile or "") not in {"", *profiles},
        Obstacle.HDR: picture.hdr,
        Obstacle.AUDIO_CODEC: media.has_audio
        and media.audio_codec not in _SOUND_BY_ALL.get(container, ()),
    }
    return next((reason for reason, applies in obstacles.items() if applies), None)
