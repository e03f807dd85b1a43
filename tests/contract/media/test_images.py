"""Images of any moment, compared with what plain ffmpeg shows at that moment."""

from collections.abc import Callable
from pathlib import Path

import pytest

from functions.core.failures import BadMedia
from functions.core.pictures import Fit, ImageSpec, PictureFormat
from functions.media import encoders
from functions.media.children import OutOfTime
from functions.media.engine import Engine
from functions.media.image import ImageMaker
from functions.media.picture import NoEncoder, Picture
from functions.media.splice import views
from tests.clips import Clips, ffmpeg
from tests.fakes.uploads import open_clip
from tests.pictures import tiles_of
from tests.reference import Reference

_H264 = ["-c:v", "libx264", "-preset", "ultrafast", "-bf", "2", "-g", "50"]
_CONTAINERS = {
    "film.mp4": [*_H264, "-c:a", "aac"],
    "film.mov": [*_H264, "-c:a", "aac"],
    "film.mkv": [*_H264, "-c:a", "libopus"],
    "film.webm": ["-c:v", "libvpx", "-deadline", "realtime", "-cpu-used", "8", "-c:a", "libopus"],
    "film.avi": ["-c:v", "mpeg4", "-bf", "2", "-g", "50", "-c:a", "libmp3lame"],
    "film.wmv": ["-c:v", "wmv2", "-g", "50", "-c:a", "wmav2"],
    "film.flv": [*_H264, "-c:a", "aac"],
}
"""ffmpeg options for 5 seconds with sound, by name."""

_MOMENTS_MS = (0, 700, 1970, 2019, 4990, 60_000)
"""The beginning, early and late in a frame, near a keyframe, the last frame, and after it."""


@pytest.fixture
def make(ffmpeg_dir: Path, tmp_path: Path) -> Callable[[Path, ImageSpec], Picture]:
    maker = ImageMaker(ffmpeg_dir)

    def make(clip: Path, spec: ImageSpec) -> Picture:
        with open_clip(clip, tmp_path) as source:
            return maker.make(source, spec, directory=tmp_path, remaining_s=lambda: 100.0)

    return make


Make = Callable[[Path, ImageSpec], Picture]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("images")


def film(folder: Path, name: str, options: list[str]) -> Path:
    """Return five seconds in which each frame looks different. They are written once."""
    file = folder / name
    if not file.exists():
        picture = ["-f", "lavfi", "-i", "testsrc2=size=320x180:rate=25:duration=5"]
        ffmpeg(*picture, "-f", "lavfi", "-i", "sine=duration=5", "-b:v", "1M", *options, str(file))
    return file


def cut_index(avi: Path) -> None:
    content = avi.read_bytes().replace(b"indx", b"JUNK")
    cut = content[: content.rindex(b"idx1")]
    # From a wrong size ffmpeg would conclude that the end of the picture is missing.
    avi.write_bytes(cut[:4] + (len(cut) - 8).to_bytes(4, "little") + cut[8:])


def jpeg(at_ms: int, width: int | None = None, height: int | None = None) -> ImageSpec:
    return ImageSpec(PictureFormat.JPEG, at_ms, width, height)


@pytest.mark.parametrize("name", _CONTAINERS)
def test_an_image_is_the_frame_that_is_shown(make: Make, folder: Path, name: str) -> None:
    file = film(folder, name, _CONTAINERS[name])
    reference = Reference.of(file)
    expected = {at_ms: reference.shown_at(at_ms / 1000) for at_ms in _MOMENTS_MS}
    found = {at_ms: reference.nearest(make(file, jpeg(at_ms)).content) for at_ms in _MOMENTS_MS}
    assert found == expected


_LONG = "testsrc2=size=320x180:rate=25:duration=20,noise=alls=10:allf=t"
_NO_INDEX = ["-live", "1"]
_ODD = {
    "irregular.mp4": [*_H264, "-vf", "select='not(mod(n,7))+lt(mod(n,100),40)'"],
    "irregular.mkv": [*_H264, "-vf", "select='not(mod(n,7))+lt(mod(n,100),40)'"],
    "sparse.mp4": [*_H264, "-g", "10000", "-c:a", "aac"],
    "sparse.mkv": [*_H264, "-g", "10000", "-c:a", "libopus"],
    "fragmented.mp4": [*_H264, "-movflags", "frag_keyframe+empty_moov+skip_trailer"],
    "recorded.mkv": [*_H264, *_NO_INDEX],
    "recorded.webm": [*_CONTAINERS["film.webm"], "-g", "50", *_NO_INDEX],
    "recorded.flv": [*_H264, "-c:a", "aac"],
    "recorded.avi": _CONTAINERS["film.avi"],
    "long-sound.mp4": [*_H264, "-c:a", "aac", "-af", "apad=pad_dur=5"],
    "long-sound.mkv": [*_H264, "-c:a", "libopus", "-af", "apad=pad_dur=5"],
    # With sound, plain ffmpeg counts time from the first picture, and Clipo from the first sound.
    "film.ts": [*_H264, "-an"],
    "film.ogg": ["-c:v", "libvpx", "-deadline", "realtime", "-g", "50", "-c:a", "libopus"],
    "film.mpg": ["-c:v", "mpeg2video", "-bf", "2", "-c:a", "mp2"],
}
"""ffmpeg options for 20 seconds that are odd, or that a splice shows, by name."""


@pytest.mark.long
@pytest.mark.parametrize("name", _ODD)
def test_an_image_of_an_odd_file_is_the_frame_that_is_shown(
    make: Make, folder: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setattr(views, "_SMALL", 0)
    file = folder / name
    if not file.exists():
        sources = ["-f", "lavfi", "-i", _LONG, "-f", "lavfi", "-i", "sine=duration=20"]
        options = ["-b:v", "1M", "-fps_mode", "vfr", *_ODD[name]]
        ffmpeg(*sources, *options, str(file))
        if name == "recorded.avi":
            cut_index(file)
    reference = Reference.of(file)
    moments_ms = (0, 1500, 8015, 8060, 13_333, 19_900, 19_990, 23_000, 60_000)
    expected = {at_ms: reference.shown_at(at_ms / 1000) for at_ms in moments_ms}
    found = {at_ms: reference.nearest(make(file, jpeg(at_ms)).content) for at_ms in moments_ms}
    assert found == expected


@pytest.mark.parametrize(
    "name",
    [
        *("rotated.mp4", "anamorphic.mp4", "wide-pixels.mp4", "exif-quarter.avi", "bt709.mp4"),
        *("palette.mov", "negative-times.mkv", "broadcast.mp4", "test_video.mp4"),
    ],
)
def test_an_image_looks_like_the_thumbnail(
    make: Make, ffmpeg_dir: Path, clips: Clips, tmp_path: Path, name: str
) -> None:
    with open_clip(clips[name], tmp_path) as source:
        inspected = Engine(ffmpeg_dir).inspect(
            source, directory=tmp_path, remaining_s=lambda: 100.0
        )
    frame = inspected.frame
    image = make(clips[name], jpeg(round(frame.at_s * 1000), 320, 240))
    assert (image.width, image.height) == pytest.approx((frame.width, frame.height), abs=1)
    for row, expected in zip(tiles_of(image.content, 4), tiles_of(frame.jpeg, 4), strict=True):
        for tile, colour in zip(row, expected, strict=True):
            assert tile == pytest.approx(colour, abs=6)


@pytest.mark.parametrize(
    ("name", "width", "height", "fit", "size"),
    [
        ("h264.mp4", None, None, Fit.CONTAIN, (640, 360)),
        ("h264.mp4", 333, None, Fit.CONTAIN, (333, 187)),
        ("h264.mp4", None, 100, Fit.CONTAIN, (178, 100)),
        ("h264.mp4", 320, 320, Fit.CONTAIN, (320, 180)),
        ("h264.mp4", 5000, 5000, Fit.CONTAIN, (640, 360)),
        ("h264.mp4", 321, 321, Fit.COVER, (321, 321)),
        ("h264.mp4", 320, None, Fit.COVER, (320, 180)),
        ("h264.mp4", 1000, 1000, Fit.COVER, (360, 360)),
        ("h264.mp4", 5000, 1, Fit.COVER, (640, 1)),
        ("rotated.mp4", 160, 160, Fit.CONTAIN, (90, 160)),
        ("rotated.mp4", 160, 160, Fit.COVER, (160, 160)),
        ("anamorphic.mp4", None, None, Fit.CONTAIN, (1920, 1080)),
        ("anamorphic.mp4", 100, 200, Fit.COVER, (100, 200)),
        ("tiny.mp4", 640, 640, Fit.CONTAIN, (16, 16)),
    ],
)
def test_an_image_fits_its_box_and_is_not_enlarged(
    make: Make,
    clips: Clips,
    name: str,
    width: int | None,
    height: int | None,
    fit: Fit,
    size: tuple[int, int],
) -> None:
    image = make(clips[name], ImageSpec(PictureFormat.JPEG, 100, width, height, fit))
    assert (image.width, image.height) == size


def test_cover_shows_the_middle(make: Make, clips: Clips) -> None:
    whole = tiles_of(make(clips["h264.mp4"], jpeg(100, 320, 180)).content, 16)
    square = ImageSpec(PictureFormat.JPEG, 100, 180, 180, Fit.COVER)
    (middle,) = tiles_of(make(clips["h264.mp4"], square).content, 1)[0]
    shown = [tile for row in whole for tile in row[4:12]]  # 9/16 of the width are 9 of 16 columns
    for colour, average in zip(zip(*shown, strict=True), middle, strict=True):
        assert average == pytest.approx(sum(colour) / len(shown), abs=12)


def test_webp_has_the_colours_of_jpeg(make: Make, ffmpeg_dir: Path, clips: Clips) -> None:
    spec = ImageSpec(PictureFormat.WEBP, 100, 320)
    if (ffmpeg_dir / "ffmpeg").is_symlink():  # as those of the wheel are
        with pytest.raises(NoEncoder, match="no encoder for webp"):
            make(clips["h264.mp4"], spec)
        return
    image = make(clips["h264.mp4"], spec)
    assert (image.width, image.height) == (320, 180)
    expected = make(clips["h264.mp4"], jpeg(100, 320)).content
    for row, colours in zip(tiles_of(image.content, 8), tiles_of(expected, 8), strict=True):
        for tile, colour in zip(row, colours, strict=True):
            assert tile == pytest.approx(colour, abs=6)


def test_a_missing_encoder_is_looked_for_once(tmp_path: Path) -> None:
    program = tmp_path / "ffmpeg"
    program.write_text(f"#!/bin/sh\necho run >>{tmp_path / 'runs'}\n")
    program.chmod(0o755)
    for _ in range(2):
        with pytest.raises(NoEncoder):
            encoders.check(str(program), PictureFormat.WEBP)
    encoders.check(str(program), PictureFormat.JPEG)
    assert (tmp_path / "runs").read_text() == "run\n"


def test_a_file_without_a_picture_has_no_image(make: Make, clips: Clips) -> None:
    with pytest.raises(BadMedia) as error:
        make(clips["audio-only.mp4"], jpeg(0))
    assert error.value.code == "no_video_stream"


def test_too_little_time_is_not_the_files_fault(
    ffmpeg_dir: Path, clips: Clips, tmp_path: Path
) -> None:
    with open_clip(clips["h264.mp4"], tmp_path) as source, pytest.raises(OutOfTime):
        ImageMaker(ffmpeg_dir).make(source, jpeg(0), directory=tmp_path, remaining_s=lambda: 10.0)
