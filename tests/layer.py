"""Finds Clipo's own ffmpeg, which `make layer` builds."""

from pathlib import Path

import pytest

from layers.ffmpeg.build import Assembler, Build
from tests.deploy.sam import ARCHITECTURE


def built_layer(architecture: str = ARCHITECTURE) -> Path:
    """Return the folder of the current layer, or skip the test if it is not built."""
    folder = Build(architecture, Assembler.of(architecture)).result
    if not folder.exists():
        pytest.skip(f"needs Clipo's own ffmpeg: `make layer ARCHITECTURE={architecture}`")
    return folder
