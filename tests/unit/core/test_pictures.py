"""Which picture a request means, who may ask for it, and its key."""

import json
from dataclasses import replace
from typing import Any

import pytest

from functions.core.keys import video_id_of_object
from functions.core.media import Media
from functions.core.picture_addresses import picture_addresses
from functions.core.picture_making import making_event, wanted_in
from functions.core.picture_rules import (
    AskedImage,
    InvalidPicture,
    NoStoryboard,
    NotOnLadder,
    check_ladder,
    image_spec,
    storyboard_spec,
)
from functions.core.pictures import (
    Fit,
    ImageSpec,
    PictureFormat,
    picture_version,
    thumbnail_version,
    wanted_picture,
)
from functions.core.video import Status
from tests.examples import ID, done_video, media, thumbnail, video

JPEG = PictureFormat.JPEG
UNKNOWN_DURATION = replace(media(), duration_s=None)


def spec(of: Media | None = None, *, whole_seconds: bool = False, **asked: Any) -> ImageSpec:
    image = AskedImage(JPEG, **asked)
    return image_spec(image, of or media(), default_s=3.002, whole_seconds=whole_seconds)


@pytest.mark.parametrize(
    ("moment", "at_ms"),
    [
        (None, 3002), ("0", 0), ("12.5", 12500), ("0.0019", 1), ("10%", 3002), ("0%", 0),
        ("30.02", 30020), ("100%", 30020), ("2.007", 2007), ("007", 7000),
    ],
)  # fmt: skip
def test_a_moment_is_seconds_or_a_percentage(moment: str | None, at_ms: int) -> None:
    assert spec(moment=moment).at_ms == at_ms


@pytest.mark.parametrize(
    ("of", "moment", "reason"),
    [
        (media(), "30.021", "lasts 30.02 seconds"),
        (media(), "101%", "at most 100%"),
        (media(), "-1", "seconds such as"),
        (media(), "1e3", "seconds such as"),
        (media(), "٣", "seconds such as"),
        (media(), "nan", "seconds such as"),
        (media(), "1:30", "seconds such as"),
        (UNKNOWN_DURATION, "10%", "give seconds"),
    ],
)
def test_other_moments_are_refused(of: Media, moment: str, reason: str) -> None:
    with pytest.raises(InvalidPicture, match=reason) as caught:
        spec(of, moment=moment)
    assert caught.value.parameter == "t"


def test_of_an_unknown_duration_any_second_may_exist() -> None:
    assert spec(UNKNOWN_DURATION, moment="5000").at_ms == 5_000_000


def test_whole_seconds_are_rounded_down() -> None:
    assert spec(moment="10%", whole_seconds=True).at_ms == 3000
    assert spec(whole_seconds=True).at_ms == 3000


@pytest.mark.parametrize(
    ("asked", "box"),
    [
        ({}, (640, None)),
        ({"width": 160}, (160, None)),
        ({"width": 1280}, (640, None)),
        ({"height": 2000}, (None, 360)),
        ({"width": 4000, "height": 100}, (640, 100)),
        ({"width": 900, "height": 900, "fit": Fit.COVER}, (900, 900)),
    ],
)
def test_boxes_larger_than_the_video_are_one(
    asked: dict[str, Any], box: tuple[int | None, int | None]
) -> None:
    found = spec(**asked)
    assert (found.width, found.height) == box


@pytest.mark.parametrize("sides", [{}, {"width": 100}, {"height": 100}])
def test_cover_needs_both_sides(sides: dict[str, Any]) -> None:
    with pytest.raises(InvalidPicture, match="both w and h"):
        spec(fit=Fit.COVER, **sides)


@pytest.mark.parametrize(
    "asked",
    [
        AskedImage(JPEG),
        AskedImage(JPEG, "7", 160),
        AskedImage(JPEG, "7.0", 1280),
        AskedImage(JPEG, "33%", 320),
    ],
)
def test_the_ladder_has_four_widths_and_whole_seconds(asked: AskedImage) -> None:
    check_ladder(asked)


@pytest.mark.parametrize(
    "asked",
    [
        AskedImage(JPEG, "7.5", 160),
        AskedImage(JPEG, "7", 161),
        AskedImage(JPEG, "7", 160, 90),
        AskedImage(JPEG, "7", None, 160),
        AskedImage(JPEG, "7", 160, 160, Fit.COVER),
    ],
)
def test_other_images_are_not_on_the_ladder(asked: AskedImage) -> None:
    with pytest.raises(NotOnLadder):
        check_ladder(asked)


def test_the_version_changes_with_the_file_and_its_facts() -> None:
    done = done_video()
    assert done.source
    assert done.media
    others = [
        replace(done, source=replace(done.source, etag="other")),
        replace(done, media=replace(done.media, duration_s=1.0)),
        replace(done, media=replace(done.media, width=1)),
    ]
    assert len({picture_version(one) for one in [done, *others]}) == 4
    assert picture_version(replace(done, status=Status.PROCESSING)) == picture_version(done)
    assert picture_version(video()) is None
    assert thumbnail_version(done) != thumbnail_version(replace(done, thumbnail=thumbnail("k")))
    assert thumbnail_version(video()) is None


def test_a_key_names_the_video_the_version_and_the_parameters() -> None:
    done = done_video()
    image = wanted_picture(done, spec(moment="12.5", width=160))
    sheet = wanted_picture(done, storyboard_spec(PictureFormat.WEBP, media()))
    assert image
    assert sheet
    folder = f"images/{ID}/{picture_version(done)}"
    assert image.key == f"{folder}/image-12500-160x0-contain.jpg"
    assert sheet.key == f"{folder}/storyboard-50-160x90.webp"
    assert video_id_of_object(image.key) == video_id_of_object(sheet.key) == ID


@pytest.mark.parametrize(
    "wanted_spec", [spec(width=160), storyboard_spec(PictureFormat.WEBP, media())]
)
def test_an_event_carries_the_whole_picture(wanted_spec: ImageSpec) -> None:
    wanted = wanted_picture(done_video(), wanted_spec)
    assert wanted
    received = wanted_in(json.loads(json.dumps(making_event(wanted))))
    assert received == replace(wanted, source=replace(wanted.source, sequencer=""))
    assert received.key == wanted.key


def test_without_a_duration_there_is_no_storyboard() -> None:
    with pytest.raises(NoStoryboard):
        storyboard_spec(JPEG, UNKNOWN_DURATION)
    addresses = picture_addresses(replace(done_video(), media=UNKNOWN_DURATION), "a")
    assert addresses
    assert addresses.image_url.startswith("a/image.jpg?v=")
    assert addresses.storyboard_url is addresses.storyboard_vtt_url is None
    assert picture_addresses(video(), "a") is None
