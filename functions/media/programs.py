"""Locates ffmpeg and ffprobe, and reads them from disk before they are needed."""

import os
import sys
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

_LAYER = Path("/opt/bin")
_READ_AHEAD = 128 << 10
"""Bytes per request. The kernel reads no more for one request than its read-ahead, by default this.

https://www.kernel.org/doc/Documentation/ABI/stable/sysfs-block (read_ahead_kb)
"""


def ffmpeg_dir(environ: Mapping[str, str]) -> Path:
    """Read CLIPO_FFMPEG_DIR, the folder of both programs (default: the Lambda layer's)."""
    return Path(environ.get("CLIPO_FFMPEG_DIR") or _LAYER)


def read_ahead(folder: Path) -> None:
    """Ask the kernel to read both programs from disk in the background."""
    for name in ("ffprobe", "ffmpeg"):
        # A missing program is reported when it is run.
        with suppress(OSError):
            _read_ahead(folder / name)


def _read_ahead(program: Path) -> None:
    if sys.platform != "linux":
        return
    with program.open("rb") as file:
        for start in range(0, program.stat().st_size, _READ_AHEAD):
            os.posix_fadvise(file.fileno(), start, _READ_AHEAD, os.POSIX_FADV_WILLNEED)
