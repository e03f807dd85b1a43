from pathlib import Path

import pytest

from clipo.errors import ClipoError
from clipo.home import Home


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path)


def test_credentials_are_made_once_and_only_for_their_owner(home: Home) -> None:
    first = home.credentials()
    assert home.credentials() == first
    assert (home.root / "credentials.json").stat().st_mode & 0o777 == 0o600


def test_each_installation_has_credentials_of_its_own(home: Home, tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.mkdir()
    assert Home(other).credentials() != home.credentials()


def test_a_second_stack_is_kept_out(home: Home) -> None:
    with home.locked(), pytest.raises(ClipoError, match="already running"), home.locked():
        pass
    with home.locked():
        pass


def test_a_folder_that_cannot_be_one_is_named() -> None:
    unusable = Home(Path("/dev/null"))
    with pytest.raises(ClipoError, match="CLIPO_HOME /dev/null"), unusable.locked():
        pass


def test_a_reset_forgets_the_videos_and_nothing_else(home: Home) -> None:
    for folder in (home.objects, home.mongo, home.emulator):
        (folder / "data").mkdir(parents=True)
    (home.root / "mine.txt").write_text("kept")
    credentials = home.credentials()
    home.reset()
    assert {path.name for path in home.root.iterdir()} == {"mine.txt", "credentials.json"}
    assert home.credentials() == credentials
