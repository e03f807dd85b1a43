"""How this program is installed, for messages that say how to add a package to it."""

import shlex
import shutil
import sys
import tomllib
from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

from clipo.local import checkout
from clipo.program import shown_path

_PLACES = ("directory", "editable", "path", "url")
"""Keys of a uv receipt that name a source other than a registry."""

_REVISIONS = ("rev", "tag", "branch")
"""Keys for the revision in the query of a git source."""


def command_to_add(package: str) -> str:
    """Return the command that adds a package to the environment of this program.

    pipx and uv keep a file in each environment that they manage. Packages that another program adds
    there would be gone after their next upgrade.
    """
    prefix = Path(sys.prefix)
    if prefix.resolve() == checkout.ENVIRONMENT.resolve():
        return checkout.make("command")
    if (prefix / "pipx_metadata.json").is_file():
        return shlex.join(["pipx", "inject", prefix.name, package])
    receipt = prefix / "uv-receipt.toml"
    if receipt.is_file():
        return _with_uv(receipt, package)
    return _with_pip(prefix, package)


def _with_uv(receipt: Path, package: str) -> str:
    """Return the command that installs the tool again: it needs all packages beside the tool."""
    found = _read(receipt)
    tool, *others = _packages(found) or [{"name": "clipo"}]
    options = [*map(_option, others), f"--with={package}"]
    if isinstance(found.get("python"), str):
        options.append(f"--python={found['python']}")
    if "editable" in tool:
        options.append("--editable")
    return shlex.join(["uv", "tool", "install", *options, _requirement(tool)])


def _read(receipt: Path) -> dict[str, Any]:
    """Return the table `tool` of a uv receipt, or an empty one if the file has none."""
    try:
        with receipt.open("rb") as file:
            tool = tomllib.load(file).get("tool")
    except (OSError, ValueError):
        return {}
    return tool if isinstance(tool, dict) else {}


def _packages(tool: Mapping[str, Any]) -> list[dict[str, str]]:
    """Return the texts of each package, the tool first; nothing if one is not as expected."""
    entries = tool.get("requirements")
    if not isinstance(entries, list) or not all(isinstance(one, dict) for one in entries):
        return []
    found = [{key: one[key] for key in one if isinstance(one[key], str)} for one in entries]
    return found if all("name" in one for one in found) else []


def _option(of: Mapping[str, str]) -> str:
    """Return the option that adds a package beside the tool."""
    kind = "--with-editable" if "editable" in of else "--with"
    return f"{kind}={_requirement(of)}"


def _requirement(of: Mapping[str, str]) -> str:
    """Return an entry of uv's receipt as one would type it."""
    if "git" in of:
        return _git(of["git"])
    place = next((of[one] for one in _PLACES if one in of), None)
    return place or of["name"] + of.get("specifier", "")


def _git(source: str) -> str:
    """Return a git source, whose query has the revision and the folder, as one would type it."""
    address, _, query = source.partition("#")[0].partition("?")
    given = parse_qs(query)
    revision = next((f"@{given[one][0]}" for one in _REVISIONS if one in given), "")
    folder = "".join(f"#subdirectory={one}" for one in given.get("subdirectory", []))
    return f"git+{address}{revision}{folder}"


def _with_pip(prefix: Path, package: str) -> str:
    found = shutil.which("pip")
    if found and Path(found).is_relative_to(prefix):
        return f"pip install {package}"
    python = shown_path(Path(sys.executable))
    if find_spec("pip"):
        return f"{python} -m pip install {package}"
    return f"uv pip install --python {python} {package}"
