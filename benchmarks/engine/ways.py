"""The ways that are compared. Each gets the address of a stored video, and makes a thumbnail."""

import json
import resource
import subprocess
import time
import urllib.request
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from benchmarks.engine.range_server import ETAG
from functions.adapters.signed.credentials import Credentials
from functions.adapters.signed.service import SignedService
from functions.adapters.signed.storage import SignedStorage
from functions.core.settings import StorageSettings
from functions.core.video import Source, UploadedObject
from functions.media.engine import Engine
from functions.media.reader.source import OpenSource, RangedSources

_PIECE = 1 << 20
_REGION = "us-east-1"
_REMAINING_S = 300.0
_UNKNOWN_S = 600.0
"""The duration that the other ways assume for a file without one, in seconds."""


@dataclass(frozen=True)
class Cost:
    """The cost of one run."""

    wall_ms: float
    cpu_ms: float
    """CPU time of this process and of its children."""
    rss_mb: float
    """This process at its largest and the largest child together: not less than the true peak."""


def cost_of(way: str, target: tuple[str, int], warm_up: tuple[str, int], ffmpeg_dir: Path) -> Cost:
    """Run one way in this process, which is to do nothing else before or after.

    Both files are given by their address and size; the first to be read is a small one, as a
    warm function has read others before.
    """
    return measure(lambda folder: _WAYS[way](ffmpeg_dir, folder), target, warm_up)


def measure(
    prepare: Callable[[Path], "Run"], target: tuple[str, int], warm_up: tuple[str, int]
) -> Cost:
    """Measure a run in this process, after that of a small file."""
    with TemporaryDirectory(prefix="clipo-bench-") as folder:
        run = prepare(Path(folder))
        run(*warm_up)
        cpu, started = _cpu_s(), time.perf_counter()
        run(*target)
        wall_s, cpu_s = time.perf_counter() - started, _cpu_s() - cpu
    children_kb = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
    return Cost(wall_s * 1000, cpu_s * 1000, (_peak_kb() + children_kb) * 1024 / 1e6)


def _peak_kb() -> int:
    """Return this process's own peak: `ru_maxrss` has its parent's of the time of the fork."""
    status = Path("/proc/self/status").read_text()
    return int(status.partition("VmHWM:")[2].split()[0])


def _cpu_s() -> float:
    both = (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
    return sum(sum(resource.getrusage(who)[:2]) for who in both)


Run = Callable[[str, int], None]
"""Makes the thumbnail of the file at an address, of a size in bytes."""


def _download(ffmpeg_dir: Path, folder: Path, *, seek: bool) -> Run:
    """Download the whole file; then seek, or decode up to the wanted frame (the legacy way)."""

    def run(url: str, _: int) -> None:
        file = download(url, folder / "source")
        at = ["-ss", str(_duration_s(ffmpeg_dir, file) / 10)]
        source: list[str | Path] = [*at, "-i", file] if seek else ["-i", file, *at]
        _extract(ffmpeg_dir / "ffmpeg", "-v", "error", *source, *_frame(folder))

    return run


@cache
def _sources(endpoint: str, bucket: str) -> RangedSources:
    credentials = Credentials("benchmark", "benchmark")
    settings = StorageSettings(bucket, "media", _REGION, endpoint_url=endpoint)
    s3 = SignedService("s3", _REGION, lambda: credentials, attempts=1, read_timeout_s=20)
    return RangedSources(SignedStorage(settings, s3))


def open_source(url: str, size: int, folder: Path) -> AbstractContextManager[OpenSource]:
    """Open a stored video as the processing function does."""
    endpoint, bucket, key = url.rsplit("/", 2)
    event = UploadedObject(video_id="1", key=key, source=Source(ETAG, size, ""))
    return _sources(endpoint, bucket).open(event, directory=folder)


def inspect(engine: Engine, source: OpenSource, folder: Path) -> None:
    """Describe a video and take its thumbnail, as the processing function does."""
    found = engine.inspect(source, directory=folder, remaining_s=lambda: _REMAINING_S)
    if found.frame.fallback:
        raise RuntimeError("The first frame is not the one that was wanted.")


def _ranges(ffmpeg_dir: Path, folder: Path) -> Run:
    """Read by ranges, as the processing function does."""
    engine = Engine(ffmpeg_dir)

    def run(url: str, size: int) -> None:
        with open_source(url, size, folder) as source:
            inspect(engine, source, folder)

    return run


_WAYS: dict[str, Callable[[Path, Path], Run]] = {
    "legacy": partial(_download, seek=False),
    "seek": partial(_download, seek=True),
    "ours": _ranges,
}


def download(url: str, to: Path) -> Path:
    """Write a stored file to a path, and return that."""
    with urllib.request.urlopen(url) as response, to.open("wb") as file:  # noqa: S310 (ours)
        while piece := response.read(_PIECE):
            file.write(piece)
    return to


def _duration_s(ffmpeg_dir: Path, file: Path) -> float:
    ffprobe: list[str | Path] = [
        ffmpeg_dir / "ffprobe",
        "-v",
        "error",
        "-print_format",
        "json",
        "-show_format",
    ]
    report: dict[str, Any] = json.loads(_check(*ffprobe, file))
    return float(report["format"].get("duration", _UNKNOWN_S))


def _frame(folder: Path) -> list[str | Path]:
    return ["-vframes", "1", "-s", "320x240", "-y", folder / "thumbnail.jpg"]


def _extract(*command: str | Path) -> None:
    _check(*command)
    if not Path(command[-1]).stat().st_size:
        raise RuntimeError("ffmpeg wrote no picture.")


def _check(*command: str | Path) -> bytes:
    return subprocess.run(command, check=True, capture_output=True).stdout  # noqa: S603 (ours)
