import pytest

from clipo.errors import Misuse
from clipo.local.settings import access, api_port, hosts


@pytest.mark.parametrize("port", ["0", "65536", "many", "²", "-1"])
def test_a_port_that_is_none_is_refused(port: str) -> None:
    with pytest.raises(Misuse, match="PORT must be"):
        api_port({"PORT": port})


def test_the_api_answers_to_the_hosts_of_the_setting_and_to_the_bound_address() -> None:
    assert hosts({}) == {"127.0.0.1"}
    given = {"CLIPO_HOSTS": " Video.lan , 172.17.0.1,fd00::1,", "CLIPO_BIND": "127.0.0.2"}
    assert hosts(given) == {"video.lan", "172.17.0.1", "fd00::1", "127.0.0.2"}


@pytest.mark.parametrize("text", ["*", "http://video.lan", "video.lan:8000", "a b", "video.lan/x"])
def test_what_is_not_a_host_is_refused(text: str) -> None:
    with pytest.raises(Misuse, match="CLIPO_HOSTS must be"):
        hosts({"CLIPO_HOSTS": text})


@pytest.mark.parametrize("given", [{}, {"CLIPO_BIND": "127.0.0.2"}, {"CLIPO_HOSTS": "localhost"}])
def test_a_stack_for_this_machine_is_open_unless_keys_are_wanted(given: dict[str, str]) -> None:
    assert access(given, "secret") == {"ACCESS": "open", "ROOT_SECRETS": "1:secret"}
    assert access(given | {"ACCESS": "keys"}, "secret")["ACCESS"] == "keys"


@pytest.mark.parametrize("given", [{"CLIPO_BIND": "10.0.0.7"}, {"CLIPO_HOSTS": "video.lan"}])
def test_a_stack_for_other_machines_is_open_only_if_that_is_said(given: dict[str, str]) -> None:
    with pytest.raises(Misuse, match="--access=keys"):
        access(given, "secret")
    for chosen in ("open", "keys"):
        assert access(given | {"ACCESS": chosen}, "secret")["ACCESS"] == chosen
