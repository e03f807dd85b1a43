"""The ffmpeg that the local stack uses."""

from pathlib import Path

import pytest

from clipo.local.ffmpeg import find_for_av1, prepare

_DAV1D = "echo ' V....D libdav1d              dav1d AV1 decoder (codec av1)'"


def install(folder: Path, script: str) -> Path:
    program = folder / "ffmpeg"
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)
    return program


def test_an_ffmpeg_on_the_path_that_decodes_av1_is_for_av1(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = install(tmp_path, _DAV1D)
    monkeypatch.setenv("PATH", str(tmp_path))
    found = find_for_av1()
    folder = prepare(tmp_path / "prepared", chosen=None, for_av1=found)
    assert (folder / "ffmpeg-av1").resolve() == program
    assert (folder / "ffmpeg").resolve() != program


@pytest.mark.parametrize(
    "script",
    [
        # It decodes AV1 with a graphics card only.
        "echo ' V....D av1                  Alliance for Open Media AV1'",
        "exit 127",
        f"{_DAV1D}; exit 1",
    ],
)
def test_another_ffmpeg_on_the_path_is_not_used(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, script: str
) -> None:
    install(tmp_path, script)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert find_for_av1() is None


def test_no_ffmpeg_on_the_path_is_needed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert find_for_av1() is None
    folder = prepare(tmp_path / "prepared", chosen=None, for_av1=None)
    assert sorted(file.name for file in folder.iterdir()) == ["ffmpeg", "ffprobe"]
