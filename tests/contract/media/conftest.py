from pathlib import Path

import pytest

from clipo.local.ffmpeg import prepare
from tests.layer import built_layer


@pytest.fixture(scope="session", params=["wheel", pytest.param("ours", marks=pytest.mark.layer)])
def ffmpeg_dir(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Run every test with the wheel's ffmpeg and with Clipo's own."""
    if request.param == "ours":
        return built_layer() / "bin"
    return prepare(tmp_path_factory.mktemp("ffmpeg"), chosen=None)
