"""Each tile of a storyboard is compared with what plain ffmpeg shows at its moment."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest

from clipo.local.ffmpeg import wheel_binary
from functions.core.pictures import PictureFormat
from functions.core.storyboard import plan_storyboard
from functions.media import sandbox
from functions.media.children import Budget, Children
from functions.media.engine import Engine
from functions.media.picture import NoEncoder
from functions.media.probe import parse
from functions.media.sandbox import Finished
from functions.media.splice import views
from functions.media.splice.views import View
from functions.media.storyboard import maker
from functions.media.storyboard.listed import take_listed
from functions.media.storyboard.tiles import TileCommand
from tests.clips import Clips, ffmpeg
from tests.fakes.uploads import open_clip
from tests.hostile import PLAYLISTS, a_canary
from tests.storyboards import assert_shows, distance, frames_of, make_board, rgb

_PICTURE = "testsrc2=size=320x180:rate=25:duration=30"
_SOUND = "sine=frequency=440:duration=30"
_H264 = ["-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p"]
_VP9 = ["-c:v", "libvpx-vp9", "-deadline", "realtime", "-cpu-used", "8", "-c:a", "libopus"]
_KEYFRAMES = ["-g", "40", "-b:v", "600k"]

INDEXED = {
    "film.mp4": [*_H264, "-bf", "2", "-c:a", "aac"],
    "film.mov": [*_H264, "-bf", "2", "-c:a", "aac"],
    "film.mkv": [*_H264, "-bf", "2", "-c:a", "aac"],
    "film.webm": _VP9,
    "film.avi": ["-c:v", "mpeg4", "-c:a", "libmp3lame"],
    "film.wmv": ["-c:v", "wmv2", "-c:a", "wmav2"],
    "film.flv": [*_H264, "-bf", "2", "-c:a", "aac", "-flvflags", "add_keyframe_index"],
}


def _some_quick(cases: Iterable[str], *quick: str) -> list[Any]:
    """Return cases of which all but some belong to the long tests."""
    return [case if case in quick else pytest.param(case, marks=pytest.mark.long) for case in cases]


@pytest.fixture(scope="session")
def films(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the films that the tests of storyboards share."""
    return tmp_path_factory.mktemp("films")


def film(films: Path, name: str, *options: str) -> Path:
    """Return half a minute of a picture that changes, with a keyframe every 1.6 s."""
    path = films / name
    if not path.exists():
        inputs = ["-f", "lavfi", "-i", _PICTURE, "-f", "lavfi", "-i", _SOUND]
        ffmpeg(*inputs, *_KEYFRAMES, *(options or INDEXED[name]), str(path))
    return path


@pytest.fixture
def large(monkeypatch: pytest.MonkeyPatch) -> None:
    """Treat every film as one that is too large and too long to decode."""
    monkeypatch.setattr(maker, "_SMALL", 0)
    monkeypatch.setattr(maker, "_QUICK", 0)


@pytest.mark.usefixtures("large")
@pytest.mark.parametrize("name", INDEXED)
def test_a_tile_shows_the_keyframe_before_its_moment(
    name: str, films: Path, ffmpeg_dir: Path, tmp_path: Path
) -> None:
    clip = film(films, name)
    board = make_board(clip, ffmpeg_dir, tmp_path)
    assert_shows(board, frames_of(clip, board.plan, only_keyframes=True))


@pytest.mark.parametrize("name", _some_quick(INDEXED, "film.avi", "film.flv"))
def test_a_tile_of_a_small_film_shows_the_very_frame(
    name: str, films: Path, ffmpeg_dir: Path, tmp_path: Path
) -> None:
    clip = film(films, name)
    board = make_board(clip, ffmpeg_dir, tmp_path)
    assert_shows(board, frames_of(clip, board.plan, only_keyframes=False))


@pytest.fixture
def by_reel(monkeypatch: pytest.MonkeyPatch) -> None:
    """Treat every film as a large one, and fail if a reel is doubted."""
    monkeypatch.setattr(maker, "_SMALL", 0)
    monkeypatch.setattr(maker, "_QUICK", 0)
    monkeypatch.setattr(maker, "_INDEXED", ())
    monkeypatch.setattr(maker, "take_linear", lambda *_, **__: {})


MP4 = {
    "b-frames": [*_H264, "-bf", "3", "-c:a", "aac"],
    "open-gop": [*_H264, "-bf", "3", "-x264-params", "open-gop=1:scenecut=0", "-c:a", "aac"],
    "hevc": ["-c:v", "libx265", "-preset", "ultrafast", "-x265-params", "log-level=none:bframes=2"],
    "irregular": [*_H264, "-vf", "select='not(mod(n,7))+lt(mod(n,100),40)'", "-fps_mode", "vfr"],
    "all keyframes": ["-c:v", "mjpeg", "-c:a", "aac"],
    "no sound": [*_H264, "-an"],
    "cut": [*_H264, "-ss", "0.7", "-c:a", "aac"],
    "late": [*_H264, "-c:a", "aac", "-output_ts_offset", "5"],
    "picture after sound": [*_H264, "-c:a", "aac", "-map", "1:a", "-map", "0:v"],
}


@pytest.mark.usefixtures("by_reel")
@pytest.mark.parametrize("kind", _some_quick(MP4, "irregular", "late"))
def test_a_reel_shows_the_keyframes_of_any_film(
    kind: str, films: Path, ffmpeg_dir: Path, tmp_path: Path
) -> None:
    clip = film(films, f"{kind}.mp4", *MP4[kind])
    board = make_board(clip, ffmpeg_dir, tmp_path)
    assert_shows(board, frames_of(clip, board.plan, only_keyframes=True))


_INDEX = ["-flvflags", "add_keyframe_index"]
WMV_AND_FLV = {
    "film.wmv": INDEXED["film.wmv"],
    "wmv1.wmv": ["-c:v", "wmv1", "-c:a", "wmav2", "-packet_size", "900"],
    "msmpeg4.wmv": ["-c:v", "msmpeg4", "-an", "-packet_size", "60000"],
    "sound-first.wmv": ["-c:v", "wmv2", "-c:a", "wmav2", "-map", "1:a", "-map", "0:v"],
    "film.flv": INDEXED["film.flv"],
    "sorenson.flv": ["-c:v", "flv", "-c:a", "libmp3lame", "-ar", "44100", *_INDEX],
    "late.flv": [*_H264, "-bf", "2", "-an", *_INDEX, "-output_ts_offset", "5"],
    "hevc.flv": [*MP4["hevc"], "-c:a", "aac", *_INDEX],
}


@pytest.mark.usefixtures("by_reel")
@pytest.mark.parametrize("name", _some_quick(WMV_AND_FLV, "film.wmv", "film.flv"))
def test_a_reel_shows_the_keyframes_of_wmv_and_flv_films(
    name: str, films: Path, ffmpeg_dir: Path, tmp_path: Path
) -> None:
    clip = film(films, name, *WMV_AND_FLV[name])
    board = make_board(clip, ffmpeg_dir, tmp_path)
    assert_shows(board, frames_of(clip, board.plan, only_keyframes=True))


RECORDINGS = {
    "live.mkv": ("film.mkv", ["-live", "1"]),
    "live.webm": ("film.webm", ["-live", "1"]),
    "plain.flv": ("film.mkv", []),
    "fragmented.mp4": ("film.mkv", ["-movflags", "frag_keyframe+empty_moov+skip_trailer"]),
}


@pytest.mark.usefixtures("large")
@pytest.mark.parametrize("name", _some_quick(RECORDINGS, "live.mkv"))
def test_a_recording_without_an_index_is_read_by_splices(
    name: str, films: Path, ffmpeg_dir: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(views, "_SMALL", 0)
    monkeypatch.setattr(maker, "take_linear", lambda *_, **__: {})
    source, options = RECORDINGS[name]
    clip = tmp_path / name
    ffmpeg("-i", str(film(films, source)), "-c", "copy", *options, str(clip))
    board = make_board(clip, ffmpeg_dir, tmp_path)
    assert_shows(board, frames_of(clip, board.plan, only_keyframes=not name.endswith("webm")))


def test_a_film_with_few_keyframes_is_decoded(
    films: Path, ffmpeg_dir: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(maker, "_SMALL", 0)
    clip = film(films, "film.mp4")
    board = make_board(clip, ffmpeg_dir, tmp_path)
    assert_shows(board, frames_of(clip, board.plan, only_keyframes=False))


def test_the_tiles_after_the_end_of_the_picture_show_its_last_frame(
    films: Path, ffmpeg_dir: Path, tmp_path: Path
) -> None:
    clip = tmp_path / "long-sound.mkv"
    sound = ["-f", "lavfi", "-i", "sine=duration=40"]
    ffmpeg(
        "-i",
        str(film(films, "film.mkv")),
        *sound,
        "-map",
        "0:v",
        "-map",
        "1:a",
        *("-c:v", "copy"),
        str(clip),
    )
    board = make_board(clip, ffmpeg_dir, tmp_path)
    assert board.plan.duration_ms == 40_000
    assert_shows(board, frames_of(clip, board.plan, only_keyframes=False))


def test_a_sheet_of_noise_has_at_most_300_kb(ffmpeg_dir: Path, tmp_path: Path) -> None:
    clip = tmp_path / "noise.mkv"
    noise = "nullsrc=size=160x160:rate=1:duration=901,geq=lum='random(1)*255':cb=128:cr=128"
    ffmpeg("-f", "lavfi", "-i", noise, "-c:v", "mjpeg", "-q:v", "2", str(clip))
    board = make_board(clip, ffmpeg_dir, tmp_path)
    assert board.plan.tiles == 100
    assert 100_000 < len(board.picture.content) <= 300_000


@pytest.mark.parametrize("way", _some_quick(["reel", "list", "decode"], "reel", "list"))
def test_a_phones_film_is_turned(
    way: str, films: Path, ffmpeg_dir: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if way != "decode":
        monkeypatch.setattr(maker, "_SMALL", 0)
        monkeypatch.setattr(maker, "_QUICK", 0)
    if way == "list":
        monkeypatch.setattr(maker, "take_reel", lambda *_: {})
    clip = tmp_path / "phone.mov"
    upright = film(films, "film.mov")
    ffmpeg("-display_rotation", "-90", "-i", str(upright), "-c", "copy", str(clip))
    board = make_board(clip, ffmpeg_dir, tmp_path)
    assert (board.plan.tile_width, board.plan.tile_height) == (90, 160)
    assert_shows(board, frames_of(clip, board.plan, only_keyframes=way != "decode"))


@pytest.mark.parametrize(("way", "extension"), [("keyframes", "mp4"), ("decode", "mkv")])
def test_hdr_looks_like_the_thumbnail(
    way: str,
    extension: str,
    films: Path,
    ffmpeg_dir: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    if way == "keyframes":
        monkeypatch.setattr(maker, "_SMALL", 0)
        monkeypatch.setattr(maker, "_QUICK", 0)
    tags = "setparams=colorspace=bt2020nc:color_primaries=bt2020:color_trc=arib-std-b67"
    deep = [*_H264, "-pix_fmt", "yuv420p10le", "-vf", tags, "-g", "25", "-an"]
    clip = film(films, f"hlg.{extension}", *deep)
    board = make_board(clip, ffmpeg_dir, tmp_path)
    with open_clip(clip, tmp_path) as source:
        found = Engine(ffmpeg_dir).inspect(source, directory=tmp_path, remaining_s=lambda: 300.0)
    thumbnail = rgb(found.frame.jpeg, scale=(board.plan.tile_width, board.plan.tile_height))
    (number,) = [at for at, cue in enumerate(board.plan.cues) if cue.start_ms == 3000]
    (plain,) = [one for one in frames_of(clip, board.plan, only_keyframes=True) if one.at_s == 3]
    assert distance(board.tiles()[number], thumbnail) < 5
    assert distance(board.tiles()[number], plain.pixels) > 10


def test_webp_needs_an_encoder(films: Path, ffmpeg_dir: Path, tmp_path: Path) -> None:
    clip = film(films, "film.mp4")
    if (ffmpeg_dir / "ffmpeg").samefile(wheel_binary("ffmpeg")):
        with pytest.raises(NoEncoder, match="no encoder for webp"):
            make_board(clip, ffmpeg_dir, tmp_path, PictureFormat.WEBP)
        return
    board = make_board(clip, ffmpeg_dir, tmp_path, PictureFormat.WEBP)
    assert_shows(board, frames_of(clip, board.plan, only_keyframes=False))


_REPORT = {
    "format": {"format_name": "mov,mp4", "duration": "2"},
    "streams": [
        {
            "index": 0,
            "codec_type": "video",
            "codec_name": "h264",
            "width": 64,
            "height": 36,
            "disposition": {"attached_pic": 0},
        }
    ],
}


@pytest.mark.parametrize("kind", PLAYLISTS)
def test_a_list_of_moments_opens_no_playlist(
    kind: str,
    ffmpeg_dir: Path,
    clips: Clips,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """ffprobe refuses a playlist earlier. This is the second line of defence."""
    runs: list[Finished] = []

    def run(command: list[str], **limits: Any) -> Finished:
        runs.append(run_before(command, **limits))
        return runs[-1]

    run_before = sandbox.run
    monkeypatch.setattr(sandbox, "run", run)
    programs = (str(ffmpeg_dir / "ffmpeg"), str(ffmpeg_dir / "ffprobe"))
    with a_canary(tmp_path, clips["h264.mp4"]) as canary:
        named = tmp_path / "film.mp4"
        named.write_text(canary.playlist(kind))
        with open_clip(named, tmp_path) as source:
            children = Children(*programs, 1 << 30, source, tmp_path, Budget.of(300))
            command = TileCommand(children, parse(_REPORT), plan_storyboard(2, 64, 36))
            assert not take_listed(command, {0: View(source), 400: View(source)})
        assert canary.is_alive()
    refused = "Format not on whitelist 'mov,matroska,webm,avi,asf,flv,mpegts,mpeg,ogg'"
    assert refused in runs[0].stderr or kind != "ffconcat"
