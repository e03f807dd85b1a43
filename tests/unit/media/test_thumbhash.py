"""The placeholder of a picture."""

from base64 import b64decode
from collections.abc import Callable

import pytest

from functions.media.thumbhash import SIDE, thumbhash
from tests.thumbhashes import Placeholder

RGB = tuple[int, int, int]


def picture(colour: Callable[[int, int], RGB]) -> bytes:
    return bytes(part for y in range(SIDE) for x in range(SIDE) for part in colour(x, y))


def spot(x: int, y: int) -> RGB:
    return (255 if (x - 9) ** 2 + (y - 20) ** 2 < 40 else 30, 60 + 3 * x, 90 + y)


def check(x: int, y: int) -> RGB:
    return (200 * ((x // 11 + y // 7) % 2), 40 + 6 * x, 250 - 4 * x - 3 * y)


@pytest.mark.parametrize(
    ("colour", "expected"),
    [
        (spot, "VpcFFxJWQIdQqYlCuelrdIdlWJQEb2UE"),
        (check, "H7cFXxRkh4d8hnh2hXlXOAeLCUd3b3cH"),
    ],
)
def test_it_is_that_of_another_encoder(colour: Callable[[int, int], RGB], expected: str) -> None:
    """The package thumbhash-python 1.0.1 made these."""
    assert thumbhash(picture(colour), 100, 100) == expected


@pytest.mark.parametrize(
    ("width", "height", "across", "down"),
    [(320, 180, 7, 4), (180, 240, 5, 7), (240, 240, 7, 7), (320, 2, 7, 1), (2, 240, 1, 7)],
)
def test_it_contains_the_aspect_ratio(width: int, height: int, across: int, down: int) -> None:
    hashed = Placeholder.of(thumbhash(picture(spot), width, height))
    assert (hashed.across, hashed.down) == (across, down)


@pytest.mark.parametrize(("width", "height"), [(320, 180), (134, 240)])
def test_its_picture_resembles_the_original(width: int, height: int) -> None:
    hashed = Placeholder.of(thumbhash(picture(lambda x, y: (8 * x, 128, 8 * y)), width, height))
    for x, y in ((0.25, 0.25), (0.75, 0.25), (0.25, 0.75), (0.75, 0.75)):
        assert hashed.pixel(x, y) == pytest.approx((256 * x, 128, 256 * y), abs=25)


@pytest.mark.parametrize("colour", [(0, 0, 0), (255, 255, 255), (255, 0, 0), (0, 0, 255)])
def test_a_picture_of_one_colour_keeps_it(colour: RGB) -> None:
    hashed = Placeholder.of(thumbhash(picture(lambda _x, _y: colour), 320, 240))
    assert hashed.pixel(0.5, 0.5) == pytest.approx(colour, abs=12)


def test_it_is_short() -> None:
    assert len(b64decode(thumbhash(picture(check), 320, 240))) <= 25
