"""The public workflows: pinned actions, and no right that a job does not need."""

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from samtranslator.yaml_helper import yaml_parse

_ROOT = Path(__file__).parents[2]
_WORKFLOWS = sorted((_ROOT / ".github" / "workflows").glob("*.yml"))


def loaded(path: Path) -> dict[str, Any]:
    found: dict[str, Any] = yaml_parse(path.read_text())
    return found


@pytest.mark.parametrize("path", _WORKFLOWS, ids=lambda path: path.stem)
def test_every_action_is_pinned_to_a_commit_with_its_release(path: Path) -> None:
    used = re.findall(r"uses: (.*)", path.read_text())
    assert used
    for action in used:
        assert re.fullmatch(r"[\w/-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+", action), action


def test_zizmor_finds_nothing() -> None:
    zizmor = Path(sys.executable).with_name("zizmor")
    finished = subprocess.run(
        [zizmor, "--offline", "--quiet", ".github"],
        cwd=_ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert finished.returncode == 0, finished.stdout + finished.stderr


def test_only_the_job_that_runs_no_code_of_ours_may_write() -> None:
    release = loaded(_ROOT / ".github" / "workflows" / "release.yml")
    assert release["permissions"] == {}
    build, publish = release["jobs"]["build"], release["jobs"]["publish"]
    assert build["permissions"] == {"contents": "read"}
    assert publish["permissions"] == {
        "contents": "write",
        "id-token": "write",
        "attestations": "write",
    }
    assert not any("checkout" in step.get("uses", "") for step in publish["steps"])


def test_a_release_is_named_after_its_version() -> None:
    finished = subprocess.run(
        ["bash", _ROOT / ".ci" / "release", "v9.9.9"], capture_output=True, text=True, check=False
    )
    assert finished.returncode == 1
    assert "The tag v9.9.9 is not v" in finished.stderr
