"""Clipo's own ffmpeg, which `make layer` builds: small, static and minimal."""

import io
import os
import re
import shutil
import subprocess
import zipfile
from pathlib import Path

import pytest
from elftools.elf.constants import P_FLAGS
from elftools.elf.dynamic import DynamicSegment
from elftools.elf.elffile import ELFFile

from functions.core.formats import DEMUXERS
from functions.media.children import PROTOCOLS
from functions.media.decoders import VIDEO_DECODERS
from functions.media.engine import Engine
from tests.clips import Clips
from tests.deploy.sam import ARCHITECTURE, REPOSITORY, Sam
from tests.fakes.uploads import open_clip
from tests.layer import built_layer

pytestmark = pytest.mark.layer

_PROGRAMS = ["ffmpeg", "ffprobe"]
_EMULATORS = {"arm64": "qemu-aarch64-static", "x86_64": "qemu-x86_64-static"}
_OTHER = "arm64" if ARCHITECTURE == "x86_64" else "x86_64"

_NEEDS_ZLIB = {"png", "flashsv", "flashsv2", "tscc", "zmbv", "zlib", "zerocodec"}
_OTHER_BUILDS = {"libvpx", "libvpx-vp9", "libaom-av1", "av1", "vixl"}
"""Decoders of other builds. Clipo's build has vp8, vp9, libdav1d and xl instead."""

_RECOGNISED = {
    *("mpegvideo", "m4v", "h264", "hevc", "vvc"),
    *("mp3", "aac", "loas", "ac3", "eac3", "dts", "truehd"),
}
"""Demuxers that recognize MPEG streams. The engine does not allow them to open a file."""


@pytest.fixture(params=["x86_64", "arm64"])
def layer(request: pytest.FixtureRequest) -> Path:
    return built_layer(request.param)


def said(kind: str) -> str:
    """Return ffmpeg's list of its components of a kind."""
    command = [str(built_layer() / "bin" / "ffmpeg"), "-hide_banner", f"-{kind}"]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def listed(kind: str) -> set[str]:
    """Return the names of the components of a kind."""
    # Letters and dots precede each name. In the legend ` = ` follows them.
    found = re.findall(r"^ [ A-Z.|]+ (?!=)(\S+)", said(kind), re.MULTILINE)
    return {name for names in found for name in names.split(",")}


def test_its_decoders_are_those_that_the_engine_allows() -> None:
    allowed = set(VIDEO_DECODERS.split(","))
    assert listed("decoders") == allowed - _NEEDS_ZLIB - _OTHER_BUILDS


def test_its_demuxers_are_those_that_the_engine_needs_and_those_that_recognize_streams() -> None:
    names_of_mov = {"mp4", "m4a", "3gp", "3g2", "mj2"}
    others = {"concat", "dv"}  # for lists that Clipo writes, and for a stream in AVI files
    assert listed("demuxers") - names_of_mov == {*DEMUXERS, *_RECOGNISED, *others}


def test_it_opens_loopback_files_and_its_own_output_and_nothing_else() -> None:
    assert set(re.findall(r"^  (\S+)$", said("protocols"), re.MULTILINE)) == {
        *PROTOCOLS,
        "file",
        "pipe",
    }


def test_it_writes_pictures_and_nothing_else() -> None:
    assert listed("encoders") == {"mjpeg", "libwebp", "rawvideo"}
    assert listed("muxers") == {"image2", "null"}


def test_it_filters_what_pictures_need_and_nothing_else() -> None:
    ends = {"buffer", "buffersink", "abuffer", "abuffersink"}
    of_ffmpeg_itself = {"aformat", "anull", "atrim"}
    filters = set(re.findall(r"^ [A-Z.|]+ (\w+) +\S+->", said("filters"), re.MULTILINE))
    assert filters - ends - of_ffmpeg_itself == {
        *("scale", "format", "setsar", "split", "fps"),
        *("setparams", "lut3d", "lutrgb", "overlay"),
        *("transpose", "rotate", "hflip", "vflip", "crop", "null", "trim"),
    }


def zipped(folder: Path) -> int:
    """Return the size of the layer's archive, as `sam deploy` makes it."""
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as packed:
        for path in folder.rglob("*"):
            packed.write(path, path.relative_to(folder))
    return archive.tell()


def test_it_is_small(layer: Path) -> None:
    assert sum((layer / "bin" / name).stat().st_size for name in _PROGRAMS) <= 25_000_000
    assert zipped(layer) <= 10_000_000


@pytest.mark.parametrize("name", _PROGRAMS)
def test_it_is_static_without_fixed_addresses_and_with_nothing_writable_that_runs(
    layer: Path, name: str
) -> None:
    with (layer / "bin" / name).open("rb") as file:
        program = ELFFile(file)
        segments = {segment["p_type"]: segment for segment in program.iter_segments()}
        (linked,) = [part for part in program.iter_segments() if isinstance(part, DynamicSegment)]
        tags = {tag.entry.d_tag for tag in linked.iter_tags()}
    assert program["e_type"] == "ET_DYN"
    assert "PT_INTERP" not in segments
    assert "DT_NEEDED" not in tags
    assert "DT_FLAGS" in tags  # bound at its start, after which the tables are read-only
    assert "PT_GNU_RELRO" in segments
    assert not segments["PT_GNU_STACK"]["p_flags"] & P_FLAGS.PF_X


@pytest.mark.parametrize("name", _PROGRAMS)
def test_nothing_in_it_tells_of_the_machine_that_made_it(layer: Path, name: str) -> None:
    program = (layer / "bin" / name).read_bytes()
    for path in (REPOSITORY, Path.home(), Path(os.environ.get("CLIPO_SOURCES", REPOSITORY))):
        assert str(path).encode() + b"/" not in program


def test_it_is_lgpl_and_has_the_texts_and_how_it_was_made(layer: Path) -> None:
    configuration = (layer / "configuration.txt").read_text()
    assert "--disable-everything" in configuration
    assert "gpl" not in configuration
    assert "nonfree" not in configuration
    assert "LESSER GENERAL PUBLIC LICENSE" in (layer / "licences/ffmpeg.txt").read_text()
    assert "VideoLAN and dav1d authors" in (layer / "licences/dav1d.txt").read_text()
    assert "Google Inc." in (layer / "licences/libwebp.txt").read_text()
    assert "musl" in (layer / "licences/musl.txt").read_text()
    assert "Zig" in (layer / "licences/zig.txt").read_text()


@pytest.mark.long
def test_sam_puts_it_into_the_layer_where_it_is_asked_for(tmp_path: Path) -> None:
    ours = built_layer()
    parameters = ["--parameter-overrides", f"Architecture={ARCHITECTURE}"]
    sam = Sam({"FFMPEG": "minimal"})
    sam.run("build", "FfmpegLayer", "--build-dir", tmp_path, *parameters)
    for path in ours.rglob("*"):
        if path.is_file():
            copy = tmp_path / "FfmpegLayer" / path.relative_to(ours)
            assert copy.read_bytes() == path.read_bytes()
    assert (tmp_path / "FfmpegLayer/bin/ffmpeg").stat().st_mode & 0o777 == 0o755


@pytest.mark.parametrize("name", ["h264.mp4", "av1.mp4"])
def test_the_other_processors_makes_the_same_picture(
    clips: Clips, tmp_path: Path, name: str
) -> None:
    """Run the other architecture's build in an emulator: it starts, probes and decodes."""
    emulator = shutil.which(_EMULATORS[_OTHER])
    if not emulator:
        pytest.skip(f"needs {_EMULATORS[_OTHER]}: `apt-get install qemu-user-static`")
    programs = built_layer(_OTHER) / "bin"
    for program in _PROGRAMS:
        (tmp_path / program).write_text(f'#!/bin/sh\nexec {emulator} {programs / program} "$@"\n')
        (tmp_path / program).chmod(0o755)
    found = []
    for folder in (tmp_path, built_layer() / "bin"):
        with open_clip(clips[name], tmp_path) as source:
            inspection = Engine(folder).inspect(
                source, directory=tmp_path, remaining_s=lambda: 100.0
            )
        found.append((inspection.media, inspection.frame.width, inspection.frame.height))
    assert found[0] == found[1]
