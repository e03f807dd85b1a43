"""A step of the ffmpeg build, run as a process."""

from pathlib import Path

import pytest

from layers.ffmpeg import build
from layers.ffmpeg.build import Build, BuildFailed


def test_a_failed_step_shows_the_end_and_the_path_of_its_log(tmp_path: Path) -> None:
    workshop = build.Workshop(Build("arm64", None), tmp_path, tmp_path / "log")
    with pytest.raises(BuildFailed, match=r"(?s)a reason.*`sh` failed. .*log"):
        workshop._run(tmp_path, "sh", "-c", "echo a reason; exit 1")
