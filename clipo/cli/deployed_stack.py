"""The checks of `clipo doctor --stack` on a stack in AWS, which change nothing.

The wheel does not require boto3, so only that option and `clipo redrive` import this module.
"""

import os
import struct
import tempfile
import urllib.request
import zipfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import boto3
from botocore.exceptions import BotoCoreError, ClientError

from clipo.cli import issuer
from clipo.cli.finding import Finding, broken, ok, warning

_MACHINES = {0x3E: "x86_64", 0xB7: "arm64"}
"""Processor architectures by the field `e_machine` of an ELF file."""

_OFF = ("Disabled", "Disabling")
_ELF_HEADER = struct.Struct("<4s14xH")

Client = Callable[[str], Any]
"""A function that returns boto3's client of a service."""


@dataclass(slots=True)
class StackResources:
    """The resources of a stack: physical ids by type, then by logical id."""

    name: str
    ids: dict[str, dict[str, str]] = field(default_factory=dict)

    def of_type(self, name: str) -> Mapping[str, str]:
        """Return the physical ids of one type by their logical ids."""
        return self.ids.get(f"AWS::{name}", {})


def connect() -> Client:
    """Return clients with the user's AWS configuration. Each is made at its first use."""

    @cache
    def client(service: Any) -> Any:
        return session().client(service)

    @cache
    def session() -> boto3.Session:
        # Fails if AWS_PROFILE names no profile. Unlike the AWS CLI, boto3 ignores AWS_REGION.
        return boto3.Session(region_name=os.environ.get("AWS_REGION"))

    return client


def findings(client: Client, name: str) -> Iterator[Finding]:
    """Yield findings on the stack's functions, triggers, failure queue, alarms and layer."""
    try:
        stack = resources(client, name)
    except (BotoCoreError, ClientError) as error:
        fix = "Check the name, AWS_REGION and AWS_PROFILE, and your right to read CloudFormation."
        yield broken("Stack", f"{name} cannot be read: {error}", fix)
        return
    if "ProcessingFunction" not in stack.of_type("Lambda::Function"):
        fix = "aws cloudformation list-stacks shows the names."
        yield broken("Stack", f"{name} is not a stack of Clipo.", fix)
        return
    yield ok("Stack", f"{name} has {sum(map(len, stack.ids.values()))} resources.")
    checks = {
        "Functions": _functions,
        "Schedules": _schedules,
        "Queues": _triggers,
        "Failures": _failure_queue,
        "Alarms": _alarms,
        "Alarm mail": _alarm_mail,
        "Layer": _layer,
        "Own login": _login_issuer,
    }
    for title, check in checks.items():
        try:
            yield check(title, client, stack)
        except (BotoCoreError, ClientError, OSError, zipfile.BadZipFile) as error:
            yield broken(title, f"Not checked: {error}", "Check your rights in this account.")


def resources(client: Client, name: str) -> StackResources:
    """Return the resources of a stack. Raises boto3's errors."""
    stack = StackResources(name)
    pages = client("cloudformation").get_paginator("list_stack_resources")
    for page in pages.paginate(StackName=name):
        for one in page["StackResourceSummaries"]:
            of_type = stack.ids.setdefault(one["ResourceType"], {})
            of_type[one["LogicalResourceId"]] = one["PhysicalResourceId"]
    return stack


def _functions(title: str, client: Client, stack: StackResources) -> Finding:
    functions = stack.of_type("Lambda::Function").values()
    paused = [name for name in functions if is_paused(client, name)]
    if paused:
        command = "aws lambda delete-function-concurrency --function-name"
        commands = "; ".join(f"{command} {name}" for name in paused)
        fix = f"{commands} (see Pause processing in docs/operations.md)"
        return broken(title, f"Paused, so Lambda refuses their calls: {', '.join(paused)}.", fix)
    return ok(title, f"None of {len(functions)} is paused.")


def is_paused(client: Client, function: str) -> bool:
    """Tell whether an operator has stopped a function. Raises boto3's errors."""
    found = client("lambda").get_function_concurrency(FunctionName=function)
    return bool(found.get("ReservedConcurrentExecutions") == 0)


def _schedules(title: str, client: Client, stack: StackResources) -> Finding:
    rules = stack.of_type("Events::Rule").values()
    off = [one for one in rules if client("events").describe_rule(Name=one)["State"] != "ENABLED"]
    if off:
        said = f"{', '.join(off)} is disabled: stuck videos and due webhooks wait."
        return broken(title, said, "; ".join(f"aws events enable-rule --name {one}" for one in off))
    return ok(title, f"{len(rules)} enabled.")


def _triggers(title: str, client: Client, stack: StackResources) -> Finding:
    mappings = stack.of_type("Lambda::EventSourceMapping")
    off = {
        logical: uuid
        for logical, uuid in mappings.items()
        if client("lambda").get_event_source_mapping(UUID=uuid)["State"] in _OFF
    }
    if off:
        said = f"{', '.join(off)} is disabled: the messages of that queue wait."
        command = "aws lambda update-event-source-mapping --enabled --uuid"
        return broken(title, said, "; ".join(f"{command} {uuid}" for uuid in off.values()))
    return ok(title, f"{len(mappings)} invoke their functions.")


def _failure_queue(title: str, client: Client, stack: StackResources) -> Finding:
    names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
    url = stack.of_type("SQS::Queue")["FailedEvents"]
    found = client("sqs").get_queue_attributes(QueueUrl=url, AttributeNames=names)["Attributes"]
    waiting = sum(int(found[name]) for name in names)
    if waiting:
        said = f"{waiting} events that processing failed on wait for upkeep."
        return warning(title, said, "See failed-events in docs/operations.md.")
    return ok(title, "No failed event waits for upkeep.")


def _alarms(title: str, client: Client, stack: StackResources) -> Finding:
    names = list(stack.of_type("CloudWatch::Alarm").values())
    found = client("cloudwatch").describe_alarms(AlarmNames=names, MaxRecords=100)["MetricAlarms"]
    raised = sorted(one["AlarmName"] for one in found if one["StateValue"] == "ALARM")
    if raised:
        runbooks = ", ".join(one.removeprefix(f"{stack.name}-") for one in raised)
        return broken(title, f"{', '.join(raised)}.", f"See {runbooks} in docs/operations.md.")
    muted = sorted(one["AlarmName"] for one in found if not one["ActionsEnabled"])
    if muted:
        fix = f"aws cloudwatch enable-alarm-actions --alarm-names {' '.join(muted)}"
        return warning(title, f"{', '.join(muted)} sends no mail.", fix)
    return ok(title, f"None of {len(found)} is raised.")


def _alarm_mail(title: str, client: Client, stack: StackResources) -> Finding:
    topics = list(stack.of_type("SNS::Topic").values())
    if not topics:
        return warning(title, "No address gets the alarms.", "Set the parameter AlarmEmail.")
    listed = client("sns").list_subscriptions_by_topic(TopicArn=topics[0])["Subscriptions"]
    if any(one["SubscriptionArn"].startswith("arn:") for one in listed):
        return ok(title, "An address gets the alarms.")
    addresses = ", ".join(one["Endpoint"] for one in listed) or "No address"
    fix = "Follow the link in AWS's mail, or change AlarmEmail and deploy for a new one."
    return broken(title, f"{addresses} has not confirmed that it wants the alarms.", fix)


def _layer(title: str, client: Client, stack: StackResources) -> Finding:
    name = stack.of_type("Lambda::Function")["ProcessingFunction"]
    function = client("lambda").get_function_configuration(FunctionName=name)
    runs_on = function.get("Architectures", ["x86_64"])[0]
    arn = function["Layers"][0]["Arn"]
    content = client("lambda").get_layer_version_by_arn(Arn=arn)["Content"]
    built_for = _architecture(content["Location"])
    if built_for != runs_on:
        said = f"ffmpeg was built for {built_for}, and {name} runs on {runs_on}."
        build = f"sam build --parameter-overrides Architecture={runs_on}"
        fix = f"FFMPEG=minimal {build} (or without FFMPEG, as before), then sam deploy"
        return broken(title, said, fix)
    return ok(title, f"ffmpeg is built for {runs_on}, on which {name} runs.")


def _login_issuer(title: str, client: Client, stack: StackResources) -> Finding:
    name = stack.of_type("Lambda::Function")["ApiFunction"]
    function = client("lambda").get_function_configuration(FunctionName=name)
    environ = function.get("Environment", {}).get("Variables", {})
    if not environ.get(issuer.VARIABLE):
        return ok(title, "No OpenID Connect issuer is set.")
    return issuer.check(title, environ)


def _architecture(url: str) -> str:
    """Return the architecture of the program `bin/ffmpeg` in the layer at a signed URL."""
    with tempfile.TemporaryFile() as layer:
        with urllib.request.urlopen(url, timeout=60) as answer:  # noqa: S310 (AWS's own URL)
            while piece := answer.read(1 << 20):
                layer.write(piece)
        with zipfile.ZipFile(layer) as files, files.open("bin/ffmpeg") as program:
            magic, machine = _ELF_HEADER.unpack(program.read(_ELF_HEADER.size))
    return _MACHINES.get(machine, "another system") if magic == b"\x7fELF" else "another system"
