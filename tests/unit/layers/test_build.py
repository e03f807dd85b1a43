"""What is compiled, from what, and when again. That it compiles, `make layer` shows."""

from pathlib import Path

import pytest

from layers.ffmpeg import build
from layers.ffmpeg.build import Archive, Assembler, Build, BuildFailed

_SHA256 = "0" * 64


@pytest.fixture
def sources(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("CLIPO_SOURCES", str(tmp_path))
    return tmp_path


def test_an_archive_that_is_not_the_pinned_one_is_refused(sources: Path) -> None:
    (sources / "x.tar.xz").write_bytes(b"something else")
    with pytest.raises(BuildFailed, match=r"SHA-256 of .* differs from the one in sources\.txt"):
        Archive(_SHA256, "x.tar.xz", "https://example.invalid/x.tar.xz").read()


def test_an_archive_that_is_missing_is_named_with_what_to_do(sources: Path) -> None:
    with pytest.raises(BuildFailed, match=r"Put x\.tar\.xz into a folder and set CLIPO_SOURCES"):
        Archive(_SHA256, "x.tar.xz", "https://example.invalid/x.tar.xz").read()
    assert list(sources.iterdir()) == []


def test_what_is_pinned_comes_from_its_own_project() -> None:
    assert [(found.folder, found.url.split("/")[2]) for found in build.archives()] == [
        ("ffmpeg-8.1.2", "ffmpeg.org"),
        ("dav1d-1.5.4", "downloads.videolan.org"),
    ]


@pytest.fixture
def copied(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return copies of what a build is made from."""
    for name in ("components.txt", "sources.txt"):
        (tmp_path / name).write_bytes((build._HERE / name).read_bytes())
    (tmp_path / "layer.txt").write_bytes(build._TOOLS.read_bytes())
    monkeypatch.setattr(build, "_HERE", tmp_path)
    monkeypatch.setattr(build, "_TOOLS", tmp_path / "layer.txt")
    monkeypatch.setattr(build, "_RESULTS", tmp_path / "results")
    return tmp_path


@pytest.mark.parametrize("name", ["components.txt", "sources.txt", "layer.txt"])
def test_it_is_made_again_when_anything_that_it_is_made_from_has_changed(
    copied: Path, name: str
) -> None:
    before = Build("x86_64", None).result
    assert Build("x86_64", None).result == before
    with (copied / name).open("a") as file:
        file.write("# changed\n")
    assert Build("x86_64", None).result != before


def test_it_is_made_again_with_another_assembler_or_for_another_processor() -> None:
    found = {
        Build("x86_64", None).result,
        Build("x86_64", Assembler("NASM version 2.16.01")).result,
        Build("x86_64", Assembler("NASM version 3.01")).result,
        Build("arm64", None).result,
    }
    assert len(found) == 4


def test_what_is_there_is_not_made_again(
    copied: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    there = Build("arm64", None).result
    there.mkdir(parents=True)
    monkeypatch.setattr(Build, "make", lambda _: pytest.fail("compiled again"))
    build.main(["arm64"])
    assert capsys.readouterr().out == f"{there}\n"
    assert (copied / "results").exists()


def test_a_processor_that_lambda_has_not_is_refused() -> None:
    with pytest.raises(BuildFailed, match="Unknown architecture riscv64: use x86_64 or arm64"):
        build.main(["riscv64"])


def test_without_nasm_the_hand_written_code_of_x86_is_left_out() -> None:
    assert "--disable-x86asm" in build._ffmpeg_options(Build("x86_64", None))
    assert "--disable-x86asm" not in build._ffmpeg_options(Build("arm64", None))
    with_nasm = Build("x86_64", Assembler("NASM version 2.16.01"))
    assert "--disable-x86asm" not in build._ffmpeg_options(with_nasm)
