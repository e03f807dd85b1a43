"""Files that mean harm, or have met with it: each ends as a verified picture or as a code."""

import os
import random
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest

from processing.engine import Engine
from processing.errors import BadMedia, Code
from tests.clips import Clips, ffmpeg
from tests.fakes.uploads import opened

_SMALL = ["tiny.mp4", "tiny.mov", "tiny.mkv", "tiny.webm", "tiny.avi", "tiny.wmv", "tiny.flv"]
_EXTENSIONS = ["mp4", "avi", "mov", "mkv", "wmv", "flv", "webm"]
_FLIPS = 40
_SEED = 20261122


@pytest.fixture
def engine(ffmpeg_dir: Path) -> Engine:
    return Engine(ffmpeg_dir)


def outcome(engine: Engine, file: Path, directory: Path) -> str:
    """Return `done` or the code, and check that nothing is left running."""
    try:
        with opened(file, directory) as source:
            inspection = engine.inspect(source, directory=directory, remaining_s=lambda: 100.0)
    except BadMedia as error:
        return error.code
    finally:
        assert not children()
    assert inspection.frame.jpeg.startswith(b"\xff\xd8")
    assert inspection.frame.width <= 320
    assert inspection.frame.height <= 240
    return "done"


def children() -> list[psutil.Process]:
    """Return living children that are ours to account for; servers of the tests are not."""
    names = ("ffmpeg", "ffprobe", "sh")
    found = psutil.Process().children(recursive=True)
    return [child for child in found if child.name().startswith(names)]


@pytest.fixture(scope="module")
def small(clips: Clips) -> dict[str, bytes]:
    return {name: clips[name].read_bytes() for name in _SMALL}


@pytest.mark.parametrize("name", _SMALL)
def test_whole_they_are_done(
    engine: Engine, small: dict[str, bytes], tmp_path: Path, name: str
) -> None:
    (tmp_path / "source").write_bytes(small[name])
    assert outcome(engine, tmp_path / "source", tmp_path) == "done"


@pytest.mark.parametrize("name", _SMALL)
def test_cut_off_anywhere_they_are_done_or_damaged(
    engine: Engine, small: dict[str, bytes], tmp_path: Path, name: str
) -> None:
    for percent in range(0, 100, 2):
        (tmp_path / "source").write_bytes(small[name][: len(small[name]) * percent // 100])
        found = outcome(engine, tmp_path / "source", tmp_path)
        assert found in ("done", Code.CORRUPT, Code.NOT_A_VIDEO, Code.NO_VIDEO_STREAM), percent


@pytest.mark.parametrize("name", _SMALL)
def test_with_bytes_changed_anywhere_they_are_done_or_have_a_code(
    engine: Engine, small: dict[str, bytes], tmp_path: Path, name: str
) -> None:
    chance = random.Random(f"{_SEED} {name}")
    for _ in range(_FLIPS):
        damaged = bytearray(small[name])
        for _ in range(chance.choice([1, 3, 30])):
            # Half of them in the first kilobyte, where the structure is.
            end = len(damaged) if chance.random() < 0.5 else min(1024, len(damaged))
            damaged[chance.randrange(end)] = chance.randrange(256)
        (tmp_path / "source").write_bytes(damaged)
        assert outcome(engine, tmp_path / "source", tmp_path) in ("done", *Code)


@contextmanager
def canary_server() -> Iterator[tuple[int, socket.socket]]:
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(0)
        yield server.getsockname()[1], server


@pytest.mark.parametrize("extension", _EXTENSIONS)
@pytest.mark.parametrize("kind", ["m3u8", "ffconcat", "dash", "sdp", "images"])
def test_a_playlist_opens_nothing(
    engine: Engine, clips: Clips, tmp_path: Path, kind: str, extension: str
) -> None:
    canary = tmp_path / "canary.mp4"
    canary.write_bytes(clips["tiny.mp4"].read_bytes())
    # An access time in the past, so that every reading of the file would show.
    before = canary.stat().st_mtime - 10
    os.utime(canary, (before, canary.stat().st_mtime))
    with canary_server() as (port, server):
        playlist = tmp_path / f"source.{extension}"
        playlist.write_text(_PLAYLISTS[kind].format(file=canary, port=port))
        # By its extension alone ffprobe may take it for a damaged mp4.
        assert outcome(engine, playlist, tmp_path) in (Code.NOT_A_VIDEO, Code.CORRUPT)
        with pytest.raises(BlockingIOError):
            server.accept()
    assert canary.stat().st_atime == before


_PLAYLISTS = {
    "m3u8": (
        "#EXTM3U\n#EXT-X-TARGETDURATION:10\n#EXTINF:10,\n{file}\n"
        "#EXTINF:10,\nhttp://127.0.0.1:{port}/x.ts\n#EXT-X-ENDLIST\n"
    ),
    "ffconcat": "ffconcat version 1.0\nfile '{file}'\nfile 'http://127.0.0.1:{port}/x.mp4'\n",
    "dash": (
        '<?xml version="1.0"?><MPD xmlns="urn:mpeg:dash:schema:mpd:2011" type="static" '
        'mediaPresentationDuration="PT1S"><Period><AdaptationSet mimeType="video/mp4">'
        '<Representation id="1" bandwidth="1"><BaseURL>http://127.0.0.1:{port}/x.mp4</BaseURL>'
        "</Representation></AdaptationSet></Period></MPD>"
    ),
    "sdp": (
        "v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nc=IN IP4 127.0.0.1\nt=0 0\n"
        "m=video {port} RTP/AVP 96\na=rtpmap:96 H264/90000\n"
    ),
    "images": "{file}%03d.jpg http://127.0.0.1:{port}/\n",
}


def test_a_duration_of_centuries_is_not_waited_for(
    engine: Engine, clips: Clips, tmp_path: Path
) -> None:
    data = bytearray(clips["tiny.mp4"].read_bytes())
    for box, offset in ((b"mvhd", 20), (b"tkhd", 24), (b"mdhd", 20)):
        at = data.index(box) + offset
        data[at : at + 4] = b"\xff\xff\xff\xfe"
    (tmp_path / "source").write_bytes(data)
    assert outcome(engine, tmp_path / "source", tmp_path) in ("done", Code.CORRUPT)


def test_a_file_without_any_duration_is_done(engine: Engine, clips: Clips, tmp_path: Path) -> None:
    """As browsers record: no duration, no index."""
    live = tmp_path / "live.webm"
    ffmpeg("-i", str(clips["tiny.webm"]), "-c", "copy", "-f", "webm", "-live", "1", str(live))
    assert outcome(engine, live, tmp_path) == "done"
