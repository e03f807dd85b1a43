from pathlib import Path

import pytest

from clipo.cli import machine
from clipo.cli.finding import State
from clipo.local import checkout


@pytest.mark.parametrize(
    ("version", "state"),
    [((3, 10, 9), State.BROKEN), ((3, 11, 0), State.OK), ((3, 14, 0), State.BROKEN)],
)
def test_supported_pythons(version: tuple[int, ...], state: State) -> None:
    assert machine._python(version).state is state


@pytest.mark.parametrize(
    ("system", "processor", "state"),
    [
        ("Linux", "aarch64", State.OK),
        ("Darwin", "arm64", State.WARNING),
        ("Windows", "AMD64", State.BROKEN),
    ],
)
def test_supported_platforms(system: str, processor: str, state: State) -> None:
    assert machine._platform(system, processor).state is state


@pytest.mark.parametrize(
    ("name", "fix"),
    [
        ("CLIPO_AIP", "Did you mean CLIPO_API?"),
        ("CLIPO_APIKEY", "Did you mean CLIPO_API_KEY?"),
        ("CLIP_HOME", "Did you mean CLIPO_HOME?"),
        ("PIPX_HOME", ""),
        ("PIPX_BIN_DIR", ""),
    ],
)
def test_a_misspelled_setting_is_told_from_that_of_another_program(name: str, fix: str) -> None:
    assert machine._spelling({name: "x"}).fix == fix


def test_a_missing_program_is_found(tmp_path: Path) -> None:
    found = machine._set_up(tmp_path / "ministack")
    assert (found.state, found.fix) == (State.BROKEN, checkout.make("run"))
