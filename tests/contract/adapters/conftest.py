from collections.abc import Iterator

import pytest

from tests.checking_aws import CheckingAws
from tests.checking_aws import checking_aws as running


@pytest.fixture(scope="session")
def checking_aws(tmp_path_factory: pytest.TempPathFactory) -> Iterator[CheckingAws]:
    with running(tmp_path_factory.mktemp("aws")) as aws:
        yield aws
