import errno
import io
import json
from typing import Any

import pytest

from clipo.local.console import StackConsole


def printed(capsys: pytest.CaptureFixture[str], *entries: dict[str, Any] | str) -> str:
    console = StackConsole()
    for entry in entries:
        console.log_line(entry if isinstance(entry, str) else json.dumps(entry))
    return capsys.readouterr().out


def test_an_address_is_whole_and_has_its_name(capsys: pytest.CaptureFixture[str]) -> None:
    StackConsole().welcome([("MongoDB", "mongodb://" + "x" * 200)], next_command="clipo")
    assert f"\n  MongoDB  mongodb://{'x' * 200}\n" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("entry", "expected"),
    [
        ({"message": "upload signed", "size": 5000}, "pending     waiting for 5,000 bytes"),
        ({"message": "upload signed", "size": 1}, "pending     waiting for 1 byte"),
        (
            {
                "message": "video done",
                "duration_s": 10.0,
                "width": 640,
                "height": 360,
                "wall_ms": 80,
            },
            "done        10 s, 640x360, in 80 ms",
        ),
        (
            {"message": "video done", "duration_s": None, "width": 1, "height": 1, "wall_ms": 8},
            "done        unknown length, 1x1, in 8 ms",
        ),
        ({"message": "video failed", "code": "corrupt"}, "failed      corrupt"),
        (
            {"message": "video reprocessed", "size": 5000},
            "pending     5,000 bytes, to be processed again",
        ),
        (
            {"message": "reprocessing failed", "code": "timed_out"},
            "done        could not be processed again (timed_out): the old result stays",
        ),
        ({"message": "not now", "reason": "busy"}, "retry       it is busy"),
        (
            {"message": "event will be retried", "seconds": 60, "reason": "S3: down"},
            "retry       Clipo retries the event in 60 s",
        ),
    ],
)
def test_a_step_of_a_video_is_one_line(
    capsys: pytest.CaptureFixture[str], entry: dict[str, Any], expected: str
) -> None:
    text = printed(capsys, entry | {"video_id": "507f1f77bcf86cd799439011"})
    assert "507f1f77bcf86cd799439011" in text
    assert text.endswith(expected + "\n")
    assert text.count("\n") == 1


@pytest.mark.parametrize("fields", [{}, {"size": "large"}, {"size": None}])
def test_a_step_that_lacks_what_it_should_tell_is_printed_as_it_came(
    capsys: pytest.CaptureFixture[str], fields: dict[str, Any]
) -> None:
    entry = {"message": "upload signed", "video_id": "507f1f77bcf86cd799439011"} | fields
    assert printed(capsys, entry) == json.dumps(entry) + "\n"


def test_other_lines_are_not_printed(capsys: pytest.CaptureFixture[str]) -> None:
    assert (
        printed(capsys, "INFO: started", "5", "[]", {"message": "ready"}, {"no": "message"}) == ""
    )


class FullDisk(io.StringIO):
    def write(self, _: str) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")


class GoneReader(io.StringIO):
    def write(self, _: str) -> int:
        raise BrokenPipeError


@pytest.mark.parametrize("stream", [FullDisk(), GoneReader()])
def test_the_stack_goes_on_where_its_output_cannot_be_written(
    monkeypatch: pytest.MonkeyPatch, stream: io.StringIO
) -> None:
    monkeypatch.setattr("sys.stdout", stream)
    console = StackConsole()
    console.say("Stopping.")
    console.log_line(json.dumps({"message": "video deleted"}))
