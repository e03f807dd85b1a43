"""The streams and the other facts that a header states."""

from datetime import UTC, datetime
from typing import Any

import pytest

from functions.core.media import AudioStream, Hdr, Location, StreamKind, VideoStream
from functions.media import streams
from functions.media.probe import report_options

VIDEO = {
    "index": 0,
    "codec_type": "video",
    "codec_name": "h264",
    "width": 1440,
    "height": 1080,
    "disposition": {"default": 1, "attached_pic": 0},
}
AUDIO = {"index": 1, "codec_type": "audio", "codec_name": "aac", "channels": 1}


def video(**changes: Any) -> VideoStream:
    (stream,) = streams.listed({"streams": [VIDEO | changes]})
    assert isinstance(stream, VideoStream)
    return stream


def audio(**changes: Any) -> AudioStream:
    (stream,) = streams.listed({"streams": [AUDIO | changes]})
    assert isinstance(stream, AudioStream)
    return stream


def tagged(**tags: object) -> dict[str, Any]:
    return {"format": {"tags": tags}}


@pytest.mark.parametrize(
    ("codec", "stated", "expected"),
    [
        ("h264", 41, "4.1"),
        ("hevc", 123, "4.1"),
        ("vp9", 40, "4.0"),
        ("av1", 9, "4.1"),
        ("mpeg2video", 8, "8"),
        ("h264", -99, None),
    ],
)
def test_a_level_is_written_as_people_do(codec: str, stated: int, expected: str | None) -> None:
    assert video(codec_name=codec, level=stated).level == expected


@pytest.mark.parametrize(
    ("codec", "stated", "expected"),
    [
        ("h264", "578", "Constrained Baseline"),
        ("h264", "Constrained Baseline", "Constrained Baseline"),
        ("prores", "4444", "4444"),
        ("prores", "3", "HQ"),
        ("h264", "1234", None),
        ("hevc", "x" * 500, "x" * 40),
        ("hevc", "unknown", None),
    ],
)
def test_a_profile_has_a_name_even_if_a_small_ffmpeg_states_its_number(
    codec: str, stated: str, expected: str | None
) -> None:
    assert video(codec_name=codec, profile=stated).profile == expected


@pytest.mark.parametrize(
    ("facts", "expected"),
    [
        ({"bits_per_raw_sample": "10", "pix_fmt": "yuv420p"}, 10),
        ({"pix_fmt": "yuv420p"}, 8),
        ({"pix_fmt": "yuv420p10le"}, 10),
        ({"pix_fmt": "yuv444p16be"}, 16),
        ({"pix_fmt": "p010le"}, 10),
        ({"pix_fmt": "gray12le"}, 12),
        ({"pix_fmt": "rgb48le"}, 16),
        ({"pix_fmt": "nv12"}, 8),
        ({"pix_fmt": "pal8"}, None),
        ({}, None),
    ],
)
def test_the_bit_depth_is_that_of_one_value(facts: dict[str, object], expected: int | None) -> None:
    assert video(**facts).bit_depth == expected


@pytest.mark.parametrize(
    ("facts", "expected"),
    [
        ({"color_transfer": "arib-std-b67"}, (Hdr.HLG, None)),
        ({"color_transfer": "smpte2084"}, (Hdr.PQ, None)),
        (
            {
                "color_transfer": "arib-std-b67",
                "side_data_list": [
                    {"side_data_type": "DOVI configuration record", "dv_profile": 8}
                ],
            },
            (Hdr.DOLBY_VISION, 8),
        ),
        ({"color_transfer": "bt709"}, (None, None)),
    ],
)
def test_the_kind_of_hdr_is_named(
    facts: dict[str, object], expected: tuple[Hdr | None, int | None]
) -> None:
    stream = video(**facts)
    assert (stream.hdr, stream.dolby_vision_profile) == expected


@pytest.mark.parametrize(
    ("facts", "expected"),
    [
        ({"display_aspect_ratio": "16:9"}, "16:9"),
        ({"display_aspect_ratio": "0:1"}, "4:3"),
        ({}, "4:3"),
        ({"width": 0}, None),
    ],
)
def test_the_aspect_ratio_is_that_of_the_shown_picture(
    facts: dict[str, object], expected: str | None
) -> None:
    assert video(**facts).display_aspect_ratio == expected


@pytest.mark.parametrize(
    ("order", "expected"), [("progressive", False), ("tt", True), ("bt", True), ("unknown", None)]
)
def test_an_interlaced_picture_is_named(order: str, expected: object) -> None:
    assert video(field_order=order).interlaced is expected


@pytest.mark.parametrize(
    ("stated", "expected"),
    [
        ("eng", "eng"),
        ("pt-BR", "pt-BR"),
        ("und", None),
        ("e" * 1000, None),
        ("<b>", None),
        (7, None),
    ],
)
def test_a_language_is_a_tag(stated: object, expected: str | None) -> None:
    assert audio(tags={"language": stated}).language == expected


def test_sound_without_a_layout_has_the_usual_one() -> None:
    assert audio().channel_layout == "mono"
    assert audio(channels=2).channel_layout == "stereo"
    assert audio(channels=6).channel_layout is None
    assert audio(channels=6, channel_layout="5.1(side)").channel_layout == "5.1(side)"


def test_every_kind_of_stream_is_listed() -> None:
    cover = VIDEO | {"disposition": {"attached_pic": 1}}
    others = [{"index": i, "codec_type": kind} for i, kind in enumerate(("subtitle", "weird"))]
    found = streams.listed({"streams": [VIDEO, AUDIO, cover, *others]})
    assert [stream.kind for stream in found] == [
        *(StreamKind.VIDEO, StreamKind.AUDIO, StreamKind.COVER),
        *(StreamKind.SUBTITLE, StreamKind.DATA),
    ]


def test_no_more_than_32_streams_are_listed() -> None:
    assert len(streams.listed({"streams": [AUDIO] * 500})) == 32


@pytest.mark.parametrize(
    ("tags", "expected"),
    [
        (
            {"creation_time": "2026-08-01T17:30:00.123456Z"},
            datetime(2026, 8, 1, 17, 30, 0, 123_000, UTC),
        ),
        (
            {"com.apple.quicktime.creationdate": "2026-08-01T19:30:00+0200"},
            datetime(2026, 8, 1, 17, 30, tzinfo=UTC),
        ),
        ({"creation_time": "2026-08-01 17:30:00"}, datetime(2026, 8, 1, 17, 30, tzinfo=UTC)),
        ({"creation_time": "1904-01-01T00:00:00.000000Z"}, None),
        ({"creation_time": "0001-01-01T00:00:00+14:00"}, None),
        ({"creation_time": "yesterday"}, None),
        ({"creation_time": 7}, None),
        ({}, None),
    ],
)
def test_the_time_of_the_recording_is_read(
    tags: dict[str, object], expected: datetime | None
) -> None:
    assert streams.created_at(tagged(**tags)) == expected


@pytest.mark.parametrize(
    ("stated", "expected"),
    [
        ("+48.8577+002.295/", Location(48.8577, 2.295, None)),
        ("+48.8577-122.2950+035.000/", Location(48.8577, -122.295, 35)),
        ("-33.8568+151.2153-001.5CRSWGS_84/", Location(-33.8568, 151.2153, -1.5)),
        ("+98.0000+002.0000/", None),
        ("+18.0000+202.0000/", None),
        ("Paris", None),
        ("+48." + "8" * 1000 + "+002.295/", None),
    ],
)
def test_the_place_of_the_recording_is_read(stated: str, expected: Location | None) -> None:
    assert streams.location(tagged(location=stated)) == expected


def test_ffprobe_reports_the_place_only_if_it_is_to_be_stored() -> None:
    assert "location" not in " ".join(report_options(with_location=False))
    assert "location" in " ".join(report_options(with_location=True))


def test_pictures_for_both_eyes_and_panoramas_are_named() -> None:
    both = {"side_data_type": "Stereo 3D", "type": "side by side"}
    flat = {"side_data_type": "Stereo 3D", "type": "2D"}
    round_ = {"side_data_type": "Spherical Mapping", "projection": "equirectangular"}
    assert streams.is_stereo_3d({"side_data_list": [both]})
    assert not streams.is_stereo_3d({"side_data_list": [flat]})
    assert streams.is_spherical({"side_data_list": [round_]})
    assert not streams.is_spherical({})
