"""Runs `clipo` as a user does: in a terminal, and with pipes."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pexpect
import pyte

_PROGRAM = Path(sys.executable).with_name("clipo")
_PATIENCE_S = 300
"""Most seconds for a command: `clipo up` first waits for each other stack that starts."""
_OF_THIS_TERMINAL = ("NO_COLOR", "FORCE_COLOR", "COLUMNS", "LINES")
_WITH_PROGRAM = {"PATH": f"{_PROGRAM.parent}:{os.environ['PATH']}"}


def hear_ctrl_c() -> None:
    """Restore SIGINT, which shells make background jobs ignore."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


@dataclass
class Screen:
    """A terminal in which a command runs."""

    child: "pexpect.spawn[bytes]"
    screen: pyte.Screen
    stream: pyte.ByteStream
    seen: bytes = b""

    @property
    def text(self) -> str:
        return "\n".join(line.rstrip() for line in self.screen.display).rstrip()

    def await_text(self, text: str) -> None:
        """Wait until a text is on the screen."""
        deadline = time.monotonic() + _PATIENCE_S
        while text not in self.text:
            assert self.more(), self.text
            assert time.monotonic() < deadline, self.text

    def exit_code(self) -> int | None:
        """Wait for the command's end."""
        while self.more():
            pass
        self.child.close()
        return self.child.exitstatus

    def press(self, keys: str) -> None:
        self.child.send(keys)

    def more(self) -> bool:
        """Read what has been written; false at the command's end."""
        try:
            written = self.child.read_nonblocking(1 << 16, timeout=_PATIENCE_S)
        except pexpect.EOF:
            return False
        self.seen += written
        self.stream.feed(written)
        return True


@dataclass
class Command:
    """`clipo`, with an API and a home for what it remembers."""

    environ: dict[str, str]
    folder: Path
    program: Path = _PROGRAM
    clean: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.clean = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith("CLIPO_") and name not in _OF_THIS_TERMINAL
        }

    def run(self, *arguments: str, **environ: str) -> "subprocess.CompletedProcess[str]":
        """Run it with pipes for its streams."""
        return self._finished([str(self.program), *arguments], environ)

    def shell(self, line: str) -> "subprocess.CompletedProcess[str]":
        """Run a line of bash, in which `clipo` is a word."""
        return self._finished(["bash", "-c", line], _WITH_PROGRAM)

    def _finished(
        self, command: list[str], environ: dict[str, str]
    ) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(
            command,
            cwd=self.folder,
            env=self.clean | self.environ | environ,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=_PATIENCE_S,
            check=False,
        )

    def remembered(self) -> list[Path]:
        """Return what it keeps of unfinished uploads."""
        return list(Path(self.environ["XDG_STATE_HOME"], "clipo", "uploads").iterdir())

    def json(self, *arguments: str) -> Any:
        finished = self.run(*arguments, "--json")
        assert finished.returncode == 0, finished.stderr
        return json.loads(finished.stdout)

    @contextmanager
    def typed(
        self, *arguments: str, columns: int = 80, program: str = str(_PROGRAM), **environ: str
    ) -> Iterator[Screen]:
        """Run it in a terminal, or a shell which has it on its path."""
        terminal = {"TERM": "xterm-256color", "COLORTERM": "truecolor"}
        screen = pyte.Screen(columns, 40)
        child: pexpect.spawn[bytes] = pexpect.spawn(
            program,
            list(arguments),
            dimensions=(40, columns),
            cwd=str(self.folder),
            encoding=None,
            env=self.clean | self.environ | _WITH_PROGRAM | terminal | environ,
            preexec_fn=hear_ctrl_c,
        )
        try:
            yield Screen(child, screen, pyte.ByteStream(screen))
        finally:
            child.close(force=True)
