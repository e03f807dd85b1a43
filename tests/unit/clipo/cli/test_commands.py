"""What commands say, with an API in this process."""

from pathlib import Path
from typing import Any

import httpx2
import pytest
from typer.testing import CliRunner, Result

from clipo.cli import view
from clipo.cli.app import app
from tests.scripted_api import Scripted

ID = "6b03911acf2b20c6f6841702"


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Run in a folder without a stack, a login and a profile."""
    monkeypatch.chdir(tmp_path)
    for name in ("HOME", "XDG_CONFIG_HOME", "CLIPO_HOME"):
        monkeypatch.setenv(name, str(tmp_path))


def run(scripted: Scripted, *arguments: str, typed: str | None = None) -> Result:
    return CliRunner().invoke(app, [*arguments, "--api", scripted.url], input=typed)


def test_a_failed_video_is_reported_before_a_file_of_its_name(
    scripted: Scripted, tmp_path: Path
) -> None:
    (tmp_path / "fake.mp4").touch()
    video: dict[str, Any] = {"id": ID, "filename": "fake.mp4", "status": "failed"}
    scripted.answers[f"GET /videos/{ID}"] = httpx2.Response(200, json=video)
    scripted.refuse(f"GET /videos/{ID}/source", 404, "video_failed", "It failed.")
    found = run(scripted, "download", ID)
    assert (found.exit_code, found.stderr) == (1, "It failed. (video_failed)\n")


@pytest.mark.parametrize(("count", "said"), [(1, "1 video"), (1200, "1,200 videos")])
def test_erased_videos_are_counted(scripted: Scripted, count: int, said: str) -> None:
    report = {"videos": count, "api_keys_left": 0, "finished": True}
    scripted.answers["POST /owners/erase"] = httpx2.Response(200, json=report)
    found = run(scripted, "erase", "--owner", "berta", "--yes")
    assert found.stdout == f"erased  berta  {said}\n"


@pytest.mark.parametrize(
    ("milliseconds", "said"), [(0, "0 ms"), (999, "999 ms"), (62325, "62.3 s")]
)
def test_a_long_time_is_shown_in_seconds(milliseconds: int, said: str) -> None:
    assert view.elapsed(milliseconds) == said
