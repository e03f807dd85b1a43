import pytest

from functions.core.quotas import Quota, Usage, is_too_long, smallest


def test_the_smallest_limit_holds() -> None:
    assert smallest() is smallest(None, None) is None
    assert smallest(None, 5) == smallest(7, 5, None) == 5


def test_what_is_left_is_never_below_nothing() -> None:
    used = Usage(videos=7, bytes=500)
    assert Quota().left(used) == Quota()
    assert Quota(videos=9).left(used) == Quota(videos=2)
    assert Quota(videos=5, bytes=800).left(used) == Quota(videos=0, bytes=300)
    assert Quota(videos=9).left(Usage(videos=-1)) == Quota(videos=10), "until it is recounted"


@pytest.mark.parametrize(
    ("duration_s", "limit", "too_long"),
    [
        (60.0, 60, False),
        (60.04, 60, False),
        (60.6, 60, True),
        (1e9, None, False),
        (None, None, False),
        (None, 60, True),
    ],
)
def test_a_duration_is_compared_in_whole_seconds(
    *, duration_s: float | None, limit: int | None, too_long: bool
) -> None:
    assert is_too_long(duration_s, limit) is too_long
