"""The ways that are compared. Each gets the address of a stored video, and makes a picture."""

import subprocess
import time
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.engine import inputs
from benchmarks.engine.ways import Cost, Run, download, measure, open_source
from functions.core.pictures import ImageSpec, PictureFormat
from functions.core.storyboard import plan_storyboard
from functions.media.image import ImageMaker
from functions.media.storyboard.maker import StoryboardMaker

LEGACY, URL, OURS = "legacy", "url", "ours"
WAYS = (LEGACY, URL, OURS)

_REMAINING_S = 300.0
_WIDTH = 640
_PLAN = plan_storyboard(inputs.HOUR_S, 1280, 720)
_SHEET = (
    f"fps={_PLAN.tiles}/{inputs.HOUR_S},scale={_PLAN.tile_width}:{_PLAN.tile_height},"
    f"tile={_PLAN.columns}x{_PLAN.rows}"
)


@dataclass(frozen=True)
class Job:
    """A picture to make in one way."""

    way: str
    at_s: float | None = None
    """The moment of an image; `None`: a storyboard."""


def cost_of(job: Job, target: tuple[str, int], warm_up: tuple[str, int], ffmpeg_dir: Path) -> Cost:
    """Do a job in this process, which is to do nothing else before or after."""
    return measure(lambda folder: _run(job, ffmpeg_dir, folder), target, warm_up)


def images_ms(
    moments_s: list[float], target: tuple[str, int], warm_up: tuple[str, int], ffmpeg_dir: Path
) -> list[float]:
    """Make an image of each moment in our way, one after the other, and return their times."""
    times_ms = []
    with TemporaryDirectory(prefix="clipo-bench-") as folder:
        _run(Job(OURS, 0.0), ffmpeg_dir, Path(folder))(*warm_up)
        for at_s in moments_s:
            started = time.perf_counter()
            _run(Job(OURS, at_s), ffmpeg_dir, Path(folder))(*target)
            times_ms.append((time.perf_counter() - started) * 1000)
    return times_ms


def _run(job: Job, ffmpeg_dir: Path, folder: Path) -> Run:
    if job.way != OURS:
        return _plainly(job, ffmpeg_dir / "ffmpeg", folder)
    images, boards = ImageMaker(ffmpeg_dir), StoryboardMaker(ffmpeg_dir)

    def run(url: str, size: int) -> None:
        with open_source(url, size, folder) as source:
            if job.at_s is None:
                boards.make(source, _PLAN, PictureFormat.JPEG, directory=folder, remaining_s=_left)
            else:
                spec = ImageSpec(PictureFormat.JPEG, round(job.at_s * 1000), width=_WIDTH)
                images.make(source, spec, directory=folder, remaining_s=_left)

    return run


def _left() -> float:
    return _REMAINING_S


def _plainly(job: Job, ffmpeg: Path, folder: Path) -> Run:
    """Use ffmpeg alone: on a downloaded file it decodes all frames, on a URL it seeks."""

    def run(url: str, _: int) -> None:
        is_legacy = job.way == LEGACY
        file = download(url, folder / "source") if is_legacy else url
        # The warm-up file is shorter than an hour.
        at_s = 0.0 if url.endswith(inputs.WARM_UP) and job.at_s else job.at_s
        if at_s is None:
            before, after = ([] if is_legacy else ["-skip_frame", "nokey"]), ["-vf", _SHEET]
        else:
            seek, scale = ["-ss", str(at_s)], ["-vf", f"scale={_WIDTH}:-2"]
            before, after = ([], [*seek, *scale]) if is_legacy else (seek, scale)
        picture = ["-frames:v", "1", "-q:v", "3", "-y", str(folder / "picture.jpg")]
        # Without it ffmpeg 8.1 loses the packets of an AVI file after it has read the index.
        kept = [] if is_legacy else ["-multiple_requests", "1"]
        command = [str(ffmpeg), "-nostdin", "-v", "error", *before, *kept, "-i", str(file), "-an"]
        subprocess.run([*command, *after, *picture], check=True, capture_output=True)  # noqa: S603 (ours)

    return run
