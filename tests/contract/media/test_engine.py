"""The engine with the real ffprobe and ffmpeg: every container, and every kind of bad file."""

from contextlib import suppress
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import pytest

from functions.core.failures import BadMedia
from functions.core.media import AudioStream, Location, Media, VideoStream
from functions.media.children import OutOfTime
from functions.media.engine import FFMPEG_FOR_AV1, Engine, Inspection
from functions.media.reader.source import OpenSource
from functions.media.sandbox import Finished, run
from tests.clips import CONTAINERS, Clips, ffmpeg
from tests.fakes.content import MemoryObject
from tests.fakes.uploads import open_clip
from tests.pictures import pixel, tiles_of
from tests.thumbhashes import Placeholder


@pytest.fixture
def engine(ffmpeg_dir: Path) -> Engine:
    return Engine(ffmpeg_dir)


def inspect(engine: Engine, clip: Path, directory: Path, remaining_s: float = 100.0) -> Inspection:
    with open_clip(clip, directory) as source:
        return engine.inspect(source, directory=directory, remaining_s=lambda: remaining_s)


@pytest.mark.parametrize("name", CONTAINERS)
def test_every_container_is_read(engine: Engine, clips: Clips, tmp_path: Path, name: str) -> None:
    inspection = inspect(engine, clips[name], tmp_path)
    media, frame = inspection.media, inspection.frame
    assert (media.container, media.video_codec, media.audio_codec) == CONTAINERS[name]
    assert media.duration_s == pytest.approx(2, abs=0.15)
    assert (media.width, media.height, media.rotation) == (640, 360, 0)
    assert media.frame_rate == pytest.approx(25, abs=0.1)
    assert media.has_audio
    assert media.bit_rate
    assert (frame.width, frame.height, frame.fallback) == (320, 180, None)
    assert frame.at_s == pytest.approx(0.2, abs=0.02)
    assert frame.jpeg.startswith(b"\xff\xd8\xff")


@pytest.mark.parametrize("name", ["h264.mp4", "h264.mkv"])
def test_a_video_that_lasts_too_long_gets_no_thumbnail(
    engine: Engine, clips: Clips, tmp_path: Path, name: str
) -> None:
    with open_clip(clips[name], tmp_path) as source:
        limited = partial(engine.inspect, source, directory=tmp_path, remaining_s=lambda: 100.0)
        assert limited(max_duration_s=2).media.duration_s
        with pytest.raises(BadMedia, match="The video lasts 2 seconds; the limit is 1,") as bad:
            limited(max_duration_s=1)
    assert bad.value.code == "too_long"


def test_every_stream_is_described(engine: Engine, clips: Clips, tmp_path: Path) -> None:
    picture, sound = inspect(engine, clips["described.mp4"], tmp_path).media.streams
    assert isinstance(picture, VideoStream)
    assert isinstance(sound, AudioStream)
    assert (picture.codec, picture.profile, picture.level) == (
        "h264",
        "Constrained Baseline",
        "3.0",
    )
    assert (picture.pixel_format, picture.bit_depth, picture.hdr) == ("yuv420p", 8, None)
    assert (picture.width, picture.height, picture.frame_rate) == (640, 360, 25)
    assert (picture.display_aspect_ratio, picture.interlaced) == ("16:9", False)
    assert (sound.codec, sound.language, sound.default) == ("aac", "fra", True)
    assert (sound.channels, sound.channel_layout, sound.sample_rate) == (1, "mono", 44_100)


def test_the_file_is_described(engine: Engine, clips: Clips, tmp_path: Path) -> None:
    media = inspect(engine, clips["described.mp4"], tmp_path).media
    assert media.created_at == datetime(2026, 8, 1, 17, 30, tzinfo=UTC)
    assert (media.chapters, media.faststart, media.location) == (2, True, None)
    assert not inspect(engine, clips["h264.mp4"], tmp_path).media.faststart
    assert inspect(engine, clips["h264.mkv"], tmp_path).media.faststart is None


def test_the_place_of_a_recording_is_read_if_it_is_to_be_stored(
    ffmpeg_dir: Path, clips: Clips, tmp_path: Path
) -> None:
    engine = Engine(ffmpeg_dir, stores_location=True)
    location = inspect(engine, clips["described.mp4"], tmp_path).media.location
    assert location == Location(48.8577, 2.295, altitude_m=None)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("hevc-10-bit.mov", ("Main", "yuv420p", 8, 0)),  # the wheel's encoder has no 10 bits
        ("rotated.mp4", ("Constrained Baseline", "yuv420p", 8, 90)),
        ("exif-quarter.avi", ("Baseline", "yuvj420p", 8, 90)),
        ("vp9.webm", ("Profile 0", "yuv420p", 8, 0)),
    ],
)
def test_the_format_of_the_picture_is_described(
    engine: Engine, clips: Clips, tmp_path: Path, name: str, expected: tuple[str, str, int, int]
) -> None:
    picture = inspect(engine, clips[name], tmp_path).media.streams[0]
    assert isinstance(picture, VideoStream)
    found = (picture.profile, picture.pixel_format, picture.bit_depth, picture.rotation)
    assert found == expected


def test_no_more_than_32_streams_are_listed(engine: Engine, clips: Clips, tmp_path: Path) -> None:
    streams = inspect(engine, clips["many-fonts.mkv"], tmp_path).media.streams
    assert [stream.kind for stream in streams] == ["video", "audio", *["attachment"] * 30]


@pytest.mark.parametrize(
    ("name", "codecs"),
    [
        ("dvd.mpg", ("mpeg-ps", "mpeg2video", "ac3")),
        ("dts.ts", ("mpeg-ts", "h264", "dts")),
    ],
)
def test_mpeg_streams_are_recognized_by_their_content(
    engine: Engine, clips: Clips, tmp_path: Path, name: str, codecs: tuple[str, str, str]
) -> None:
    inspection = inspect(engine, clips[name], tmp_path)
    media = inspection.media
    assert (media.container, media.video_codec, media.audio_codec) == codecs
    assert inspection.frame.jpeg


@pytest.mark.parametrize(
    ("name", "shown", "thumbnail", "rotation"),
    [
        ("rotated.mp4", (360, 640), (134, 240), 90),
        ("portrait.mp4", (360, 640), (134, 240), 0),
        ("anamorphic.mp4", (1920, 1080), (320, 180), 0),
        ("tiny.mp4", (16, 16), (16, 16), 0),
        ("no-sound.mp4", (640, 360), (320, 180), 0),
        ("test_video.mp4", (320, 240), (320, 240), 0),
        ("cover-before-video.mp4", (640, 360), (320, 180), 0),
        # Not a quarter turn: a player then rotates the picture within its frame.
        ("askew.mp4", (640, 360), (320, 180), 0),
    ],
)
def test_sizes_are_those_that_a_player_shows(
    engine: Engine,
    clips: Clips,
    tmp_path: Path,
    name: str,
    shown: tuple[int, int],
    thumbnail: tuple[int, int],
    rotation: int,
) -> None:
    inspection = inspect(engine, clips[name], tmp_path)
    assert (inspection.media.width, inspection.media.height) == shown
    assert (inspection.frame.width, inspection.frame.height) == thumbnail
    assert inspection.media.rotation == rotation


def test_the_thumbnail_of_a_portrait_video_is_upright(
    engine: Engine, clips: Clips, tmp_path: Path
) -> None:
    lying = inspect(engine, clips["h264.mp4"], tmp_path).frame
    standing = inspect(engine, clips["rotated.mp4"], tmp_path).frame
    # A clockwise rotation moves the top left corner to the top right.
    expected = pixel(lying, 0.03, 0.5)
    assert pixel(standing, 0.5, 0.03) == pytest.approx(expected, abs=40)


def test_the_thumbnail_is_the_frame_at_10_percent(
    engine: Engine, clips: Clips, tmp_path: Path
) -> None:
    frame = inspect(engine, clips["red-then-blue.mp4"], tmp_path).frame
    red, _, blue = pixel(frame, 0.5, 0.5)
    assert (red < 50, blue > 200) == (True, True)


def test_the_frame_of_a_broadcast_is_exact_without_marked_keyframes(
    engine: Engine, clips: Clips, tmp_path: Path
) -> None:
    inspection = inspect(engine, clips["broadcast.mp4"], tmp_path)
    assert inspection.media.container == "mpeg-ts"
    assert inspection.frame.at_s == pytest.approx(2, abs=0.01)
    red, green, blue = pixel(inspection.frame, 0.5, 0.5)
    assert (red < 50, green < 50, blue > 200) == (True, True, True)


@pytest.mark.parametrize("name", ["clip.avi", "clip.ts"])
def test_the_time_is_that_of_the_frame_and_not_of_the_next_one(
    engine: Engine, tmp_path: Path, name: str
) -> None:
    """The moment of the thumbnail, 0.7 s, is in the middle of a frame."""
    source = "testsrc2=size=320x180:rate=25:duration=7"
    ffmpeg("-f", "lavfi", "-i", source, "-c:v", "mpeg4", str(tmp_path / name))
    frame = inspect(engine, tmp_path / name, tmp_path).frame
    assert frame.at_s == pytest.approx(0.7, abs=0.002)


@pytest.mark.parametrize("name", ["h264.mp4", "rotated.mp4", "red-then-blue.mp4", "tiny.mp4"])
def test_the_placeholder_resembles_the_thumbnail(
    engine: Engine, clips: Clips, tmp_path: Path, name: str
) -> None:
    frame = inspect(engine, clips[name], tmp_path).frame
    placeholder = Placeholder.of(frame.placeholder or "")
    for row, tiles in enumerate(tiles_of(frame.jpeg, 2)):
        for column, tile in enumerate(tiles):
            assert placeholder.tile(column, row, 2) == pytest.approx(tile, abs=45)


def test_colours_are_those_of_the_video(engine: Engine, clips: Clips, tmp_path: Path) -> None:
    frame = inspect(engine, clips["bt709.mp4"], tmp_path).frame
    assert pixel(frame, 0.5, 0.5) == pytest.approx((255, 0, 0), abs=8)


def test_a_palette_at_the_beginning_also_applies_later(
    engine: Engine, clips: Clips, tmp_path: Path
) -> None:
    frame = inspect(engine, clips["palette.mov"], tmp_path).frame
    assert frame.at_s == pytest.approx(0.4, abs=0.01)
    # Without the palette, the bars of the test pattern would be black.
    colours = [pixel(frame, x / 20, 0.6) for x in range(1, 20)]
    assert max(max(colour) for colour in colours) > 150


def test_attached_fonts_do_not_count_as_streams(
    engine: Engine, clips: Clips, tmp_path: Path
) -> None:
    assert inspect(engine, clips["many-fonts.mkv"], tmp_path).frame.jpeg


def test_an_unfinished_recording_gets_a_duration(
    engine: Engine, clips: Clips, tmp_path: Path
) -> None:
    inspection = inspect(engine, clips["unfinished.avi"], tmp_path)
    assert inspection.media.duration_s == pytest.approx(2, abs=0.1)
    assert inspection.frame.at_s == pytest.approx(0.2, abs=0.02)


def test_a_clip_with_one_frame_shows_it_at_10_percent(
    engine: Engine, clips: Clips, tmp_path: Path
) -> None:
    inspection = inspect(engine, clips["one-frame.mp4"], tmp_path)
    assert (inspection.frame.at_s, inspection.frame.fallback) == (0.004, None)


def test_a_silent_clip_has_no_audio(engine: Engine, clips: Clips, tmp_path: Path) -> None:
    media = inspect(engine, clips["no-sound.mp4"], tmp_path).media
    assert (media.has_audio, media.audio_codec) == (False, None)
    assert media.frame_rate == 29.97


def test_a_file_with_a_damaged_end_gets_a_thumbnail(
    engine: Engine, clips: Clips, tmp_path: Path
) -> None:
    assert inspect(engine, clips["truncated.mkv"], tmp_path).frame.jpeg


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("empty.mp4", "not_a_video"),
        ("text.mp4", "not_a_video"),
        ("sound.mp3", "not_a_video"),
        ("playlist.mp4", "not_a_video"),
        ("concat.mp4", "not_a_video"),
        ("truncated.mp4", "corrupt"),
        ("audio-only.mp4", "no_video_stream"),
        ("cover-only.mp4", "no_video_stream"),
        ("huge-picture.mov", "too_many_pixels"),
        ("many-streams.mp4", "too_many_streams"),
    ],
)
def test_every_bad_file_has_a_code_and_a_message(
    engine: Engine, clips: Clips, tmp_path: Path, name: str, code: str
) -> None:
    with pytest.raises(BadMedia) as error:
        inspect(engine, clips[name], tmp_path)
    assert error.value.code == code
    assert error.value.failure.message.endswith(".")


@pytest.mark.parametrize("name", ["mpeg4.avi", "wmv2.wmv", "h264.mkv", "h264.mp4", "sorenson.flv"])
@pytest.mark.parametrize("length", [100, 200])
def test_the_beginning_of_a_video_counts_as_damaged(
    engine: Engine, clips: Clips, tmp_path: Path, name: str, length: int
) -> None:
    (tmp_path / "cut").write_bytes(clips[name].read_bytes()[:length])
    with pytest.raises(BadMedia) as error:
        inspect(engine, tmp_path / "cut", tmp_path)
    assert error.value.code in ("corrupt", "no_video_stream")


def test_our_own_ffmpeg_decodes_av1_and_the_wheels_names_it(
    engine: Engine, ffmpeg_dir: Path, clips: Clips, tmp_path: Path
) -> None:
    if (ffmpeg_dir / "ffmpeg").is_symlink():  # as those of the wheel are
        with pytest.raises(BadMedia, match=r"The codec av1 .* H\.264 .* dav1d") as error:
            inspect(engine, clips["av1.mp4"], tmp_path)
        assert error.value.code == "unsupported_codec"
        return
    inspection = inspect(engine, clips["av1.mp4"], tmp_path)
    assert (inspection.media.video_codec, inspection.media.audio_codec) == ("av1", "aac")
    assert (inspection.frame.width, inspection.frame.height) == (320, 180)
    assert not inspection.frame.fallback


@pytest.mark.parametrize(("name", "used"), [("av1.mp4", True), ("h264.mp4", False)])
def test_a_second_ffmpeg_decodes_av1_and_nothing_else(
    ffmpeg_dir: Path, clips: Clips, tmp_path: Path, name: str, used: object
) -> None:
    engine = stub(
        tmp_path,
        ffprobe=f'exec {ffmpeg_dir / "ffprobe"} "$@"',
        ffmpeg=f'exec {ffmpeg_dir / "ffmpeg"} "$@"',
    )
    second = tmp_path / FFMPEG_FOR_AV1
    second.write_text(f"#!/bin/sh\ntouch {tmp_path / 'used'}\n")
    second.chmod(0o755)
    with suppress(BadMedia):
        inspect(engine, clips[name], tmp_path)
    assert (tmp_path / "used").exists() is used


def test_a_codec_without_a_decoder_is_named_even_if_the_file_states_no_size(
    engine: Engine, clips: Clips, tmp_path: Path
) -> None:
    """Only the decoder learns the size of Flash screen video, and the wheel does not have it."""
    flv = bytearray(clips["tiny.flv"].read_bytes())
    for at in range(len(flv)):
        if flv[at] == 9 and flv[at + 4 : at + 11][3:] == bytes(4) and flv[at + 11] & 0xF == 2:
            flv[at + 11] = flv[at + 11] & 0xF0 | 3
    (tmp_path / "screen.flv").write_bytes(flv)
    with pytest.raises(BadMedia, match="flashsv") as error:
        inspect(engine, tmp_path / "screen.flv", tmp_path)
    assert error.value.code == "unsupported_codec"


def stub(folder: Path, ffprobe: str, ffmpeg: str = "exit 1") -> Engine:
    for name, script in (("ffprobe", ffprobe), ("ffmpeg", ffmpeg)):
        (folder / name).write_text(f"#!/bin/sh\n{script}\n")
        (folder / name).chmod(0o755)
    return Engine(folder)


def test_a_hanging_decoder_is_killed(
    clips: Clips, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("functions.media.children.CHILD_S", 1)
    engine = stub(tmp_path, ffprobe="sleep 60")
    with pytest.raises(BadMedia) as error:
        inspect(engine, clips["h264.mp4"], tmp_path)
    assert error.value.code == "timed_out"


@pytest.mark.parametrize(("remaining_s", "given_s"), [(100.0, [60, 30]), (50.0, [30, 30])])
def test_a_child_gets_the_remaining_time_minus_the_reserve(
    engine: Engine,
    clips: Clips,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    remaining_s: float,
    given_s: list[float],
) -> None:
    given: list[float] = []

    def timing_run(
        command: list[str], *, directory: Path, timeout_s: float, memory: int
    ) -> Finished:
        given.append(timeout_s)
        return run(command, directory=directory, timeout_s=timeout_s, memory=memory)

    monkeypatch.setattr("functions.media.sandbox.run", timing_run)
    inspect(engine, clips["h264.mp4"], tmp_path, remaining_s)
    assert given == pytest.approx(given_s, abs=3)


@pytest.mark.parametrize("scheme", ["", "file:", "cache:"])
def test_children_open_only_http(engine: Engine, clips: Clips, tmp_path: Path, scheme: str) -> None:
    source = OpenSource(f"{scheme}{clips['h264.mp4']}", MemoryObject(bytes(1000)))
    with pytest.raises(BadMedia) as error:
        engine.inspect(source, directory=tmp_path, remaining_s=lambda: 200.0)
    assert error.value.code in ("not_a_video", "corrupt")


def test_a_decoder_outside_the_list_is_not_run(
    engine: Engine, clips: Clips, tmp_path: Path
) -> None:
    with pytest.raises(BadMedia, match="sgi") as error:
        inspect(engine, clips["sgi.mov"], tmp_path)
    assert error.value.code == "unsupported_codec"


@pytest.mark.parametrize("remaining_s", [21.0, 20.0, 0.0])
def test_too_little_time_left_is_not_the_files_fault(
    clips: Clips, tmp_path: Path, remaining_s: float
) -> None:
    engine = stub(tmp_path, ffprobe="sleep 60")
    with pytest.raises(OutOfTime):
        inspect(engine, clips["h264.mp4"], tmp_path, remaining_s)


@pytest.mark.parametrize("name", ["large-tags.mp4", "negative-times.mkv"])
def test_unusual_files_are_read(engine: Engine, clips: Clips, tmp_path: Path, name: str) -> None:
    assert inspect(engine, clips[name], tmp_path).frame.jpeg


def test_the_display_width_is_exact(engine: Engine, clips: Clips, tmp_path: Path) -> None:
    media = inspect(engine, clips["wide-pixels.mp4"], tmp_path).media
    assert (media.width, media.height) == (3840, 216)


def test_a_file_that_crashes_the_decoder_is_corrupt(clips: Clips, tmp_path: Path) -> None:
    engine = stub(tmp_path, ffprobe="kill -SEGV $$")
    with pytest.raises(BadMedia) as error:
        inspect(engine, clips["h264.mp4"], tmp_path)
    assert error.value.code == "corrupt"


@pytest.mark.parametrize("script", ["kill -KILL $$", "echo Out of memory >&2; exit 1"])
def test_a_file_that_exhausts_memory_has_its_own_code(
    clips: Clips, tmp_path: Path, script: str
) -> None:
    with pytest.raises(BadMedia) as error:
        inspect(stub(tmp_path, ffprobe=script), clips["h264.mp4"], tmp_path)
    assert error.value.code == "out_of_memory"


@pytest.mark.parametrize(
    ("remaining_s", "error"), [(200.0, BadMedia), (115.5, BadMedia), (110.0, OutOfTime)]
)
def test_a_file_that_uses_up_its_full_time_is_too_slow(
    clips: Clips,
    tmp_path: Path,
    ffmpeg_dir: Path,
    monkeypatch: pytest.MonkeyPatch,
    remaining_s: float,
    error: type[Exception],
) -> None:
    """Each child process is quick enough, but not all together."""
    monkeypatch.setattr("functions.media.children._FILE_S", 1.5)
    monkeypatch.setattr("functions.media.children._RESERVE_S", 114)
    monkeypatch.setattr("functions.media.children.CHILD_S", 1.4)
    slow = f'sleep 1; exec {ffmpeg_dir / "ffprobe"} "$@"'
    engine = stub(tmp_path, ffprobe=slow, ffmpeg="sleep 1")
    with pytest.raises(error):
        inspect(engine, clips["h264.mp4"], tmp_path, remaining_s)


def test_the_first_frame_replaces_one_that_cannot_be_found_in_time(
    engine: Engine,
    clips: Clips,
    ffmpeg_dir: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("functions.media.children.SEARCH_S", 1)
    slow = f'case "$*" in *-ss*) sleep 60;; *) exec {ffmpeg_dir / "ffmpeg"} "$@";; esac'
    engine = stub(tmp_path, ffprobe=f'exec {ffmpeg_dir / "ffprobe"} "$@"', ffmpeg=slow)
    frame = inspect(engine, clips["h264.mp4"], tmp_path).frame
    assert (frame.at_s, frame.fallback) == (0, "start")


_GOOD = (
    '{"streams": [{"index": 0, "codec_type": "video", "codec_name": "h264", "width": 64,'
    ' "height": 64, "disposition": {"attached_pic": 0}%s}], "format": {"format_name": "mov,"%s}}'
)


@pytest.mark.parametrize(
    "report",
    [
        "",
        "{",
        "[]",
        "{}",
        "x" * 3_000_000,
        "[" * 900_000,
        '{"streams": [1]}',
        '{"streams": {"a": 1}}',
        '{"streams": null, "format": null}',
        _GOOD % (', "codec_name": {"$gt": 1}', ""),
        _GOOD % (', "codec_name": "\\ud800"', ""),
        _GOOD % (', "width": "64"', ""),
        _GOOD % (', "side_data_list": [{"rotation": 1e999}]', ""),
        _GOOD % ("", ', "start_time": "soon"'),
        _GOOD % ("", ', "start_time": "-inf"'),
        _GOOD % ("", ', "start_time": [1]'),
    ],
)
def test_an_invalid_report_is_the_files_fault(tmp_path: Path, clips: Clips, report: str) -> None:
    """A compromised child process may write any report."""
    (tmp_path / "report").write_text(report)
    engine = stub(tmp_path, ffprobe=f"cat {tmp_path / 'report'}")
    with pytest.raises(BadMedia, match="lacks the description of its video") as error:
        inspect(engine, clips["text.mp4"], tmp_path)
    assert error.value.code == "corrupt"


def test_an_incomplete_picture_is_not_used(ffmpeg_dir: Path, tmp_path: Path, clips: Clips) -> None:
    cut = "head -c 999 frame.jpg >cut && mv cut frame.jpg"
    engine = stub(
        tmp_path,
        ffprobe=f'exec {ffmpeg_dir / "ffprobe"} "$@"',
        ffmpeg=f'{ffmpeg_dir / "ffmpeg"} "$@" && {cut}',
    )
    with pytest.raises(BadMedia, match="No picture can be decoded") as error:
        inspect(engine, clips["h264.mp4"], tmp_path)
    assert error.value.code == "corrupt"


def test_the_duration_has_the_legacy_format(engine: Engine, clips: Clips, tmp_path: Path) -> None:
    media: Media = inspect(engine, clips["test_video.mp4"], tmp_path).media
    assert media.duration == "00:00:10"
