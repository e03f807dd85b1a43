from dataclasses import replace
from typing import Any

import pytest

from functions.core.media import Hdr, Media, VideoStream
from functions.core.playback import Browsers, Obstacle, Playback, playback_of
from tests.documented import rows
from tests.examples import media

ALL, SOME, NONE = Browsers.ALL, Browsers.SOME, Browsers.NONE


def of_a_file(container: str, codec: str, audio_codec: str | None, **picture: Any) -> Media:
    main, sound, *_ = media().streams
    assert isinstance(main, VideoStream)
    main = replace(main, codec=codec, **{"profile": None, "hdr": None} | picture)
    return replace(
        media(),
        container=container,
        video_codec=codec,
        audio_codec=audio_codec,
        has_audio=audio_codec is not None,
        streams=(main, sound),
    )


def verdict(file: Media) -> tuple[Browsers, Obstacle | None]:
    playback = playback_of(file)
    assert playback
    return playback.browsers, playback.reason


@pytest.mark.parametrize(
    ("container", "codec", "audio_codec", "expected"),
    [
        ("mp4", "h264", "aac", (ALL, None)),
        ("mp4", "h264", None, (ALL, None)),
        ("mov", "h264", "mp3", (ALL, None)),
        ("webm", "vp9", "opus", (ALL, None)),
        ("webm", "vp8", "vorbis", (ALL, None)),
        ("mp4", "h264", "ac3", (SOME, Obstacle.AUDIO_CODEC)),
        ("mov", "h264", "pcm_s16le", (SOME, Obstacle.AUDIO_CODEC)),
        ("mp4", "hevc", "aac", (SOME, Obstacle.VIDEO_CODEC)),
        ("mp4", "av1", "aac", (SOME, Obstacle.VIDEO_CODEC)),
        ("webm", "av1", "opus", (SOME, Obstacle.VIDEO_CODEC)),
        ("mov", "prores", "pcm_s16le", (SOME, Obstacle.VIDEO_CODEC)),
        ("mp4", "mpeg2video", "aac", (NONE, Obstacle.VIDEO_CODEC)),
        ("matroska", "h264", "aac", (SOME, Obstacle.CONTAINER)),
        ("matroska", "mpeg4", "mp3", (NONE, Obstacle.VIDEO_CODEC)),
        ("avi", "h264", "mp3", (NONE, Obstacle.CONTAINER)),
        ("asf", "wmv2", "wmav2", (NONE, Obstacle.CONTAINER)),
        ("flv", "h264", "aac", (NONE, Obstacle.CONTAINER)),
        ("mpeg-ts", "h264", "aac", (NONE, Obstacle.CONTAINER)),
    ],
)
def test_container_and_codecs_decide(
    container: str,
    codec: str,
    audio_codec: str | None,
    expected: tuple[Browsers, Obstacle | None],
) -> None:
    assert verdict(of_a_file(container, codec, audio_codec)) == expected


@pytest.mark.parametrize(
    ("picture", "reason"),
    [
        ({"profile": "High"}, None),
        ({"profile": "Constrained Baseline", "pixel_format": "yuvj420p"}, None),
        ({"profile": "High 10", "pixel_format": "yuv420p10le", "bit_depth": 10}, "bit_depth"),
        ({"profile": "High 4:2:2", "pixel_format": "yuv422p"}, "pixel_format"),
        ({"profile": "High 4:4:4 Predictive"}, "profile"),
        ({"hdr": Hdr.HLG}, "hdr"),
        # The outline of a file with broken sound has few facts.
        ({"profile": None, "pixel_format": None, "bit_depth": None}, None),
    ],
)
def test_the_format_of_the_picture_decides(picture: dict[str, Any], reason: str | None) -> None:
    expected = (SOME if reason else ALL, reason)
    assert verdict(of_a_file("mp4", "h264", "aac", **picture)) == expected


def test_the_main_picture_decides() -> None:
    file = of_a_file("mp4", "h264", "aac")
    preview = replace(file.streams[0], codec="mjpeg", default=False)
    assert verdict(replace(file, streams=(preview, *file.streams))) == (ALL, None)


def test_the_message_is_a_sentence_about_the_file() -> None:
    deep = of_a_file("mp4", "h264", "aac", pixel_format="yuv420p10le", bit_depth=10)
    assert playback_of(deep) == Playback(
        SOME,
        Obstacle.BIT_DEPTH,
        "Not every browser decodes h264 with 10 bits. As MP4 with H.264 (8 bits, 4:2:0, SDR) and"
        " AAC it plays in all of them.",
    )
    unread = playback_of(of_a_file("avi", "mpeg4", "mp3"))
    assert unread
    assert unread.message.startswith("No browser reads the container avi.")


@pytest.mark.parametrize("reason", Obstacle)
def test_every_reason_has_a_sentence(reason: Obstacle) -> None:
    files = [
        of_a_file("avi", "h264", None),
        of_a_file("mp4", "hevc", None),
        of_a_file("mp4", "h264", None, bit_depth=10),
        of_a_file("mp4", "h264", None, pixel_format="gray"),
        of_a_file("mp4", "h264", None, profile="Extended"),
        of_a_file("mp4", "h264", None, hdr=Hdr.PQ),
        of_a_file("mp4", "h264", "dts"),
    ]
    (found,) = [one for one in map(playback_of, files) if one and one.reason is reason]
    assert "{" not in found.message


def test_an_index_at_the_end_is_only_a_hint() -> None:
    playback = playback_of(replace(of_a_file("mp4", "h264", "aac"), faststart=False))
    assert playback
    assert (playback.browsers, playback.reason) == (ALL, None)
    assert playback.message == (
        "All browsers play the video. It starts late: its index is at the end."
        " Export it with “fast start” to mend that."
    )


def test_a_record_of_release_0_1_has_too_few_facts() -> None:
    assert playback_of(replace(media(), streams=())) is None


def test_every_reason_is_documented() -> None:
    documented = [row.split("`")[1] for row in rows("Which browsers play a video")]
    assert sorted(documented) == sorted(["null", *Obstacle])
