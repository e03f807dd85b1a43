"""Makes our own ffmpeg and ffprobe: static, LGPL, with nothing in it that the engine does not use.

Usage: build.py ARCHITECTURE…    of x86_64 and arm64, whatever this machine is

The sources are those of sources.txt, from the folder $CLIPO_SOURCES or else from their projects'
pages; what is compiled is in components.txt. The result lies in `.layer/` under a name made of
everything that it is made from, so that it is made again only if that has changed.
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
from dataclasses import dataclass
from pathlib import Path

_HERE = Path(__file__).resolve().parent
_REPOSITORY = _HERE.parents[1]
_RESULTS = _REPOSITORY / ".layer"
_TOOLS = _REPOSITORY / "requirements" / "layer.txt"
_SHOWN_LINES = 40

_MACHINES = {"x86_64": "x86_64", "arm64": "aarch64"}
"""Lambda's names of processors, and everybody else's."""

_HARDENED = ["-fPIE", "-fstack-protector-strong"]
"""A decoder that is made to write where it should not finds no fixed addresses, and is ended."""

_DAV1D = [
    *("--buildtype=release", "--default-library=static"),
    *("-Denable_tools=false", "-Denable_tests=false"),
]

_FFMPEG = [
    *("--enable-cross-compile", "--target-os=linux", "--cc=target-cc", "--host-cc=host-cc"),
    *("--ar=target-ar", "--ranlib=target-ranlib", "--pkg-config=pkgconf"),
    *("--pkg-config-flags=--static", "--disable-everything", "--disable-autodetect"),
    *("--disable-avdevice", "--disable-swresample", "--disable-doc", "--disable-debug"),
    *("--disable-stripping", "--disable-ffplay", "--enable-pic", "--enable-libdav1d"),
    # A fifth less, and no slower where the work is hand-written assembly.
    "--enable-small",
]


class BuildFailed(Exception):
    """A step of the build did not succeed; its message is for whoever runs it."""


@dataclass(frozen=True, slots=True)
class Archive:
    """One line of sources.txt."""

    sha256: str
    name: str
    url: str

    @property
    def folder(self) -> str:
        """Return what it unpacks to."""
        return self.name.removesuffix(".tar.xz")

    def read(self) -> bytes:
        """Return the archive's bytes. Raises `BuildFailed` where they are not the pinned ones."""
        given = os.environ.get("CLIPO_SOURCES")
        origin = (Path(given) / self.name).resolve().as_uri() if given else self.url
        try:
            with urllib.request.urlopen(origin, timeout=60) as answer:  # noqa: S310 (file or https)
                content: bytes = answer.read()
        except OSError as error:
            raise BuildFailed(
                f"{origin} cannot be read: {error}. Put {self.name} into a folder and set"
                " CLIPO_SOURCES to it."
            ) from error
        if hashlib.sha256(content).hexdigest() != self.sha256:
            raise BuildFailed(f"{origin} is not the file whose SHA-256 sources.txt has.")
        return content

    def unpack(self, folder: Path) -> Path:
        """Unpack it into a folder, and return where it lies then."""
        with tarfile.open(fileobj=io.BytesIO(self.read()), mode="r:xz") as archive:
            archive.extractall(folder, filter="data")
        return folder / self.folder


@dataclass(frozen=True, slots=True)
class Assembler:
    """The one that x86's hand-written code needs. ARM's is read by the compiler itself."""

    version: str

    @classmethod
    def of(cls, architecture: str) -> "Assembler | None":
        """Return the one on this machine, where the architecture needs one and there is one."""
        nasm = shutil.which("nasm")
        if architecture != "x86_64" or not nasm:
            return None
        said = subprocess.run([nasm, "-v"], capture_output=True, text=True, check=True).stdout  # noqa: S603
        return cls(" ".join(said.split()[:3]))


@dataclass(frozen=True, slots=True)
class Build:
    """One architecture's."""

    architecture: str
    assembler: Assembler | None

    @property
    def machine(self) -> str:
        """Return the processor's name in a target."""
        return _MACHINES[self.architecture]

    @property
    def uses_assembly(self) -> bool:
        """Tell whether the hand-written code goes in, without which decoding is slow."""
        return self.architecture == "arm64" or self.assembler is not None

    @property
    def result(self) -> Path:
        """Return the folder of the result, whose name changes with all that it depends on."""
        key = hashlib.sha256(repr(self.assembler).encode())
        for file in (Path(__file__), _HERE / "components.txt", _HERE / "sources.txt", _TOOLS):
            key.update(hashlib.sha256(file.read_bytes()).digest())
        return _RESULTS / f"{self.architecture}-{key.hexdigest()[:12]}"

    def make(self) -> None:
        """Compile it into its folder. Raises `BuildFailed`, and leaves the log then."""
        result = self.result
        _RESULTS.mkdir(exist_ok=True)
        work = Path(tempfile.mkdtemp(prefix=f"{self.architecture}-", dir=_RESULTS))
        try:
            workshop = Workshop(self, work, result.with_suffix(".log"))
            workshop.compile()
            # At once, so that nobody finds half of it; who made the same meanwhile made the same.
            if not result.exists():
                workshop.layer.rename(result)
        finally:
            shutil.rmtree(work)


@dataclass(frozen=True, slots=True)
class Workshop:
    """A folder in which one build happens, and its log."""

    build: Build
    folder: Path
    log: Path

    @property
    def layer(self) -> Path:
        """Return what is to become the result."""
        return self.folder / "layer"

    @property
    def _built(self) -> Path:
        return self.folder / "built"

    def compile(self) -> None:
        """Make dav1d, then ffmpeg with it, then the layer of both."""
        self.log.write_text("")
        self._write_tools()
        sources = {archive.folder.split("-")[0]: archive for archive in archives()}
        dav1d = sources["dav1d"].unpack(self.folder)
        ffmpeg = sources["ffmpeg"].unpack(self.folder)
        self._compile_dav1d(dav1d)
        self._compile_ffmpeg(ffmpeg)
        self._fill_layer(dav1d, ffmpeg)

    def _write_tools(self) -> None:
        """Give zig the names that others call, so that no path of this machine is in a command."""
        target = f"-target {self.build.machine}-linux-musl"
        # Neither this folder's name nor this machine's processor may show in what is compiled.
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

    def _compile_ffmpeg(self, source: Path) -> None:
        self._run(source, "./configure", *_ffmpeg_options(self.build))
        self._run(source, "make", f"-j{os.cpu_count()}", "ffmpeg", "ffprobe")

    def _fill_layer(self, dav1d: Path, ffmpeg: Path) -> None:
        (self.layer / "bin").mkdir(parents=True)
        for program in ("ffmpeg", "ffprobe"):
            shutil.copyfile(ffmpeg / program, self.layer / "bin" / program)
            (self.layer / "bin" / program).chmod(0o755)
        (self.layer / "licences").mkdir()
        texts = {
            "ffmpeg.txt": ffmpeg / "COPYING.LGPLv2.1",
            "ffmpeg-parts.txt": ffmpeg / "LICENSE.md",
            "dav1d.txt": dav1d / "COPYING",
            "musl.txt": _zig().parent / "lib" / "libc" / "musl" / "COPYRIGHT",
            "zig.txt": _zig().parent / "LICENSE",
        }
        for name, text in texts.items():
            shutil.copyfile(text, self.layer / "licences" / name)
        shutil.copyfile(_HERE / "LICENSES-minimal.txt", self.layer / "LICENSES.txt")
        (self.layer / "configuration.txt").write_text(configuration(self.build))

    def _run(self, folder: Path, *command: str) -> None:
        """Run a step with nothing of the user's environment but where programs are."""
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
            raise BuildFailed(f"{end}\n`{command[0]}` failed: all that was said is in {self.log}")


def _zig() -> Path:
    import ziglang  # noqa: PLC0415 (not where only the folder's name is asked for)

    return Path(ziglang.__file__).parent / "zig"


def _dav1d_options(build: Build) -> list[str]:
    return [*_DAV1D, f"-Denable_asm={str(build.uses_assembly).lower()}"]


def _ffmpeg_options(build: Build) -> list[str]:
    return [
        *(f"--arch={build.machine}", *_FFMPEG, "--extra-ldexeflags=-static-pie -s"),
        *([] if build.uses_assembly else ["--disable-x86asm"]),
        *(f"--enable-{kind}={','.join(names)}" for kind, names in components().items()),
    ]


def configuration(build: Build) -> str:
    """Return how a build was made, for whoever wants to make the same."""
    pins = [line.split()[0] for line in _TOOLS.read_text().splitlines() if "==" in line]
    return "\n".join(
        [
            *(f"{archive.name}  SHA-256 {archive.sha256}" for archive in archives()),
            f"tools: {' '.join(pins)}",
            f"assembler: {build.assembler.version if build.assembler else 'none'}",
            f"target: {build.machine}-linux-musl, compiled with {' '.join(_HARDENED)}",
            f"dav1d: meson setup {' '.join(_dav1d_options(build))}",
            "ffmpeg: configure " + " ".join(f"'{option}'" for option in _ffmpeg_options(build)),
            "",
        ]
    )


def archives() -> list[Archive]:
    """Return what is pinned."""
    lines = (_HERE / "sources.txt").read_text().splitlines()
    return [Archive(*line.split()) for line in lines if line and not line.startswith("#")]


def components() -> dict[str, list[str]]:
    """Return what is compiled, by its kind."""
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
    """Make what is not there yet; print where it all is, and for a person, how it went."""
    for architecture in architectures:
        if architecture not in _MACHINES:
            raise BuildFailed(f"{architecture} is none of {' and '.join(_MACHINES)}.")
        build = Build(architecture, Assembler.of(architecture))
        if not build.result.exists():
            _tell(f"{architecture}: compiling ffmpeg, once; it takes minutes ({_how(build)})")
            started = time.monotonic()
            build.make()
            _tell(f"{architecture}: compiled in {time.monotonic() - started:.0f} s")
        _tell(f"{architecture}: {_megabytes(build.result)}, in")
        print(build.result, flush=True)


def _how(build: Build) -> str:
    if not build.uses_assembly:
        return "without nasm, so without x86's hand-written code: it will decode more slowly"
    return build.assembler.version if build.assembler else "with the compiler's own assembler"


def _tell(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


if __name__ == "__main__":
    try:
        main(sys.argv[1:])
    except BuildFailed as error:
        sys.exit(f"{error}")
