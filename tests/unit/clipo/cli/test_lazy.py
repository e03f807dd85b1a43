import sys
from pathlib import Path

import pytest

from clipo.cli.lazy import load_at_first_use


@pytest.fixture(autouse=True)
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "slow").mkdir()
    (tmp_path / "slow" / "__init__.py").touch()
    (tmp_path / "slow" / "part.py").write_text("import slow\nslow.loaded = True\nvalue = 1\n")
    monkeypatch.syspath_prepend(tmp_path)
    for name in ("slow", "slow.part"):
        # So that monkeypatch removes the modules after the test.
        monkeypatch.setitem(sys.modules, name, sys)
        del sys.modules[name]


def test_a_module_loads_when_it_is_used() -> None:
    load_at_first_use("slow.part")
    slow = sys.modules["slow"]
    from slow import part  # type: ignore[import-not-found]  # noqa: PLC0415 (made by the fixture)

    assert not hasattr(slow, "loaded")
    assert part.value == 1
    assert slow.loaded


def test_a_second_call_changes_nothing() -> None:
    load_at_first_use("slow.part")
    part = sys.modules["slow.part"]
    load_at_first_use("slow.part")
    assert sys.modules["slow.part"] is part


def test_a_module_that_does_not_exist_is_reported_at_once() -> None:
    with pytest.raises(ModuleNotFoundError, match=r"slow\.none"):
        load_at_first_use("slow.none")
