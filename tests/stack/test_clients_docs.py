"""docs/clients.md: each snippet is run as it stands, in order."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.clips import Clips
from tests.documented import CLIENTS_DOCS, snippets
from tests.node_package import NODE, compiled, node_folder
from tests.running_stack import RunningStack


def program(language: str) -> str:
    return "\n".join(one.code for one in snippets(CLIENTS_DOCS) if one.language == language)


@pytest.fixture
def folder(tmp_path: Path, clips: Clips) -> Path:
    """Where the reader is, beside two clips."""
    for name in ("clip.mp4", "other.mp4"):
        shutil.copy(clips["tiny.mp4"], tmp_path / name)
    return tmp_path


def run(command: list[str], folder: Path, stack: RunningStack) -> str:
    finished = subprocess.run(
        command,
        cwd=folder,
        env=os.environ | {"CLIPO_API": stack.api},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert finished.returncode == 0, finished.stdout + finished.stderr
    return finished.stdout


def test_python(stack: RunningStack, folder: Path, clips: Clips) -> None:
    (folder / "program.py").write_text(program("python"))
    output = run([sys.executable, "-W", "error", "program.py"], folder, stack)
    size = f"{clips['tiny.mp4'].stat().st_size:,}"
    assert f"{size} of {size} bytes\n" in output
    assert "done {'container': 'mp4'" in output
    assert "video_not_found There is no such video." in output
    assert (folder / "picture.jpg").read_bytes().startswith(b"\xff\xd8")
    assert (folder / "copy.mp4").read_bytes() == clips["tiny.mp4"].read_bytes()
    assert "other.mp4" in output.rpartition("video_not_found")[2]


@pytest.mark.long  # tsc takes seconds
def test_typescript(stack: RunningStack, folder: Path) -> None:
    node_folder(folder)
    (folder / "program.mts").write_text(program("ts"))
    output = run([str(NODE), compiled(folder / "program.mts")], folder, stack)
    assert output.startswith("done 00:00:0")
    assert "clip.mp4" in output
    assert "video_not_found" in output
