"""Malicious and damaged files: each ends with a verified picture or an error code.

The tests run the whole use case with the real ranged reads, ffprobe and ffmpeg.
"""

import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path

import psutil
import pytest

from functions.core.failures import FailureCode
from functions.core.video import Source, Status, UploadedObject
from functions.media.engine import Engine
from functions.media.reader.source import RangedSources
from functions.processing.process_video import VideoProcessor
from tests.boxes import refer_to
from tests.clips import Clips, ffmpeg
from tests.examples import ID, video
from tests.fakes.catalog import FakeCatalog
from tests.fakes.storage import FakeStorage
from tests.fakes.uploads import FileUploads
from tests.hostile import PLAYLISTS, Canary, a_canary

_SMALL = ["tiny.mp4", "tiny.mov", "tiny.mkv", "tiny.webm", "tiny.avi", "tiny.wmv", "tiny.flv"]
_SEED = 20261122
_REMAINING_S = 100.0
_AT_ONCE = 4


@dataclass
class Judge:
    """Processes files and checks the result."""

    engine: Engine
    temporary: Path

    def __call__(self, file: Path) -> str:
        """Return `done` or the error code."""
        key = str(file)
        before = video()
        records = FakeCatalog({ID: replace(before, upload=replace(before.upload, key=key))})
        objects = FakeStorage()
        processor = VideoProcessor(
            catalog=records,
            storage=objects,
            sources=RangedSources(FileUploads()),
            engine=self.engine,
            max_bytes=5 << 30,
        )
        event = UploadedObject(ID, key, Source("etag", file.stat().st_size, "01"))
        started = time.monotonic()
        processor.process(event, remaining_s=lambda: _REMAINING_S)
        assert time.monotonic() - started < _REMAINING_S
        found = records.videos[ID]
        if found.status is Status.DONE:
            assert found.error is None
            (jpeg,) = objects.thumbnails.values()
            assert (jpeg[:3], jpeg[-2:]) == (b"\xff\xd8\xff", b"\xff\xd9")
            return "done"
        assert found.status is Status.FAILED
        assert found.error
        assert objects.thumbnails == {}
        assert found.error.message.endswith(".")
        return found.error.code

    def all(self, files: list[Path]) -> list[str]:
        with ThreadPoolExecutor(_AT_ONCE) as pool:
            return list(pool.map(self, files))


@pytest.fixture
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the folder for working directories."""
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    return folder


@pytest.fixture
def judge(ffmpeg_dir: Path, temporary: Path) -> Iterator[Judge]:
    ports = listening()
    yield Judge(Engine(ffmpeg_dir), temporary)
    assert children() == []
    assert list(temporary.iterdir()) == []
    assert listening() == ports


def children() -> list[psutil.Process]:
    """Return the running child processes, except the servers of the tests."""
    names = ("ffmpeg", "ffprobe", "sh", "tail", "yes", "cat", "sleep")
    found = psutil.Process().children(recursive=True)
    return [child for child in found if child.name().startswith(names)]


def listening() -> set[int]:
    connections = psutil.Process().net_connections("tcp")
    return {found.laddr.port for found in connections if found.status == psutil.CONN_LISTEN}


@pytest.fixture(scope="module")
def small(clips: Clips) -> dict[str, bytes]:
    return {name: clips[name].read_bytes() for name in _SMALL}


@pytest.mark.parametrize("name", _SMALL)
def test_complete_files_are_done(judge: Judge, clips: Clips, name: str) -> None:
    assert judge(clips[name]) == "done"


@pytest.mark.parametrize("step", [7, pytest.param(2, marks=pytest.mark.long)])
@pytest.mark.parametrize("name", _SMALL)
def test_truncated_files_are_done_or_damaged(
    judge: Judge, small: dict[str, bytes], tmp_path: Path, name: str, step: int
) -> None:
    cuts = [tmp_path / str(percent) for percent in range(0, 100, step)]
    for cut in cuts:
        cut.write_bytes(small[name][: len(small[name]) * int(cut.name) // 100])
    for cut, found in zip(cuts, judge.all(cuts), strict=True):
        expected = (
            "done",
            FailureCode.CORRUPT,
            FailureCode.NOT_A_VIDEO,
            FailureCode.NO_VIDEO_STREAM,
        )
        assert found in expected, f"cut at {cut.name}%"


@pytest.mark.parametrize("how_many", [40, pytest.param(300, marks=pytest.mark.long)])
@pytest.mark.parametrize("name", _SMALL)
def test_files_with_changed_bytes_are_done_or_have_a_code(
    judge: Judge, small: dict[str, bytes], tmp_path: Path, name: str, how_many: int
) -> None:
    chance = random.Random(f"{_SEED} {name}")
    files = [tmp_path / str(number) for number in range(how_many)]
    for file in files:
        damaged = bytearray(small[name])
        for _ in range(chance.choice([1, 3, 30])):
            # Half of the changes are in the first kilobyte, which holds the structure.
            end = len(damaged) if chance.random() < 0.5 else min(1024, len(damaged))
            damaged[chance.randrange(end)] = chance.randrange(256)
        file.write_bytes(damaged)
    assert {*judge.all(files)} <= {"done", *FailureCode}


@pytest.fixture
def canary(clips: Clips, tmp_path: Path) -> Iterator[Canary]:
    with a_canary(tmp_path, clips["tiny.mp4"]) as canary:
        yield canary


@pytest.mark.parametrize("kind", PLAYLISTS)
def test_a_playlist_opens_nothing(judge: Judge, canary: Canary, tmp_path: Path, kind: str) -> None:
    playlist = tmp_path / "playlist"
    playlist.write_text(canary.playlist(kind))
    assert judge(playlist) == FailureCode.NOT_A_VIDEO
    assert canary.is_alive()


@pytest.mark.parametrize("kind", PLAYLISTS)
def test_a_playlist_after_a_valid_beginning_opens_nothing(
    judge: Judge, canary: Canary, clips: Clips, tmp_path: Path, kind: str
) -> None:
    playlist = canary.playlist(kind).encode()
    for name in ("tiny.mp4", "tiny.mkv", "tiny.flv"):
        file = tmp_path / name
        file.write_bytes(clips[name].read_bytes()[:400] + playlist)
        judge(file)
    assert canary.is_alive()


def test_a_reference_to_another_file_is_not_followed(
    judge: Judge, canary: Canary, clips: Clips, tmp_path: Path, ffmpeg_dir: Path
) -> None:
    movie = tmp_path / "referring.mov"
    movie.write_bytes(refer_to(str(canary.file), clips["tiny.mov"].read_bytes()))
    assert judge(movie) in ("done", FailureCode.CORRUPT)
    assert canary.is_alive()
    # With permissive options ffprobe opens the file. Otherwise this test would prove nothing.
    allowed = ["-enable_drefs", "1", "-use_absolute_path", "1", "-i", str(movie)]
    subprocess.run([ffmpeg_dir / "ffprobe", *allowed], capture_output=True, check=False)
    assert not canary.is_alive()


def test_a_reference_to_a_server_is_not_followed(
    judge: Judge, canary: Canary, clips: Clips, tmp_path: Path
) -> None:
    movie = tmp_path / "referring.mov"
    url = f"http://127.0.0.1:{canary.port}/x.mov"
    movie.write_bytes(refer_to(url, clips["tiny.mov"].read_bytes()))
    assert judge(movie) in ("done", FailureCode.CORRUPT)
    assert canary.is_alive()


@pytest.mark.parametrize("name", ["huge-picture.mov", "huge-picture.avi", "huge-picture.mkv"])
def test_a_picture_of_16000_by_16000_is_refused(judge: Judge, clips: Clips, name: str) -> None:
    assert judge(clips[name]) == FailureCode.TOO_MANY_PIXELS


@pytest.mark.parametrize("name", ["many-streams.mp4", "many-streams.mkv", "many-streams.mov"])
def test_30_streams_are_refused(judge: Judge, clips: Clips, name: str) -> None:
    assert judge(clips[name]) == FailureCode.TOO_MANY_STREAMS


@pytest.mark.parametrize("name", ["cover-only.mp4", "cover-only.mov", "audio-only.mp4"])
def test_sound_with_a_cover_is_no_video(judge: Judge, clips: Clips, name: str) -> None:
    assert judge(clips[name]) == FailureCode.NO_VIDEO_STREAM


def test_a_huge_cover_does_not_matter(judge: Judge, clips: Clips) -> None:
    assert judge(clips["huge-cover.mp4"]) == "done"


@pytest.mark.parametrize("duration", [0, 1, 0x7FFFFFFF, 0xFFFFFFFE, 0xFFFFFFFF])
def test_a_zero_or_absurd_duration_does_no_harm(
    judge: Judge, small: dict[str, bytes], tmp_path: Path, duration: int
) -> None:
    data = bytearray(small["tiny.mp4"])
    for box, offset in ((b"mvhd", 20), (b"tkhd", 24), (b"mdhd", 20)):
        at = data.index(box) + offset
        data[at : at + 4] = duration.to_bytes(4)
    (tmp_path / "file").write_bytes(data)
    assert judge(tmp_path / "file") == "done"


@pytest.mark.parametrize(
    "duration", [b"\x7f\xef\xff\xff", b"\xff\xf0\x00\x00", b"\x7f\xf8\x00\x00"]
)
def test_a_matroska_file_with_an_absurd_duration_is_done(
    judge: Judge, small: dict[str, bytes], tmp_path: Path, duration: bytes
) -> None:
    """Set the duration to 10 to the 308, minus infinity, or not a number."""
    data = bytearray(small["tiny.mkv"])
    at = data.index(b"\x44\x89\x88") + 3
    data[at : at + 2] = duration
    (tmp_path / "file").write_bytes(data)
    assert judge(tmp_path / "file") == "done"


@pytest.mark.parametrize("name", ["h264.mkv", "h264.mp4", "sorenson.flv"])
@pytest.mark.parametrize("offset", ["-1", "100000"])
def test_a_file_may_begin_at_any_time(
    judge: Judge, clips: Clips, tmp_path: Path, name: str, offset: str
) -> None:
    shifted = tmp_path / name
    times = ["-output_ts_offset", offset, "-avoid_negative_ts", "disabled"]
    ffmpeg("-i", str(clips[name]), "-c", "copy", *times, str(shifted))
    assert judge(shifted) == "done"


def stubs(folder: Path, ffmpeg_dir: Path, ffprobe: str = "", ffmpeg: str = "") -> Engine:
    """Return an engine with one script and one real program."""
    for name, script in (("ffprobe", ffprobe), ("ffmpeg", ffmpeg)):
        program = script or f'exec {ffmpeg_dir / name} "$@"'
        (folder / name).write_text(f"#!/bin/sh\n{program}\n")
        (folder / name).chmod(0o755)
    return Engine(folder)


_LAST = "for last; do :; done\n"
_ALLOCATE = f"exec {sys.executable} -c 'x = []\nwhile True: x.append(bytearray(1 << 24))'"


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux limits a child")
@pytest.mark.parametrize(
    ("program", "script"),
    [
        ("ffprobe", "exec yes"),
        ("ffprobe", "exec yes >&2"),
        ("ffprobe", "exec cat /dev/zero >file"),
        ("ffprobe", "exec tail /dev/zero"),
        ("ffprobe", _ALLOCATE),
        ("ffprobe", "kill -KILL $$"),
        ("ffprobe", "kill -SEGV $$"),
        ("ffprobe", "sleep 100 & sleep 100 &"),
        ("ffmpeg", "exec yes"),
        ("ffmpeg", f"{_LAST}exec cat /dev/zero >$last"),
        ("ffmpeg", f"{_LAST}exec yes >$last"),
        ("ffmpeg", "exec tail /dev/zero"),
        ("ffmpeg", _ALLOCATE),
        ("ffmpeg", "kill -KILL $$"),
        ("ffmpeg", "exit 0"),
        ("ffmpeg", "rm -rf . 2>/dev/null; rm -f *"),
        ("ffmpeg", f"{_LAST}mkdir $last"),
        ("ffmpeg", f"{_LAST}ln -s /etc/passwd $last"),
        ("ffmpeg", f"{_LAST}mkfifo $last"),
    ],
)
def test_a_compromised_child_only_fails_its_video(
    judge: Judge, clips: Clips, tmp_path: Path, ffmpeg_dir: Path, program: str, script: str
) -> None:
    (tmp_path / "bin").mkdir()
    judge.engine = stubs(tmp_path / "bin", ffmpeg_dir, **{program: script})
    assert judge(clips["tiny.mp4"]) in [*FailureCode]


@pytest.mark.parametrize("program", ["ffprobe", "ffmpeg"])
def test_a_hanging_decoder_is_killed_with_its_children(
    judge: Judge,
    clips: Clips,
    tmp_path: Path,
    ffmpeg_dir: Path,
    program: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("functions.media.children.CHILD_S", 2)
    monkeypatch.setattr("functions.media.children.SEARCH_S", 1)
    (tmp_path / "bin").mkdir()
    judge.engine = stubs(tmp_path / "bin", ffmpeg_dir, **{program: "sleep 100 & sleep 100"})
    assert judge(clips["tiny.mp4"]) == FailureCode.TIMED_OUT
