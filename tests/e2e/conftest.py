from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.stack import RunningStack, running_stack

_HERE = Path(__file__).parent


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if _HERE in item.path.parents:
            item.add_marker(pytest.mark.e2e)


@pytest.fixture(scope="session")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningStack]:
    """One stack for all tests that leave it as it was."""
    with running_stack(tmp_path_factory.mktemp("clipo")) as stack:
        yield stack
