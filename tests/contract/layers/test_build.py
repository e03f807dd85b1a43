"""A step of the build of our own ffmpeg, run as a process."""

from pathlib import Path

import pytest

from layers.ffmpeg import build
from layers.ffmpeg.build import Build, BuildFailed


def test_a_step_that_fails_shows_the_end_of_its_log_and_where_it_is(tmp_path: Path) -> None:
    workshop = build.Workshop(Build("arm64", None), tmp_path, tmp_path / "log")
    with pytest.raises(BuildFailed, match=r"(?s)a reason.*`sh` failed. .*log"):
        workshop._run(tmp_path, "sh", "-c", "echo a reason; exit 1")
