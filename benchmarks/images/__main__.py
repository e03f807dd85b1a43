"""Compare our pictures of stored videos with those of plain ffmpeg, in one run.

Usage: make bench-images [ARGS=--rounds=3]
       make bench-images ARGS=--smoke

Serves an hour of 720p in every container from a server with 30 ms to the first byte and 75 MB/s a
connection. It makes a storyboard of 100 tiles and an image of one moment in three ways: by
downloading the file and decoding it (the legacy way), with ffmpeg on the URL, and in ours. Then it
makes images of 20 moments in our way. Writes docs/benchmarks/images.md, and prints the compute
behind 1,000 videos with storyboards. The files take 4.3 GB of disk, the run about 15 minutes.

`--smoke` measures our way once, and fails if a picture costs too many bytes. It writes nothing.
"""

import argparse
import sys
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.engine import inputs
from benchmarks.engine.range_server import RangeServer, range_server
from benchmarks.images import report
from benchmarks.images.ways import OURS, WAYS, Job, cost_of, images_ms
from clipo.local.ffmpeg import prepare

_FIRST_BYTE_S = 0.030
_BYTES_PER_S = 75e6
_MOMENT_S = 0.37 * inputs.HOUR_S
_MOMENTS_S = [inputs.HOUR_S * (number + 0.31) / 20 for number in range(20)]
_MAX_SHARE = 0.05
_MAX_SHARES = {"mp4": 0.02, "mov": 0.02}
"""Largest share of a file's bytes to read for a storyboard."""

_MAX_OF_IMAGE = 0.03
_ROOT = Path(__file__).parents[2]
_INPUTS = _ROOT / ".bench"


@dataclass(frozen=True)
class _Bench:
    server: RangeServer
    ffmpeg_dir: Path

    def measure(self, job: Job, name: str) -> report.Figures:
        """Do a job in a fresh process, so that its peak of memory is its own."""
        with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
            target, warm_up = self._stored(name), self._stored(inputs.WARM_UP)
            cost = pool.submit(cost_of, job, target, warm_up, self.ffmpeg_dir).result()
        sent, requests = self.server.sent(name)
        kind = "storyboard" if job.at_s is None else "image"
        print(f"{name}, {kind}, {job.way}: {cost.wall_ms:.0f} ms", file=sys.stderr)
        share = sent / (_INPUTS / name).stat().st_size
        return report.Figures(cost.wall_ms, cost.cpu_ms, sent / 1e6, share, requests, cost.rss_mb)

    def repeat(
        self, way: str, at_s: float | None, name: str, rounds: int
    ) -> Iterator[report.Figures]:
        """Repeat our way. The others take so long that their times hardly vary."""
        for _ in range(rounds if way == OURS else 1):
            yield self.measure(Job(way, at_s), name)

    def images_ms(self, name: str) -> list[float]:
        with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
            target, warm_up = self._stored(name), self._stored(inputs.WARM_UP)
            return pool.submit(images_ms, _MOMENTS_S, target, warm_up, self.ffmpeg_dir).result()

    def _stored(self, name: str) -> tuple[str, int]:
        return self.server.url(name), (_INPUTS / name).stat().st_size


def main() -> None:
    """Make the inputs, measure, and write the report."""
    options = _options()
    names = inputs.make_hours(_INPUTS)
    with _bench() as bench:
        if options.smoke:
            sys.exit(_smoke(bench, names))
        print(_compare(bench, names, options.rounds))


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--rounds", type=int, default=3, help="runs of our way with each file")
    parser.add_argument("--smoke", action="store_true", help="fail if our way reads too much")
    return parser.parse_args()


@contextmanager
def _bench() -> Iterator[_Bench]:
    with (
        TemporaryDirectory(prefix="clipo-bench-") as folder,
        range_server(_INPUTS, first_byte_s=_FIRST_BYTE_S, bytes_per_s=_BYTES_PER_S) as server,
    ):
        yield _Bench(server, prepare(Path(folder), None))


def _compare(bench: _Bench, names: dict[str, str], rounds: int) -> str:
    times_ms = {container: bench.images_ms(name) for name, container in names.items()}
    rows: dict[str, list[report.Row]] = {"storyboards": [], "images": []}
    for name, container in names.items():
        for kind, at_s in (("storyboards", None), ("images", _MOMENT_S)):
            ways = {way: _median(list(bench.repeat(way, at_s, name, rounds))) for way in WAYS}
            rows[kind].append(report.Row(container, ways))
    page = report.Page(rows["storyboards"], rows["images"], times_ms, rounds)
    return page.write(_ROOT / "docs" / "benchmarks")


def _smoke(bench: _Bench, names: dict[str, str]) -> str | None:
    """Return what is wrong, if anything is."""
    greedy = []
    for name, container in names.items():
        board, image = (bench.measure(Job(OURS, at_s), name) for at_s in (None, _MOMENT_S))
        print(f"{container}: storyboard {board.share:.1%}, image {image.share:.1%} of the bytes")
        if board.share > _MAX_SHARES.get(container, _MAX_SHARE) or image.share > _MAX_OF_IMAGE:
            greedy.append(container)
    return f"Too many bytes: {', '.join(greedy)}." if greedy else None


def _median(runs: list[report.Figures]) -> report.Figures:
    return sorted(runs, key=lambda run: run.wall_ms)[len(runs) // 2]


if __name__ == "__main__":
    main()
