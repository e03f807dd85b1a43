from pathlib import Path

import pytest

_HERE = Path(__file__).parent


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if _HERE in item.path.parents:
            item.add_marker(pytest.mark.e2e)
            item.add_marker(pytest.mark.xdist_group(_group(item)))


def _group(item: pytest.Item) -> str:
    """Return what tests share that are run by one process: a stack, so that it starts once."""
    fixtures = getattr(item, "fixturenames", [])
    return next((name for name in ("faults", "stack") if name in fixtures), item.path.stem)
