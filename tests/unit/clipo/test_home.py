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


def test_a_second_stack_cannot_use_the_folder(home: Home) -> None:
    with home.lock(), pytest.raises(ClipoError, match="already running"), home.lock():
        pass
    with home.lock():
        pass


def test_a_folder_that_cannot_be_made_is_named() -> None:
    unusable = Home(Path("/dev/null"))
    with pytest.raises(ClipoError, match="CLIPO_HOME /dev/null"), unusable.lock():
        pass


def test_a_reset_deletes_the_videos_and_nothing_else(home: Home) -> None:
    for folder in (home.objects, home.mongo, home.emulator):
        (folder / "data").mkdir(parents=True)
    (home.root / "mine.txt").write_text("kept")
    credentials = home.credentials()
    home.reset()
    assert {path.name for path in home.root.iterdir()} == {"mine.txt", "credentials.json"}
    assert home.credentials() == credentials
