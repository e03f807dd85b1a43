"""The running stack delivers webhooks to a receiver of the operator's."""

import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.clips import Clips
from tests.command import Command
from tests.examples import ID
from tests.receivers import SECRET, Receiver, receiver, status
from tests.running_stack import RunningStack, running_stack
from tests.waiting import eventually

OTHER_SECRET = SECRET.replace("A", "B")
"""The new secret, which the receiver does not know yet."""


@pytest.fixture(scope="module")
def told() -> Iterator[Receiver]:
    with receiver() as made:
        yield made


@pytest.fixture(scope="module")
def notifying(tmp_path_factory: pytest.TempPathFactory, told: Receiver) -> Iterator[RunningStack]:
    home = tmp_path_factory.mktemp("clipo")
    settings = {
        "WEBHOOK_URL": told.url,
        "WEBHOOK_SECRET": f"{OTHER_SECRET} {SECRET}",
        "CLIPO_HOSTS": "video.lan",
        "ACCESS": "open",
        "API_ORIGINS": "https://app.example.com",
    }
    with running_stack(home, None, **settings) as stack:
        yield stack


def events_of(told: Receiver, video_id: str, *, at_least: int = 1) -> list[tuple[str, str]]:
    """Wait for the events of a video; return their ids and types.

    The next scheduled run is far away.
    """
    deadline = time.monotonic() + 120
    while True:
        found = [(i, event) for i, event in told.got if event["data"].get("id") == video_id]
        if len(found) >= at_least:
            return [(i, event["type"]) for i, event in found]
        assert time.monotonic() < deadline, told.got
        time.sleep(0.05)


@pytest.mark.parametrize(("clip", "kind"), [("tiny.mp4", "done"), ("audio-only.mp4", "failed")])
def test_a_finish_is_told_and_the_telling_recorded(
    notifying: RunningStack, told: Receiver, clips: Clips, clip: str, kind: str
) -> None:
    assert "clipo.local.webhooks" in notifying.children()
    video_id = notifying.upload_form(clips[clip])
    ((webhook_id, event_type),) = events_of(told, video_id)
    assert event_type == f"video.{kind}"
    assert await_delivery(notifying, video_id) == (webhook_id, 1, 204)
    eventually(lambda: f"{video_id}  webhook     video.{kind} delivered" in notifying.output)
    log = notifying.home / "logs" / "webhooks.log"
    eventually(lambda: "webhook delivered" in log.read_text())


def test_the_addresses_in_a_webhook_lead_to_the_files(
    notifying: RunningStack, told: Receiver, clips: Clips
) -> None:
    video_id = notifying.upload_form(clips["tiny.mp4"])
    events_of(told, video_id)
    data = next(event["data"] for _, event in told.got if event["data"]["id"] == video_id)
    shown = notifying.client.get(f"/videos/{video_id}").json()
    for name in ("source", "thumbnail"):
        assert data[name] == shown[name]
        found = notifying.client.get(data[name]["url"], follow_redirects=True)
        assert found.status_code == 200
    assert found.content.startswith(b"\xff\xd8")


def await_delivery(stack: RunningStack, video_id: str) -> tuple[str, int, int]:
    deadline = time.monotonic() + 120
    while True:
        webhook = stack.client.get(f"/videos/{video_id}").json()["webhook"]
        if webhook and webhook["delivered_at"]:
            assert webhook["due_at"] is None
            return webhook["id"], webhook["attempts"], webhook["last_status"]
        assert time.monotonic() < deadline, stack.output
        time.sleep(0.05)


def test_a_receiver_that_is_down_for_a_moment_is_told_again(
    notifying: RunningStack, told: Receiver, clips: Clips
) -> None:
    told.answer = status(503)
    video_id = notifying.upload_form(clips["tiny.mp4"])
    first = events_of(told, video_id)
    told.answer = status(204)
    both = events_of(told, video_id, at_least=2)
    assert both == first * 2, "the same event with the same id"
    assert await_delivery(notifying, video_id) == (first[0][0], 2, 204)
    eventually(lambda: f"{video_id}  webhook     video.done not delivered" in notifying.output)


@pytest.fixture
def operator(notifying: RunningStack, tmp_path: Path) -> Command:
    """Return the command of the user who runs the stack."""
    places = {"HOME": str(tmp_path), "XDG_CONFIG_HOME": str(tmp_path / "config")}
    return Command({"CLIPO_HOME": str(notifying.home)} | places, tmp_path)


def test_the_command_adds_tests_and_removes_a_receiver_and_sends_again(
    notifying: RunningStack, told: Receiver, operator: Command, clips: Clips
) -> None:
    with receiver() as other:
        added = operator.json("webhooks", "add", other.url, "--event", "video.failed")
        other.secret = added["secret"]
        assert [one["id"] for one in operator.json("webhooks", "list")] == [added["id"]]
        tested = operator.json("webhooks", "test", added["id"])
        assert (tested["status"], other.got[0][1]["type"]) == ("delivered", "webhook.test")

        other.answer = status(410)
        done = notifying.upload_form(clips["tiny.mp4"])
        failed = notifying.upload_form(clips["audio-only.mp4"])
        events_of(other, failed)
        events_of(told, done)
        (entry,) = await_log(operator, "--receiver", added["id"], "--status", "failed")
        assert (entry["video_id"], entry["attempts"][0]["status"]) == (failed, 410)
        assert len(await_log(operator, "--video", failed, "--status", "delivered")) == 1

        other.answer = status(204)
        resent = operator.run("webhooks", "resend", entry["id"])
        assert resent.stdout == f"delivered  {entry['id']}: status 204\n", resent.stderr
        assert len(set(events_of(other, failed, at_least=2))) == 1
        assert operator.run("webhooks", "remove", added["id"]).returncode == 0
        assert operator.json("webhooks", "list") == []
        assert [event["type"] for _, event in other.got if "id" in event["data"]] == (
            ["video.failed"] * 2
        )


def await_log(operator: Command, *filters: str) -> list[dict[str, Any]]:
    deadline = time.monotonic() + 120
    while True:
        found: list[dict[str, Any]] = operator.json("webhooks", "log", *filters)
        if found:
            return found
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_the_command_forwards_events_with_a_valid_signature(
    notifying: RunningStack, operator: Command, clips: Clips
) -> None:
    with receiver() as local, listening(operator, local.url, SECRET):
        video_id = notifying.upload_form(clips["tiny.mp4"])
        assert [kind for _, kind in events_of(local, video_id)] == ["video.done"]
    shown = notifying.client.get(f"/videos/{video_id}").json()
    ((webhook_id, event),) = [one for one in local.got if one[1]["data"]["id"] == video_id]
    assert webhook_id == shown["webhook"]["id"]
    assert event["data"]["media"]["width"] == shown["media"]["width"]


def _ignore_ctrl_c() -> None:
    """Ignore SIGINT, as the background jobs of a shell do. SIGTERM must still end it."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)


@contextmanager
def listening(operator: Command, url: str, secret: str) -> Iterator[None]:
    command = ["webhooks", "listen", "--forward-to", url, "--secret", secret]
    with subprocess.Popen(
        [str(operator.program), *command],
        env=operator.clean | operator.environ,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=_ignore_ctrl_c,  # noqa: PLW1509 (it takes no lock)
    ) as process:
        assert process.stderr
        try:
            assert "Forwarding events" in process.stderr.readline()
            yield
        finally:
            process.terminate()
            process.stderr.read()


@pytest.mark.parametrize(
    ("headers", "status_code"),
    [
        ({"Host": "video.lan"}, 404),
        ({"Host": "evil.example"}, 421),
        ({"Origin": "https://app.example.com"}, 404),
        ({"Origin": "https://evil.example"}, 403),
    ],
)
def test_the_api_answers_to_the_hosts_and_pages_of_the_settings(
    notifying: RunningStack, headers: dict[str, str], status_code: int
) -> None:
    response = notifying.client.post(f"/videos/{ID}/retry", headers=headers)
    assert response.status_code == status_code


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_only_the_webhooks_function_knows_the_receiver(notifying: RunningStack) -> None:
    def knows(pid: int) -> bool:
        environ = Path(f"/proc/{pid}/environ").read_bytes()
        return SECRET.encode() in environ or b"WEBHOOK_URL=" in environ

    children = notifying.children()
    assert len(children) == 7
    assert [name for name, pid in children.items() if knows(pid)] == ["clipo.local.webhooks"]
