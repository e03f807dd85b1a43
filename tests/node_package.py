"""The npm package `clipo` of packages/node, as an app that has installed it finds it."""

import json
import subprocess
from pathlib import Path

import playwright
import pytest

from tests.browsers import NODE_MODULES

PACKAGE = Path(__file__).parents[1] / "packages" / "node"

NODE = Path(playwright.__file__).parent / "driver" / "node"


def node_folder(folder: Path) -> None:
    """Give a folder the packages of docs/embed.md."""
    if not (PACKAGE / "dist" / "index.js").exists():
        pytest.skip("packages/node is not built: run make setup")
    modules = folder / "node_modules"
    modules.mkdir()
    (modules / "express").symlink_to(NODE_MODULES / "express")
    (modules / "express-session").symlink_to(PACKAGE / "node_modules" / "express-session")
    (modules / "clipo").symlink_to(PACKAGE)


def openapi() -> object:
    """Return the OpenAPI document of which the package's client is made."""
    return json.loads((PACKAGE / "openapi.json").read_text())


def compiled(source: Path) -> str:
    """Check a TypeScript module of a `node_folder`, compile it, and return its name."""
    options = "--strict --target ES2022 --module NodeNext --skipLibCheck --types node"
    modules = PACKAGE / "node_modules"
    tsc, types = modules / "typescript" / "bin" / "tsc", modules / "@types"
    finished = subprocess.run(
        [NODE, tsc, *options.split(), "--typeRoots", types, source.name],
        cwd=source.parent,
        capture_output=True,
        text=True,
        check=False,
    )
    assert finished.returncode == 0, finished.stdout
    return source.with_suffix(".mjs").name
