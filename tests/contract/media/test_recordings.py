"""Matroska, WebM, FLV and AVI recordings, read through a splice and whole."""

import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest

from clipo.local.ffmpeg import wheel_binary
from functions.media import thumbnail
from functions.media.splice import bisect
from tests.clips import ffmpeg
from tests.recordings import Ways, described, source_of

_LIVE = ("-live", "1")
_AVI = ("-r", "25", "-f", "avi")


@dataclass(frozen=True)
class Muxed:
    """How ffmpeg writes a recording."""

    extension: str
    source: str
    options: tuple[str, ...] = _LIVE
    again: tuple[str, ...] = ()
    """Options of a second reading of the source, for its sound."""


_LARGE = ("-cluster_size_limit", "5M", "-cluster_time_limit", "30000")

MUXED = {
    "mkv": Muxed("mkv", "b-frames"),
    "mkv, open GOP": Muxed("mkv", "open-gop"),
    "mkv, long GOP": Muxed("mkv", "long-gop"),
    "mkv, irregular frames": Muxed("mkv", "irregular"),
    "mkv, HEVC": Muxed("mkv", "hevc"),
    "mkv, MPEG-4": Muxed("mkv", "mpeg4"),
    "mkv, not live": Muxed("mkv", "b-frames", ("-f", "matroska")),
    "mkv, checksums": Muxed("mkv", "b-frames", (*_LIVE, "-write_crc32", "1", *_LARGE)),
    "mkv, small clusters": Muxed("mkv", "b-frames", (*_LIVE, "-cluster_size_limit", "20k")),
    "mkv, short clusters": Muxed("mkv", "b-frames", (*_LIVE, "-cluster_time_limit", "300")),
    "mkv, begins late": Muxed("mkv", "b-frames", (*_LIVE, "-output_ts_offset", "500")),
    "mkv, cut": Muxed("mkv", "b-frames", (*_LIVE, "-ss", "7.3")),
    "mkv, no sound": Muxed("mkv", "b-frames", (*_LIVE, "-map", "-0:a")),
    "mkv, sound first": Muxed("mkv", "b-frames", (*_LIVE, "-map", "-0:v", "-map", "0:v")),
    "mkv, sound begins late": Muxed("mkv", "b-frames", again=("-itsoffset", "1.5")),
    "mkv, picture begins late": Muxed("mkv", "b-frames", again=("-itsoffset", "-2.5")),
    "webm": Muxed("webm", "vp8"),
    "webm, VP9": Muxed("webm", "vp9"),
    "webm, Vorbis": Muxed("webm", "vorbis"),
    "webm, DASH": Muxed("webm", "vp9", (*_LIVE, "-dash", "1", "-map", "-0:a")),
    "webm, not live": Muxed("webm", "vp8", ("-f", "webm")),
    "flv": Muxed("flv", "b-frames", ()),
    "flv, no duration": Muxed("flv", "b-frames", ("-flvflags", "no_duration_filesize")),
    "flv, open GOP": Muxed("flv", "open-gop", ()),
    "flv, long GOP": Muxed("flv", "long-gop", ()),
    "flv, irregular frames": Muxed("flv", "irregular", ()),
    "flv, HEVC": Muxed("flv", "hevc", ()),
    "flv, VP9": Muxed("flv", "vp9", ("-map", "-0:a")),
    "flv, Sorenson": Muxed("flv", "sorenson", ()),
    "flv, begins late": Muxed("flv", "b-frames", ("-output_ts_offset", "500")),
    "flv, no sound": Muxed("flv", "b-frames", ("-map", "-0:a")),
    "flv, sound begins late": Muxed("flv", "b-frames", (), ("-itsoffset", "1.5")),
    "avi": Muxed("avi", "mpeg4", _AVI),
    "avi, empty pictures": Muxed("avi", "mpeg4", ("-f", "avi")),
    "avi, XVID": Muxed("avi", "xvid", _AVI),
    "avi, MJPEG": Muxed("avi", "mjpeg", _AVI),
    "avi, no sound": Muxed("avi", "mpeg4", ("-map", "-0:a", *_AVI)),
    "avi, sound first": Muxed("avi", "mpeg4", ("-map", "-0:v", "-map", "0:v", *_AVI)),
    "flv, picture begins late": Muxed("flv", "b-frames", (), ("-itsoffset", "-2.5")),
}

QUICK = ("mkv", "mkv, checksums", "flv", "avi", "flv, picture begins late")


def mux(folder: Path, muxed: Muxed) -> Path:
    """Write a recording. Through a pipe ffmpeg cannot add an index to it."""
    path, source = folder / f"muxed.{muxed.extension}", str(source_of(folder, muxed.source))
    inputs = ["-i", source, "-map", "0"]
    if muxed.again:
        inputs = ["-i", source, *muxed.again, "-i", source, "-map", "0:v", "-map", "1:a"]
    if "-f" not in muxed.options:
        ffmpeg(*inputs, "-c", "copy", *muxed.options, str(path))
        return path
    command = [str(wheel_binary("ffmpeg")), "-v", "error", "-nostdin", *inputs, "-c", "copy"]
    with path.open("wb") as file:
        subprocess.run([*command, *muxed.options, "pipe:1"], stdout=file, check=True)
    return path


@pytest.fixture(params=[0.1, 0.8])
def share(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> float:
    """Position of the frame. The recordings are small, so look closer than for large ones."""
    monkeypatch.setattr(thumbnail, "THUMBNAIL_SHARE", request.param)
    monkeypatch.setattr(bisect, "_NEAR", 100_000)
    monkeypatch.setattr(bisect, "_BACK", 50_000)
    return float(request.param)


@pytest.mark.usefixtures("share")
@pytest.mark.parametrize(
    "name",
    [name if name in QUICK else pytest.param(name, marks=pytest.mark.long) for name in MUXED],
)
def test_a_recording_looks_the_same_through_a_splice(
    ways: Ways, recordings: Path, name: str
) -> None:
    clip = mux(recordings, MUXED[name])
    spliced, whole = ways.spliced(clip), ways.whole(clip)
    assert described(spliced.media) == described(whole.media)
    assert spliced.frame == whole.frame
    assert not spliced.frame.fallback


@pytest.mark.usefixtures("share")
@pytest.mark.skipif(not shutil.which("mkvmerge"), reason="mkvmerge is not installed")
@pytest.mark.parametrize("options", [[], ["--cluster-length", "400ms"], ["--no-date"]])
def test_a_file_of_mkvmerge_looks_the_same(
    ways: Ways, recordings: Path, options: list[str]
) -> None:
    clip, source = recordings / "merged.mkv", source_of(recordings, "b-frames")
    command = ["mkvmerge", "-q", "-o", str(clip), "--no-cues", *options, str(source)]
    subprocess.run(command, check=True)
    spliced, whole = ways.spliced(clip), ways.whole(clip)
    assert described(spliced.media) == described(whole.media)
    assert spliced.frame == whole.frame


@pytest.mark.usefixtures("share")
@pytest.mark.parametrize("source", ["mpeg4", "mjpeg"])
def test_an_avi_file_that_lost_its_index_looks_the_same(
    ways: Ways, recordings: Path, source: str
) -> None:
    clip = mux(recordings, Muxed("avi", source, ("-r", "25")))
    content = clip.read_bytes()
    clip.write_bytes(content[: content.rindex(b"idx1")])
    spliced, whole = ways.spliced(clip), ways.whole(clip)
    assert described(spliced.media) == described(whole.media)
    assert spliced.frame == whole.frame


def test_an_avi_file_that_states_too_many_frames_has_no_duration_without_a_scan(
    ways: Ways, recordings: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("functions.media.header._MAX_SCANNED", 1 << 20)
    found = ways.whole(mux(recordings, MUXED["avi"]))
    assert (found.media.duration_s, found.media.bit_rate) == (None, None)
    assert (found.frame.at_s, found.frame.fallback) == (0, "start")


@pytest.mark.parametrize("name", ["mkv", "flv"])
@pytest.mark.parametrize("missing", [70_000, 3_000_000])
def test_a_truncated_recording_looks_the_same(
    ways: Ways, recordings: Path, name: str, missing: int
) -> None:
    clip = mux(recordings, MUXED[name])
    clip.write_bytes(clip.read_bytes()[:-missing])
    spliced, whole = ways.spliced(clip), ways.whole(clip)
    assert described(spliced.media) == described(whole.media)
    assert spliced.frame == whole.frame


@pytest.mark.parametrize("name", ["mkv", "flv"])
def test_a_damaged_stretch_elsewhere_does_not_matter(
    ways: Ways, recordings: Path, name: str
) -> None:
    clip = mux(recordings, MUXED[name])
    content = bytearray(clip.read_bytes())
    middle = len(content) // 2
    content[middle : middle + 4000] = bytes(4000)
    clip.write_bytes(content)
    assert ways.spliced(clip).frame == ways.whole(clip).frame


def test_a_dark_recording_with_few_keyframes_has_a_frame(ways: Ways, recordings: Path) -> None:
    """Several surveyed moments lie behind one keyframe, each in a view of its own."""
    clip = mux(recordings, Muxed("mkv", "dark-long-gop"))
    assert ways.spliced(clip).frame.at_s == ways.whole(clip).frame.at_s
