"""The artifacts that are compared: what `sam build` makes, and what one gets without any care."""

import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from layers.ffmpeg.build import Assembler, Build
from tests.deploy.sam import ARCHITECTURE, Sam
from tests.template import source

_ROOT = Path(__file__).parents[2]
_HERE = Path(__file__).parent
_UV = _ROOT / ".tools" / "uv" / "bin" / "uv"
_PLATFORM = {"arm64": "aarch64", "x86_64": "x86_64"}[ARCHITECTURE] + "-manylinux_2_28"

HELLO_FOLDER = _HERE / "hello"
ARTIFACTS = {
    "api": "ApiFunction",
    "processing": "ProcessingFunction",
    "upkeep": "UpkeepFunction",
    "webhooks": "WebhooksFunction",
}


@dataclass(frozen=True)
class Builds:
    """Where the built functions and layers are."""

    ours: dict[str, Path]
    naive: dict[str, Path]
    wheel_ffmpeg: Path
    minimal_ffmpeg: Path | None
    """`None` where `make layer` has not compiled it."""


def build(folder: Path, names: list[str]) -> Builds:
    """Build the functions of these names in both ways."""
    _say("building ours, as sam build does")
    ours = Sam({"FFMPEG": "wheel"}).build(folder / "ours")
    _say("building the naive way")
    layer = Build(ARCHITECTURE, Assembler.of(ARCHITECTURE)).result
    return Builds(
        ours={name: ours / ARTIFACTS[name] for name in names},
        naive={name: naive(folder / "naive" / name, name) for name in names},
        wheel_ffmpeg=ours / "FfmpegLayer" / "bin",
        minimal_ffmpeg=layer / "bin" if layer.exists() else None,
    )


def our_handler(name: str) -> str:
    """Return what the template has Lambda import of a function."""
    handler: str = source()["Resources"][ARTIFACTS[name]]["Properties"]["Handler"]
    return handler


def naive(folder: Path, name: str) -> Path:
    """Install the locked packages and boto3 as they are, and put the code and a handler beside.

    Nothing is compiled: wheels bring no bytecode, and `sam build` makes none by itself.
    """
    subprocess.run(  # noqa: S603 (our own arguments)
        [
            *(str(_UV), "pip", "install", "--quiet", "--only-binary", ":all:"),
            *("--link-mode", "copy", "--python-platform", _PLATFORM, "--python-version", "3.13"),
            *("--requirements", f"requirements/{name}.txt", _locked("boto3")),
            *("--constraint", "requirements/local.txt", "--target", str(folder)),
        ],
        cwd=_ROOT,
        check=True,
    )
    for code in (_ROOT / "functions", _HERE / "naive"):
        ignored = shutil.ignore_patterns("__pycache__")
        shutil.copytree(code, folder / code.name, ignore=ignored)
    return folder


def _locked(package: str) -> str:
    lock = (_ROOT / "requirements" / "local.txt").read_text()
    found = re.search(rf"^{package}==\S+", lock, re.MULTILINE)
    if found is None:
        raise LookupError(f"requirements/local.txt does not lock {package}.")
    return found[0]


def _say(progress: str) -> None:
    print(progress, file=sys.stderr)
