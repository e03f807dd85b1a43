"""What plain ffmpeg shows of a file at a moment: it decodes all frames from the beginning on."""

import re
import subprocess
from dataclasses import dataclass
from operator import sub
from pathlib import Path

from clipo.local.ffmpeg import wheel_binary

_WIDTH, _HEIGHT = 64, 36
_SIZE = _WIDTH * _HEIGHT
_SMALL = f"scale={_WIDTH}:{_HEIGHT}:flags=area,format=gray"
_TIME = re.compile(r"\bpts_time:(-?[\d.]+)")
_ROUNDING_S = 0.0015


@dataclass(frozen=True)
class Reference:
    """The frames of a file, by their times in seconds from the file's beginning."""

    times_s: list[float]
    frames: list[bytes]
    """The brightness of few pixels of each frame."""

    @classmethod
    def of(cls, file: Path) -> "Reference":
        decoded = _run("-i", file, "-map", "0:V:0", "-vf", f"showinfo,{_SMALL}")
        frames = [decoded.stdout[at : at + _SIZE] for at in range(0, len(decoded.stdout), _SIZE)]
        times_s = [float(time) for time in _TIME.findall(decoded.stderr.decode(errors="replace"))]
        assert len(times_s) == len(frames)
        return cls(times_s, frames)

    def shown_at(self, at_s: float) -> int:
        """Return the index of the frame that is shown at a moment."""
        return max(sum(time_s <= at_s + _ROUNDING_S for time_s in self.times_s) - 1, 0)

    def nearest(self, picture: bytes) -> int:
        """Return the index of the frame that a picture resembles most."""
        seen = _run("-i", "-", "-vf", _SMALL, given=picture).stdout
        return min(range(len(self.frames)), key=lambda index: _difference(seen, self.frames[index]))


def _difference(one: bytes, other: bytes) -> int:
    return sum(map(abs, map(sub, one, other)))


def _run(*arguments: str | Path, given: bytes = b"") -> "subprocess.CompletedProcess[bytes]":
    raw = ["-fps_mode", "passthrough", "-f", "rawvideo", "-"]
    return subprocess.run(
        [wheel_binary("ffmpeg"), "-hide_banner", *arguments, *raw],
        input=given,
        capture_output=True,
        check=True,
    )
