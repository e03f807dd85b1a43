"""The part of a file that is requested before ffmpeg seeks it."""

import json
import subprocess
from collections.abc import Generator, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from functions.media.reader.block_cache import BLOCK, BlockCache
from functions.media.reader.foresight import find_picture
from functions.media.reader.ranged_object import RangedObject
from tests.clips import Clips, ffmpeg

_SECONDS = 20
_SOURCE = [
    *("-f", "lavfi", "-i", f"testsrc2=size=320x180:rate=25:duration={_SECONDS}"),
    *("-f", "lavfi", "-i", f"sine=duration={_SECONDS}", "-g", "20"),
]
_H264 = ["-c:v", "libx264", "-preset", "ultrafast", "-c:a", "aac"]
_CHUNK_HEADER = 8
_FILES = {
    "end.mp4": _H264,
    "faststart.mp4": [*_H264, "-movflags", "faststart"],
    "changing-rate.mp4": [*_H264, "-vf", "select='not(mod(n,7))+lt(n,30)'", "-fps_mode", "vfr"],
    "sound-first.mov": [*_H264, "-map", "1", "-map", "0"],
    "every-frame.mov": ["-c:v", "mjpeg", "-c:a", "pcm_s16le"],
    "index.avi": ["-c:v", "mpeg4", "-c:a", "libmp3lame"],
}
"""Files by name, with the options that make them."""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("foresight")


def made(folder: Path, name: str) -> Path:
    file = folder / name
    if not file.exists():
        ffmpeg(*_SOURCE, *_FILES[name], str(file))
    return file


@contextmanager
def opened(content: bytes, folder: Path) -> Iterator[RangedObject]:
    def get(start: int, end: int) -> Generator[bytes]:
        for at in range(start, end, BLOCK):
            yield content[at : min(at + BLOCK, end)]

    with (
        closing(BlockCache(folder, capacity=256)) as cache,
        RangedObject(get, len(content), cache) as opened,
    ):
        yield opened


def keyframe(ffmpeg_dir: Path, file: Path, at_s: float) -> int:
    """Return the position of the keyframe to which ffmpeg seeks."""
    command = [str(ffmpeg_dir / "ffprobe"), "-v", "error", "-print_format", "json"]
    command += ["-select_streams", "v", "-read_intervals", f"{at_s}%+#1"]
    command += ["-show_entries", "packet=pos", str(file)]
    report = subprocess.run(command, check=True, capture_output=True).stdout
    return int(json.loads(report)["packets"][0]["pos"])


@pytest.mark.parametrize("name", [name for name in _FILES if name.endswith(("mp4", "mov"))])
def test_the_keyframe_of_the_thumbnail_is_found(ffmpeg_dir: Path, folder: Path, name: str) -> None:
    file = made(folder, name)
    with opened(file.read_bytes(), folder) as content:
        assert find_picture(content) == keyframe(ffmpeg_dir, file, _SECONDS / 10)


@pytest.mark.parametrize("name", ["end.mp4", "sound-first.mov"])
@pytest.mark.parametrize("at_s", [0.0, 7.9, 13.3, 19.9])
def test_the_keyframe_of_any_moment_is_found(
    ffmpeg_dir: Path, folder: Path, name: str, at_s: float
) -> None:
    file = made(folder, name)
    with opened(file.read_bytes(), folder) as content:
        assert find_picture(content, at_s) == keyframe(ffmpeg_dir, file, at_s)


@pytest.mark.parametrize(("at_s", "expected_s"), [(None, _SECONDS / 10 - 1), (12.2, 11.2)])
def test_the_keyframe_of_an_avi_file_follows_closely(
    ffmpeg_dir: Path, folder: Path, at_s: float | None, expected_s: float
) -> None:
    file = made(folder, "index.avi")
    expected = keyframe(ffmpeg_dir, file, expected_s)
    with opened(file.read_bytes(), folder) as content:
        found = find_picture(content, at_s)
    assert found == expected - _CHUNK_HEADER - BLOCK


@pytest.mark.parametrize("name", ["h264.mkv", "audio-only.mp4", "text.mp4"])
def test_nothing_is_found_without_an_index_that_it_knows(
    clips: Clips, folder: Path, name: str
) -> None:
    with opened(clips[name].read_bytes(), folder) as content:
        assert find_picture(content) is None


@pytest.mark.parametrize("name", ["faststart.mp4", "index.avi"])
@given(data=st.data())
def test_a_damaged_index_does_no_harm(name: str, folder: Path, data: st.DataObject) -> None:
    whole = bytearray(made(folder, name).read_bytes())
    for _ in range(data.draw(st.integers(1, 8))):
        at = data.draw(st.integers(0, min(20_000, len(whole) - 4)))
        whole[at : at + 4] = data.draw(st.binary(min_size=1, max_size=8))
    with opened(bytes(whole), folder) as content:
        found = find_picture(content)
    assert found is None or found >= 0
