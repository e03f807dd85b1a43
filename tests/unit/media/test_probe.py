import json
from typing import Any

import pytest

from functions.core.failures import BadMedia
from functions.core.video import Media
from functions.media import probe

VIDEO: dict[str, Any] = {
    "codec_type": "video",
    "codec_name": "h264",
    "width": 640,
    "height": 360,
    "avg_frame_rate": "30000/1001",
    "disposition": {"attached_pic": 0},
}
AUDIO: dict[str, Any] = {"codec_type": "audio", "codec_name": "aac"}
FORMAT: dict[str, Any] = {"format_name": "avi", "duration": "12.345678", "bit_rate": "800000"}


def media_of(stdout: bytes) -> Media:
    return probe.parse_report(stdout).media


def report(*streams: dict[str, Any], **format_: Any) -> bytes:
    return json.dumps({"streams": streams, "format": FORMAT | format_}).encode()


def with_rotation(degrees: float) -> dict[str, Any]:
    return VIDEO | {"side_data_list": [{"side_data_type": "x"}, {"rotation": degrees}]}


def test_a_typical_report_is_parsed() -> None:
    media = media_of(report(VIDEO, AUDIO))
    assert (media.width, media.height, media.rotation) == (640, 360, 0)
    assert (media.duration_s, media.bit_rate, media.frame_rate) == (12.346, 800_000, 29.97)
    assert (media.video_codec, media.audio_codec, media.has_audio) == ("h264", "aac", True)


def test_a_silent_video_has_no_audio_codec() -> None:
    media = media_of(report(VIDEO))
    assert (media.audio_codec, media.has_audio) == (None, False)


@pytest.mark.parametrize(
    ("reported", "clockwise", "size"),
    [(-90, 90, (360, 640)), (90, 270, (360, 640)), (180, 180, (640, 360)), (0, 0, (640, 360))],
)
def test_the_size_is_the_one_after_rotation(
    reported: int, clockwise: int, size: tuple[int, int]
) -> None:
    media = media_of(report(with_rotation(reported)))
    assert (media.rotation, (media.width, media.height)) == (clockwise, size)


def test_pixels_that_are_not_square_are_stretched() -> None:
    anamorphic = VIDEO | {"width": 1440, "height": 1080, "sample_aspect_ratio": "4:3"}
    media = media_of(report(anamorphic))
    assert (media.width, media.height) == (1920, 1080)


@pytest.mark.parametrize("ratio", ["0:1", "N/A", "1:1", ""])
def test_an_unknown_pixel_aspect_is_square(ratio: str) -> None:
    assert media_of(report(VIDEO | {"sample_aspect_ratio": ratio})).width == 640


@pytest.mark.parametrize("duration", ["N/A", "0", "-5", "inf", "nan"])
def test_an_invalid_duration_is_unknown(duration: str) -> None:
    assert media_of(report(VIDEO, duration=duration)).duration_s is None


def test_the_streams_duration_replaces_a_missing_one_of_the_file() -> None:
    without = {"format_name": "flv"}
    streams = [VIDEO | {"duration": "7.5"}]
    media = media_of(json.dumps({"streams": streams, "format": without}).encode())
    assert (media.duration_s, media.bit_rate) == (7.5, None)


@pytest.mark.parametrize(
    ("format_", "codecs", "container"),
    [
        ({"format_name": "mov,mp4,m4a,3gp,3g2,mj2", "tags": {"major_brand": "isom"}}, [], "mp4"),
        ({"format_name": "mov,mp4,m4a,3gp,3g2,mj2", "tags": {"major_brand": "qt  "}}, [], "mov"),
        ({"format_name": "mov,mp4,m4a,3gp,3g2,mj2"}, [], "mov"),
        ({"format_name": "matroska,webm"}, ["vp9", "opus"], "webm"),
        ({"format_name": "matroska,webm"}, ["h264", "opus"], "matroska"),
        ({"format_name": "asf"}, [], "asf"),
        ({"format_name": "mpegts"}, [], "mpeg-ts"),
    ],
)
def test_containers_have_one_name(
    format_: dict[str, Any], codecs: list[str], container: str
) -> None:
    streams = [VIDEO | {"codec_name": codec} for codec in codecs] or [VIDEO]
    assert media_of(report(*streams, **format_)).container == container


@pytest.mark.parametrize(
    ("streams", "code"),
    [
        ([], "no_video_stream"),
        ([AUDIO], "no_video_stream"),
        ([AUDIO, VIDEO | {"disposition": {"attached_pic": 1}}], "no_video_stream"),
        ([VIDEO | {"width": 8193, "height": 4352}], "too_many_pixels"),
        ([VIDEO | {"codec_name": "unknown", "codec_tag_string": "XYZ1"}], "unsupported_codec"),
        ([VIDEO | {"tags": {"enc_key_id": "key"}}], "unsupported_codec"),
    ],
)
def test_an_unplayable_report_has_an_error_code(streams: list[dict[str, Any]], code: str) -> None:
    with pytest.raises(BadMedia) as error:
        media_of(report(*streams))
    assert error.value.code == code


@pytest.mark.parametrize(
    "video",
    [
        {"width": 0, "height": 0},
        {"codec_name": "unknown", "codec_tag_string": "[0][0][0][0]"},
        {"codec_name": "unknown"},
    ],
)
def test_an_incomplete_video_stream_is_an_error(video: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="video stream"):
        media_of(report(VIDEO | video))


def test_a_picture_of_8k_is_not_too_large() -> None:
    assert media_of(report(VIDEO | {"width": 8192, "height": 4352})).height == 4352


def test_a_stream_with_encrypted_packets_is_refused() -> None:
    encrypted = {"stream_index": 0, "side_data_list": [{"side_data_type": "Encryption info"}]}
    whole = json.loads(report(VIDEO | {"index": 0}))
    with pytest.raises(BadMedia, match="encrypted"):
        media_of(json.dumps(whole | {"packets": [encrypted]}).encode())


def test_an_encrypted_sound_track_does_not_matter() -> None:
    encrypted = {"stream_index": 1, "side_data_list": [{"side_data_type": "Encryption info"}]}
    whole = json.loads(report(VIDEO | {"index": 0}))
    assert media_of(json.dumps(whole | {"packets": [encrypted]}).encode())


def test_an_unknown_codec_is_named() -> None:
    unknown = {**VIDEO, "codec_tag_string": "XYZ1"}
    del unknown["codec_name"]
    with pytest.raises(BadMedia, match="XYZ1"):
        media_of(report(unknown))


@pytest.mark.parametrize("aspect", ["65535:1", "1:65535", "0:1", "1e300:1", "N/A"])
def test_an_absurd_pixel_aspect_counts_as_square(aspect: str) -> None:
    found = media_of(report(VIDEO | {"width": 640, "height": 360, "sample_aspect_ratio": aspect}))
    assert (found.width, found.height) == (640, 360)


@pytest.mark.parametrize("bit_rate", ["1e300", "inf", "nan", "-1", "0", "lots"])
def test_a_number_that_cannot_be_stored_is_left_out(bit_rate: str) -> None:
    assert media_of(report(VIDEO, bit_rate=bit_rate)).bit_rate is None


@pytest.mark.parametrize(
    ("degrees", "rotation"), [(-90, 90), (90.4, 270), (180, 180), (-100, 0), (45, 0), (-359.5, 0)]
)
def test_only_quarter_turns_count_as_rotation(degrees: float, rotation: int) -> None:
    turned = VIDEO | {"side_data_list": [{"rotation": degrees}]}
    assert media_of(report(turned)).rotation == rotation


def test_the_size_is_the_one_after_cropping() -> None:
    size = {"width": 640, "height": 360}
    crop = {"crop_top": 4, "crop_bottom": 6, "crop_left": 10, "crop_right": 30}
    found = media_of(report(VIDEO | size | {"side_data_list": [crop]}))
    assert (found.width, found.height) == (600, 350)


def test_a_picture_that_is_cropped_away_is_an_error() -> None:
    crop = {"crop_top": 4000, "crop_bottom": 4000}
    with pytest.raises(ValueError, match="cropped"):
        media_of(report(VIDEO | {"side_data_list": [crop]}))


def test_17_streams_are_too_many_but_100_fonts_are_not() -> None:
    fonts = [{"codec_type": "attachment"}] * 100
    assert media_of(report(VIDEO, *[AUDIO] * 15, *fonts))
    with pytest.raises(BadMedia) as error:
        media_of(report(VIDEO, *[AUDIO] * 16))
    assert error.value.code == "too_many_streams"
