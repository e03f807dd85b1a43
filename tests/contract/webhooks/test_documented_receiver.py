"""The receiver in docs/webhooks.md accepts what Clipo sends."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from functions.core.video import Webhook
from functions.webhooks.deliver import Webhooks
from functions.webhooks.outbound import HttpReceiver
from tests.examples import ID, done_video
from tests.fakes.catalog import FakeCatalog
from tests.fakes.webhook_queue import FakeWebhookQueue
from tests.receivers import API, SECRET
from tests.servers import reserved_port, wait_until_listening
from tests.webhook_targets import targets_of_settings

_DOCS = Path(__file__).parents[3] / "docs" / "webhooks.md"
OTHER_SECRET = SECRET.replace("A", "B")


def snippet(port: int) -> str:
    found = re.search(r"```python\n(.*?)```", _DOCS.read_text(), re.DOTALL)
    assert found
    return found[1].replace("9000", str(port))


@contextmanager
def documented_receiver() -> Iterator[tuple[int, subprocess.Popen[str]]]:
    with reserved_port(29000) as port:
        process = subprocess.Popen(
            [sys.executable, "-c", snippet(port)],
            env=os.environ | {"WEBHOOK_SECRET": SECRET},
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        wait_until_listening(port)
    with process:
        try:
            yield port, process
        finally:
            process.terminate()


@pytest.mark.parametrize(("secret", "status"), [(SECRET, 204), (OTHER_SECRET, 400)])
def test_the_documented_receiver_accepts_only_our_signature(secret: str, status: int) -> None:
    records = FakeCatalog()
    with documented_receiver() as (port, process):
        client = HttpReceiver(f"http://127.0.0.1:{port}/", allow_private=True)
        targets = targets_of_settings(client, secret)
        webhooks = Webhooks(records, targets, FakeWebhookQueue(), API)
        for _ in range(2):
            webhook = Webhook("msg_1", due_at=datetime.now(UTC))
            records.videos[ID] = replace(done_video(), webhook=webhook)
            webhooks.deliver(ID)
            found = records.videos[ID].webhook
            assert found
            assert found.last_status == status
        process.terminate()
        assert process.stdout
        accepted = f"video.done {ID}\n" if status == 204 else ""
        assert process.stdout.read() == accepted, "the same id twice is one event"
