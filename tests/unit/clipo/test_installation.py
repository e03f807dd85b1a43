"""The command that adds a package to the environment in which this program is installed."""

from pathlib import Path

import pytest

from clipo import installation
from clipo.installation import command_to_add
from clipo.local import checkout

_ROOT = Path(__file__).parents[3]


@pytest.fixture
def prefix(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An environment named `clipo` that is not the checkout's, in the working directory."""
    folder = tmp_path / "clipo"
    (folder / "bin").mkdir(parents=True)
    monkeypatch.setattr("sys.prefix", str(folder))
    monkeypatch.setattr("sys.executable", str(folder / "bin" / "python"))
    monkeypatch.setenv("PATH", "/usr/bin:/bin")
    monkeypatch.chdir(tmp_path)
    return folder


def test_an_environment_of_pipx_gets_it_by_pipx(prefix: Path) -> None:
    (prefix / "pipx_metadata.json").touch()
    assert command_to_add("boto3") == "pipx inject clipo boto3"


@pytest.mark.parametrize(
    ("receipt", "command"),
    [
        ('{ name = "clipo", directory = "/my clone" }', "--with=boto3 '/my clone'"),
        ('{ name = "clipo", git = "https://x/y" }', "--with=boto3 git+https://x/y"),
        ('{ name = "clipo", git = "https://x/y?rev=v1" }', "--with=boto3 git+https://x/y@v1"),
        ('{ name = "clipo", git = "https://x/y?tag=v1#0ab" }', "--with=boto3 git+https://x/y@v1"),
        (
            '{ name = "clipo", git = "https://x/y?subdirectory=a%2Fb&branch=c%2Fd" }',
            "--with=boto3 'git+https://x/y@c/d#subdirectory=a/b'",
        ),
        (
            '{ name = "clipo", editable = "/src" }, { name = "ours", editable = "/ours" }',
            "--with-editable=/ours --with=boto3 --editable /src",
        ),
        (
            '{ name = "clipo" }, { name = "rich", extras = ["x"], virtual = "/rich" }',
            "--with=rich --with=boto3 clipo",
        ),
        ('{ name = "clipo", specifier = "==0.2" }', "--with=boto3 clipo==0.2"),
        (
            '{ name = "clipo", path = "/a.whl" }, { name = "rich", specifier = ">=2" }',
            "'--with=rich>=2' --with=boto3 /a.whl",
        ),
    ],
)
def test_a_tool_of_uv_is_installed_again_with_all_that_it_had(
    prefix: Path, receipt: str, command: str
) -> None:
    (prefix / "uv-receipt.toml").write_text(f"[tool]\nrequirements = [{receipt}]\n")
    assert command_to_add("boto3") == f"uv tool install {command}"


def test_a_tool_of_uv_keeps_its_python(prefix: Path) -> None:
    receipt = '[tool]\nrequirements = [{ name = "clipo" }]\npython = "3.13"\n'
    (prefix / "uv-receipt.toml").write_text(receipt)
    assert command_to_add("boto3") == "uv tool install --with=boto3 --python=3.13 clipo"


@pytest.mark.parametrize(
    "receipt",
    [
        b"",
        b"tool = 1",
        b"[tool]",
        b"[tool]\nrequirements = []",
        b"[tool]\nrequirements = ['clipo']",
        b"[tool]\nrequirements = [{ name = 1 }]",
        b"[tool",
        b"[tool]\nrequirements = '\xff'",
    ],
)
def test_a_tool_with_an_odd_receipt_is_installed_by_its_name(prefix: Path, receipt: bytes) -> None:
    (prefix / "uv-receipt.toml").write_bytes(receipt)
    assert command_to_add("boto3") == "uv tool install --with=boto3 clipo"


def test_any_other_environment_gets_it_by_its_own_pip(
    prefix: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(installation, "find_spec", lambda _: object())
    assert command_to_add("boto3") == "clipo/bin/python -m pip install boto3"
    (prefix / "bin" / "pip").touch(0o755)
    monkeypatch.setenv("PATH", str(prefix / "bin"))
    assert command_to_add("boto3") == "pip install boto3"


@pytest.mark.usefixtures("prefix")
def test_an_environment_without_pip_gets_it_by_uv(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(installation, "find_spec", lambda _: None)
    assert command_to_add("boto3") == "uv pip install --python clipo/bin/python boto3"


def test_the_environment_of_a_checkout_gets_it_by_make(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.prefix", str(checkout.ENVIRONMENT))
    monkeypatch.chdir(_ROOT)
    assert command_to_add("boto3") == "make command"
    monkeypatch.chdir("/")
    assert command_to_add("boto3") == f"make -C {_ROOT} command"
