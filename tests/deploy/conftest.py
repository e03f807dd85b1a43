import sys
from pathlib import Path

import pytest

from tests.deploy.sam import REPOSITORY, Sam


@pytest.fixture(scope="session")
def runtime_python() -> Path:
    """Python 3.13, Lambda's own minor version, on Lambda's own system."""
    if sys.platform != "linux":
        pytest.skip("the artifacts are for Linux")
    if not (REPOSITORY / ".tools/aws-emulator/.ready").exists():
        pytest.skip("needs Python 3.13: `make setup` found none, and could not fetch it")
    return REPOSITORY / ".tools/aws-emulator/bin/python"


@pytest.fixture(scope="session")
def built(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What `sam build` makes of the template."""
    request.getfixturevalue("runtime_python")
    return Sam({}).build(tmp_path_factory.mktemp("built"))
