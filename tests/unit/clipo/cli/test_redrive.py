"""`clipo redrive`, with fakes of AWS's clients."""

import json
import sys
import time

import pytest
import typer
from botocore.exceptions import EndpointConnectionError

from clipo.cli import deployed_stack
from clipo.cli.commands import redrive
from clipo.cli.failure_queue import redrive as redrive_stack
from clipo.errors import ClipoError, Misuse
from tests.fakes.failure_queue import FakeQueues

EVENTS = [{"Records": [{"number": number}]} for number in range(25)]


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch) -> FakeQueues:
    fake = FakeQueues()
    monkeypatch.setattr(deployed_stack, "connect", lambda: fake)
    return fake


def test_every_event_is_processed_again_and_leaves_the_queue(
    aws: FakeQueues, capsys: pytest.CaptureFixture[str]
) -> None:
    aws.holds(*EVENTS)
    assert redrive.command(stack="clipo") == 0
    assert aws.invoked == EVENTS
    assert aws.bodies == {}
    out, err = capsys.readouterr()
    assert out == "25 events sent to processing.\n"
    assert err.splitlines() == [f"events: {done} of 25" for done in (10, 20, 25)]


def test_an_empty_queue_is_no_error(aws: FakeQueues, capsys: pytest.CaptureFixture[str]) -> None:
    assert redrive.command(stack="clipo", as_json=True) == 0
    assert json.loads(capsys.readouterr().out) == {"redriven": 0, "not_understood": 0}
    assert aws.invoked == []


def test_a_limit_is_kept(aws: FakeQueues) -> None:
    aws.holds(*EVENTS)
    assert redrive.command(stack="clipo", limit=12) == 0
    assert (len(aws.invoked), len(aws.bodies)) == (12, 13)


def test_an_event_that_lambda_refuses_stays(aws: FakeQueues) -> None:
    aws.holds(*EVENTS)
    aws.refuses_after = 11
    with pytest.raises(ClipoError, match=r"TooManyRequests.* 11 events were sent to processing"):
        redrive_stack(aws, "clipo", limit=None, progress=lambda *_: None)
    assert (len(aws.invoked), len(aws.bodies)) == (11, 14)


@pytest.mark.parametrize("body", ["{", "[]", "{}", "5"])
def test_a_message_without_an_event_stays(aws: FakeQueues, body: str) -> None:
    aws.bodies["odd"] = body
    aws.holds(*EVENTS[:3])
    assert redrive.command(stack="clipo") == 1
    assert (aws.invoked, aws.bodies) == (EVENTS[:3], {"odd": body})


def test_many_messages_that_stay_do_not_keep_the_others_back(aws: FakeQueues) -> None:
    aws.bodies |= {f"odd{number}": "{}" for number in range(20)}
    aws.holds(*EVENTS[:3])
    report = redrive_stack(aws, "clipo", limit=None, progress=lambda *_: None)
    assert (report.redriven, report.not_understood) == (3, 20)


def test_messages_that_come_back_during_the_run_end_it(aws: FakeQueues) -> None:
    aws.bodies["odd"] = "{}"
    aws.hides = False
    assert redrive_stack(aws, "clipo", limit=None, progress=lambda *_: None).not_understood == 1


def test_an_event_that_fails_again_meanwhile_is_left_for_the_next_run(
    aws: FakeQueues,
) -> None:
    aws.holds(*EVENTS[:2])
    aws.sent_at["m1"] = time.time() * 1000 + 60_000
    assert redrive.command(stack="clipo") == 0
    assert (aws.invoked, list(aws.bodies)) == (EVENTS[:1], ["m1"])


def test_nothing_is_sent_while_processing_is_paused(aws: FakeQueues) -> None:
    """Lambda would send the events back to the queue at once, again and again."""
    aws.holds(*EVENTS)
    aws.concurrency = 0
    with pytest.raises(Misuse, match="clipo-processing is paused"):
        redrive_stack(aws, "clipo", limit=None, progress=lambda *_: None)
    assert (aws.invoked, len(aws.bodies), aws.hidden) == ([], 25, set())
    aws.concurrency = 4
    assert redrive.command(stack="clipo") == 0


def test_another_stack_is_misuse(aws: FakeQueues) -> None:
    aws.logical_id = "Orders"
    with pytest.raises(Misuse, match="not a stack of Clipo"):
        redrive_stack(aws, "shop", limit=None, progress=lambda *_: None)


def test_an_unreachable_aws_is_a_sentence(aws: FakeQueues, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(**_: str) -> None:
        raise EndpointConnectionError(endpoint_url="https://lambda")

    monkeypatch.setattr(aws, "get_function_concurrency", fail)
    with pytest.raises(ClipoError, match="Could not connect"):
        redrive_stack(aws, "clipo", limit=None, progress=lambda *_: None)


def test_ctrl_c_says_how_to_continue(
    aws: FakeQueues, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def interrupt(**_: str) -> None:
        raise KeyboardInterrupt

    aws.holds(*EVENTS)
    monkeypatch.setattr(aws, "invoke", interrupt)
    with pytest.raises(typer.Exit):
        redrive.command(stack="clipo")
    assert "redrive again" in capsys.readouterr().err
    assert len(aws.bodies) == 25


def test_without_boto3_a_sentence_says_what_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "boto3", None)
    monkeypatch.delitem(sys.modules, "clipo.cli.deployed_stack")
    monkeypatch.delattr("clipo.cli.deployed_stack")
    with pytest.raises(Misuse, match="needs boto3: make "):
        redrive.command(stack="clipo")
