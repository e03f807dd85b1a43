"""The bench: storage that serves the inputs, and ffmpeg."""

from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TypeAlias, TypeVar

from benchmarks.engine import inputs
from benchmarks.engine.range_server import RangeServer, range_server
from clipo.local.ffmpeg import prepare

ROOT = Path(__file__).parents[2]
INPUTS = ROOT / ".bench"
PAGES = ROOT / "docs" / "benchmarks"

_FIRST_BYTE_S = 0.030
_BYTES_PER_S = 75e6

Stored: TypeAlias = tuple[str, int]
"""The address of a file in storage, and its size in bytes."""

What = TypeVar("What")
Result = TypeVar("Result")


@dataclass(frozen=True)
class Bench:
    """Storage with the inputs, and the folder of ffmpeg."""

    server: RangeServer
    ffmpeg_dir: Path

    def stored(self, name: str) -> Stored:
        """Return where an input is in storage."""
        return self.server.url(name), (INPUTS / name).stat().st_size

    def measure(
        self, way: Callable[[What, Stored, Stored, Path], Result], what: What, name: str
    ) -> Result:
        """Measure in a fresh process, so that its peak of memory is its own.

        `way` takes what to do, the input, and one to warm up with.
        """
        target, warm_up = self.stored(name), self.stored(inputs.WARM_UP)
        with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
            return pool.submit(way, what, target, warm_up, self.ffmpeg_dir).result()


@contextmanager
def open_bench() -> Iterator[Bench]:
    """Serve the inputs, 30 ms to the first byte and 75 MB/s a connection."""
    with (
        TemporaryDirectory(prefix="clipo-bench-") as folder,
        range_server(INPUTS, first_byte_s=_FIRST_BYTE_S, bytes_per_s=_BYTES_PER_S) as server,
    ):
        yield Bench(server, prepare(Path(folder), None))
