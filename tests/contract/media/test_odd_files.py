"""Files that are odd but can be played: both ffmpegs describe them, and in the same way."""

from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import pytest

from clipo.local.ffmpeg import prepare
from functions.core.failures import BadMedia
from functions.core.formats import FORMATS
from functions.media.engine import Engine, Inspection
from tests.clips import CONTAINERS, Clips, ffmpeg
from tests.fakes.uploads import open_clip
from tests.layer import built_layer
from tests.pictures import pixel
from tests.thumbhashes import Placeholder


@dataclass(frozen=True)
class Odd:
    """What is true of an odd file."""

    at_s: float = 0.2
    duration_s: float = 2
    frame_rate: float | None = 25
    fallback: str | None = None
    warnings: tuple[str, ...] = ()
    size: tuple[int, int] = (640, 360)
    rotation: int = 0


ODD = {
    "bad-sound.mp4": Odd(),
    "odd-sound.avi": Odd(),
    "many-subtitles.mkv": Odd(),
    "many-fonts.mkv": Odd(),
    "preview-first.mkv": Odd(),
    "still-first.mp4": Odd(),
    "long-sound.mp4": Odd(duration_s=20),
    "late-picture.mp4": Odd(at_s=18.2, duration_s=20),
    "late-picture.ts": Odd(at_s=18.2, duration_s=20),
    "late-start.flv": Odd(),
    "wrong-duration.flv": Odd(),
    "wrong-size.webm": Odd(),
    "mirrored.mp4": Odd(),
    "rotated.mp4": Odd(size=(360, 640), rotation=90),
    "exif-quarter.avi": Odd(size=(360, 640), rotation=90),
    "exif-half.avi": Odd(rotation=180),
    "one-frame.webm": Odd(at_s=0, duration_s=0, frame_rate=None, size=(320, 240)),
    "cropped-away.mkv": Odd(),
    "half.mp4": Odd(warnings=("truncated",)),
    "half.mkv": Odd(warnings=("truncated",)),
    "dark.mp4": Odd(at_s=5, duration_s=10, frame_rate=5, fallback="dark", size=(320, 240)),
}


_WITHOUT_REPORT = {"bad-sound.mp4": "h264.mp4", "odd-sound.avi": "mpeg4.avi"}
"""Files whose sound the wheel's ffmpeg does not open, with those that they were made from.

The outline, which then describes them, has no levels, and bit rates in kbit/s.
"""


def inspect(engine: Engine, clip: Path, directory: Path) -> Inspection:
    with open_clip(clip, directory) as source:
        return engine.inspect(source, directory=directory, remaining_s=lambda: 100)


@pytest.mark.parametrize("name", ODD)
def test_an_odd_file_is_described(
    ffmpeg_dir: Path, clips: Clips, tmp_path: Path, name: str
) -> None:
    odd = ODD[name]
    inspection = inspect(Engine(ffmpeg_dir), clips[name], tmp_path)
    media, frame = inspection.media, inspection.frame
    assert (media.width, media.height, media.rotation) == (*odd.size, odd.rotation)
    assert media.duration_s == pytest.approx(odd.duration_s, abs=0.15)
    assert media.frame_rate == (odd.frame_rate and pytest.approx(odd.frame_rate, abs=0.1))
    assert (frame.fallback, media.warnings) == (odd.fallback, odd.warnings)
    assert frame.at_s == pytest.approx(odd.at_s, abs=0.1)
    assert frame.width / frame.height == pytest.approx(media.width / media.height, rel=0.02)


@pytest.mark.layer
@pytest.mark.parametrize("name", [*ODD, *CONTAINERS, "described.mp4"])
def test_both_ffmpegs_describe_a_file_in_the_same_way(
    clips: Clips, tmp_path: Path, name: str
) -> None:
    """A duration that is measured may differ by a packet, whose length ours does not decode.

    Without assembly code ours also rounds colours differently.
    """
    folders = (prepare(tmp_path / "wheel", chosen=None), built_layer() / "bin")
    wheel, ours = (facts(inspect(Engine(folder), clips[name], tmp_path)) for folder in folders)
    if name in _WITHOUT_REPORT:
        streams = zip(wheel.pop("streams"), ours.pop("streams"), strict=True)
        for one, other in streams:
            assert rounded(one) == rounded(other)
    assert ours == wheel | {
        "duration_s": pytest.approx(wheel["duration_s"], abs=0.05),
        "at_s": pytest.approx(wheel["at_s"], abs=0.005),
        "bit_rate": pytest.approx(wheel["bit_rate"], rel=0.05),
        "placeholder": pytest.approx(wheel["placeholder"], abs=8),
    }


@pytest.mark.parametrize("name", _WITHOUT_REPORT)
def test_the_picture_beside_broken_sound_is_described(
    ffmpeg_dir: Path, clips: Clips, tmp_path: Path, name: str
) -> None:
    broken, intact = (
        facts(inspect(Engine(ffmpeg_dir), clips[one], tmp_path))["streams"][0]
        for one in (name, _WITHOUT_REPORT[name])
    )
    assert rounded(broken) == rounded(intact)


def rounded(stream: dict[str, Any]) -> dict[str, Any]:
    """Return what both an outline and a report say: that of broken sound differs in its rate."""
    is_picture = stream["kind"] == "video"
    return stream | {"level": None, "bit_rate": is_picture and stream["bit_rate"] // 1000}


def facts(inspection: Inspection) -> dict[str, Any]:
    placeholder = Placeholder.of(inspection.frame.placeholder or "")
    comparable = {"jpeg": b"", "placeholder": placeholder.tile(0, 0, 1)}
    return asdict(inspection.media) | asdict(inspection.frame) | comparable


def test_the_slide_that_is_shown_at_10_percent_is_taken(
    ffmpeg_dir: Path, clips: Clips, tmp_path: Path
) -> None:
    """The first slide is shown until 15 s, and 10% of the duration is 10 s."""
    frame = inspect(Engine(ffmpeg_dir), clips["slides.mp4"], tmp_path).frame
    red, _, blue = pixel(frame, 0.5, 0.5)
    assert (red > 200, blue < 50) == (True, True)
    assert frame.at_s == pytest.approx(10, abs=0.1)
    assert frame.fallback is None


@pytest.mark.parametrize("name", [f"film.{one.extension}" for one in FORMATS] + ["film.ts"])
def test_the_most_contrasting_of_several_keyframes_is_taken(
    ffmpeg_dir: Path, tmp_path: Path, name: str
) -> None:
    """The film is black at 10, 25 and 50%, faint at 35%, and bright at 80%, in all containers."""
    film = (
        "color=black:size=320x240:rate=10:duration=20,"
        "drawbox=0:0:160:240:0x303030:fill:enable='between(t,6,8)'[film];"
        "testsrc2=size=320x240:rate=10:duration=20[test];"
        "[film][test]overlay=enable='between(t,15,17)'"
    )
    clip = tmp_path / name
    ffmpeg("-f", "lavfi", "-i", film, "-pix_fmt", "yuv420p", "-g", "20", str(clip))
    frame = inspect(Engine(ffmpeg_dir), clip, tmp_path).frame
    assert frame.fallback == "dark"
    assert 15 <= frame.at_s <= 17


def test_a_film_that_is_dark_throughout_keeps_its_frame_at_10_percent(
    ffmpeg_dir: Path, tmp_path: Path
) -> None:
    clip = tmp_path / "black.webm"
    ffmpeg("-f", "lavfi", "-i", "color=black:size=320x240:rate=10:duration=20", str(clip))
    frame = inspect(Engine(ffmpeg_dir), clip, tmp_path).frame
    assert frame.fallback is None
    assert frame.at_s == pytest.approx(2, abs=0.1)


@pytest.mark.parametrize(
    ("first_s", "offsets", "colour"),
    [
        (10, (0, 0), "red"),
        (10, (0, 5000), "red"),
        (10, (5000, 0), "red"),
        (1, (0, 0), "blue"),
        (1, (0, 5000), "blue"),
        (1, (5000, 0), "blue"),
    ],
)
@pytest.mark.parametrize("mode", [[], ["-mpegts_m2ts_mode", "1"]], ids=["ts", "m2ts"])
def test_recordings_that_were_joined_are_one_video(
    ffmpeg_dir: Path,
    tmp_path: Path,
    first_s: int,
    offsets: tuple[int, int],
    colour: str,
    mode: list[str],
) -> None:
    """The clock starts again, or jumps, between a red and a blue recording."""
    clip = tmp_path / "joined.ts"
    content = b""
    for colour_, length_s, offset in (("red", first_s, offsets[0]), ("blue", 20, offsets[1])):
        source = f"color={colour_}:size=160x120:rate=25:duration={length_s},noise=alls=10"
        options = ["-c:v", "mpeg2video", "-output_ts_offset", str(offset), "-f", "mpegts", *mode]
        ffmpeg("-f", "lavfi", "-i", source, *options, str(clip))
        content += clip.read_bytes()
    clip.write_bytes(content)
    inspection = inspect(Engine(ffmpeg_dir), clip, tmp_path)
    length_s = first_s + 20
    assert inspection.media.duration_s == pytest.approx(length_s, abs=0.1)
    assert inspection.frame.at_s == pytest.approx(length_s / 10, abs=0.1)
    red, _, blue = pixel(inspection.frame, 0.5, 0.5)
    assert ("red" if red > blue else "blue") == colour


def without_sync_samples(content: bytearray) -> None:
    """Hide an MP4's list of keyframes: without it every frame counts as one."""
    at = content.index(b"stss")
    content[at : at + 4] = b"free"


def with_every_keyframe_flag(content: bytearray) -> None:
    """Mark every frame in an AVI's index as a keyframe."""
    index = content.rindex(b"idx1")
    length = int.from_bytes(content[index + 4 : index + 8], "little")
    for entry in range(index + 8, index + 8 + length, 16):
        content[entry + 4] |= 0x10


@pytest.mark.parametrize(
    ("name", "codec", "lie"),
    [
        ("clip.mp4", "mpeg4", without_sync_samples),
        ("clip.mov", "msmpeg4", without_sync_samples),
        ("clip.avi", "mpeg4", with_every_keyframe_flag),
    ],
)
@pytest.mark.parametrize("length_s", [20, 1000])
def test_false_keyframes_do_not_spoil_the_picture(
    ffmpeg_dir: Path,
    tmp_path: Path,
    name: str,
    codec: str,
    lie: Callable[[bytearray], None],
    length_s: int,
) -> None:
    clip = tmp_path / name
    source = f"testsrc2=size=160x120:rate=10:duration={length_s}"
    ffmpeg("-f", "lavfi", "-i", source, "-c:v", codec, "-g", "120", str(clip))
    honest = inspect(Engine(ffmpeg_dir), clip, tmp_path).frame
    content = bytearray(clip.read_bytes())
    lie(content)
    clip.write_bytes(content)
    frame = inspect(Engine(ffmpeg_dir), clip, tmp_path).frame
    assert frame.jpeg == honest.jpeg
    assert frame.at_s == pytest.approx(honest.at_s, abs=0.002)


def test_the_blame_is_on_the_picture_not_on_the_sound(
    ffmpeg_dir: Path, clips: Clips, tmp_path: Path
) -> None:
    """Neither the sound's codec nor the picture's is supported."""
    content = clips["odd-sound.avi"].read_bytes().replace(b"FMP4", b"XYZ1")
    (tmp_path / "odd.avi").write_bytes(content)
    with pytest.raises(BadMedia, match="XYZ1") as error:
        inspect(Engine(ffmpeg_dir), tmp_path / "odd.avi", tmp_path)
    assert error.value.code == "unsupported_codec"


def test_a_picture_without_a_decoder_is_named_beside_sound_without_one(
    ffmpeg_dir: Path, clips: Clips, tmp_path: Path
) -> None:
    """ffmpeg complains of the sound's decoder, too."""
    content = clips["odd-sound.avi"].read_bytes().replace(b"FMP4", b"KMVC")
    (tmp_path / "odd.avi").write_bytes(content)
    with pytest.raises(BadMedia, match="kmvc") as error:
        inspect(Engine(ffmpeg_dir), tmp_path / "odd.avi", tmp_path)
    assert error.value.code == "unsupported_codec"
