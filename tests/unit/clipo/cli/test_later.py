import sys
from pathlib import Path

import pytest

from clipo.cli.later import later


@pytest.fixture(autouse=True)
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "slow").mkdir()
    (tmp_path / "slow" / "__init__.py").touch()
    (tmp_path / "slow" / "part.py").write_text("import slow\nslow.loaded = True\nvalue = 1\n")
    monkeypatch.syspath_prepend(tmp_path)
    for name in ("slow", "slow.part"):
        # What is imported in a test is forgotten after it.
        monkeypatch.setitem(sys.modules, name, sys)
        del sys.modules[name]


def test_a_module_is_loaded_when_it_is_used() -> None:
    part = later("slow.part")
    slow = sys.modules["slow"]
    assert not hasattr(slow, "loaded")
    assert part.value == 1
    assert slow.loaded


def test_it_is_found_in_its_package_as_an_imported_one_is() -> None:
    part = later("slow.part")
    assert sys.modules["slow"].part is part
    assert later("slow.part") is part


def test_what_is_not_there_is_said_at_once() -> None:
    with pytest.raises(ModuleNotFoundError, match=r"slow\.none"):
        later("slow.none")
