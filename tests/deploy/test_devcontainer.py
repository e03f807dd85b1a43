"""The development container: what it runs after its creation works in a fresh clone."""

import json
import os
import subprocess
from pathlib import Path

import pytest

_ROOT = Path(__file__).parents[2]
_CONTAINER = json.loads((_ROOT / ".devcontainer" / "devcontainer.json").read_text())


@pytest.mark.long
def test_its_set_up_works_in_a_fresh_clone(tmp_path: Path) -> None:
    clone = tmp_path / "clone"
    subprocess.run(["git", "clone", "--quiet", "--no-hardlinks", _ROOT, clone], check=True)
    finished = subprocess.run(
        ["sh", "-c", _CONTAINER["postCreateCommand"]],
        cwd=clone,
        env={name: value for name, value in os.environ.items() if name != "VIRTUAL_ENV"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert finished.returncode == 0, finished.stdout + finished.stderr
    for program in ("clipo", "pytest"):
        subprocess.run([clone / ".venv/bin" / program, "--version"], cwd=clone, check=True)
    status = ["git", "status", "--porcelain"]
    left = subprocess.run(status, cwd=clone, capture_output=True, text=True, check=True)
    assert left.stdout == "", "it changes no file of the repository"


def test_it_forwards_the_ports_of_the_page_and_its_storage() -> None:
    labels = {port: about["label"] for port, about in _CONTAINER["portsAttributes"].items()}
    assert set(map(str, _CONTAINER["forwardPorts"])) <= set(labels)
    assert labels["8000"].startswith("Clipo")
