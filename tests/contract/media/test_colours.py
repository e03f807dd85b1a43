"""The colours of thumbnails."""

import json
import shutil
import subprocess
from pathlib import Path

import pytest

from functions.core.pictures import ImageSpec, PictureFormat
from functions.media.engine import Engine, Inspection
from functions.media.image import ImageMaker
from functions.media.thumbnail import Frame
from tests import boxes
from tests.clips import Clips, ffmpeg
from tests.colours import CHART_SIZE, RGB, difference, patches_of, read_patches, write_chart
from tests.fakes.uploads import open_clip
from tests.pictures import pixel

_H264 = ["-c:v", "libx264", "-preset", "ultrafast", "-qp", "4"]
_HDR = [*_H264, "-pix_fmt", "yuv420p10le"]
_TRANSFERS = {"hlg": "arib-std-b67", "pq": "smpte2084", "sdr": "bt2020-10"}

_REFERENCE = Path(__file__).with_name("reference_colours.json")
"""The colours of the charts after `_REFERENCE_FILTERS`, because few ffmpegs contain libzimg."""

_TO_SDR = (
    "zscale=t=linear:npl=203,format=gbrpf32le,zscale=p=bt709,tonemap=mobius:desat=0,"
    "zscale=t=bt709:m=bt709:r=tv,format=yuv444p,scale=in_color_matrix=bt709:in_range=tv"
)
_REFERENCE_FILTERS = {
    "hlg": _TO_SDR,
    "pq": _TO_SDR,
    "sdr": "zscale=p=bt709:t=bt709:m=gbr:r=pc,format=gbrp",
}

_BRICK = (192, 64, 32)


@pytest.fixture(scope="session")
def engine(ffmpeg_dir: Path) -> Engine:
    return Engine(ffmpeg_dir)


def inspect(engine: Engine, clip: Path, directory: Path) -> Inspection:
    with open_clip(clip, directory) as source:
        return engine.inspect(source, directory=directory, remaining_s=lambda: 100)


def thumbnail(engine: Engine, clip: Path, directory: Path) -> Frame:
    return inspect(engine, clip, directory).frame


def reference(kind: str) -> list[RGB]:
    pixels = bytes.fromhex(json.loads(_REFERENCE.read_text())[kind])
    return [(pixels[at], pixels[at + 1], pixels[at + 2]) for at in range(0, len(pixels), 3)]


def assert_close(found: list[RGB], expected: list[RGB]) -> None:
    differences = list(map(difference, found, expected))
    assert sum(differences) / len(differences) <= 2
    assert max(differences) <= 6


def brick(path: Path, filters: str, *arguments: str, size: str = "320x240") -> Path:
    """Create a clip of one colour."""
    colour = "0x" + bytes(_BRICK).hex()
    source = f"color={colour}:size={size}:rate=10:duration=1,format=gbrp"
    ffmpeg("-f", "lavfi", "-i", f"{source},{filters}", *arguments, str(path))
    return path


@pytest.mark.parametrize("kind", _TRANSFERS)
def test_bt2020_looks_like_the_reference(engine: Engine, tmp_path: Path, kind: str) -> None:
    write_chart(tmp_path / "chart.mp4", _TRANSFERS[kind], *_HDR)
    frame = thumbnail(engine, tmp_path / "chart.mp4", tmp_path)
    assert_close(patches_of(frame), reference(kind))


@pytest.mark.parametrize("picture_format", PictureFormat)
def test_a_large_image_in_hdr_looks_like_the_reference(
    ffmpeg_dir: Path, tmp_path: Path, picture_format: PictureFormat
) -> None:
    if picture_format is PictureFormat.WEBP and (ffmpeg_dir / "ffmpeg").is_symlink():
        pytest.skip("the wheel's ffmpeg has no encoder for WebP")
    write_chart(tmp_path / "chart.mp4", _TRANSFERS["pq"], *_HDR)
    with open_clip(tmp_path / "chart.mp4", tmp_path) as source:
        image = ImageMaker(ffmpeg_dir).make(
            source,
            ImageSpec(picture_format, at_ms=0),
            directory=tmp_path,
            remaining_s=lambda: 100,
        )
    frame = Frame(image.content, image.width, image.height, at_s=0)
    assert f"{frame.width}x{frame.height}" == CHART_SIZE
    assert_close(patches_of(frame), reference("pq"))


def test_a_phones_dolby_vision_looks_like_its_hlg(engine: Engine, tmp_path: Path) -> None:
    write_chart(tmp_path / "hlg.mov", "arib-std-b67", *_HDR)
    movie = (tmp_path / "hlg.mov").read_bytes()
    clip = tmp_path / "dolby.mov"
    clip.write_bytes(boxes.add_to_sample_entry(boxes.dolby_vision(8, 4), movie))
    inspection = inspect(engine, clip, tmp_path)
    assert_close(patches_of(inspection.frame), reference("hlg"))
    assert inspection.media.warnings == ()


def test_dolby_vision_without_a_fallback_gets_a_warning_and_a_grey_thumbnail(
    engine: Engine, tmp_path: Path
) -> None:
    write_chart(tmp_path / "plain.mp4", "smpte2084", *_HDR)
    movie = (tmp_path / "plain.mp4").read_bytes()
    clip = tmp_path / "dolby.mp4"
    clip.write_bytes(boxes.add_to_sample_entry(boxes.dolby_vision(5, 0), movie))
    inspection = inspect(engine, clip, tmp_path)
    assert inspection.media.warnings == ("dolby_vision_5",)
    patches = patches_of(inspection.frame)
    assert all(max(patch) - min(patch) <= 3 for patch in patches)
    assert max(map(max, patches)) > 150


@pytest.mark.parametrize("kind", _TRANSFERS)
def test_the_recorded_reference_is_that_of_zscale(tmp_path: Path, kind: str) -> None:
    program = shutil.which("ffmpeg")
    if not program or not _has_zscale(program):
        pytest.skip("needs an ffmpeg with zscale on the PATH")
    write_chart(tmp_path / "chart.mp4", _TRANSFERS[kind], *_HDR)
    finished = subprocess.run(
        [
            *(program, "-v", "error", "-i", str(tmp_path / "chart.mp4"), "-frames:v", "1"),
            *(
                "-vf",
                _REFERENCE_FILTERS[kind],
                "-f",
                "rawvideo",
                "-pix_fmt",
                "rgb24",
                "-",
            ),
        ],
        capture_output=True,
        check=True,
    )
    patches = read_patches(finished.stdout, int(CHART_SIZE.split("x")[0]))
    assert max(map(difference, patches, reference(kind))) < 1


def _has_zscale(program: str) -> bool:
    command = [program, "-hide_banner", "-filters"]
    return b" zscale " in subprocess.run(command, capture_output=True, check=True).stdout


@pytest.mark.parametrize("range_", ["tv", "pc"])
@pytest.mark.parametrize("matrix", ["bt709", "bt470bg", "smpte170m", "smpte240m", "bt2020nc"])
def test_sdr_has_the_colours_of_its_tags(
    engine: Engine, tmp_path: Path, matrix: str, range_: str
) -> None:
    filters = f"scale=out_color_matrix={matrix}:out_range={range_},format=yuv444p"
    tags = f"setparams=colorspace={matrix}:range={range_}"
    clip = brick(tmp_path / "clip.mp4", f"{filters},{tags}", *_H264)
    assert pixel(thumbnail(engine, clip, tmp_path), 0.5, 0.5) == pytest.approx(_BRICK, abs=6)


@pytest.mark.parametrize(
    ("size", "matrix"),
    [("1280x720", "bt709"), ("720x1280", "bt709"), ("1280x534", "bt709"), ("720x576", "bt470bg")],
)
def test_without_a_matrix_hd_is_bt709_and_sd_is_bt601(
    engine: Engine, tmp_path: Path, size: str, matrix: str
) -> None:
    filters = f"scale=out_color_matrix={matrix},format=yuv420p,setparams=colorspace=unknown"
    clip = brick(tmp_path / "clip.mp4", filters, *_H264, size=size)
    assert pixel(thumbnail(engine, clip, tmp_path), 0.5, 0.5) == pytest.approx(_BRICK, abs=6)


@pytest.mark.parametrize(
    "tag",
    [
        *(f"matrix_coefficients={matrix}" for matrix in range(8, 18)),
        *(f"transfer_characteristics={transfer}" for transfer in range(19)),
        *(f"colour_primaries={primaries}" for primaries in range(1, 23)),
    ],
)
def test_every_colour_tag_gets_a_thumbnail(engine: Engine, tmp_path: Path, tag: str) -> None:
    filters = "scale=out_color_matrix=bt709,format=yuv420p,setparams=colorspace=bt709"
    plain = brick(tmp_path / "plain.mp4", filters, *_H264)
    clip = tmp_path / "tagged.mp4"
    ffmpeg("-i", str(plain), "-c", "copy", "-bsf:v", f"h264_metadata={tag}", str(clip))
    frame = thumbnail(engine, clip, tmp_path)
    if tag not in _OTHER_COLOURS:
        assert pixel(frame, 0.5, 0.5) == pytest.approx(_BRICK, abs=6)


_OTHER_COLOURS = {
    "colour_primaries=9",
    "matrix_coefficients=9",
    "transfer_characteristics=16",
    "transfer_characteristics=18",
}
"""Tags with which the brick's bytes mean another colour: BT.2020, PQ and HLG."""


def test_constant_luminance_is_read_as_the_other_bt2020(engine: Engine, tmp_path: Path) -> None:
    filters = "scale=out_color_matrix=bt2020nc,format=yuv420p"
    tags = "setparams=colorspace=bt2020c:color_primaries=bt709:color_trc=bt2020-10"
    clip = brick(tmp_path / "clip.mp4", f"{filters},{tags}", *_H264)
    assert pixel(thumbnail(engine, clip, tmp_path), 0.5, 0.5) == pytest.approx(_BRICK, abs=6)


@pytest.mark.parametrize("fields", [[0], [1], [2], [0, 1, 2]])
def test_reserved_tags_count_as_bt709(engine: Engine, tmp_path: Path, fields: list[int]) -> None:
    filters = "scale=out_color_matrix=bt709,format=yuv420p"
    tags = "setparams=colorspace=bt709:color_primaries=bt709:color_trc=bt709"
    clip = brick(tmp_path / "clip.mp4", f"{filters},{tags}", "-c:v", "mpeg4", "-q:v", "1")
    movie = bytearray(clip.read_bytes())
    for field in fields:
        at = movie.index(b"colrnclx") + 8 + 2 * field
        movie[at : at + 2] = (3).to_bytes(2)
    clip.write_bytes(movie)
    assert pixel(thumbnail(engine, clip, tmp_path), 0.5, 0.5) == pytest.approx(_BRICK, abs=6)


@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("vp8.webm", ["-c:v", "libvpx", "-auto-alt-ref", "0", "-pix_fmt", "yuva420p"]),
        ("vp9.webm", ["-c:v", "libvpx-vp9", "-pix_fmt", "yuva420p"]),
        ("animation.mov", ["-c:v", "qtrle", "-pix_fmt", "argb"]),
        ("4444.mov", ["-c:v", "prores_ks", "-pix_fmt", "yuva444p10le"]),
        ("lossless.mkv", ["-c:v", "ffv1", "-pix_fmt", "bgra"]),
        ("lossless.avi", ["-c:v", "utvideo", "-pix_fmt", "gbrap"]),
    ],
)
def test_transparent_pictures_get_a_grey_background(
    engine: Engine, ffmpeg_dir: Path, tmp_path: Path, name: str, arguments: list[str]
) -> None:
    if name.endswith(".webm") and not _has_decoder(ffmpeg_dir, "libvpx"):
        pytest.skip("needs libvpx, which alone reads the transparency of VP8 and VP9")
    hidden = "color=red@0.0:size=320x240:duration=0.2,format=rgba"
    shown = "drawbox=w=160:h=240:color=blue@1:t=fill:replace=1"
    ffmpeg("-f", "lavfi", "-i", f"{hidden},{shown}", *arguments, str(tmp_path / name))
    frame = thumbnail(engine, tmp_path / name, tmp_path)
    assert pixel(frame, 0.25, 0.5) == pytest.approx((0, 0, 255), abs=4)
    assert pixel(frame, 0.75, 0.5) == pytest.approx((128, 128, 128), abs=4)


def _has_decoder(ffmpeg_dir: Path, name: str) -> bool:
    command = [str(ffmpeg_dir / "ffmpeg"), "-h", f"decoder={name}"]
    return subprocess.run(command, capture_output=True, check=True).stdout.startswith(b"Decoder")


def test_the_fourth_byte_of_a_bitmap_is_not_transparency(engine: Engine, tmp_path: Path) -> None:
    clip = brick(
        tmp_path / "clip.avi", "format=rgba,colorchannelmixer=aa=0,format=bgra", "-c:v", "rawvideo"
    )
    assert pixel(thumbnail(engine, clip, tmp_path), 0.5, 0.5) == pytest.approx(_BRICK, abs=6)


def test_hdr_may_be_transparent(engine: Engine, tmp_path: Path) -> None:
    tags = "setparams=colorspace=bt2020nc:color_primaries=bt2020:color_trc=arib-std-b67"
    filters = f"scale=out_color_matrix=bt2020nc,format=yuva444p10le,{tags}"
    white = f"color=white@0.0:size=320x240:duration=0.2,format=rgba,{filters}"
    clip = tmp_path / "clip.mov"
    ffmpeg("-f", "lavfi", "-i", white, "-c:v", "prores_ks", str(clip))
    assert pixel(thumbnail(engine, clip, tmp_path), 0.5, 0.5) == pytest.approx((128,) * 3, abs=4)


def test_clips_that_need_no_conversion_keep_their_filters(
    engine: Engine, ffmpeg_dir: Path, clips: Clips, tmp_path: Path
) -> None:
    """The thumbnail's bytes are those of the plain filters."""
    for name in ("h264.mp4", "hevc-10-bit.mov", "vp9.webm", "bt709.mp4", "test_video.mp4"):
        expected = tmp_path / "expected.jpg"
        frame = thumbnail(engine, clips[name], tmp_path)
        size = f"scale=w={frame.width}:h={frame.height}"
        command = [
            *(str(ffmpeg_dir / "ffmpeg"), "-v", "error", "-y"),
            *("-ss", f"{frame.at_s:.3f}", "-i", str(clips[name]), "-map", "0:V:0"),
            *("-vf", f"{size}:out_color_matrix=bt601:out_range=pc,format=yuvj420p,setsar=1"),
            *("-map_metadata", "-1", "-frames:v", "1", "-q:v", "2", "-update", "1", str(expected)),
        ]
        subprocess.run(command, check=True)
        assert frame.jpeg == expected.read_bytes(), name
