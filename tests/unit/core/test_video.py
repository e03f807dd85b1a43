from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from functions.core.keys import source_key, thumbnail_key, video_id_of, video_id_of_object
from functions.core.lifecycle.replays import found_upload
from functions.core.s3_event import pad_sequencer
from functions.core.video import Lease, Source
from tests.examples import ID, media, uploaded, video

NOW = datetime(2026, 1, 2, tzinfo=UTC)


def test_a_source_key_yields_its_video_id() -> None:
    assert video_id_of(source_key(ID)) == ID


@pytest.mark.parametrize(
    "key",
    [
        "uploads/1/source",
        f"uploads/{ID}/other",
        f"uploads/{ID}/source/",
        f"/uploads/{ID}/source",
        f"uploads/{ID}/source\n",
        f"uploads/{ID.upper()}/source",
        f"thumbnails/{ID}.jpg",
        "",
    ],
)
def test_other_keys_yield_no_video_id(key: str) -> None:
    assert video_id_of(key) is None


@pytest.mark.parametrize(
    "key", [source_key(ID), f"uploads/{ID}/other", f"thumbnails/{ID}/token.jpg"]
)
def test_a_stored_object_belongs_to_a_video(key: str) -> None:
    assert video_id_of_object(key) == ID


@pytest.mark.parametrize("key", ["", "uploads/1/source", f"other/{ID}/x", f"uploads/{ID}/"])
def test_a_foreign_object_belongs_to_no_video(key: str) -> None:
    assert video_id_of_object(key) is None


@pytest.mark.parametrize("before", [None, uploaded(etag="before").source])
def test_a_found_upload_keeps_the_sequencer_of_the_claimed_one(before: Source | None) -> None:
    found = found_upload(video(source=before), Source("now", 5, ""))
    assert found.source == Source("now", 5, before.sequencer if before else "")
    assert (found.video_id, found.key) == (ID, source_key(ID))


def test_two_leases_never_write_the_same_thumbnail() -> None:
    keys = {thumbnail_key(ID, Lease(token=token, until=NOW)) for token in ("a", "b")}
    assert len(keys) == 2


@given(st.integers(0, 2**60), st.integers(0, 2**60))
def test_sequencers_of_equal_length_are_ordered_as_numbers(a: int, b: int) -> None:
    padded_a, padded_b = pad_sequencer(f"{a:016x}"), pad_sequencer(f"{b:016X}")
    assert (padded_a < padded_b) == (a < b)


def test_a_shorter_sequencer_is_padded_on_the_right() -> None:
    assert pad_sequencer("0A") == pad_sequencer("0A00")
    assert pad_sequencer("0A") > pad_sequencer("09FF")


def test_a_missing_sequencer_is_the_lowest() -> None:
    assert pad_sequencer("") < pad_sequencer("0")


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0.04, "00:00:00"),
        (9.96, "00:00:10"),
        (30, "00:00:30"),
        (3599.6, "01:00:00"),
        (360_000, "100:00:00"),
        (None, None),
    ],
)
def test_the_duration_has_the_legacy_format(seconds: float | None, text: str | None) -> None:
    assert replace(media(), duration_s=seconds).duration == text
