import json
from typing import Any

import pytest

from functions.core.failures import BadMedia
from functions.core.media import Media
from functions.media import probe

VIDEO: dict[str, Any] = {
    "index": 0,
    "codec_type": "video",
    "codec_name": "h264",
    "width": 640,
    "height": 360,
    "avg_frame_rate": "30000/1001",
    "disposition": {"attached_pic": 0},
}
AUDIO: dict[str, Any] = {"index": 1, "codec_type": "audio", "codec_name": "aac"}
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


@pytest.mark.parametrize(("reported", "clockwise"), [(-90, 90), (90, 270), (180, 180), (0, 0)])
def test_the_rotation_is_clockwise(reported: int, clockwise: int) -> None:
    assert media_of(report(with_rotation(reported))).rotation == clockwise


@pytest.mark.parametrize(("a", "d", "rotation"), [(-1, 1, 0), (-1, -1, 180)])
def test_a_mirrored_picture_is_not_turned(a: int, d: int, rotation: int) -> None:
    rows = [(a, 0, 0), (0, d, 0), (0, 0, 16384)]
    matrix = "".join(
        f"\n0000000{i}: " + "".join(f"{65536 * one:>12}" for one in row)
        for i, row in enumerate(rows)
    )
    side_data = {"rotation": -180, "displaymatrix": f"{matrix}\n"}
    assert media_of(report(VIDEO | {"side_data_list": [side_data]})).rotation == rotation


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


@pytest.mark.parametrize("bit_rate", ["1e300", "inf", "nan", "-1", "0", "lots"])
def test_a_number_that_cannot_be_stored_is_left_out(bit_rate: str) -> None:
    assert media_of(report(VIDEO, bit_rate=bit_rate)).bit_rate is None


@pytest.mark.parametrize(
    ("degrees", "rotation"), [(-90, 90), (90.4, 270), (180, 180), (-100, 0), (45, 0), (-359.5, 0)]
)
def test_only_quarter_turns_count_as_rotation(degrees: float, rotation: int) -> None:
    turned = VIDEO | {"side_data_list": [{"rotation": degrees}]}
    assert media_of(report(turned)).rotation == rotation


@pytest.mark.parametrize("other", ["attachment", "subtitle", "data"])
def test_only_pictures_and_sound_count_as_streams(other: str) -> None:
    others = [{"index": 99, "codec_type": other}] * 100
    assert media_of(report(VIDEO, *[AUDIO] * 15, *others))
    with pytest.raises(BadMedia) as error:
        media_of(report(VIDEO, *[AUDIO] * 16))
    assert error.value.code == "too_many_streams"


_EMPTY = {"avg_frame_rate": "0/0"}
_STILL = {"nb_frames": "1"}


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ({"codec_name": "unknown"}, {}),
        ({"codec_name": "kmvc"}, {}),
        (_EMPTY | {"disposition": {"attached_pic": 0, "default": 1}}, {"width": 16}),
        ({"width": 9000, "height": 3000}, {"disposition": {"attached_pic": 0, "default": 1}}),
        (_STILL | {"width": 3000}, {"nb_frames": "100"}),
        ({"width": 160}, {}),
    ],
    ids=["unknown codec", "unsupported codec", "empty", "not default", "still", "smaller"],
)
def test_the_main_picture_is_found_behind_another(
    first: dict[str, Any], second: dict[str, Any]
) -> None:
    assert probe.parse_report(report(VIDEO | first, VIDEO | second | {"index": 7})).index == 7


def test_of_two_equal_pictures_the_first_one_is_the_main_one() -> None:
    assert probe.parse_report(report(VIDEO, VIDEO | {"index": 1})).index == 0


@pytest.mark.parametrize(
    ("video", "rate"),
    [
        ({"avg_frame_rate": "60000/1", "r_frame_rate": "25/1"}, 25),
        ({"avg_frame_rate": "90000/1", "nb_frames": "300", "duration": "10"}, 30),
        ({"avg_frame_rate": "960/1", "nb_frames": "1920", "duration": "2"}, 960),
        ({"avg_frame_rate": "0/0", "r_frame_rate": "1000/1"}, None),
        ({"avg_frame_rate": "1000/1", "nb_frames": "20", "duration": "0.02"}, None),
        ({"nb_frames": "1"}, None),
    ],
)
def test_an_absurd_frame_rate_is_replaced(video: dict[str, Any], rate: float | None) -> None:
    assert media_of(report(VIDEO | video)).frame_rate == rate


def test_long_subtitles_do_not_count_to_the_duration() -> None:
    subtitle = {"index": 2, "codec_type": "subtitle", "duration": "36001"}
    streams = [VIDEO | {"tags": {"DURATION": "00:00:10.023000000"}}, AUDIO | {"duration": "9"}]
    probed = probe.parse_report(report(*streams, subtitle, duration="36001"))
    assert (probed.media.duration_s, probed.length_s) == (10.023, 10.023)


def test_the_position_is_a_share_of_the_picture_not_of_longer_sound() -> None:
    streams = [VIDEO | {"duration": "10"}, AUDIO | {"duration": "105"}]
    probed = probe.parse_report(report(*streams, duration="105"))
    assert (probed.media.duration_s, probed.position_s(0.1)) == (105, 1)


def test_the_position_in_a_late_picture_is_counted_from_its_beginning() -> None:
    late = VIDEO | {"start_time": "7.4", "duration": "10"}
    probed = probe.parse_report(report(late, AUDIO | {"duration": "16"}, start_time="1.4"))
    assert probed.position_s(0.1) == 7


def test_a_beginning_that_the_file_does_not_state_is_not_late() -> None:
    assert probe.parse_report(report(VIDEO | {"start_time": "30"})).late_s == 0


@pytest.mark.parametrize(
    ("stdout", "degrees"),
    [
        (b'{"frames": [{"side_data_list": [{"rotation": -90}]}]}', 90),
        (b'{"frames": [{}]}', None),
        (b'{"frames": 1}', None),
        (b"", None),
    ],
)
def test_a_frame_may_state_its_rotation(stdout: bytes, degrees: int | None) -> None:
    assert probe.orientation(stdout) == degrees


def test_the_frame_that_is_shown_began_last() -> None:
    packets = [{"pts_time": "8.0"}, {"pts_time": "12.0"}, {"pts_time": "10.0"}, {}]
    stdout = json.dumps({"packets": packets}).encode()
    assert probe.last_time_s(stdout, until_s=11) == 10
    assert probe.last_time_s(stdout, until_s=7) is None
    assert probe.last_time_s(b"[", until_s=7) is None
