"""The sandbox with real child processes, and its limits."""

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from functions.media.sandbox import (
    ChildTimedOut,
    ChildUsedUpCpu,
    ChildUsedUpMemory,
    Finished,
    memory_limit,
    read_output_file,
    run,
)
from tests.servers import assert_ended

_WAIT_FOR_LIMITS = (
    "import resource, time\n"
    "while resource.getrlimit(resource.RLIMIT_NOFILE)[0] != 64: time.sleep(.01)\n"
)
"""Code that waits for its limits. The parent sets that of open files after the others."""


def python(code: str, directory: Path, timeout_s: float = 20) -> Finished:
    return run([sys.executable, "-I", "-c", code], directory=directory, timeout_s=timeout_s)


def test_the_output_of_a_child_is_complete(tmp_path: Path) -> None:
    code = "import sys; print('out'); print('err', file=sys.stderr); sys.exit(3)"
    assert python(code, tmp_path) == Finished(exit_code=3, stdout=b"out\n", stderr="err\n")


@pytest.mark.parametrize(
    ("function_mb", "child_mb"),
    [("512", 256), ("1024", 768), ("1280", 1024), ("1769", 1024), ("10240", 1024), ("", 1024)],
)
def test_a_child_gets_less_memory_than_its_function(function_mb: str, child_mb: int) -> None:
    assert memory_limit({"AWS_LAMBDA_FUNCTION_MEMORY_SIZE": function_mb}) == child_mb << 20


def test_a_child_does_not_inherit_the_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    finished = python("import os; print(sorted(os.environ))", tmp_path)
    assert finished.stdout.decode().strip() == "['LANG', 'PATH']"


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux has prctl")
def test_a_child_cannot_read_our_environment_in_proc(tmp_path: Path) -> None:
    """Root can read all of /proc, so ask the kernel whether the process is dumpable."""
    get_dumpable = 3
    code = (
        "import ctypes, pathlib\n"
        "from functions.media.sandbox import run\n"
        f"run(['/bin/true'], directory=pathlib.Path({str(tmp_path)!r}), timeout_s=5)\n"
        f"print(ctypes.CDLL(None).prctl({get_dumpable}))"
    )
    finished = subprocess.run(
        [sys.executable, "-c", code],
        env={"PYTHONPATH": str(Path(__file__).parents[3])},
        capture_output=True,
        text=True,
        check=True,
    )
    assert finished.stdout.strip() == "0"


def test_a_child_works_in_its_directory_without_input(tmp_path: Path) -> None:
    finished = python("import os, sys; print(os.getcwd(), len(sys.stdin.read()))", tmp_path)
    assert finished.stdout.decode().split() == [str(tmp_path), "0"]


def test_a_hanging_child_is_killed_with_its_children(tmp_path: Path) -> None:
    grandchild = tmp_path / "grandchild"
    code = (
        "import subprocess, time\n"
        f"open({str(grandchild)!r}, 'w').write(str(subprocess.Popen(['sleep', '60']).pid))\n"
        "time.sleep(60)"
    )
    started = time.monotonic()
    with pytest.raises(ChildTimedOut):
        python(code, tmp_path, timeout_s=5)
    assert time.monotonic() - started < 30
    assert_ended(int(grandchild.read_text()))


def test_processes_that_outlive_a_child_are_killed(tmp_path: Path) -> None:
    code = "import subprocess; print(subprocess.Popen(['sleep', '60']).pid)"
    assert_ended(int(python(code, tmp_path).stdout))


def test_a_kill_by_the_kernel_counts_as_a_lack_of_memory(tmp_path: Path) -> None:
    with pytest.raises(ChildUsedUpMemory):
        python("import os, signal; os.kill(os.getpid(), signal.SIGKILL)", tmp_path)


def test_a_child_cannot_remove_its_output(tmp_path: Path) -> None:
    code = "import os; print('said', flush=True); [os.remove(name) for name in os.listdir('.')]"
    assert python(code, tmp_path).stdout == b"said\n"


def test_a_file_that_a_child_wrote_is_read(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"content")
    assert read_output_file(tmp_path / "file") == b"content"


def test_only_plain_files_are_read(tmp_path: Path) -> None:
    (tmp_path / "secret").write_bytes(b"secret")
    (tmp_path / "link").symlink_to(tmp_path / "secret")
    (tmp_path / "folder").mkdir()
    os.mkfifo(tmp_path / "pipe")
    assert [read_output_file(tmp_path / name) for name in ("link", "folder", "pipe", "none")] == [
        None
    ] * 4


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux has prlimit")
class TestLimits:
    def test_of_cpu_time(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("functions.media.sandbox._CPU_S", 1)
        with pytest.raises(ChildUsedUpCpu):
            python("while True: pass", tmp_path)

    def test_of_cpu_time_even_if_the_child_exits_normally(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("functions.media.sandbox._CPU_S", 2)
        code = "import signal, sys; signal.signal(signal.SIGXCPU, lambda *_: sys.exit(255))"
        with pytest.raises(ChildUsedUpCpu):
            python(f"{code}\nwhile True: pass", tmp_path)

    def test_of_memory(self, tmp_path: Path) -> None:
        finished = python(_WAIT_FOR_LIMITS + "bytearray(2 << 30)", tmp_path)
        assert "MemoryError" in finished.stderr

    def test_of_less_memory_in_a_small_function(self, tmp_path: Path) -> None:
        memory = memory_limit({"AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "512"})
        code = _WAIT_FOR_LIMITS + "bytearray(300 << 20)"
        command = [sys.executable, "-I", "-c", code]
        finished = run(command, directory=tmp_path, timeout_s=20, memory=memory)
        assert "MemoryError" in finished.stderr

    def test_of_the_size_of_a_file(self, tmp_path: Path) -> None:
        code = (
            "with open('file', 'wb') as file:\n    for _ in range(100): file.write(bytes(1 << 20))"
        )
        assert python(_WAIT_FOR_LIMITS + code, tmp_path).exit_code != 0
        assert (tmp_path / "file").stat().st_size <= 10 << 20

    def test_of_the_output(self, tmp_path: Path) -> None:
        finished = python(_WAIT_FOR_LIMITS + "while True: print('x' * 1000)", tmp_path)
        assert finished.exit_code != 0
        assert len(finished.stdout) == 1 << 20

    def test_of_open_files(self, tmp_path: Path) -> None:
        code = _WAIT_FOR_LIMITS + "[open('/dev/null') for _ in range(100)]"
        # Held in a list, so none is closed.
        assert "Too many open files" in python(code, tmp_path).stderr
