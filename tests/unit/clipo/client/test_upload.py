"""The parts of a file, and its saved upload."""

import os
import time
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pytest

from clipo.client import storage
from clipo.client.files import EXTENSIONS, inspect, open_saved_upload
from clipo.client.upload import split
from clipo.client.uploads import distinct_files, videos_in
from clipo.errors import ClipoError
from functions.core import formats

API = "http://localhost:8000"


@pytest.mark.parametrize("size", [1, 999, 1000, 1001, 10_000, 12_345])
def test_parts_cover_the_file_and_have_the_servers_size(size: int) -> None:
    parts = list(split(size, 1000))
    assert [part.number for part in parts] == list(range(1, len(parts) + 1))
    assert sum(part.size for part in parts) == size
    assert all(a.start + a.size == b.start for a, b in pairwise(parts))
    assert all(part.size == 1000 for part in parts[:-1])
    assert 0 < parts[-1].size <= 1000


def test_a_list_of_parts_is_parsed() -> None:
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


class TestSavedUpload:
    def test_a_saved_state_is_loaded_for_the_same_file_and_api(
        self, clip: Path, tmp_path: Path
    ) -> None:
        file, folder = inspect(clip), tmp_path / "state"
        with open_saved_upload(API, file, folder) as upload:
            state = replace(upload.load(), video_id="v", upload_id="u")
            upload.save(state)
        with open_saved_upload(API, file, folder) as again:
            assert again.load() == state
            again.delete()
            assert again.load().video_id is None
        with open_saved_upload("http://elsewhere", file, folder) as other:
            assert other.load().idempotency_key != state.idempotency_key

    def test_another_announcement_of_the_same_file_is_another_upload(
        self, clip: Path, tmp_path: Path
    ) -> None:
        file, folder = inspect(clip), tmp_path / "state"
        with open_saved_upload(API, file, folder, fields={"owner": "anna"}) as upload:
            upload.save(replace(upload.load(), video_id="v"))
        with open_saved_upload(API, file, folder, fields={"owner": "bob"}) as other:
            assert other.load().video_id is None

    def test_a_changed_file_begins_again(self, clip: Path, tmp_path: Path) -> None:
        with open_saved_upload(API, inspect(clip), tmp_path / "state") as upload:
            first = upload.load()
            upload.save(first)
        os.utime(clip, (1, 1))
        with open_saved_upload(API, inspect(clip), tmp_path / "state") as upload:
            assert upload.load().idempotency_key != first.idempotency_key

    @pytest.mark.parametrize("saved", ["", "[]", "{}", '{"api": 1}', "\x00"])
    def test_an_invalid_state_begins_again(self, clip: Path, tmp_path: Path, saved: str) -> None:
        folder = tmp_path / "state"
        with open_saved_upload(API, inspect(clip), folder) as upload:
            upload.save(upload.load())
            [file] = folder.glob("*.json")
            assert file.stat().st_mode & 0o777 == 0o600
            file.write_text(saved)
            assert upload.load().video_id is None

    @pytest.mark.parametrize(("days", "video_id"), [(6.9, "v"), (7.1, None)])
    def test_a_state_that_is_a_week_old_begins_again(
        self, clip: Path, tmp_path: Path, days: float, video_id: str | None
    ) -> None:
        with open_saved_upload(API, inspect(clip), tmp_path / "state") as upload:
            upload.save(replace(upload.load(), video_id="v"))
            [file] = (tmp_path / "state").glob("*.json")
            saved_at = time.time() - days * 24 * 3600
            os.utime(file, (saved_at, saved_at))
            assert upload.load().video_id == video_id

    def test_two_commands_cannot_upload_the_same_file(self, clip: Path, tmp_path: Path) -> None:
        file, folder = inspect(clip), tmp_path / "state"
        with (
            open_saved_upload(API, file, folder),
            pytest.raises(ClipoError, match="Another"),
            open_saved_upload(API, file, folder),
        ):
            pass

    def test_a_folder_that_cannot_be_written_is_an_error(self, clip: Path) -> None:
        with (
            pytest.raises(ClipoError, match="cannot be written"),
            open_saved_upload(API, inspect(clip), clip),
        ):
            pass


class TestInputFiles:
    def test_files_with_the_same_name_are_labelled_by_path(self) -> None:
        given = [Path("a/x.mp4"), Path("b/x.mp4"), Path("c/y.mp4"), Path(), Path("./a/x.mp4")]
        assert [file.label for file in distinct_files(given)] == [
            "a/x.mp4",
            "b/x.mp4",
            "y.mp4",
            ".",
        ]

    def test_a_file_that_is_named_twice_is_returned_once(self) -> None:
        twice = [Path("x.mp4"), Path("y.mp4"), Path.cwd() / "x.mp4"]
        assert [file.path for file in distinct_files(twice)] == twice[:2]


class TestFiles:
    def test_each_file_that_cannot_be_uploaded_has_its_own_error(self, tmp_path: Path) -> None:
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
                inspect(tmp_path / name)

    def test_a_change_is_noticed(self, clip: Path) -> None:
        file = inspect(clip)
        assert file.unchanged()
        clip.write_bytes(b"other")
        os.utime(clip, (1, 1))
        assert not file.unchanged()


def test_the_client_knows_the_extensions_of_the_api() -> None:
    assert sorted(EXTENSIONS) == sorted(formats.EXTENSIONS)


def refuse(path: Path) -> None:
    pytest.fail(f"{path} is skipped")


def test_the_videos_of_a_folder_are_in_the_order_of_their_numbers(tmp_path: Path) -> None:
    names = ["take1.mp4", "take2.mp4", "take002b.mp4", "take03.mp4", "take10.mp4"]
    for name in reversed(names):
        (tmp_path / name).touch()
    found = [path.name for path in videos_in([tmp_path], refuse)]
    assert found == names


def test_a_folder_stands_for_the_videos_in_it(tmp_path: Path) -> None:
    for name in ("b.mp4", "a.MOV", "notes.txt", ".hidden.mp4", "sub/c.webm", ".git/d.mp4"):
        file = tmp_path / "clips" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.touch()
    (tmp_path / "clips" / "loop").symlink_to(tmp_path / "clips")
    found = list(videos_in([tmp_path / "clips", tmp_path / "other.mp4"], refuse))
    names = [str(path.relative_to(tmp_path)) for path in found]
    assert names == ["clips/a.MOV", "clips/b.mp4", "clips/sub/c.webm", "other.mp4"]


def test_a_link_in_a_folder_is_skipped_if_it_leads_out_of_it(tmp_path: Path) -> None:
    folder, skipped = tmp_path / "clips", list[Path]()
    folder.mkdir()
    for path in (tmp_path / "secret", folder / "a.mp4"):
        path.touch()
    links = {"out.mp4": "../secret", "again.mp4": "a.mp4", "self.mp4": "self.mp4"}
    for name, target in links.items():
        (folder / name).symlink_to(target)
    (tmp_path / "alias").symlink_to(folder)
    for given in (folder, tmp_path / "alias"):
        found = list(videos_in([given, given / "out.mp4"], skipped.append))
        names = [path.name for path in found]
        assert names == ["a.mp4", "again.mp4", "self.mp4", "out.mp4"], "a named link stays"
        assert skipped.pop() == given / "out.mp4"
    assert skipped == []


def test_a_folder_without_videos_stays_to_be_reported(tmp_path: Path) -> None:
    assert list(videos_in([tmp_path], refuse)) == [tmp_path]
    with pytest.raises(ClipoError) as refused:
        inspect(tmp_path)
    assert str(refused.value) == "This is a folder. Name the videos in it."
