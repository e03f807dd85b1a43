"""What ffmpeg prints of the frame that it writes."""

import pytest

from functions.media import shown
from functions.media.shown import Shown


def printed(*frames: tuple[int, int, float, str]) -> str:
    return "[h264 @ 0x7f] an error of the decoder\n" + "".join(
        f"[Eval @ 0x7f9deeec0600] {value}\n"
        for width, height, aspect, at_s in frames
        for value in (f"{width * 65536 + height}.000000", f"{aspect:.6f}", at_s)
    )


def test_the_first_frame_follows_what_the_filter_prints_for_itself() -> None:
    stderr = printed((320, 180, 1, "0.000000"), (320, 180, 1, "0.030000"), (320, 180, 1, "0.07"))
    assert shown.parse(stderr) == Shown(320, 180, 0.03)


def test_a_frame_of_another_size_has_a_filter_of_its_own() -> None:
    before, after = (320, 180, 1, "0.000000"), (180, 320, 1, "0.000000")
    assert shown.parse(printed(before, after, (180, 320, 1, "0.03"))) == Shown(180, 320, 0.03)


def test_pixels_that_are_not_square_are_stretched() -> None:
    assert shown.parse(printed((1440, 1080, 4 / 3, "1.0"))) == Shown(1920, 1080, 1.0)


@pytest.mark.parametrize("at_s", ["nan", "-0.040000"])
def test_an_unknown_time_is_the_moment_that_was_sought(at_s: str) -> None:
    assert shown.parse(printed((320, 180, 1, at_s))) == Shown(320, 180, 0)


@pytest.mark.parametrize(
    "stderr",
    ["", "[Eval @ 0x7f] 20971700.000000\n", printed((0, 180, 1, "0.0")), printed((9, 0, 1, "0.0"))],
)
def test_an_incomplete_print_is_ignored(stderr: str) -> None:
    assert shown.parse(stderr) is None
