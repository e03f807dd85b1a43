"""Compiles a minimal static ffmpeg and ffprobe under the LGPL, with only what the engine uses.

Usage: build.py ARCHITECTURE…    x86_64 or arm64, on a machine of any architecture

sources.txt pins the sources, which come from the folder $CLIPO_SOURCES or from their projects'
sites. components.txt lists the parts to compile. The result is a folder in `.layer/` whose name
contains a hash of all inputs, so an unchanged build is not repeated.
The reasons are in docs/decisions/0020-our-own-ffmpeg.md.
"""

import hashlib
import io
import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
import time
import urllib.request
import zipfile
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

_HERE = Path(__file__).resolve().parent
_REPOSITORY = _HERE.parents[1]
_RESULTS = _REPOSITORY / ".layer"
_TOOLS = _REPOSITORY / "requirements" / "layer.txt"
_SHOWN_LINES = 40

_MACHINES = {"x86_64": "x86_64", "arm64": "aarch64"}
"""Lambda's names of processor architectures, and the usual ones."""

_HARDENED = ["-fPIE", "-fstack-protector-strong"]
"""Compiler flags that make memory errors in a decoder harder to exploit."""

_DAV1D = [
    *("--buildtype=release", "--default-library=static"),
    *("-Denable_tools=false", "-Denable_tests=false"),
]

_LIBWEBP = [
    *("CC=target-cc", "AR=target-ar", "RANLIB=target-ranlib", "CFLAGS=-O2"),
    *("--disable-shared", "--enable-static", "--with-pic"),
    *("--disable-libwebpmux", "--disable-libwebpdemux"),
]

_FFMPEG = [
    *("--enable-cross-compile", "--target-os=linux", "--cc=target-cc", "--host-cc=host-cc"),
    *("--ar=target-ar", "--ranlib=target-ranlib", "--pkg-config=pkgconf"),
    *("--pkg-config-flags=--static", "--disable-everything", "--disable-autodetect"),
    *("--disable-avdevice", "--disable-swresample", "--disable-doc", "--disable-debug"),
    *("--disable-stripping", "--disable-ffplay", "--enable-pic", "--enable-libdav1d"),
    "--enable-libwebp",
    # This saves a fifth of the size. Decoding is not slower, because its assembly is unaffected.
    "--enable-small",
]

_WITHOUT_X86_ASSEMBLY = [
    "--disable-x86asm",
    # Otherwise libswscale expects MMX functions that are then missing, and gets colours wrong.
    "--disable-inline-asm",
]


class BuildFailed(Exception):
    """A build step failed. The message is for the user."""


@dataclass(frozen=True, slots=True)
class Archive:
    """One line of sources.txt."""

    sha256: str
    name: str
    url: str

    @property
    def folder(self) -> str:
        """The folder in the archive."""
        return self.name.partition(".tar.")[0]

    def read(self) -> bytes:
        """Return the archive's bytes. Raises `BuildFailed` if they do not match the pinned hash."""
        given = os.environ.get("CLIPO_SOURCES")
        origin = (Path(given) / self.name).resolve().as_uri() if given else self.url
        try:
            with urllib.request.urlopen(origin, timeout=60) as answer:  # noqa: S310 (file or https)
                content: bytes = answer.read()
        except OSError as error:
            raise BuildFailed(
                f"{origin} cannot be read: {error}. Put {self.name} into a folder and set"
                " CLIPO_SOURCES to that folder."
            ) from error
        if hashlib.sha256(content).hexdigest() != self.sha256:
            raise BuildFailed(f"The SHA-256 of {origin} differs from the one in sources.txt.")
        return content

    def unpack(self, folder: Path) -> Path:
        """Unpack the archive into a folder and return its root."""
        with tarfile.open(fileobj=io.BytesIO(self.read()), mode="r:*") as archive:
            archive.extractall(folder, filter="data")
        return folder / self.folder


@dataclass(frozen=True, slots=True)
class Assembler:
    """The assembler for x86's assembly code. The compiler itself assembles ARM's."""

    version: str

    @classmethod
    def of(cls, architecture: str) -> "Assembler | None":
        """Return this machine's assembler, `None` if it has none or the architecture needs none."""
        nasm = shutil.which("nasm")
        if architecture != "x86_64" or not nasm:
            return None
        output = subprocess.run([nasm, "-v"], capture_output=True, text=True, check=True).stdout  # noqa: S603
        return cls(" ".join(output.split()[:3]))


@dataclass(frozen=True, slots=True)
class Build:
    """The build for one architecture."""

    architecture: str
    assembler: Assembler | None

    @property
    def machine(self) -> str:
        """The architecture's name in a compiler target."""
        return _MACHINES[self.architecture]

    @property
    def uses_assembly(self) -> bool:
        """Whether assembly code is compiled in, without which decoding is slow."""
        return self.architecture == "arm64" or self.assembler is not None

    @property
    def result(self) -> Path:
        """The folder of the result, whose name contains a hash of all inputs."""
        key = hashlib.sha256(repr(self.assembler).encode())
        for file in (Path(__file__), _HERE / "components.txt", _HERE / "sources.txt", _TOOLS):
            key.update(hashlib.sha256(file.read_bytes()).digest())
        return _RESULTS / f"{self.architecture}-{key.hexdigest()[:12]}"

    def make(self) -> None:
        """Compile into the result folder. Raises `BuildFailed` and then leaves the log behind."""
        result = self.result
        _RESULTS.mkdir(exist_ok=True)
        work = Path(tempfile.mkdtemp(prefix=f"{self.architecture}-", dir=_RESULTS))
        try:
            workshop = Workshop(self, work, result.with_suffix(".log"))
            workshop.compile()
            # Renaming is atomic, so the folder is never incomplete. A parallel build made the same.
            if not result.exists():
                workshop.layer.rename(result)
        finally:
            shutil.rmtree(work)


@dataclass(frozen=True, slots=True)
class Workshop:
    """The working folder of one build, and its log."""

    build: Build
    folder: Path
    log: Path

    @property
    def layer(self) -> Path:
        """The folder that becomes the result."""
        return self.folder / "layer"

    @property
    def _built(self) -> Path:
        return self.folder / "built"

    def compile(self) -> None:
        """Compile dav1d and libwebp, then ffmpeg with them, and fill the layer."""
        self.log.write_text("")
        self._write_tools()
        sources = {
            archive.folder.split("-")[0]: archive.unpack(self.folder) for archive in archives()
        }
        self._compile_dav1d(sources["dav1d"])
        self._compile_libwebp(sources["libwebp"])
        self._compile_ffmpeg(sources["ffmpeg"])
        self._fill_layer(sources)

    def _write_tools(self) -> None:
        """Write wrappers that call zig, so that no path of this machine is in a command."""
        target = f"-target {self.build.machine}-linux-musl"
        # The result must not depend on this folder's name or on this machine's processor.
        flags = f"-ffile-prefix-map={self.folder}=. {' '.join(_HARDENED)}"
        tools = {
            "target-cc": f"cc {target} {flags}",
            "host-cc": "cc",
            "target-ar": "ar",
            "target-ranlib": "ranlib",
        }
        (self.folder / "bin").mkdir()
        for name, command in tools.items():
            tool = self.folder / "bin" / name
            tool.write_text(f'#!/bin/sh\nexec "{_zig()}" {command} "$@"\n')
            tool.chmod(0o755)

    def _compile_dav1d(self, source: Path) -> None:
        cross = self.folder / "cross.ini"
        cross.write_text(
            "[binaries]\nc = 'target-cc'\nar = 'target-ar'\nnasm = 'nasm'\n"
            f"[host_machine]\nsystem = 'linux'\nendian = 'little'\n"
            f"cpu_family = '{self.build.machine}'\ncpu = '{self.build.machine}'\n"
        )
        build = source / "build"
        self._run(
            source,
            *("meson", "setup", str(build), f"--cross-file={cross}", f"--prefix={self._built}"),
            *("--libdir=lib", *_dav1d_options(self.build)),
        )
        self._run(source, "ninja", "-C", str(build), "install")

    def _compile_libwebp(self, source: Path) -> None:
        self._run(source, "./configure", f"--prefix={self._built}", *_libwebp_options(self.build))
        # The other folders hold programs.
        for folder in ("sharpyuv", "src"):
            self._run(source / folder, "make", f"-j{os.cpu_count()}", "install")

    def _compile_ffmpeg(self, source: Path) -> None:
        self._run(source, "./configure", *_ffmpeg_options(self.build))
        self._run(source, "make", f"-j{os.cpu_count()}", "ffmpeg", "ffprobe")

    def _fill_layer(self, sources: Mapping[str, Path]) -> None:
        ffmpeg = sources["ffmpeg"]
        (self.layer / "bin").mkdir(parents=True)
        for program in ("ffmpeg", "ffprobe"):
            shutil.copyfile(ffmpeg / program, self.layer / "bin" / program)
            (self.layer / "bin" / program).chmod(0o755)
        (self.layer / "licences").mkdir()
        texts = {
            "ffmpeg.txt": ffmpeg / "COPYING.LGPLv2.1",
            "ffmpeg-parts.txt": ffmpeg / "LICENSE.md",
            "dav1d.txt": sources["dav1d"] / "COPYING",
            "libwebp.txt": sources["libwebp"] / "COPYING",
            "libwebp-patents.txt": sources["libwebp"] / "PATENTS",
            "musl.txt": _zig().parent / "lib" / "libc" / "musl" / "COPYRIGHT",
            "zig.txt": _zig().parent / "LICENSE",
        }
        for name, text in texts.items():
            shutil.copyfile(text, self.layer / "licences" / name)
        shutil.copyfile(_HERE / "LICENSES-minimal.txt", self.layer / "LICENSES.txt")
        (self.layer / "configuration.txt").write_text(configuration(self.build))

    def _run(self, folder: Path, *command: str) -> None:
        """Run a build step with only PATH of the user's environment."""
        tools = f"{self.folder / 'bin'}:{Path(sys.executable).parent}"
        environment = {
            "PATH": f"{tools}:{os.environ['PATH']}",
            "LANG": "C",
            "PKG_CONFIG_LIBDIR": str(self._built / "lib" / "pkgconfig"),
            "ZIG_GLOBAL_CACHE_DIR": str(self.folder / "zig"),
            "ZIG_LOCAL_CACHE_DIR": str(self.folder / "zig"),
        }
        with self.log.open("a") as log:
            print("+", *command, file=log, flush=True)
            finished = subprocess.run(  # noqa: S603 (the commands of this file)
                command, cwd=folder, env=environment, stdout=log, stderr=log, check=False
            )
        if finished.returncode != 0:
            end = "\n".join(self.log.read_text(errors="replace").splitlines()[-_SHOWN_LINES:])
            raise BuildFailed(f"{end}\n`{command[0]}` failed. The full log is {self.log}")


def _zig() -> Path:
    import ziglang  # noqa: PLC0415 (the hash of the inputs does not need it)

    return Path(ziglang.__file__).parent / "zig"


def _dav1d_options(build: Build) -> list[str]:
    return [*_DAV1D, f"-Denable_asm={str(build.uses_assembly).lower()}"]


def _libwebp_options(build: Build) -> list[str]:
    return [f"--host={build.machine}-linux-musl", *_LIBWEBP]


def _ffmpeg_options(build: Build) -> list[str]:
    return [
        *(f"--arch={build.machine}", *_FFMPEG, "--extra-ldexeflags=-static-pie -s"),
        *([] if build.uses_assembly else _WITHOUT_X86_ASSEMBLY),
        *(f"--enable-{kind}={','.join(names)}" for kind, names in components().items()),
    ]


def configuration(build: Build) -> str:
    """Return all that is needed to repeat a build."""
    pins = [line.split()[0] for line in _TOOLS.read_text().splitlines() if "==" in line]
    return "\n".join(
        [
            *(f"{archive.name}  SHA-256 {archive.sha256}" for archive in archives()),
            f"tools: {' '.join(pins)}",
            f"assembler: {build.assembler.version if build.assembler else 'none'}",
            f"target: {build.machine}-linux-musl, compiled with {' '.join(_HARDENED)}",
            f"dav1d: meson setup {' '.join(_dav1d_options(build))}",
            "libwebp: configure " + " ".join(_libwebp_options(build)),
            "ffmpeg: configure " + " ".join(f"'{option}'" for option in _ffmpeg_options(build)),
            "",
        ]
    )


def archives() -> list[Archive]:
    """Return the archives that sources.txt pins."""
    lines = (_HERE / "sources.txt").read_text().splitlines()
    return [Archive(*line.split()) for line in lines if line and not line.startswith("#")]


def components() -> dict[str, list[str]]:
    """Return the components of ffmpeg to compile, by kind."""
    found: defaultdict[str, list[str]] = defaultdict(list)
    for line in (_HERE / "components.txt").read_text().splitlines():
        if line and not line.startswith("#"):
            kind, *names = line.split()
            found[kind] += names
    return found


def _megabytes(folder: Path) -> str:
    archive = io.BytesIO()
    files = [path for path in folder.rglob("*") if path.is_file()]
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as packed:
        for path in files:
            packed.write(path, path.relative_to(folder))
    size = sum(path.stat().st_size for path in files)
    return f"{size / 1e6:.1f} MB, {archive.tell() / 1e6:.1f} MB zipped"


def main(architectures: list[str]) -> None:
    """Build the missing architectures. Print the folders to stdout and progress to stderr."""
    for architecture in architectures:
        if architecture not in _MACHINES:
            raise BuildFailed(f"Unknown architecture {architecture}: use {' or '.join(_MACHINES)}.")
        build = Build(architecture, Assembler.of(architecture))
        if not build.result.exists():
            _report(f"{architecture}: compiling ffmpeg, which takes minutes ({_how(build)})")
            started = time.monotonic()
            build.make()
            _report(f"{architecture}: compiled in {time.monotonic() - started:.0f} s")
        _report(f"{architecture}: {_megabytes(build.result)}, in")
        print(build.result, flush=True)


def _how(build: Build) -> str:
    if not build.uses_assembly:
        return "without nasm, so without x86 assembly: decoding will be slower"
    return build.assembler.version if build.assembler else "with the compiler's own assembler"


def _report(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


if __name__ == "__main__":
    try:
        main(sys.argv[1:])
    except BuildFailed as error:
        sys.exit(f"{error}")
