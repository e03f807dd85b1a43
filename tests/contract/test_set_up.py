"""What happens before a set-up: one at a time, in the place where its paths lead."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.waiting import eventually

_ROOT = Path(__file__).parents[2]
_SET_UP = [sys.executable, "-I", str(_ROOT / "requirements" / "set_up.py")]


def set_up(folder: Path, *command: str) -> str:
    """Run a command as a set-up in a checkout, and return what it writes."""
    return subprocess.run(
        [*_SET_UP, *command], cwd=folder, capture_output=True, text=True, check=True
    ).stdout


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A checkout in which a set-up has made something."""
    folder = tmp_path / "checkout"
    folder.mkdir()
    make = "mkdir -p .venv/bin .tools/ministack && touch .venv/.dev .tools/ministack/.ready"
    set_up(folder, "sh", "-c", make)
    return folder


def test_what_was_made_here_is_kept(checkout: Path) -> None:
    assert set_up(checkout, "ls", "-A", ".venv") == ".dev\nbin\n"
    assert (checkout / ".tools" / "ministack" / ".ready").exists()


def test_what_was_made_elsewhere_is_made_anew(checkout: Path) -> None:
    for there in (checkout.with_name("copied"), checkout.with_name("copied too")):
        shutil.copytree(checkout, there)
        assert "moved or copied" in set_up(there, "true")
        assert not (there / ".venv").exists()
        assert not (there / ".tools" / "ministack").exists()
        assert set_up(there, "true") == ""
    assert (checkout / ".venv" / ".dev").exists()


@pytest.mark.parametrize("place", ["here", "elsewhere"])
def test_what_an_earlier_version_made_tells_its_place_in_a_program(
    checkout: Path, place: str
) -> None:
    (checkout / ".tools" / "place").unlink()
    where = checkout if place == "here" else checkout.with_name(place)
    (checkout / ".venv" / "bin" / "clipo").write_text(f"#!{where}/.venv/bin/python\n")
    set_up(checkout, "true")
    assert (checkout / ".venv").exists() is (place == "here")


def test_an_empty_uv_and_an_environment_without_its_python_are_made_anew(checkout: Path) -> None:
    uv = checkout / ".tools" / "uv" / "bin" / "uv"
    uv.parent.mkdir(parents=True)
    uv.touch()
    (checkout / ".venv" / "bin" / "python").symlink_to("/none")
    set_up(checkout, "true")
    assert not uv.exists()
    assert not (checkout / ".venv").exists()


def test_two_at_once_run_one_after_the_other(checkout: Path) -> None:
    os.mkfifo(checkout / "gate")
    first = subprocess.Popen(
        [*_SET_UP, "sh", "-c", "touch begun; cat gate; echo first >>order"], cwd=checkout
    )
    eventually((checkout / "begun").exists)
    second = subprocess.Popen(
        [*_SET_UP, "sh", "-c", "echo second >>order"],
        cwd=checkout,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert second.stdout
    assert f"(process {first.pid})" in second.stdout.readline()
    (checkout / "gate").write_text("")
    assert (first.wait(30), second.wait(30)) == (0, 0)
    second.stdout.close()
    assert (checkout / "order").read_text() == "first\nsecond\n"


@pytest.mark.skipif(os.geteuid() == 0, reason="root can write everywhere")
def test_a_checkout_that_cannot_be_written_is_named_with_a_remedy(checkout: Path) -> None:
    (checkout / ".tools" / "lock").chmod(0o400)
    said = subprocess.run(
        [*_SET_UP, "false"], cwd=checkout, capture_output=True, text=True, check=False
    )
    assert said.returncode == 1
    assert said.stderr == (
        ".tools/lock cannot be written: Permission denied."
        " Clone Clipo to a folder that you can write.\n"
    )
    assert set_up(checkout, "true") == ""


@pytest.mark.long
def test_settings_of_pip_that_move_what_it_installs_do_not_count(tmp_path: Path) -> None:
    """It downloads uv, and so needs an index."""
    for name in (
        "Makefile",
        "functions/python.mk",
        "web/page.mk",
        "packages/packages.mk",
        "requirements/uv.txt",
    ):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        shutil.copy(_ROOT / name, tmp_path / name)
    moved = {name: str(tmp_path / "moved") for name in ("PIP_TARGET", "PIP_PREFIX", "PIP_ROOT")}
    others = {"PIP_USER": "1", "PIP_NO_BINARY": ":all:", "UV_TARGET": "x", "PYTHONPATH": "moved"}
    subprocess.run(
        ["make", ".tools/uv/bin/uv"], cwd=tmp_path, env=os.environ | moved | others, check=True
    )
    uv = tmp_path / ".tools" / "uv" / "bin" / "uv"
    said = subprocess.run([uv, "--version"], capture_output=True, text=True, check=True).stdout
    assert said.startswith("uv ")
    assert not (tmp_path / "moved").exists()
