"""`python -I requirements/set_up.py COMMAND…` runs a set-up, one at a time in this checkout.

.venv and .tools contain absolute paths. This program rebuilds them in a moved or copied checkout.
"""

import errno
import fcntl
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import TextIO

_TOOLS, _VENV = Path(".tools"), Path(".venv")
_LOCK, _PLACE = _TOOLS / "lock", _TOOLS / "place"
_PATIENCE_S = 15 * 60
"""Seconds to wait for another set-up, which may download and compile."""


def _await_lock(file: TextIO) -> None:
    ends = 0.0
    while not _locked(file):
        file.seek(0)
        other = file.read()
        if not ends:
            print(f"Waiting for another set-up of this checkout (process {other}).", flush=True)
            ends = time.monotonic() + _PATIENCE_S
        if time.monotonic() > ends:
            sys.exit(f"The other set-up of this checkout hangs. End it: kill -9 {other}")
        time.sleep(0.1)
    file.truncate(0)
    file.write(str(os.getpid()))
    file.flush()


def _locked(file: TextIO) -> bool:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _renew_elsewhere(here: str) -> None:
    """Remove environments and tools that were built in another folder."""
    if _place(here) != here:
        print("This checkout was moved or copied: rebuilding its tools.", flush=True)
        for path in [_VENV, *_TOOLS.iterdir()]:
            _remove(path)
    _PLACE.write_text(here)


def _renew_broken() -> None:
    """Remove the environments whose Python is gone, and a uv that does not run."""
    for folder in [_VENV, *_TOOLS.iterdir()]:
        python = folder / "bin" / "python"
        if python.is_symlink() and not python.exists():
            _remove(folder)
    uv = _TOOLS / "uv" / "bin" / "uv"
    if uv.exists() and not uv.stat().st_size:
        _remove(_TOOLS / "uv")


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    elif path != _LOCK:
        path.unlink(missing_ok=True)


def _place(here: str) -> str:
    """Return the folder in which .venv and .tools were built. Earlier releases recorded none."""
    if _PLACE.exists():
        return _PLACE.read_text()
    program = _VENV / "bin" / "clipo"
    return here if not program.exists() or f"{here}/.venv/" in program.read_text() else ""


def _go_on_unwritten(error: OSError, command: list[str]) -> None:
    """Exit with an error, unless the checkout is read-only and make has nothing to do."""
    what = f"{error.filename or _TOOLS} cannot be written: {error.strerror}."
    if error.errno not in (errno.EROFS, errno.EACCES, errno.EPERM):
        sys.exit(what)
    here = str(Path.cwd())
    if _place(here) != here or subprocess.run([*command, "--question"], check=False).returncode:  # noqa: S603 (the Makefile's)
        sys.exit(f"{what} Clone Clipo to a folder that you can write.")


def main(command: list[str]) -> None:
    """Replace this process by a command, which holds the lock until its end."""
    try:
        _TOOLS.mkdir(exist_ok=True)
        lock = _LOCK.open("a+")
        _await_lock(lock)
        _renew_elsewhere(str(Path.cwd()))
        _renew_broken()
    except OSError as error:
        _go_on_unwritten(error, command)
        return
    os.set_inheritable(lock.fileno(), True)  # noqa: FBT003 (how it is called)
    os.execvp(command[0], command)  # noqa: S606 (the Makefile's)


if __name__ == "__main__":
    main(sys.argv[1:])
