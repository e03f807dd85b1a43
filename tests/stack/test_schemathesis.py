"""Attacks the running API by its own schema: https://schemathesis.io

Another seed: SCHEMATHESIS_SEED=7 pytest tests/stack/test_schemathesis.py
"""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.clips import Clips
from tests.running_stack import RunningStack

ROOT = Path(__file__).parents[2]
SEED = os.environ.get("SCHEMATHESIS_SEED", "1")
EXAMPLES = "50"
"""For each operation: a quarter of a minute."""


@pytest.mark.long
def test_schemathesis_finds_nothing(stack: RunningStack, clips: Clips) -> None:
    # It takes ids from what it sees: videos that are done and failed, too.
    stack.finished(stack.upload_form(clips["tiny.mp4"]))
    stack.finished(stack.upload_form(clips["audio-only.mp4"]))
    attack = subprocess.run(
        [
            Path(sys.executable).with_name("schemathesis"),
            *("run", f"{stack.api}/openapi.json"),
            *("--seed", SEED, "--max-examples", EXAMPLES, "--generation-database", "none"),
            *("--continue-on-failure", "--no-color"),
        ],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=600,
    )
    assert attack.returncode == 0, attack.stdout + attack.stderr
    paths = stack.client.get("/openapi.json").json()["paths"]
    assert f"Tested: {sum(map(len, paths.values()))}" in attack.stdout
