"""`clipo upload` with files that go in parts: interrupted, resumed, and with faults on the way."""

import json
import os
import re
import signal
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.boxes import widen
from tests.clips import Clips
from tests.command import Command, Screen
from tests.faulty_stack import FaultyStack
from tests.running_stack import RunningStack
from tests.waiting import settled

_PART = 8 << 20
_HOLE = 160 << 20
"""Bytes of nothing in the clip: enough seconds to press Ctrl-C in, and no space on the disk."""


@pytest.fixture
def roomy(world: FaultyStack) -> RunningStack:
    """The stack that takes large files."""
    return world.stack


@pytest.fixture
def command(roomy: RunningStack, tmp_path: Path, clips: Clips) -> Command:
    widen(clips["h264.mp4"].read_bytes(), _HOLE, tmp_path / "large.mp4")
    state = {"XDG_STATE_HOME": str(tmp_path / "state"), "HOME": str(tmp_path)}
    return Command({"CLIPO_API": roomy.api} | state, tmp_path)


def press_ctrl_c(screen: Screen) -> None:
    screen.press("\x03")


def terminate(screen: Screen) -> None:
    screen.child.kill(signal.SIGTERM)


def interrupted(
    stack: RunningStack, command: Command, end: Callable[[Screen], None] = press_ctrl_c
) -> None:
    """Press Ctrl-C, or the like, in the middle of an upload: some parts have arrived."""
    sending = r"large\.mp4 .+ \d+% +[\d.]+ [MG]B/s +\d:\d\d left"
    with command.typed("upload", "large.mp4") as screen:
        while not (re.search(sending, screen.text) and any(uploads_in_parts(stack).values())):
            assert screen.more(), screen.text
        end(screen)
        assert screen.exit_code() == 130
        assert screen.text.endswith("Stopped. Run the same command again to resume.")
        assert "Traceback" not in screen.text
        assert screen.screen.cursor.hidden is False


def signed_parts(stack: RunningStack) -> int:
    """Return how many parts have been signed, which is how many could be sent."""
    return (stack.home / "logs" / "api.log").read_text().count('"step":"upload_part"')


def uploads_in_parts(stack: RunningStack) -> dict[str, list[int]]:
    """Return the numbers of the parts that have arrived, by the upload's key."""
    s3, bucket = stack.cloud("s3"), "clipo-uploads"
    found = s3.list_multipart_uploads(Bucket=bucket).get("Uploads", [])
    return {
        one["Key"]: [
            part["PartNumber"]
            for part in s3.list_parts(Bucket=bucket, Key=one["Key"], UploadId=one["UploadId"]).get(
                "Parts", []
            )
        ]
        for one in found
    }


@pytest.mark.parametrize("end", [press_ctrl_c, pytest.param(terminate, marks=pytest.mark.long)])
def test_the_same_command_sends_what_has_not_arrived(
    roomy: RunningStack, command: Command, end: Callable[[Screen], None]
) -> None:
    interrupted(roomy, command, end)
    # The storage may still store parts that were on their way.
    uploads, before = settled(lambda: (uploads_in_parts(roomy), signed_parts(roomy)))
    [(key, arrived)] = uploads.items()
    parts = -(-(command.folder / "large.mp4").stat().st_size // _PART)
    assert 0 < len(arrived) < parts
    finished = command.run("upload", "large.mp4", "--json")
    assert finished.returncode == 0, finished.stderr
    assert signed_parts(roomy) - before == parts - len(arrived)
    assert "resuming: " in finished.stderr
    video = json.loads(finished.stdout)
    assert f"uploads/{video['id']}/source" == key, "announced once"
    assert video["size"] == (command.folder / "large.mp4").stat().st_size
    assert uploads_in_parts(roomy) == {}
    assert [file.suffix for file in command.remembered()] == [".lock"]


@pytest.mark.long
def test_a_file_that_has_changed_since_begins_anew(roomy: RunningStack, command: Command) -> None:
    interrupted(roomy, command)
    [key] = uploads_in_parts(roomy)
    os.utime(command.folder / "large.mp4", (1, 1))
    finished = command.run("upload", "large.mp4", "--json")
    assert finished.returncode == 0, finished.stderr
    assert "resuming" not in finished.stderr
    assert json.loads(finished.stdout)["id"] not in key
    abandoned = key.split("/")[1]
    roomy.client.delete(f"/videos/{abandoned}")


@pytest.mark.long
def test_a_video_that_was_deleted_meanwhile_begins_anew(
    roomy: RunningStack, command: Command
) -> None:
    interrupted(roomy, command)
    [key] = uploads_in_parts(roomy)
    assert command.run("delete", "--yes", key.split("/")[1]).returncode == 0
    finished = command.run("upload", "large.mp4", "-q")
    assert finished.returncode == 0, finished.stderr
    assert roomy.finished(finished.stdout.strip())["status"] == "done"
