"""What the wheel is made of; tests/deploy/test_wheel.py builds and installs it."""

import tomllib
from pathlib import Path

_PROJECT = Path(__file__).parents[3] / "pyproject.toml"


def test_the_wheel_has_the_client_only() -> None:
    wheel = tomllib.loads(_PROJECT.read_text())["tool"]["hatch"]["build"]["targets"]["wheel"]
    assert wheel == {
        "packages": ["clipo"],
        "shared-scripts": {"clipo/cli/script.py": "clipo"},
    }
