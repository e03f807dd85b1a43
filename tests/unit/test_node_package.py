"""The npm package of packages/node."""

import json
import tomllib
from pathlib import Path

import pytest

from packages.openapi import document

_ROOT = Path(__file__).parents[2]
_PACKAGE = _ROOT / "packages" / "node"


def test_its_client_is_generated_from_the_present_openapi_document() -> None:
    generated_from = _PACKAGE / "openapi.json"
    if not generated_from.exists():
        pytest.skip("packages/node is not built: run make setup")
    assert json.loads(generated_from.read_text()) == document(), "run make setup"
    functions = (_PACKAGE / "dist" / "api" / "sdk.gen.js").read_text()
    for operations in document()["paths"].values():
        for operation in operations.values():
            assert f"export const {operation['operationId']} = (" in functions


def test_its_version_is_that_of_clipo() -> None:
    project = tomllib.loads((_ROOT / "pyproject.toml").read_text())["project"]
    assert json.loads((_PACKAGE / "package.json").read_text())["version"] == project["version"]
