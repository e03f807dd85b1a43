import json
import re
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from functions.core.storyboard import plan_storyboard, to_json, to_vtt

_TIME = r"(\d{2,}):(\d\d):(\d\d)\.(\d{3})"
_CUE = re.compile(rf"{_TIME} --> {_TIME}\n(.+)#xywh=(\d+),(\d+),(\d+),(\d+)")


@pytest.mark.parametrize(
    ("duration_s", "tiles"),
    [(0.001, 1), (0.3, 1), (1, 5), (9.9, 49), (10, 50), (900, 50), (900.001, 100), (36_000, 100)],
)
def test_a_long_video_gets_more_tiles_and_a_short_one_fewer(duration_s: float, tiles: int) -> None:
    assert plan_storyboard(duration_s, 1280, 720).tiles == tiles


@pytest.mark.parametrize(
    ("size", "tile"),
    [
        ((1280, 720), (160, 90)),
        ((720, 1280), (90, 160)),
        ((720, 720), (160, 160)),
        ((2048, 858), (160, 68)),
        ((64, 36), (64, 36)),
        ((8192, 16), (160, 2)),
        ((1, 1), (2, 2)),
    ],
)
def test_a_tile_fits_into_160_pixels(size: tuple[int, int], tile: tuple[int, int]) -> None:
    plan = plan_storyboard(60, *size)
    assert (plan.tile_width, plan.tile_height) == tile


def test_the_vtt_names_each_tile_for_its_time() -> None:
    vtt = to_vtt(plan_storyboard(0.61, 320, 240), "storyboard.jpg?v=1")
    assert vtt == (
        "WEBVTT\n\n"
        "00:00:00.000 --> 00:00:00.203\nstoryboard.jpg?v=1#xywh=0,0,160,120\n\n"
        "00:00:00.203 --> 00:00:00.406\nstoryboard.jpg?v=1#xywh=160,0,160,120\n\n"
        "00:00:00.406 --> 00:00:00.610\nstoryboard.jpg?v=1#xywh=320,0,160,120\n"
    )


def test_the_json_has_the_shape_of_mux() -> None:
    found = json.loads(to_json(plan_storyboard(3600.5, 1280, 720), "storyboard.jpg"))
    assert found | {"tiles": found["tiles"][:2]} == {
        "url": "storyboard.jpg",
        "tile_width": 160,
        "tile_height": 90,
        "duration": 3600.5,
        "tiles": [{"start": 0, "x": 0, "y": 0}, {"start": 36.005, "x": 160, "y": 0}],
    }
    assert found["tiles"][-1] == {"start": 3564.495, "x": 1440, "y": 810}


@given(
    st.floats(0.001, 400_000).map(lambda duration_s: round(duration_s, 3)),
    st.integers(1, 8192),
    st.integers(1, 8192),
)
def test_cues_follow_each_other_up_to_the_end_with_a_tile_of_their_own(
    duration_s: float, width: int, height: int
) -> None:
    plan = plan_storyboard(duration_s, width, height)
    cues = list(plan.cues)
    vtt = _CUE.findall(to_vtt(plan, "https://example.com/sheet.webp"))
    assert cues[0].start_ms == 0
    assert cues[-1].end_ms == plan.duration_ms == round(duration_s * 1000)
    assert all(earlier.end_ms == later.start_ms for earlier, later in pairwise(cues))
    assert all(cue.start_ms < cue.end_ms for cue in cues)
    assert len({(cue.x, cue.y) for cue in cues}) == len(cues) == len(vtt) == plan.tiles
    assert all(cue.x + plan.tile_width <= plan.width <= 1600 for cue in cues)
    assert all(cue.y + plan.tile_height <= plan.height <= 1600 for cue in cues)
    hours, minutes, seconds, ms = map(int, vtt[-1][4:8])
    assert ((hours * 60 + minutes) * 60 + seconds) * 1000 + ms == plan.duration_ms
