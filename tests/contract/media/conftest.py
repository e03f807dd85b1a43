from pathlib import Path

import pytest

from clipo.local.ffmpeg import prepare
from functions.media.engine import Engine
from tests.layer import built_layer
from tests.recordings import Ways


@pytest.fixture(scope="session", params=["wheel", pytest.param("ours", marks=pytest.mark.layer)])
def ffmpeg_dir(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Run every test with the wheel's ffmpeg and with Clipo's own."""
    if request.param == "ours":
        return built_layer() / "bin"
    return prepare(tmp_path_factory.mktemp("ffmpeg"), chosen=None)


@pytest.fixture(scope="session")
def recordings(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the recordings that the tests of splices share."""
    return tmp_path_factory.mktemp("recordings")


@pytest.fixture
def ways(ffmpeg_dir: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Ways:
    return Ways(Engine(ffmpeg_dir), tmp_path, monkeypatch)
