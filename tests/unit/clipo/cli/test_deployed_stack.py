"""Findings of `clipo doctor --stack`, with fakes of AWS's clients."""

import io
import struct
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError, NoCredentialsError

from clipo.cli.commands import doctor
from clipo.cli.deployed_stack import connect, findings
from clipo.cli.finding import State
from clipo.errors import Misuse

MACHINES = {"x86_64": 0x3E, "arm64": 0xB7}


class FakeAws:
    """A stack as AWS's services describe it. Every client is this object."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.rules = {"sweep-rule": "ENABLED", "due-rule": "ENABLED"}
        self.mappings = {"uuid-1": "Enabled"}
        self.reserved: dict[str, int] = {"clipo-api": 5}
        self.messages = (0, 0)
        self.alarms = {"clipo-api-errors": "OK", "clipo-given-up": "INSUFFICIENT_DATA"}
        self.muted: set[str] = set()
        self.subscriptions: list[str] | None = ["arn:aws:sns:eu-west-1:1:clipo-alarms:uuid"]
        self.architecture = self.built_for = "arm64"
        self.error: Exception | None = None
        self.environ = {"OIDC_ISSUER": ""}

    def client(self, _: str) -> "FakeAws":
        return self

    def get_paginator(self, _: str) -> "FakeAws":
        return self

    def paginate(self, **_: str) -> Iterator[dict[str, Any]]:
        resources = [
            *(("AWS::Events::Rule", name, name) for name in self.rules),
            *(("AWS::Lambda::EventSourceMapping", "FailedEvents", uuid) for uuid in self.mappings),
            ("AWS::SQS::Queue", "FailedEvents", "https://sqs/failed"),
            *(("AWS::CloudWatch::Alarm", name, name) for name in self.alarms),
            *[("AWS::SNS::Topic", "AlarmTopic", "topic")] * (self.subscriptions is not None),
            ("AWS::Lambda::Function", "ApiFunction", "clipo-api"),
            ("AWS::Lambda::Function", "ProcessingFunction", "clipo-processing"),
        ]
        names = ("ResourceType", "LogicalResourceId", "PhysicalResourceId")
        yield {"StackResourceSummaries": [dict(zip(names, one, strict=True)) for one in resources]}

    def describe_rule(self, *, Name: str) -> dict[str, str]:  # noqa: N803
        if self.error:
            raise self.error
        return {"State": self.rules[Name]}

    def get_event_source_mapping(self, *, UUID: str) -> dict[str, str]:  # noqa: N803
        return {"State": self.mappings[UUID]}

    def get_function_concurrency(self, *, FunctionName: str) -> dict[str, int]:  # noqa: N803
        reserved = self.reserved.get(FunctionName)
        return {} if reserved is None else {"ReservedConcurrentExecutions": reserved}

    def get_queue_attributes(self, **_: object) -> dict[str, Any]:
        visible, hidden = map(str, self.messages)
        return {
            "Attributes": {
                "ApproximateNumberOfMessages": visible,
                "ApproximateNumberOfMessagesNotVisible": hidden,
            }
        }

    def describe_alarms(self, **_: object) -> dict[str, Any]:
        return {
            "MetricAlarms": [
                {"AlarmName": name, "StateValue": state, "ActionsEnabled": name not in self.muted}
                for name, state in self.alarms.items()
            ]
        }

    def list_subscriptions_by_topic(self, **_: object) -> dict[str, Any]:
        endpoint = {"Endpoint": "you@example.com"}
        listed = [endpoint | {"SubscriptionArn": arn} for arn in self.subscriptions or []]
        return {"Subscriptions": listed}

    def get_function_configuration(self, **_: object) -> dict[str, Any]:
        return {
            "Architectures": [self.architecture],
            "Environment": {"Variables": self.environ},
            "Layers": [{"Arn": "layer"}],
        }

    def get_layer_version_by_arn(self, **_: object) -> dict[str, Any]:
        layer, machine = io.BytesIO(), MACHINES[self.built_for]
        with zipfile.ZipFile(layer, "w") as files:
            header = struct.pack("<4s12xHH", b"\x7fELF", 2, machine)
            files.writestr("bin/ffmpeg", header + bytes(40))
        (self.folder / "layer.zip").write_bytes(layer.getvalue())
        return {"Content": {"Location": (self.folder / "layer.zip").as_uri()}}


@pytest.fixture
def aws(tmp_path: Path) -> FakeAws:
    return FakeAws(tmp_path)


def problems(aws: FakeAws) -> dict[str, tuple[State, str, str]]:
    found = findings(aws.client, "clipo")
    return {one.name: (one.state, one.said, one.fix) for one in found if one.state is not State.OK}


def test_a_healthy_stack_has_no_problem(aws: FakeAws) -> None:
    assert [one.name for one in findings(aws.client, "clipo")] == [
        *("Stack", "Functions", "Schedules", "Queues"),
        *("Failures", "Alarms", "Alarm mail", "Layer", "Own login"),
    ]
    assert problems(aws) == {}


def test_a_function_that_is_still_paused_is_broken(aws: FakeAws) -> None:
    aws.reserved = {"clipo-api": 0, "clipo-processing": 0}
    state, said, fix = problems(aws)["Functions"]
    assert state is State.BROKEN
    assert said == "Paused, so Lambda refuses their calls: clipo-api, clipo-processing."
    assert fix == (
        "aws lambda delete-function-concurrency --function-name clipo-api;"
        " aws lambda delete-function-concurrency --function-name clipo-processing"
        " (see Pause processing in docs/operations.md)"
    )


def test_a_disabled_schedule_is_broken(aws: FakeAws) -> None:
    aws.rules["sweep-rule"] = "DISABLED"
    state, said, fix = problems(aws)["Schedules"]
    assert state is State.BROKEN
    assert said == "sweep-rule is disabled: stuck videos and due webhooks wait."
    assert fix == "aws events enable-rule --name sweep-rule"


def test_a_disabled_trigger_is_broken(aws: FakeAws) -> None:
    aws.mappings["uuid-1"] = "Disabled"
    state, said, fix = problems(aws)["Queues"]
    assert (state, said.partition(":")[0]) == (State.BROKEN, "FailedEvents is disabled")
    assert fix == "aws lambda update-event-source-mapping --enabled --uuid uuid-1"


def test_waiting_failed_events_are_a_warning(aws: FakeAws) -> None:
    aws.messages = (2, 1)
    state, said, _ = problems(aws)["Failures"]
    assert (state, said) == (
        State.WARNING,
        "3 events that processing failed on wait for upkeep.",
    )


def test_a_raised_alarm_is_broken_and_its_runbook_named(aws: FakeAws) -> None:
    aws.alarms["clipo-given-up"] = "ALARM"
    said = (State.BROKEN, "clipo-given-up.", "See given-up in docs/operations.md.")
    assert problems(aws) == {"Alarms": said}


def test_a_muted_alarm_is_a_warning(aws: FakeAws) -> None:
    aws.muted = {"clipo-given-up"}
    assert problems(aws)["Alarms"][0] is State.WARNING


@pytest.mark.parametrize(
    ("subscriptions", "state", "said"),
    [
        (None, State.WARNING, "No address gets the alarms."),
        (
            ["PendingConfirmation"],
            State.BROKEN,
            "you@example.com has not confirmed that it wants the alarms.",
        ),
        (["Deleted"], State.BROKEN, "you@example.com has not confirmed that it wants the alarms."),
    ],
)
def test_an_address_that_gets_no_alarm_is_named(
    aws: FakeAws, subscriptions: list[str] | None, state: State, said: str
) -> None:
    aws.subscriptions = subscriptions
    assert problems(aws)["Alarm mail"][:2] == (state, said)


def test_a_layer_for_another_architecture_is_broken(aws: FakeAws) -> None:
    aws.built_for = "x86_64"
    state, said, fix = problems(aws)["Layer"]
    assert state is State.BROKEN
    assert said == "ffmpeg was built for x86_64, and clipo-processing runs on arm64."
    assert "Architecture=arm64" in fix


def test_the_issuer_of_an_own_login_is_checked(aws: FakeAws) -> None:
    aws.environ = {"OIDC_ISSUER": "https://login.example", "OIDC_AUDIENCE": ""}
    state, said, fix = problems(aws)["Own login"]
    assert (state, said) == (State.BROKEN, "OIDC_AUDIENCE is not set.")
    assert "OidcAudience" in fix


def test_a_missing_right_leaves_the_other_checks(aws: FakeAws) -> None:
    aws.error = ClientError({"Error": {"Code": "AccessDenied", "Message": "No."}}, "DescribeRule")
    aws.messages = (1, 0)
    assert set(problems(aws)) == {"Schedules", "Failures"}


def test_a_stack_that_cannot_be_read_is_broken() -> None:
    def client(_: str) -> Any:
        raise NoCredentialsError

    (found,) = findings(client, "clipo")
    assert (found.name, found.state) == ("Stack", State.BROKEN)
    assert "AWS_PROFILE" in found.fix


def test_a_profile_that_does_not_exist_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_PROFILE", "no-such-profile")
    (found,) = findings(connect(), "clipo")
    assert (found.name, found.state) == ("Stack", State.BROKEN)
    assert "no-such-profile" in found.said


def test_another_stack_than_clipos_is_named(aws: FakeAws, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(FakeAws, "paginate", lambda *_, **__: iter(()))
    assert problems(aws)["Stack"][1] == "clipo is not a stack of Clipo."


def test_the_command_says_that_it_needs_boto3(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "boto3", None)
    monkeypatch.delitem(sys.modules, "clipo.cli.deployed_stack")
    monkeypatch.delattr("clipo.cli.deployed_stack")
    with pytest.raises(Misuse, match="needs boto3: make "):
        doctor.command(stack="clipo")
