from pathlib import Path

import pytest

from clipo.local.stack import webhooks_row


@pytest.mark.parametrize(("value", "count"), [("true", 1), ("false", 0), (None, 0)])
def test_the_start_of_a_stack_shows_that_webhooks_are_on(value: str | None, count: int) -> None:
    rows = webhooks_row({"WEBHOOKS": value} if value else {})
    assert [name for name, _ in rows] == ["Webhooks"] * count


def test_the_start_names_the_command_as_its_user_has_called_it(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    program = tmp_path / "clipo"
    monkeypatch.setattr("sys.argv", [str(program)])
    [(_, said)] = webhooks_row({"WEBHOOKS": "true"})
    assert f"{program} webhooks add URL" in said
    assert f"{program} webhooks listen" in said
