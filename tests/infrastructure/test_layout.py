"""The rules of the layout: who may import what."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

_FUNCTIONS = Path(__file__).parents[2] / "functions"
_MODULES = sorted(_FUNCTIONS.rglob("*.py"))


def imports(module: Path) -> set[str]:
    """Return the top-level names that a module imports, also inside functions."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(module.read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names.add(node.module.partition(".")[0])
    return names


def importers(*packages: str) -> list[str]:
    return [
        str(module.relative_to(_FUNCTIONS))
        for module in _MODULES
        if imports(module) & set(packages)
    ]


@pytest.mark.parametrize(
    ("packages", "modules"),
    [
        (["pymongo", "bson"], ["shared/catalog.py"]),
        (
            ["boto3", "botocore"],
            ["shared/nudges.py", "shared/processing_function.py", "shared/s3_client.py"],
        ),
        (["urllib3"], ["shared/s3_requests.py", "shared/storage.py"]),
        (["standardwebhooks"], ["upkeep/webhooks.py", "upkeep/wiring.py"]),
        (["ssl"], ["upkeep/receiver.py"]),
        (["subprocess"], ["processing/cage.py"]),
        (["mangum"], ["api/handler.py"]),
    ],
)
def test_one_module_speaks_to_each_outside(packages: list[str], modules: list[str]) -> None:
    assert importers(*packages) == modules


def test_functions_do_not_know_the_local_stack_or_each_other() -> None:
    assert importers("clipo") == []
    for module in _MODULES:
        folder = module.relative_to(_FUNCTIONS).parts[0]
        others = {"api", "processing", "upkeep"} - {folder}
        assert not imports(module) & others, module


def test_the_web_framework_stays_in_the_api() -> None:
    web = importers("fastapi", "starlette", "pydantic")
    assert all(module.startswith("api/") for module in web)


@pytest.mark.parametrize(
    "handler", ["api.handler", "processing.handler", "processing.cold_start", "upkeep.handler"]
)
def test_importing_a_handler_needs_no_settings_and_no_network(handler: str) -> None:
    code = (
        "import socket, sys\n"
        "def refuse(*_): raise AssertionError('network at import')\n"
        "socket.socket.connect = refuse\n"
        f"import {handler}\n"
        "print('botocore.session' in sys.modules)"
    )
    finished = subprocess.run(
        [sys.executable, "-c", code],
        env={"PYTHONPATH": str(_FUNCTIONS)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (finished.returncode, finished.stdout) == (0, "False\n"), finished.stderr


def test_a_snapshot_of_the_api_has_all_modules_and_no_connection(tmp_path: Path) -> None:
    """With a stand-in for what Lambda's own Python has to register such work."""
    (tmp_path / "snapshot_restore_py.py").write_text(
        "hooks = []\ndef register_before_snapshot(hook): hooks.append(hook)\n"
    )
    code = (
        "import socket, sys\n"
        "def refuse(*_): raise AssertionError('network in a snapshot')\n"
        "socket.socket.connect = refuse\n"
        "import api.handler, snapshot_restore_py\n"
        "late = {'botocore.session', 'urllib3'}\n"
        "assert not late & sys.modules.keys()\n"
        "for hook in snapshot_restore_py.hooks: hook()\n"
        "assert late <= sys.modules.keys()\n"
        "assert api.handler._adapter.cache_info().currsize == 0, 'credentials were looked for'\n"
    )
    finished = subprocess.run(
        [sys.executable, "-c", code],
        env={"PYTHONPATH": f"{_FUNCTIONS}:{tmp_path}"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert finished.returncode == 0, finished.stderr
