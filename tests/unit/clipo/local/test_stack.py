import pytest

from clipo.local.stack import webhooks_row


@pytest.mark.parametrize(("value", "count"), [("true", 1), ("false", 0), (None, 0)])
def test_the_start_of_a_stack_shows_that_webhooks_are_on(value: str | None, count: int) -> None:
    rows = webhooks_row({"WEBHOOKS": value} if value else {})
    assert [name for name, _ in rows] == ["Webhooks"] * count
