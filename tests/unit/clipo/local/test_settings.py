import pytest

from clipo.errors import Misuse
from clipo.local.settings import api_port


@pytest.mark.parametrize("port", ["0", "65536", "many", "²", "-1"])
def test_a_port_that_is_none_is_refused(port: str) -> None:
    with pytest.raises(Misuse, match="PORT must be"):
        api_port({"PORT": port})
