from pathlib import Path

import pytest
from typer.testing import CliRunner

from clipo.cli import piped
from clipo.cli.app import app
from clipo.client import profiles
from clipo.errors import Misuse


def test_hints_name_the_program_as_the_shell_finds_it(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    program = tmp_path / "clipo"
    monkeypatch.setattr("sys.argv", [str(program)])
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    with pytest.raises(Misuse, match=f"{program} login --profile NAME --api URL"):
        profiles.address_of("staging")
    with pytest.raises(Misuse, match=f"{program} upload - --name"):
        piped.check_name(None)
    for arguments in (["retry"], ["reprocess"], ["delete"], ["show", "x"]):
        said = " ".join(CliRunner().invoke(app, arguments, env={"COLUMNS": "1000"}).output.split())
        assert f"{program} " in said
