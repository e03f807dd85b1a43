"""Finds our own ffmpeg, where `make layer` has made it."""

from pathlib import Path

import pytest

from layers.ffmpeg.build import Assembler, Build
from tests.deploy.sam import ARCHITECTURE


def built_layer(architecture: str = ARCHITECTURE) -> Path:
    """Return the folder of the layer as it is made now, or skip the test that needs it."""
    folder = Build(architecture, Assembler.of(architecture)).result
    if not folder.exists():
        pytest.skip(f"needs our own ffmpeg: `make layer ARCHITECTURE={architecture}`")
    return folder
