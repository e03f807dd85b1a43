"""The inputs of the ffmpeg build, and when it is repeated. `make layer` proves that it compiles."""

from pathlib import Path

import pytest

from layers.ffmpeg import build
from layers.ffmpeg.build import Archive, Assembler, Build, BuildFailed

_SHA256 = "0" * 64


@pytest.fixture
def sources(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("CLIPO_SOURCES", str(tmp_path))
    return tmp_path


def test_an_archive_with_another_hash_is_refused(sources: Path) -> None:
    (sources / "x.tar.xz").write_bytes(b"something else")
    with pytest.raises(BuildFailed, match=r"SHA-256 of .* differs from the one in sources\.txt"):
        Archive(_SHA256, "x.tar.xz", "https://example.invalid/x.tar.xz").read()


def test_the_error_for_a_missing_archive_says_what_to_do(sources: Path) -> None:
    with pytest.raises(BuildFailed, match=r"Put x\.tar\.xz into a folder and set CLIPO_SOURCES"):
        Archive(_SHA256, "x.tar.xz", "https://example.invalid/x.tar.xz").read()
    assert list(sources.iterdir()) == []


def test_pinned_archives_come_from_their_own_projects() -> None:
    assert [(found.folder, found.url.split("/")[2]) for found in build.archives()] == [
        ("ffmpeg-8.1.2", "ffmpeg.org"),
        ("dav1d-1.5.4", "downloads.videolan.org"),
        ("libwebp-1.6.0", "storage.googleapis.com"),
    ]


@pytest.fixture
def copied(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Copy the inputs of a build, and return their folder."""
    for name in ("components.txt", "sources.txt"):
        (tmp_path / name).write_bytes((build._HERE / name).read_bytes())
    (tmp_path / "layer.txt").write_bytes(build._TOOLS.read_bytes())
    monkeypatch.setattr(build, "_HERE", tmp_path)
    monkeypatch.setattr(build, "_TOOLS", tmp_path / "layer.txt")
    monkeypatch.setattr(build, "_RESULTS", tmp_path / "results")
    return tmp_path


@pytest.mark.parametrize("name", ["components.txt", "sources.txt", "layer.txt"])
def test_a_changed_input_causes_a_new_build(copied: Path, name: str) -> None:
    before = Build("x86_64", None).result
    assert Build("x86_64", None).result == before
    with (copied / name).open("a") as file:
        file.write("# changed\n")
    assert Build("x86_64", None).result != before


def test_another_assembler_or_architecture_causes_a_new_build() -> None:
    found = {
        Build("x86_64", None).result,
        Build("x86_64", Assembler("NASM version 2.16.01")).result,
        Build("x86_64", Assembler("NASM version 3.01")).result,
        Build("arm64", None).result,
    }
    assert len(found) == 4


def test_an_existing_build_is_not_repeated(
    copied: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    there = Build("arm64", None).result
    there.mkdir(parents=True)
    monkeypatch.setattr(Build, "make", lambda _: pytest.fail("compiled again"))
    build.main(["arm64"])
    assert capsys.readouterr().out == f"{there}\n"
    assert (copied / "results").exists()


def test_an_unknown_architecture_is_refused() -> None:
    with pytest.raises(BuildFailed, match="Unknown architecture riscv64: use x86_64 or arm64"):
        build.main(["riscv64"])


def test_without_nasm_x86_assembly_is_left_out() -> None:
    assert {"--disable-x86asm", "--disable-inline-asm"} <= set(
        build._ffmpeg_options(Build("x86_64", None))
    )
    assert "--disable-x86asm" not in build._ffmpeg_options(Build("arm64", None))
    with_nasm = Build("x86_64", Assembler("NASM version 2.16.01"))
    assert "--disable-x86asm" not in build._ffmpeg_options(with_nasm)
