import base64
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from functions.core.receivers import Receiver, fault_of_url, signing_secret
from functions.core.result_event import EventType
from tests.examples import done_video, failed_video

NOW = datetime(2026, 1, 2, 12, tzinfo=UTC)
RECEIVER = Receiver("rcv_1", "https://example.com", NOW)


@pytest.mark.parametrize(
    ("receiver", "wanted"),
    [
        (RECEIVER, ["done", "failed"]),
        (replace(RECEIVER, events=frozenset({EventType.FAILED})), ["failed"]),
        (replace(RECEIVER, owner="anna"), ["done"]),
        (replace(RECEIVER, owner="bob"), []),
        (replace(RECEIVER, enabled=False), []),
    ],
)
def test_a_receiver_gets_what_it_wants(receiver: Receiver, wanted: list[str]) -> None:
    videos = {"done": replace(done_video(), owner="anna"), "failed": failed_video()}
    assert [name for name, video in videos.items() if receiver.wants(video)] == wanted


def test_each_receiver_and_each_change_has_a_secret_of_its_own() -> None:
    secrets = {
        signing_secret(root, receiver, number)
        for root in ("a" * 32, "b" * 32)
        for receiver in ("rcv_1", "rcv_2")
        for number in (1, 2)
    }
    assert len(secrets) == 8
    for secret in secrets:
        assert len(base64.b64decode(secret.removeprefix("whsec_"))) == 32
    assert signing_secret("a" * 32, "rcv_1", 1) in secrets


def test_the_previous_secret_also_signs_for_a_while() -> None:
    changed = replace(RECEIVER, secret_number=3, previous_secret_until=NOW + timedelta(days=1))
    assert changed.secret_numbers(NOW) == [3, 2]
    assert changed.secret_numbers(NOW + timedelta(days=1)) == [3]
    assert RECEIVER.secret_numbers(NOW) == [1]


def test_a_url_without_tls_is_for_private_networks_only() -> None:
    assert fault_of_url("http://localhost:9000", allow_private=True) is None
    assert fault_of_url("http://localhost:9000", allow_private=False)


def test_the_url_is_not_in_the_representation() -> None:
    assert "example.com" not in repr(RECEIVER)
