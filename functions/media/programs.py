"""ffmpeg and ffprobe: where they lie, and how they come from the disk before they are needed."""

import os
import sys
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

_LAYER = Path("/opt/bin")
_READ_AHEAD = 128 << 10
"""Bytes: the kernel takes no more at a time than it reads ahead by itself, of which this is the
default. https://www.kernel.org/doc/Documentation/ABI/stable/sysfs-block (read_ahead_kb)
"""


def ffmpeg_dir(environ: Mapping[str, str]) -> Path:
    """Read CLIPO_FFMPEG_DIR, where both programs lie (default: the Lambda layer's place)."""
    return Path(environ.get("CLIPO_FFMPEG_DIR") or _LAYER)


def read_ahead(folder: Path) -> None:
    """Have the kernel read both programs from the disk while we do something else."""
    for name in ("ffprobe", "ffmpeg"):
        # Whoever runs it will be told that it is not there.
        with suppress(OSError):
            _read_ahead(folder / name)


def _read_ahead(program: Path) -> None:
    if sys.platform != "linux":
        return
    with program.open("rb") as file:
        for start in range(0, program.stat().st_size, _READ_AHEAD):
            os.posix_fadvise(file.fileno(), start, _READ_AHEAD, os.POSIX_FADV_WILLNEED)
