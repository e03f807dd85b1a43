"""The parts of a file, and what is remembered of it."""

import os
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pytest

from clipo.client import storage
from clipo.client.files import looked_at, unfinished
from clipo.client.upload import SMALLEST_PART, slices
from clipo.client.uploads import given_files
from clipo.errors import ClipoError

API = "http://localhost:8000"


@pytest.mark.parametrize("size", [1, SMALLEST_PART, SMALLEST_PART + 1, 10**9, 10**11 + 7])
def test_parts_cover_the_file_and_none_is_too_small(size: int) -> None:
    parts = list(slices(size))
    assert [part.number for part in parts] == list(range(1, len(parts) + 1))
    assert sum(part.size for part in parts) == size
    assert all(a.start + a.size == b.start for a, b in pairwise(parts))
    assert all(part.size >= SMALLEST_PART for part in parts[:-1])
    assert len(parts) <= 1000, "so many S3 lists at once"


def test_what_stands_in_a_listing_is_read() -> None:
    xml = (
        "<R><Part><PartNumber>1</PartNumber><ETag>&quot;a&amp;b&quot;</ETag><Size>5</Size></Part>"
        "<Part>\n<PartNumber>2</PartNumber><ETag>c</ETag><Size>6</Size>\n</Part></R>"
    )
    assert storage._texts(xml, "ETag") == ['"a&b"', "c"]
    assert len(storage._texts(xml, "Part")) == 2


@pytest.fixture
def clip(tmp_path: Path) -> Path:
    clip = tmp_path / "clip.mp4"
    clip.write_bytes(b"video")
    return clip


class TestUnfinished:
    def test_what_was_kept_is_found_again(self, clip: Path, tmp_path: Path) -> None:
        file, state = looked_at(clip), tmp_path / "state"
        with unfinished(API, file, state) as upload:
            progress = replace(upload.progress(), video_id="v", upload_id="u")
            upload.keep(progress)
        with unfinished(API, file, state) as again:
            assert again.progress() == progress
            again.forget()
            assert again.progress().video_id is None
        with unfinished("http://elsewhere", file, state) as other:
            assert other.progress().idempotency_key != progress.idempotency_key

    def test_a_file_that_has_changed_begins_anew(self, clip: Path, tmp_path: Path) -> None:
        with unfinished(API, looked_at(clip), tmp_path / "state") as upload:
            first = upload.progress()
            upload.keep(first)
        os.utime(clip, (1, 1))
        with unfinished(API, looked_at(clip), tmp_path / "state") as upload:
            assert upload.progress().idempotency_key != first.idempotency_key

    @pytest.mark.parametrize("kept", ["", "[]", "{}", '{"api": 1}', "\x00"])
    def test_what_cannot_be_read_begins_anew(self, clip: Path, tmp_path: Path, kept: str) -> None:
        state = tmp_path / "state"
        with unfinished(API, looked_at(clip), state) as upload:
            upload.keep(upload.progress())
            [file] = state.glob("*.json")
            assert file.stat().st_mode & 0o777 == 0o600
            file.write_text(kept)
            assert upload.progress().video_id is None

    def test_a_day_later_begins_anew(self, clip: Path, tmp_path: Path) -> None:
        with unfinished(API, looked_at(clip), tmp_path / "state") as upload:
            upload.keep(replace(upload.progress(), video_id="v"))
            [file] = (tmp_path / "state").glob("*.json")
            os.utime(file, (1, 1))
            assert upload.progress().video_id is None

    def test_one_file_is_uploaded_once_at_a_time(self, clip: Path, tmp_path: Path) -> None:
        file, state = looked_at(clip), tmp_path / "state"
        with (
            unfinished(API, file, state),
            pytest.raises(ClipoError, match="Another"),
            unfinished(API, file, state),
        ):
            pass

    def test_a_folder_that_cannot_be_written_is_told(self, clip: Path) -> None:
        with (
            pytest.raises(ClipoError, match="cannot be written"),
            unfinished(API, looked_at(clip), clip),
        ):
            pass


class TestSources:
    def test_files_of_one_name_are_told_by_their_paths(self) -> None:
        given = [Path("a/x.mp4"), Path("b/x.mp4"), Path("c/y.mp4"), Path(), Path("./a/x.mp4")]
        assert [file.name for file in given_files(given)] == [
            "a/x.mp4",
            "b/x.mp4",
            "y.mp4",
            ".",
        ]

    def test_a_file_is_taken_once_where_it_stands_first(self) -> None:
        twice = [Path("x.mp4"), Path("y.mp4"), Path.cwd() / "x.mp4"]
        assert [source.path for source in given_files(twice)] == twice[:2]


class TestFiles:
    def test_what_is_no_file_is_told(self, tmp_path: Path) -> None:
        os.mkfifo(tmp_path / "pipe.mp4")
        (tmp_path / "empty.mp4").touch()
        for name, said in [
            ("", "folder"),
            ("pipe.mp4", "not a file"),
            ("empty.mp4", "empty"),
            ("gone.mp4", "no such file"),
            ("empty.mp4/x", "no such file"),
            ("a" * 300, "cannot be read: File name too long"),
        ]:
            with pytest.raises(ClipoError, match=said):
                looked_at(tmp_path / name)

    def test_a_change_is_seen(self, clip: Path) -> None:
        file = looked_at(clip)
        assert file.unchanged()
        clip.write_bytes(b"other")
        os.utime(clip, (1, 1))
        assert not file.unchanged()
