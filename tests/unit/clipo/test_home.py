import errno
import os
from pathlib import Path

import pytest

from clipo.errors import ClipoError
from clipo.home import Home


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path)


def test_credentials_are_made_once_and_only_their_owner_can_read_them(home: Home) -> None:
    first = home.credentials()
    assert home.credentials() == first
    assert (home.root / "credentials.json").stat().st_mode & 0o777 == 0o600


def test_each_folder_has_its_own_credentials(home: Home, tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.mkdir()
    assert Home(other).credentials() != home.credentials()


def test_the_root_secret_is_made_once_and_only_its_owner_can_read_it(home: Home) -> None:
    first = home.root_secret()
    assert (len(first), first.isalnum()) == (64, True)
    assert home.root_secret() == first
    assert home.root_secret_file.stat().st_mode & 0o777 == 0o600
    home.root_secret_file.write_text(first[:20])
    assert home.root_secret() != first, "a full disk has cut it"


def test_a_second_stack_cannot_use_the_folder(home: Home) -> None:
    with home.lock(), pytest.raises(ClipoError, match="already running"), home.lock():
        pass
    with home.lock():
        pass


def _refusal(root: Path) -> str:
    home = Home(root)
    with pytest.raises(OSError, match=root.name) as raised, home.lock():
        pass
    return str(home.unusable(raised.value))


def test_a_file_in_the_place_of_the_folder_is_named() -> None:
    assert _refusal(Path("/dev/null")) == (
        "CLIPO_HOME /dev/null is a file, not a folder. Set CLIPO_HOME to a folder."
    )
    assert "CLIPO_HOME /dev/null/clipo is in a file" in _refusal(Path("/dev/null/clipo"))


def test_a_link_to_a_missing_folder_is_named(tmp_path: Path) -> None:
    link = tmp_path / "link"
    link.symlink_to(tmp_path / "none")
    assert _refusal(link) == (
        f"CLIPO_HOME {link} is a link to a folder that does not exist. Set CLIPO_HOME to a folder."
    )


def test_a_full_disk_is_named(home: Home) -> None:
    full = OSError(errno.ENOSPC, "No space left on device", str(home.logs))
    said = str(home.unusable(full))
    assert said == (
        f"{home.logs} cannot be used: No space left on device."
        " Make room, or set CLIPO_HOME to a folder of another disk."
    )


@pytest.mark.parametrize(
    "kept", ["", "null", "[]", '{"access_key": "x"}', '{"access_key": 1}', "{"]
)
def test_damaged_credentials_are_made_anew(home: Home, kept: str) -> None:
    (home.root / "credentials.json").write_text(kept)
    made = home.credentials()
    assert made[0].startswith("LOCAL")
    assert home.credentials() == made


def test_what_is_in_the_place_of_a_folder_or_a_file_is_removed(home: Home, tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "kept").touch()
    home.logs.symlink_to(elsewhere)
    home.scratch.touch()
    home.stack_file.mkdir()
    home.functions_env.symlink_to("/none")
    home.prepare()
    assert [home.logs.is_symlink(), home.logs.is_dir(), home.scratch.is_dir()] == [
        False,
        True,
        True,
    ]
    assert not home.stack_file.exists()
    assert (elsewhere / "kept").exists()


def test_who_runs_in_a_folder_is_named(home: Home) -> None:
    with home.lock(), pytest.raises(ClipoError) as raised, home.lock():
        pass
    assert f"(process {os.getpid()})" in str(raised.value)


def test_a_reset_deletes_the_videos_and_nothing_else(home: Home) -> None:
    for folder in (home.objects, home.mongo, home.emulator):
        (folder / "data").mkdir(parents=True)
    (home.root / "mine.txt").write_text("kept")
    credentials = home.credentials()
    home.reset()
    assert {path.name for path in home.root.iterdir()} == {"mine.txt", "credentials.json"}
    assert home.credentials() == credentials
