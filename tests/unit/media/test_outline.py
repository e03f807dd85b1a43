"""What ffprobe prints of a file when the decoder of one stream does not open."""

import pytest

from functions.core.failures import BadMedia
from functions.media import outline, probe

OUTLINE = """\
[aac @ 0x7fcb84560080] decode_pce: Input buffer exhausted before END element found
Input #0, mov,mp4,m4a,3gp,3g2,mj2, from 'http://127.0.0.1:1234/x':
  Metadata:
    major_brand     : isom
    title           : Stream #0:7: Video: none
  Duration: 00:01:10.02, start: 0.023000, bitrate: 165 kb/s
  Program 1
  Stream #0:0[0x1](und): Video: h264 (Main) (avc1 / 0x31637661), yuv420p(tv, progressive), 640x360 \
[SAR 1:1 DAR 16:9], 125 kb/s, 29.97 fps, 25 tbr, 12800 tbn, start 0.040000 (default)
    Metadata:
      DURATION        : 00:01:10.023000000
    Side data:
      Display Matrix: rotation of -90.00 degrees
  Stream #0:1[0x2](und): Audio: aac (mp4a / 0x6134706D), 32000 Hz, 0 channels, fltp (default)
  Stream #0:0[0x1](und): Video: h264 (Main) (avc1 / 0x31637661), yuv420p, 640x360
  Stream #0:2: Video: none (XYZ1 / 0x315A5958), 90k tbr, 90k tbn
  Stream #0:3: Video: mjpeg (Baseline), yuvj420p, 600x600, 90k tbr (attached pic)
Could not open codec for input stream 1
"""


def test_an_outline_describes_the_file() -> None:
    probed = probe.parse(outline.report(OUTLINE, size=70_023))
    media = probed.media
    assert (media.container, media.duration_s, media.bit_rate) == ("mp4", 70.023, 8000)
    assert (media.width, media.height, media.rotation) == (640, 360, 90)
    assert (media.frame_rate, media.video_codec, media.audio_codec) == (29.97, "h264", "aac")
    assert (probed.index, probed.start_s, round(probed.late_s, 3)) == (0, 0.023, 0.017)


def test_the_broken_stream_is_named() -> None:
    assert outline.broken_stream(OUTLINE) == 1
    assert outline.broken_stream("[mov @ 0x1] moov atom not found\n") is None


def test_a_broken_picture_is_not_the_main_one() -> None:
    with pytest.raises(BadMedia, match="XYZ1"):
        probe.parse(outline.report(OUTLINE, size=1), broken=0)


@pytest.mark.parametrize("stderr", ["", "Input #0, avi, from 'x':\n", "  Duration: N/A\n"])
def test_an_error_without_an_outline_is_not_read(stderr: str) -> None:
    with pytest.raises(ValueError, match="outline"):
        outline.report(stderr, size=1)


@pytest.mark.parametrize(
    ("pixels", "format_", "colours"),
    [
        (
            "yuv420p10le(tv, bt2020nc/bt2020/arib-std-b67, progressive)",
            "yuv420p10le",
            ["bt2020nc", "bt2020", "arib-std-b67"],
        ),
        ("bgra(pc, gbr/unknown/unknown)", "bgra", ["gbr", "unknown", "unknown"]),
        ("yuv420p(tv, bt709, progressive)", "yuv420p", ["bt709"] * 3),
        ("yuv420p(tv, reserved, progressive)", "yuv420p", ["reserved"] * 3),
        ("yuv420p(progressive)", "yuv420p", [None] * 3),
        ("pal8", "pal8", [None] * 3),
    ],
)
def test_the_colours_are_those_of_the_outline(
    pixels: str, format_: str, colours: list[str | None]
) -> None:
    facts = f" (Main) (hvc1 / 0x31637668), {pixels}, 320x180 [SAR 1:1 DAR 16:9], 25 fps"
    stream = outline._stream(0, "video", "hevc", facts)
    tags = ("color_space", "color_primaries", "color_transfer")
    assert (stream["pix_fmt"], [stream.get(tag) for tag in tags]) == (format_, colours)


def test_the_other_facts_of_a_picture_are_those_of_the_outline() -> None:
    facts = (
        " (High 4:2:2) (avc1 / 0x31637661), yuv422p(tv, bt709, top first), 720x576"
        " [SAR 16:15 DAR 4:3], 4000 kb/s, 25 fps"
    )
    stream = outline._stream(0, "video", "h264", facts)
    assert (stream["profile"], stream["field_order"]) == ("High 4:2:2", "tt")
    assert (stream["color_range"], stream["display_aspect_ratio"]) == ("tv", "4:3")
    assert stream["bit_rate"] == "4000000"


@pytest.mark.parametrize(
    ("text", "channels", "layout"),
    [
        ("mono", 1, "mono"),
        ("stereo", 2, "stereo"),
        ("5.1(side)", 6, "5.1(side)"),
        ("7.1.4", 12, "7.1.4"),
        ("3 channels", 3, None),
        ("hexagonal", None, "hexagonal"),
    ],
)
def test_the_sound_is_that_of_the_outline(
    text: str, channels: int | None, layout: str | None
) -> None:
    stream = outline._stream(1, "audio", "aac", f" (LC), 48000 Hz, {text}, fltp, 128 kb/s")
    assert (stream["channels"], stream.get("channel_layout")) == (channels, layout)
    assert (stream["sample_rate"], stream["bit_rate"]) == ("48000", "128000")


def test_the_language_is_that_of_the_outline() -> None:
    report = outline.report(OUTLINE.replace("[0x2](und)", "[0x2](fra)"), size=1)
    assert [one["tags"]["language"] for one in report["streams"]] == ["und", "fra", None, None]
