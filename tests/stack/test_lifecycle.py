"""`clipo up` from start to end, in four starts: two at once, and the same two once more.

What holds whatever the parts are is in tests/contract/clipo/local/test_supervisor.py.
"""

import os
import shutil
import signal
import socket
import sys
import venv
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx2
import psutil
import pytest
from pymongo import MongoClient

from clipo.local.ports import free_port, is_claimed, lock_ports
from tests.clips import Clips
from tests.receivers import SECRET, Receiver, receiver
from tests.running_stack import START_S, RunningStack, await_ready, launch, launched
from tests.saving import save_at_once
from tests.servers import assert_ended
from tests.time_travel import let_time_pass
from tests.waiting import eventually

_REPOSITORY = Path(__file__).parents[2]
_DEAD_PROXY = dict.fromkeys(("HTTP_PROXY", "http_proxy"), "http://127.0.0.1:9")
_KILL = signal.SIGKILL if sys.platform == "linux" else signal.SIGTERM
"""Only Linux tells a child of the end of its parent."""
_OTHER_HOST = "127.0.0.2" if sys.platform == "linux" else "127.0.0.1"


@dataclass
class Day:
    """A run of a stack: what it was asked to do, and what was seen."""

    stack: RunningStack
    video: dict[str, Any] = field(default_factory=dict)
    """One that was finished."""
    listed: int = 0
    processes: list[int] = field(default_factory=list)
    exit_code: int = 0


@dataclass
class Yesterday:
    """The first starts: one is ended by Ctrl-C while it processes, the other is killed."""

    taken_port: int
    interrupted: Day
    killed: Day
    cut_short: str
    """The id of the video that Ctrl-C came into."""
    untold: list[Any]
    """The webhooks of the killed one."""
    abandoned: list[str]
    """The ids of the killed one's videos that were never uploaded."""


@pytest.fixture(scope="module")
def told() -> Iterator[Receiver]:
    with receiver() as made:
        yield made


@pytest.fixture(scope="module")
def slow(tmp_path_factory: pytest.TempPathFactory, ffmpeg_dir: Path) -> Path:
    """A folder with an ffmpeg that takes long while there is a file `shut` in it."""
    folder = tmp_path_factory.mktemp("slow")
    (folder / "ffprobe").symlink_to(ffmpeg_dir / "ffprobe")
    (folder / "ffmpeg").write_text(
        f'#!/bin/sh\n[ -e {folder}/shut ] && sleep 50\nexec {ffmpeg_dir}/ffmpeg "$@"\n'
    )
    (folder / "ffmpeg").chmod(0o755)
    return folder


@pytest.fixture(scope="module")
def yesterday(
    tmp_path_factory: pytest.TempPathFactory, slow: Path, told: Receiver, clips: Clips
) -> Yesterday:
    home = tmp_path_factory.mktemp("homes")
    webhooks = {"WEBHOOK_URL": told.url, "WEBHOOK_SECRET": SECRET}
    with (
        a_taken_port() as port,
        launched(home / "one", port, CLIPO_FFMPEG_DIR=str(slow), **_DEAD_PROXY) as one,
        launched(home / "two", port, CLIPO_BIND=_OTHER_HOST, **webhooks) as two,
        ready(one),
        ready(two),
    ):
        sqs = two.cloud("sqs")
        sqs.delete_queue(QueueUrl=sqs.get_queue_url(QueueName="clipo-webhooks")["QueueUrl"])
        interrupted, killed = worked(one, clips), worked(two, clips)
        log = two.home / "logs" / "processing.log"
        eventually(lambda: "webhook not enqueued" in log.read_text())
        abandoned = abandon_uploads(two, clips)
        (slow / "shut").touch()
        cut_short = one.upload_form(clips["tiny.mp4"])
        eventually(lambda: "sleep" in names(descendants(one)))
        interrupted.processes = [process.pid for process in descendants(one)]
        interrupted.exit_code = one.stop()
        killed.processes = [process.pid for process in descendants(two)]
        two.process.send_signal(_KILL)
        two.process.wait(30)
    damage(home / "one", home / "two")
    return Yesterday(port, interrupted, killed, cut_short, list(told.got), abandoned)


def abandon_uploads(stack: RunningStack, clips: Clips) -> list[str]:
    """Announce more videos than lines of a log are kept, and let their time pass."""
    ids = [str(stack.create(clips["tiny.mp4"])["id"]) for _ in range(40)]
    with MongoClient[dict[str, Any]](stack.addresses["mongodb"]) as mongo:
        let_time_pass(mongo.clipo.videos, workers=timedelta(0), waiting=timedelta(0))
    return ids


def damage(one: Path, two: Path) -> None:
    """Leave the folders of two stacks as a full disk or a person may leave them."""
    shutil.rmtree(one / "logs")
    (one / "logs").symlink_to("/none")
    shutil.rmtree(one / "ffmpeg", ignore_errors=True)
    (one / "ffmpeg").symlink_to("/none")
    (two / "credentials.json").write_text("")
    shutil.rmtree(two / "tmp")
    (two / "tmp").touch()


@contextmanager
def a_taken_port() -> Iterator[int]:
    with socket.socket() as other:
        with lock_ports("a test"):
            other.bind(("127.0.0.1", free_port(17500, taken=set())))
            other.listen()
        yield other.getsockname()[1]


@contextmanager
def ready(stack: RunningStack) -> Iterator[None]:
    await_ready(stack)
    with httpx2.Client(base_url=stack.api, timeout=30) as stack.client:
        yield


def worked(stack: RunningStack, clips: Clips) -> Day:
    """Have a video processed."""
    video = stack.finished(stack.upload_signed(clips["tiny.mp4"]))
    return Day(stack, video, listed=len(stack.client.get("/videos").json()["data"]))


def descendants(stack: RunningStack) -> list[psutil.Process]:
    return psutil.Process(stack.process.pid).children(recursive=True)


def names(processes: Iterable[psutil.Process]) -> Iterator[str]:
    for process in processes:
        with suppress(psutil.NoSuchProcess):  # it ended after it was listed
            yield process.name()


class TestYesterday:
    def test_two_that_start_at_once_keep_apart(self, yesterday: Yesterday) -> None:
        one, two = yesterday.interrupted, yesterday.killed
        for service in ("api", "s3", "mongodb"):
            assert one.stack.addresses[service] != two.stack.addresses[service]
        assert (one.listed, two.listed) == (1, 1)

    def test_a_taken_port_is_worked_around_and_shown(self, yesterday: Yesterday) -> None:
        for day in (yesterday.interrupted, yesterday.killed):
            assert day.stack.api != f"http://127.0.0.1:{yesterday.taken_port}"
            assert f"Port {yesterday.taken_port} is taken" in day.stack.output

    def test_a_proxy_in_the_environment_is_not_asked_for_this_machine(
        self, yesterday: Yesterday
    ) -> None:
        assert yesterday.interrupted.video["status"] == "done"

    def test_s3_and_mongodb_listen_where_they_should(self, yesterday: Yesterday) -> None:
        addresses = yesterday.killed.stack.addresses
        assert addresses["s3"].startswith(f"http://{_OTHER_HOST}:")
        assert addresses["mongodb"].startswith(f"mongodb://{_OTHER_HOST}:")
        assert yesterday.killed.video["status"] == "done"

    def test_ctrl_c_while_a_video_is_processed_leaves_nothing_behind(
        self, yesterday: Yesterday
    ) -> None:
        day = yesterday.interrupted
        assert day.exit_code == 0
        assert len(day.processes) >= 8, "five parts, two execution environments, and ffmpeg"
        assert_gone(day.processes)
        for name in ("stack.json", "functions.env"):
            assert not (day.stack.home / name).exists()
        assert list((day.stack.home / "tmp").iterdir()) == []
        assert "Traceback" not in day.stack.output

    def test_nothing_outlives_a_stack_that_was_killed(self, yesterday: Yesterday) -> None:
        assert len(yesterday.killed.processes) >= 7
        assert_gone(yesterday.killed.processes)


def assert_gone(pids: list[int]) -> None:
    for pid in pids:
        assert_ended(pid)


@dataclass
class Today:
    """The second starts, in the same folders."""

    interrupted: RunningStack
    killed: RunningStack
    code: Path
    """The code that the first of them runs."""


@pytest.fixture(scope="module")
def today(
    yesterday: Yesterday, tmp_path_factory: pytest.TempPathFactory, told: Receiver
) -> Iterator[Today]:
    code = tmp_path_factory.mktemp("checkout")
    python = a_checkout(code)
    one, two = yesterday.interrupted.stack.home, yesterday.killed.stack.home
    webhooks = {"WEBHOOK_URL": told.url, "WEBHOOK_SECRET": SECRET}
    assert (two / "stack.json").exists() is (_KILL == signal.SIGKILL)
    with launched(one, None, python) as first, launched(two, None, **webhooks) as second:
        eventually(lambda: not (two / "stack.json").exists(), within_s=START_S)
        with ready(first), ready(second):
            yield Today(first, second, code)


def a_checkout(folder: Path) -> str:
    """Copy the code to where a test may edit it; return a Python that runs it."""
    for name in ("clipo", "functions", "server"):
        shutil.copytree(_REPOSITORY / name, folder / name)
    (folder / ".tools").symlink_to(_REPOSITORY / ".tools")
    venv.create(folder / "venv", symlinks=True)
    programs = folder / "venv" / "bin"
    (programs / "secantusd-py").symlink_to(Path(sys.executable).with_name("secantusd-py"))
    [packages] = (folder / "venv" / "lib").glob("python*/site-packages")
    installed = Path(pytest.__file__).parents[1]
    (packages / "checkout.pth").write_text(f"{folder}\n{installed}\n")
    return str(programs / "python")


class TestToday:
    def test_yesterdays_videos_are_kept(self, yesterday: Yesterday, today: Today) -> None:
        for day, stack in [
            (yesterday.interrupted, today.interrupted),
            (yesterday.killed, today.killed),
        ]:
            kept = stack.client.get(f"/videos/{day.video['id']}").json()
            assert lasting(kept, stack) == lasting(day.video, day.stack)
            assert stack.client.get(f"/thumbnails/{kept['id']}.jpg").status_code == 200

    def test_what_ctrl_c_came_into_is_done(self, yesterday: Yesterday, today: Today) -> None:
        video = today.interrupted.finished(yesterday.cut_short)
        assert (video["status"], video["attempts"]) == ("done", 2)

    def test_abandoned_uploads_do_not_delay_a_start(
        self, yesterday: Yesterday, today: Today
    ) -> None:
        for video_id in yesterday.abandoned:
            video = today.killed.finished(video_id)
            assert video["error"]["code"] == "upload_expired"

    def test_a_new_video_is_done(self, today: Today, clips: Clips) -> None:
        for stack in (today.interrupted, today.killed):
            assert worked(stack, clips).video["status"] == "done"

    def test_a_webhook_whose_message_was_lost_is_delivered_by_the_next_scheduled_run(
        self, yesterday: Yesterday, today: Today, told: Receiver
    ) -> None:
        video_id = yesterday.killed.video["id"]
        assert yesterday.untold == []
        eventually(lambda: video_id in [event["data"]["id"] for _, event in told.got])

        def delivered() -> bool:
            webhook = today.killed.client.get(f"/videos/{video_id}").json()["webhook"]
            return webhook["delivered_at"] is not None and webhook["attempts"] == 1

        eventually(delivered)

    def test_a_change_of_the_code_is_served_and_a_mistake_is_waited_out(self, today: Today) -> None:
        stack = today.interrupted
        code = today.code / "functions" / "api" / "routes" / "health.py"
        good = code.read_text()
        before = stack.children()
        assert "clipo.local.webhooks" not in before, "it runs where a receiver is set, only"

        route = '\n\n@router.get("/new")\ndef new() -> Health:\n    return Health()\n'
        save_at_once(code, good + route, by=today.code / "new")
        eventually(lambda: answers(stack, "/new"))
        eventually(lambda: stack.output.endswith("The functions run again.\n"))
        after = stack.children()
        assert after.keys() == before.keys()
        kept = {name for name in after if after[name] == before[name]}
        assert kept == {"ministack", "secantusd"}

        save_at_once(code, "this is no Python", by=today.code / "new")
        eventually(lambda: "Waiting for the next change" in stack.output)
        assert "SyntaxError" in stack.output
        assert stack.process.poll() is None
        assert is_claimed(httpx2.URL(stack.api).port or 0), "no other stack takes it meanwhile"

        save_at_once(code, good, by=today.code / "new")
        eventually(lambda: stack.output.endswith("The functions run again.\n"))
        assert answers(stack, "/health")

    def test_a_part_that_dies_is_reported_and_ends_the_stack(self, today: Today) -> None:
        """The last test: each stack loses another part."""
        for stack, part in [
            (today.interrupted, "clipo.local.api_server"),
            (today.killed, "secantusd"),
        ]:
            processes = [process.pid for process in descendants(stack)]
            os.kill(stack.children()[part], signal.SIGKILL)
            assert stack.process.wait(30) == 1
            assert "has stopped, exit code -9" in stack.output
            assert f"All of it is in {stack.home / 'logs'}" in stack.output
            assert_gone(processes)
            assert not (stack.home / "stack.json").exists()


def lasting(video: dict[str, Any], stack: RunningStack) -> dict[str, Any]:
    """Return what a restart does not change: the port may be another, a webhook delivered."""
    thumbnail = video["thumbnail"]
    path = thumbnail["url"].removeprefix(stack.api)
    source = video["source"] | {"url": video["source"]["url"].removeprefix(stack.api)}
    pictures = {name: url.removeprefix(stack.api) for name, url in video["pictures"].items()}
    paths = {"source": source, "thumbnail": thumbnail | {"url": path}, "pictures": pictures}
    return video | paths | {"webhook": None}


def answers(stack: RunningStack, path: str) -> bool:
    try:
        return stack.client.get(path).status_code == 200
    except httpx2.TransportError:
        return False


def test_the_welcome_says_where_everything_is_and_what_to_type(stack: RunningStack) -> None:
    welcome = stack.output
    for address in (stack.api, f"{stack.api}/docs", *stack.addresses.values()):
        assert address in welcome
    assert f"Page     {stack.api}/\n" in welcome
    assert "clipo upload --sample" in welcome
    assert "ffmpeg" in welcome


def test_a_second_stack_in_one_folder_is_refused(stack: RunningStack) -> None:
    with launched(stack.home / "..", 18900, CLIPO_HOME=str(stack.home)) as second:
        assert second.process.wait(60) == 1
    assert "already running" in second.output
    assert httpx2.get(f"{stack.api}/health").status_code == 200


def test_settings_that_make_no_sense_are_each_answered_with_a_sentence(tmp_path: Path) -> None:
    stack = launch(
        tmp_path,
        18970,
        PORT="²",
        CLIPO_BIND="0.0.0.0",
        MAX_UPLOAD_BYTES="100MB",
        WEBHOOK_URL="http://127.0.0.1:9",
        WEBHOOK_SECRET="whsec_short",
    )
    assert stack.process.wait(60) == 2
    assert "PORT must be" in stack.output
    assert "CLIPO_BIND must be one address" in stack.output
    assert "MAX_UPLOAD_BYTES must be a whole number" in stack.output
    assert "WEBHOOK_SECRET must be whsec_ and 24 to 64 random bytes" in stack.output
    assert "whsec_short" not in stack.output
    assert "Traceback" not in stack.output


def test_an_ffmpeg_that_is_not_there_is_named(tmp_path: Path) -> None:
    with launched(tmp_path, 18950, CLIPO_FFMPEG_DIR=str(tmp_path)) as stack:
        assert stack.process.wait(START_S) == 1
    assert "CLIPO_FFMPEG_DIR" in stack.output
    assert "Traceback" not in stack.output
