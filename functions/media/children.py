"""Runs ffprobe and ffmpeg on one file, within its time and under the limits of hostile input."""

import time
from dataclasses import dataclass
from pathlib import Path

from functions.core import failures
from functions.core.failures import BadMedia, FailureCode
from functions.core.formats import DEMUXERS
from functions.media import ffmpeg_errors, probe, sandbox
from functions.media.decoders import SOUND_DECODERS, SUBTITLE_DECODERS, VIDEO_DECODERS
from functions.media.reader.source import OpenSource
from functions.media.sandbox import Finished

PROTOCOLS = ("http", "tcp")
"""The protocols that ffmpeg may use: it reads every upload from the loopback server."""

CHILD_S = 60
"""Seconds that one child process may run."""

SEARCH_S = 30
"""Seconds that an optional step may run, such as seeking the frame at 10% of the duration."""

_MAX_ALLOC = 256 << 20
_RECEIVE_BUFFER = 32 << 10
"""Bytes of a child's receive buffer. It is small because received bytes are often not needed."""

_RESERVE_S = 20
"""Seconds that the function keeps to publish the thumbnail and to save the result."""

_FILE_S = 95
"""Seconds for all work on one file. The function's timeout of 120 s leaves room for the rest."""

LIMITS = [
    *("-max_alloc", str(_MAX_ALLOC)),
    *("-format_whitelist", ",".join(DEMUXERS)),
    *("-codec_whitelist:v", VIDEO_DECODERS),
    *("-codec_whitelist:a", SOUND_DECODERS),
    *("-codec_whitelist:s", SUBTITLE_DECODERS),
    *("-max_streams", str(ffmpeg_errors.MAX_OTHER_STREAMS + ffmpeg_errors.MAX_STREAMS)),
    *("-max_pixels", str(ffmpeg_errors.MAX_PIXELS)),
]
OVER_HTTP = [
    *("-protocol_whitelist", ",".join(PROTOCOLS)),
    *("-recv_buffer_size", str(_RECEIVE_BUFFER)),
    # This covers the bytes in flight. Otherwise ffmpeg makes a system call before each short seek.
    *("-short_seek_size", str(2 * _RECEIVE_BUFFER)),
]
FROM_FILE = ["-protocol_whitelist", "file"]


class OutOfTime(Exception):
    """The function ran out of time before the file used up its own: another attempt may succeed."""


@dataclass(frozen=True, slots=True)
class Budget:
    """The time for one file."""

    ends: float
    """Deadline on the monotonic clock."""
    is_full: bool
    """True if the file gets all of `_FILE_S`, not only the time that the function has left."""

    @classmethod
    def of(cls, remaining_s: float) -> "Budget":
        """Start the time of a file in a function that may run for `remaining_s`."""
        available_s = remaining_s - _RESERVE_S
        return cls(time.monotonic() + min(available_s, _FILE_S), available_s >= _FILE_S)

    def left_s(self) -> float:
        """Return the seconds that are left for the file."""
        return self.ends - time.monotonic()

    def used_up(self) -> BadMedia | OutOfTime:
        """Return the error for an exhausted budget: only a full one is the file's fault."""
        if self.is_full:
            return BadMedia(failures.TOO_SLOW)
        return OutOfTime("The function ran out of time before the file used up its own.")


@dataclass(frozen=True, slots=True)
class Children:
    """The child processes that read one file."""

    ffmpeg: str
    ffprobe: str
    memory: int
    """The limit of a child's address space in bytes."""
    source: OpenSource
    directory: Path
    """The working directory of the children, in which they write."""
    budget: Budget

    def has_spare_time(self) -> bool:
        """Tell whether an optional step leaves enough time for the necessary ones."""
        return self.budget.left_s() > 2 * SEARCH_S

    def run_ffprobe(
        self, *options: str, loglevel: tuple[str, ...] = ("-v", "error"), deep: bool = False
    ) -> Finished:
        """Run ffprobe on the file. `deep` searches longer for a picture that begins late."""
        command = [self.ffprobe, *loglevel, *LIMITS, *OVER_HTTP, *options]
        return self.run(*command, *(probe.DEEP if deep else []), self.source.location)

    def try_run(self, *command: str) -> Finished | None:
        """Run an optional step. Return `None` if it takes longer than `SEARCH_S`."""
        try:
            return self.run(*command, limit_s=SEARCH_S)
        except BadMedia as error:
            if error.code is FailureCode.TIMED_OUT:
                return None
            raise

    def run(self, *command: str, limit_s: float | None = None) -> Finished:
        """Run a child process and raise its timeouts and memory failures as `BadMedia`."""
        limit_s = limit_s or CHILD_S
        left_s = self.budget.left_s()
        if left_s <= 0:
            raise self.budget.used_up()
        try:
            timeout_s = min(limit_s, left_s)
            return sandbox.run(
                list(command),
                directory=self.directory,
                timeout_s=timeout_s,
                memory=self.memory,
            )
        except sandbox.ChildUsedUpMemory as error:
            raise BadMedia(failures.OUT_OF_MEMORY) from error
        except sandbox.ChildUsedUpCpu as error:
            raise BadMedia(failures.TOO_SLOW) from error
        except sandbox.ChildTimedOut as error:
            reason = self.budget.used_up() if left_s < limit_s else BadMedia(failures.TOO_SLOW)
            raise reason from error

    def alpha_decoder_options(self, decoder: str | None) -> list[str]:
        """Select the decoder that reads a picture's transparency, if this ffmpeg contains it."""
        if not decoder:
            return []
        described = self.run(self.ffmpeg, "-v", "error", "-h", f"decoder={decoder}")
        return ["-c:v", decoder] if described.stdout.startswith(b"Decoder") else []
