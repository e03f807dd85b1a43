"""The program `clipo` before the command itself has begun."""

import shutil
import subprocess
import sys
from pathlib import Path

from clipo.cli import script


def test_ctrl_c_during_the_imports_ends_it_without_a_traceback(tmp_path: Path) -> None:
    program = shutil.copy(script.__file__, tmp_path / "program.py")
    package = tmp_path / "clipo" / "cli"
    package.mkdir(parents=True)
    for folder in (package, package.parent):
        (folder / "__init__.py").touch()
    (package / "app.py").write_text("raise KeyboardInterrupt")
    finished = subprocess.run(
        [sys.executable, program], env={}, capture_output=True, text=True, check=False
    )
    assert (finished.returncode, finished.stdout + finished.stderr) == (130, "")


def test_ctrl_c_while_a_module_loads_late_ends_it_without_a_traceback(tmp_path: Path) -> None:
    (tmp_path / "package").mkdir()
    (tmp_path / "package" / "late.py").write_text("raise KeyboardInterrupt")
    program = (
        "from clipo.cli.lazy import load_at_first_use;"
        " load_at_first_use('package.late'); from package.late import name"
    )
    finished = subprocess.run(
        [sys.executable, "-c", program], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert (finished.returncode, finished.stdout + finished.stderr) == (130, "")
