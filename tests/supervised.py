"""`python -m tests.supervised FOLDER PROGRAMS [RELOADED]` supervises small programs.

PROGRAMS and RELOADED are JSON: Python code by program name. A program is ready when it calls
`ready()`. PROGRAMS start one after the other. RELOADED start together, and restart when a file in
FOLDER/code changes.

GRACE_S, in the environment, limits the stop of each program, and START_S the start of each one of
RELOADED, in seconds.
"""

import json
import os
import sys
from collections.abc import Mapping
from pathlib import Path

from clipo.errors import ClipoError
from clipo.local import child, supervisor
from clipo.local.child import Child
from clipo.local.console import StackConsole
from clipo.local.supervisor import Program, Supervisor

READY = "from clipo.local.ready import signal_ready as ready\n"


def programs(codes: Mapping[str, str], environ: Mapping[str, str]) -> list[Program]:
    return [
        Program(name, [sys.executable, "-uc", READY + code], environ, Child.has_signalled_ready)
        for name, code in codes.items()
    ]


def main(folder: Path, one_by_one: str, reloaded: str = "{}") -> int:
    environ = os.environ | {"FOLDER": str(folder)}
    supervised = Supervisor(StackConsole(), logs=folder / "logs", logs_last=True)

    def start() -> None:
        for program in programs(json.loads(one_by_one), environ):
            supervised.start(program)
        supervisor._START_S = int(os.environ.get("START_S", supervisor._START_S))
        supervised.start_and_reload(folder / "code", *programs(json.loads(reloaded), environ))
        (folder / "started").touch()

    return supervised.run(start, before_stop=(folder / "stopping").touch)


if __name__ == "__main__":
    child._GRACE_S = int(os.environ.get("GRACE_S", child._GRACE_S))
    try:
        sys.exit(main(Path(sys.argv[1]), *sys.argv[2:]))
    except ClipoError as error:
        sys.exit(str(error))
