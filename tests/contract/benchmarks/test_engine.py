"""The smoke mode of `make bench`: our way reads a small part of every file."""

import subprocess
import sys
from pathlib import Path

import pytest

_ROOT = Path(__file__).parents[3]


@pytest.mark.long
def test_our_way_reads_a_small_part_of_every_file() -> None:
    command = [sys.executable, "-m", "benchmarks.engine", "--smoke"]
    finished = subprocess.run(command, cwd=_ROOT, capture_output=True, text=True, check=False)
    assert finished.returncode == 0, finished.stdout + finished.stderr
