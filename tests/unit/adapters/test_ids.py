"""The ids of videos."""

import pytest
from bson import ObjectId

from functions.adapters.mongo.ids import is_video_id, new_video_id


def test_ids_made_at_one_moment_differ(monkeypatch: pytest.MonkeyPatch) -> None:
    """Also in copies of one process, which SnapStart makes: nothing is drawn ahead or counted."""
    moment = 1_764_000_000_999_999_999
    monkeypatch.setattr("functions.adapters.mongo.ids.time_ns", lambda: moment)
    ids = {new_video_id() for _ in range(1000)}
    assert len(ids) == 1000
    assert {ObjectId(one).generation_time.timestamp() for one in ids} == {moment // 10**9}


def test_a_later_id_is_greater(monkeypatch: pytest.MonkeyPatch) -> None:
    moments = [0, 1, 59, 60, 999_999_999, 1_000_000_000, 4_000_000_000 * 10**9]
    ids = []
    for moment in moments:
        monkeypatch.setattr("functions.adapters.mongo.ids.time_ns", lambda moment=moment: moment)
        ids.append(new_video_id()[:14])
    assert ids == sorted(ids)
    assert len(set(ids)) == len(moments) - 2  # a fraction has 60 ns


@pytest.mark.parametrize("text", ["", "x", "5" * 23, "5" * 25, "g" * 24, "5" * 12])
def test_what_is_no_id(text: str) -> None:
    assert not is_video_id(text)
