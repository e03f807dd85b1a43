"""The modules that importing a function or the command loads, in a separate process."""

import subprocess
import sys
from pathlib import Path

import pytest

_ROOT = Path(__file__).parents[2]
_LAMBDAS = ("api", "processing", "webhooks", "upkeep")


def test_the_help_loads_no_slow_module() -> None:
    """Fast imports keep `clipo --help` and shell completion quick."""
    code = (
        "import sys\n"
        "from clipo.cli.app import app\n"
        "slow = {'asyncio.events', 'boto3', 'httpx2', 'rich.console', 'tenacity'}\n"
        "assert not slow & sys.modules.keys(), slow & sys.modules.keys()\n"
    )
    finished = subprocess.run(
        [sys.executable, "-c", code], cwd=_ROOT, capture_output=True, text=True, check=False
    )
    assert finished.returncode == 0, finished.stderr


@pytest.mark.parametrize(
    "handler", [f"{name}.handler" for name in _LAMBDAS] + ["processing.cold_start"]
)
def test_importing_a_handler_needs_no_settings_and_no_network(handler: str) -> None:
    code = (
        "import socket, sys\n"
        "def refuse(*_): raise AssertionError('network at import')\n"
        "socket.socket.connect = refuse\n"
        f"import functions.{handler}\n"
        "print('botocore.session' in sys.modules)"
    )
    finished = subprocess.run(
        [sys.executable, "-c", code],
        env={"PYTHONPATH": str(_ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (finished.returncode, finished.stdout) == (0, "False\n"), finished.stderr


def test_a_snapshot_of_the_api_has_all_modules_and_no_connection(tmp_path: Path) -> None:
    """Use a stand-in for the module with which Lambda registers snapshot hooks."""
    (tmp_path / "snapshot_restore_py.py").write_text(
        "hooks = []\ndef register_before_snapshot(hook): hooks.append(hook)\n"
    )
    code = (
        "import socket, sys\n"
        "def refuse(*_): raise AssertionError('network in a snapshot')\n"
        "socket.socket.connect = refuse\n"
        "import functions.api.handler as handler, snapshot_restore_py\n"
        "late = {'urllib3'}\n"
        "assert not late & sys.modules.keys()\n"
        "for hook in snapshot_restore_py.hooks: hook()\n"
        "assert late <= sys.modules.keys()\n"
        "assert handler._adapter.cache_info().currsize == 0, 'credentials were looked for'\n"
    )
    finished = subprocess.run(
        [sys.executable, "-c", code],
        env={"PYTHONPATH": f"{_ROOT}:{tmp_path}"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert finished.returncode == 0, finished.stderr


def test_what_checks_a_logins_tokens_is_imported_at_the_first_of_them() -> None:
    code = (
        "import sys\n"
        "import functions.api.handler\n"
        "from functions.api.login import Logins\n"
        "from functions.core.clock import utc_now\n"
        "from functions.core.oidc import OidcLogin\n"
        "logins = Logins(OidcLogin('https://a.example', frozenset('a'), frozenset()), utc_now)\n"
        # In an environment for development, pymongo imports cryptography for pyOpenSSL.
        "late = {'jwt', 'urllib3'}\n"
        "print(late & sys.modules.keys(), logins._issuer and late <= sys.modules.keys())\n"
    )
    finished = subprocess.run(
        [sys.executable, "-c", code],
        env={"PYTHONPATH": str(_ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (finished.returncode, finished.stdout) == (0, "set() True\n"), finished.stderr
