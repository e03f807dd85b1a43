"""The engine on stored objects: which bytes it reads, and how it handles failures."""

import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from functions.adapters.storage import ObjectGone, SourceReplaced
from functions.core.failures import BadMedia
from functions.core.unavailable import StorageUnavailable
from functions.media.engine import Engine, Inspection
from functions.media.reader.source import OpenSource
from tests.boxes import claim_sample_of, widen
from tests.clips import Clips, ffmpeg
from tests.fakes.uploads import FileUploads, open_clip
from tests.pictures import pixel

MB = 1 << 20


@pytest.fixture
def engine(ffmpeg_dir: Path) -> Engine:
    return Engine(ffmpeg_dir)


def inspect(
    engine: Engine, clip: Path, directory: Path, uploads: FileUploads | None = None
) -> tuple[Inspection, OpenSource]:
    with open_clip(clip, directory, uploads) as source:
        found = engine.inspect(source, directory=directory, remaining_s=lambda: 100.0)
    return found, source


def assert_frame_at_10_percent(inspection: Inspection) -> None:
    """Check the frame: the long clips show a pattern in their first 10%, and then blue."""
    assert inspection.media.duration_s == pytest.approx(20, abs=0.1)
    assert inspection.frame.at_s == pytest.approx(2, abs=0.01)
    assert not inspection.frame.fallback
    red, green, blue = pixel(inspection.frame, 0.5, 0.5)
    assert (red < 80, green < 80, blue > 150) == (True, True, True)


def test_a_4_gb_file_needs_few_bytes(engine: Engine, clips: Clips, tmp_path: Path) -> None:
    inspection, source = inspect(engine, clips["4gb.mp4"], tmp_path)
    assert_frame_at_10_percent(inspection)
    assert source.bytes_read < 20 * MB
    assert source.requests < 12


def test_the_place_of_the_picture_is_requested_before_anything_is_known(tmp_path: Path) -> None:
    file = tmp_path / "unknown"
    with file.open("wb") as empty:
        empty.truncate(100 * MB)
    with open_clip(file, tmp_path) as source:
        assert source.content.peek(9 * MB + MB // 2, 10 * MB + MB // 4)


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_a_4_gb_file_needs_little_memory(ffmpeg_dir: Path, clips: Clips, tmp_path: Path) -> None:
    code = (
        "import resource, sys, pathlib\n"
        "from functions.media.engine import Engine\n"
        "from tests.fakes.uploads import open_clip\n"
        "ffmpeg, clip, folder = map(pathlib.Path, sys.argv[1:])\n"
        "with open_clip(clip, folder) as source:\n"
        "    Engine(ffmpeg).inspect(source, directory=folder, remaining_s=lambda: 100.0)\n"
        "peak = int(pathlib.Path('/proc/self/status').read_text().split('VmHWM:')[1].split()[0])\n"
        "print(peak + resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)\n"
    )
    command = [sys.executable, "-c", code, str(ffmpeg_dir), str(clips["4gb.mp4"]), str(tmp_path)]
    root = Path(__file__).parents[3]
    environ = {"PYTHONPATH": str(root)}
    said = subprocess.run(command, env=environ, capture_output=True, text=True, check=True).stdout
    assert int(said) < 256 * 1024


def test_a_fragmented_mp4_is_read_once(engine: Engine, clips: Clips, tmp_path: Path) -> None:
    clip = clips["fragmented.mp4"]
    inspection, source = inspect(engine, clip, tmp_path)
    assert_frame_at_10_percent(inspection)
    assert source.bytes_read <= clip.stat().st_size
    assert source.requests < 30


@pytest.mark.parametrize("name", ["recorded.webm", "recorded.mkv"])
def test_a_recording_without_a_duration_gets_one_from_its_end(
    engine: Engine, clips: Clips, tmp_path: Path, name: str
) -> None:
    inspection, source = inspect(engine, clips[name], tmp_path)
    assert_frame_at_10_percent(inspection)
    assert source.bytes_read < 30 * MB


def test_the_duration_excludes_the_time_before_the_first_frame(
    engine: Engine, clips: Clips, tmp_path: Path
) -> None:
    late = tmp_path / "late.mkv"
    source = ["-i", str(clips["recorded.mkv"]), "-c", "copy", "-output_ts_offset", "500"]
    ffmpeg(*source, "-live", "1", str(late))
    inspection, _ = inspect(engine, late, tmp_path)
    assert inspection.media.duration_s == pytest.approx(20, abs=0.1)
    assert inspection.frame.at_s == pytest.approx(2, abs=0.01)


def test_a_recording_of_unknown_duration_shows_its_first_frame(
    engine: Engine, clips: Clips, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The last cluster begins too far from the end, and the file is too large to scan."""
    monkeypatch.setattr("functions.media.header._MAX_SCANNED", MB)
    whole = clips["recorded.mkv"].read_bytes()
    one = tmp_path / "one-cluster.mkv"
    first = whole.index(b"\x1f\x43\xb6\x75")
    one.write_bytes(whole[: whole.index(b"\x1f\x43\xb6\x75", first + 4)])
    padded = one.read_bytes() + bytes(17 * MB)
    one.write_bytes(padded)
    inspection, _ = inspect(engine, one, tmp_path)
    assert inspection.media.duration_s is None
    assert (inspection.frame.at_s, inspection.frame.fallback) == (0, "start")


def test_a_frame_of_300_mb_is_not_read(engine: Engine, clips: Clips, tmp_path: Path) -> None:
    movie = tmp_path / "movie.mp4"
    widen(claim_sample_of(300 * MB, clips["tiny.mp4"].read_bytes()), 400 * MB, movie)
    with open_clip(movie, tmp_path) as source:
        with pytest.raises(BadMedia) as error:
            engine.inspect(source, directory=tmp_path, remaining_s=lambda: 100.0)
        assert error.value.code == "out_of_memory"
        assert source.bytes_read < 20 * MB


@pytest.mark.parametrize(
    "name", ["encrypted.mp4", "encrypted-later.mp4", "encrypted-sound-first.mp4"]
)
def test_an_encrypted_video_is_refused(
    engine: Engine, clips: Clips, tmp_path: Path, name: str
) -> None:
    with pytest.raises(BadMedia, match="encrypted") as error:
        inspect(engine, clips[name], tmp_path)
    assert error.value.code == "unsupported_codec"


@pytest.mark.parametrize("error", [SourceReplaced("newer"), ObjectGone("gone")])
@pytest.mark.parametrize("request_", [1, 3])
def test_a_changed_object_does_not_count_as_a_bad_file(
    engine: Engine, clips: Clips, tmp_path: Path, error: Exception, request_: int
) -> None:
    uploads = FileUploads()

    def fail(_: int) -> None:
        if len(uploads.asked) >= request_:
            raise error

    uploads.before_reading = fail
    with pytest.raises(type(error)):
        inspect(engine, clips["long.mp4"], tmp_path, uploads)


def test_failing_storage_does_not_count_as_a_bad_file(
    engine: Engine, clips: Clips, tmp_path: Path
) -> None:
    def fail(start: int) -> None:
        if start > 5 * MB:
            raise StorageUnavailable("S3: SlowDown")

    with pytest.raises(StorageUnavailable, match="SlowDown"):
        inspect(engine, clips["long.mp4"], tmp_path, FileUploads(before_reading=fail))


def test_hanging_storage_does_not_count_as_a_bad_file(
    engine: Engine, clips: Clips, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("functions.media.children.CHILD_S", 3)
    monkeypatch.setattr("functions.media.reader.source._SLOW_S", 1)
    answer = threading.Event()

    def hang(_: int) -> None:
        answer.wait(20)

    uploads = FileUploads(before_reading=hang)
    with pytest.raises(StorageUnavailable, match="too slow"):
        inspect(engine, clips["long.mp4"], tmp_path, uploads)
    answer.set()


def test_occasional_failed_requests_are_retried(
    engine: Engine, clips: Clips, tmp_path: Path
) -> None:
    broken: set[int] = set()

    def fail(start: int) -> None:
        if start % (3 * MB) == 0 and start not in broken:
            broken.add(start)
            raise StorageUnavailable("S3: ConnectionResetError")

    uploads = FileUploads(before_reading=fail)
    inspection, _ = inspect(engine, clips["long.mp4"], tmp_path, uploads)
    assert broken
    assert_frame_at_10_percent(inspection)


def test_slow_storage_only_takes_longer(engine: Engine, clips: Clips, tmp_path: Path) -> None:
    uploads = FileUploads(before_reading=lambda _: time.sleep(0.005))
    inspection, _ = inspect(engine, clips["long.mp4"], tmp_path, uploads)
    assert_frame_at_10_percent(inspection)
