"""Recordings without an index, and the two ways to inspect one: through a splice, and whole."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from functions.core.media import Media
from functions.media.engine import Engine, Inspection
from functions.media.splice import views
from tests.clips import ffmpeg
from tests.fakes.uploads import open_clip

_PICTURE = "testsrc2=size=640x360:rate=25:duration=60,noise=alls=10:allf=t"
_SOUND = "sine=frequency=440:duration=60"
_H264 = ["-c:v", "libx264", "-preset", "veryfast", "-pix_fmt", "yuv420p", "-c:a", "aac"]
_QUICKLY = ["-deadline", "realtime", "-cpu-used", "8", "-c:a", "libopus"]
_VORBIS = ["-c:a", "vorbis", "-strict", "-2", "-ac", "2"]
_HEVC = ["-c:v", "libx265", "-preset", "ultrafast", "-x265-params", "log-level=none:bframes=2"]

SOURCES = {
    "b-frames": [*_H264, "-g", "50", "-bf", "3"],
    "open-gop": [*_H264, "-g", "60", "-bf", "3", "-x264-params", "open-gop=1:scenecut=0"],
    "long-gop": [*_H264, "-g", "400", "-x264-params", "scenecut=0"],
    "irregular": [*_H264, "-vf", "select='not(mod(n,7))+lt(mod(n,100),40)'", "-fps_mode", "vfr"],
    "dark": [*_H264, "-vf", "drawbox=color=black:t=fill:enable='lt(t,33)'"],
    "dark-long-gop": [
        *(*_H264, "-g", "700", "-x264-params", "scenecut=0"),
        *("-vf", "drawbox=color=black:t=fill:enable='lt(t,50)'"),
    ],
    "hevc": [*_HEVC, "-g", "50", "-c:a", "aac"],
    "mpeg4": ["-c:v", "mpeg4", "-g", "50", "-bf", "2", "-c:a", "libmp3lame", "-ar", "44100"],
    "mjpeg": ["-c:v", "mjpeg", "-c:a", "pcm_s16le"],
    "xvid": ["-c:v", "mpeg4", "-g", "100", "-vtag", "XVID", "-c:a", "ac3"],
    "vp8": ["-c:v", "libvpx", "-g", "50", *_QUICKLY],
    "vp9": ["-c:v", "libvpx-vp9", "-g", "50", *_QUICKLY],
    "vorbis": [
        "-c:v",
        "libvpx",
        "-g",
        "50",
        *_QUICKLY,
        "-c:a",
        "vorbis",
        "-strict",
        "-2",
        "-ac",
        "2",
    ],
    "sorenson": ["-c:v", "flv", "-g", "50", "-c:a", "libmp3lame", "-ar", "44100"],
}
"""ffmpeg options for one minute of 640x360 with sound; each frame looks different."""


def source_of(folder: Path, name: str) -> Path:
    """Return the file of a source, as Matroska. It is written once in a folder."""
    path = folder / f"{name}.mkv"
    if not path.exists():
        inputs = ["-f", "lavfi", "-i", _PICTURE, "-f", "lavfi", "-i", _SOUND]
        ffmpeg(*inputs, "-b:v", "900k", *SOURCES[name], str(path))
    return path


@dataclass(frozen=True)
class Ways:
    """Inspects a file through a splice, and whole."""

    engine: Engine
    directory: Path
    monkeypatch: pytest.MonkeyPatch

    def spliced(self, clip: Path) -> Inspection:
        """Inspect a file through a splice. Fails if any of it is read in another way."""
        views_before: Callable[..., views.View] = views.Views.around
        found: list[views.View] = []

        def around(of: views.Views, *args: float, **named: float) -> views.View:
            found.append(views_before(of, *args, **named))
            return found[-1]

        with self.monkeypatch.context() as patch:
            patch.setattr(views, "_SMALL", 0)
            patch.setattr(views.Views, "around", around)
            inspection = self._inspect(clip)
        assert found
        assert not any(view.is_whole for view in found)
        return inspection

    def whole(self, clip: Path) -> Inspection:
        with self.monkeypatch.context() as patch:
            patch.setattr(views, "_OPENERS", ())
            return self._inspect(clip)

    def _inspect(self, clip: Path) -> Inspection:
        with open_clip(clip, self.directory) as source:
            return self.engine.inspect(source, directory=self.directory, remaining_s=lambda: 300.0)


def described(media: Media) -> tuple[object, ...]:
    """Return what both ways must agree on: rates are averages over what was read."""
    return (media.container, media.duration_s, media.width, media.height, media.bit_rate)
