"""The rule of `core/playback.py` agrees with what Chromium really plays."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page

from clipo.local.ffmpeg import prepare
from functions.core.playback import Browsers, Obstacle, playback_of
from functions.media.engine import Engine
from tests.browsers import opened, site
from tests.clips import ffmpeg
from tests.fakes.uploads import open_clip

_PICTURE = ["-f", "lavfi", "-i", "testsrc2=size=320x180:rate=25:duration=0.4"]
_SOUND = ["-f", "lavfi", "-i", "sine=frequency=440:duration=0.4"]
_H264 = ["-c:v", "libx264", "-preset", "ultrafast"]
_HLG = [
    *("-vf", "setparams=color_primaries=bt2020:color_trc=arib-std-b67:colorspace=bt2020nc"),
    *("-pix_fmt", "yuv420p", "-an"),
]
_ENCODINGS: dict[str, tuple[list[str], Browsers, Obstacle | None]] = {
    "main.mp4": ([*_H264, "-pix_fmt", "yuv420p", "-c:a", "aac"], Browsers.ALL, None),
    "full-range.mp4": ([*_H264, "-pix_fmt", "yuvj420p", "-c:a", "mp3"], Browsers.ALL, None),
    "silent.mov": ([*_H264, "-pix_fmt", "yuv420p", "-an"], Browsers.ALL, None),
    "interlaced.mov": (
        [*("-c:v", "libx264", "-flags", "+ildct+ilme", "-pix_fmt", "yuv420p"), "-c:a", "aac"],
        Browsers.ALL,
        None,
    ),
    "vorbis.webm": (
        ["-c:v", "libvpx", "-c:a", "vorbis", "-strict", "-2", "-ac", "2"],
        Browsers.ALL,
        None,
    ),
    "opus.webm": (["-c:v", "libvpx-vp9", "-c:a", "libopus"], Browsers.ALL, None),
    "alpha.webm": (["-c:v", "libvpx-vp9", "-pix_fmt", "yuva420p", "-an"], Browsers.ALL, None),
    "ac3.mp4": (
        [*_H264, "-pix_fmt", "yuv420p", "-c:a", "ac3"],
        Browsers.SOME,
        Obstacle.AUDIO_CODEC,
    ),
    "pcm.mov": (
        [*_H264, "-pix_fmt", "yuv420p", "-c:a", "pcm_s16le"],
        Browsers.SOME,
        Obstacle.AUDIO_CODEC,
    ),
    "wide-colour.mp4": ([*_H264, "-pix_fmt", "yuv422p"], Browsers.SOME, Obstacle.PIXEL_FORMAT),
    "lossless.mp4": (
        [*_H264, "-qp", "0", "-pix_fmt", "yuv420p"],
        Browsers.SOME,
        Obstacle.PROFILE,
    ),
    "hlg.mp4": ([*_H264, *_HLG], Browsers.SOME, Obstacle.HDR),
    "hevc.mp4": (
        ["-c:v", "libx265", "-x265-params", "log-level=none", "-tag:v", "hvc1"],
        Browsers.SOME,
        Obstacle.VIDEO_CODEC,
    ),
    "vp9.mp4": (["-c:v", "libvpx-vp9", "-c:a", "aac"], Browsers.SOME, Obstacle.VIDEO_CODEC),
    "mpeg4.mp4": (["-c:v", "mpeg4", "-c:a", "aac"], Browsers.SOME, Obstacle.VIDEO_CODEC),
    "prores.mov": (["-c:v", "prores", "-c:a", "aac"], Browsers.SOME, Obstacle.VIDEO_CODEC),
    "h264.mkv": (
        [*_H264, "-pix_fmt", "yuv420p", "-c:a", "libopus"],
        Browsers.SOME,
        Obstacle.CONTAINER,
    ),
    "mpeg2.mp4": (["-c:v", "mpeg2video", "-c:a", "aac"], Browsers.NONE, Obstacle.VIDEO_CODEC),
    "mpeg4.mkv": (["-c:v", "mpeg4", "-c:a", "mp3"], Browsers.NONE, Obstacle.VIDEO_CODEC),
    "animation.mov": (["-c:v", "qtrle", "-an"], Browsers.NONE, Obstacle.VIDEO_CODEC),
    "h264.avi": ([*_H264, "-pix_fmt", "yuv420p"], Browsers.NONE, Obstacle.CONTAINER),
    "h264.flv": (
        [*_H264, "-pix_fmt", "yuv420p", "-c:a", "aac"],
        Browsers.NONE,
        Obstacle.CONTAINER,
    ),
    "h264.ts": ([*_H264, "-pix_fmt", "yuv420p", "-c:a", "aac"], Browsers.NONE, Obstacle.CONTAINER),
    "wmv2.wmv": (["-c:v", "wmv2", "-c:a", "wmav2"], Browsers.NONE, Obstacle.CONTAINER),
}
"""ffmpeg's options for files, and their verdicts."""

_PLAY = """
(url) => new Promise((resolve) => {
  const video = document.createElement("video");
  document.body.append(video);
  video.muted = true;
  video.onerror = () => resolve({picture: false, sound: false});
  video.onended = () => resolve({
    picture: video.getVideoPlaybackQuality().totalVideoFrames > 0,
    sound: video.webkitAudioDecodedByteCount > 0,
  });
  video.src = url;
  video.play().catch(() => {});
})
"""


@pytest.fixture(scope="module")
def page(browser: Browser) -> Iterator[Page]:
    with opened(browser) as watched:
        yield watched.page


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Engine:
    return Engine(prepare(tmp_path_factory.mktemp("ffmpeg"), chosen=None))


def play(page: Page, folder: Path, name: str) -> dict[str, Any]:
    """Play a file to its end, and tell whether Chromium decoded its picture and its sound."""
    with site(folder) as origin:
        page.goto(f"{origin}/")
        played: dict[str, Any] = page.evaluate(_PLAY, f"{origin}/{name}")
        return played


@pytest.mark.parametrize("name", _ENCODINGS)
def test_the_verdict_does_not_contradict_chromium(
    page: Page, engine: Engine, tmp_path: Path, name: str
) -> None:
    options, browsers, reason = _ENCODINGS[name]
    clip = tmp_path / name
    ffmpeg(*_PICTURE, *_SOUND, *options, str(clip))
    with open_clip(clip, tmp_path) as source:
        media = engine.inspect(source, directory=tmp_path, remaining_s=lambda: 100.0).media
    playback = playback_of(media)
    assert playback
    assert (playback.browsers, playback.reason) == (browsers, reason)
    played = play(page, tmp_path, name)
    if browsers is Browsers.ALL:
        assert played == {"picture": True, "sound": media.has_audio}
    if browsers is Browsers.NONE:
        assert not played["picture"]
