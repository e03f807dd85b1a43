"""What the template promises to whoever deploys it."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.template import TEMPLATE, resource, resources, source, transformed

_TOOLS = Path(__file__).parents[2] / ".tools"
_LINT = Path(sys.executable).with_name("cfn-lint")

_UPLOADS = "arn:${AWS::Partition}:s3:::${AWS::StackName}-uploads-${AWS::AccountId}-${AWS::Region}"
_MEDIA = "arn:${AWS::Partition}:s3:::${AWS::StackName}-media-${AWS::AccountId}-${AWS::Region}"


def run(*command: str | Path, **environ: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [str(part) for part in command],
        cwd=TEMPLATE.parent,
        env=os.environ | {"SAM_CLI_TELEMETRY": "0"} | environ,
        capture_output=True,
        text=True,
        check=False,
    )


def test_aws_own_linters_find_nothing() -> None:
    sam = _TOOLS / "sam/bin/sam"
    for finished in (
        run(_LINT, "--template", TEMPLATE),
        run(sam, "validate", "--lint", "--region", "eu-west-1"),
    ):
        assert finished.returncode == 0, finished.stdout + finished.stderr


def test_checkov_finds_nothing_that_is_not_explained(tmp_path: Path) -> None:
    written = tmp_path / "template.json"
    written.write_text(json.dumps(transformed()))
    checkov = _TOOLS / "checkov/bin/checkov"
    finished = run(checkov, "--file", written, "--skip-download", "--output", "json")
    report = json.loads(finished.stdout)
    assert finished.returncode == 0, report["results"]["failed_checks"]
    assert report["summary"]["parsing_errors"] == 0
    assert report["summary"]["passed"] > 30, "it has looked at what we deploy"
    skipped = report["results"]["skipped_checks"]
    assert all(len(check["check_result"]["suppress_comment"]) > 20 for check in skipped)


# ---- Least privilege ----


_LISTING = [
    ("s3:ListBucket", _UPLOADS),
    ("s3:ListBucketMultipartUploads", _UPLOADS),
    ("s3:ListBucket", _MEDIA),
]


def statements(role: str) -> list[tuple[list[str], Any]]:
    """Return what a role may do, and on what; also under a condition."""
    (policy,) = resource("AWS::IAM::Role", role)["Policies"]
    written = policy["PolicyDocument"]["Statement"]
    allowed = [entry["Fn::If"][1] if "Fn::If" in entry else entry for entry in written]
    assert {statement["Effect"] for statement in allowed} == {"Allow"}
    return [(_as_list(statement["Action"]), statement["Resource"]) for statement in allowed]


def _as_list(value: str | list[str]) -> list[str]:
    return [value] if isinstance(value, str) else value


def rights(role: str, service: str) -> list[tuple[str, str]]:
    return [
        (action, target["Fn::Sub"])
        for actions, target in statements(role)
        for action in actions
        if action.startswith(f"{service}:")
    ]


def test_the_api_signs_and_removes_uploads_reads_thumbnails_and_starts_processing() -> None:
    """It can read no upload, and write no thumbnail."""
    assert rights("ApiRole", "s3") == [
        ("s3:PutObject", f"{_UPLOADS}/uploads/*"),
        ("s3:AbortMultipartUpload", f"{_UPLOADS}/uploads/*"),
        ("s3:ListMultipartUploadParts", f"{_UPLOADS}/uploads/*"),
        ("s3:DeleteObject", f"{_UPLOADS}/uploads/*"),
        ("s3:GetObject", f"{_MEDIA}/thumbnails/*"),
        ("s3:DeleteObject", f"{_MEDIA}/thumbnails/*"),
        *_LISTING,
    ]
    start = (["lambda:InvokeFunction"], {"Fn::GetAtt": ["ProcessingFunction", "Arn"]})
    assert start in statements("ApiRole")


def test_processing_reads_and_removes_uploads_and_writes_thumbnails() -> None:
    """It can write no upload, and read no thumbnail."""
    assert rights("ProcessingRole", "s3") == [
        ("s3:GetObject", f"{_UPLOADS}/uploads/*"),
        ("s3:DeleteObject", f"{_UPLOADS}/uploads/*"),
        ("s3:AbortMultipartUpload", f"{_UPLOADS}/uploads/*"),
        ("s3:PutObject", f"{_MEDIA}/thumbnails/*"),
        ("s3:DeleteObject", f"{_MEDIA}/thumbnails/*"),
        *_LISTING,
    ]


def test_upkeep_deletes_uploads_only_when_it_is_told_to() -> None:
    assert (["s3:DeleteObject"], {"Fn::Sub": f"{_MEDIA}/thumbnails/*"}) in statements("UpkeepRole")
    policy = resource("AWS::IAM::Role", "UpkeepRole")["Policies"][0]["PolicyDocument"]
    (conditional,) = [s["Fn::If"] for s in policy["Statement"] if "Fn::If" in s]
    assert conditional[0] == "LeftoversAreDeleted"
    assert conditional[1]["Action"] == "s3:DeleteObject"
    assert conditional[2] == {"Ref": "AWS::NoValue"}


def test_upkeep_runs_on_schedule_and_empties_the_failure_queue() -> None:
    (rule,) = resources("AWS::Events::Rule").values()
    assert rule["ScheduleExpression"] == {"Fn::Sub": "rate(${UpkeepMinutes} minutes)"}
    (mapping,) = resources("AWS::Lambda::EventSourceMapping").values()
    assert mapping["EventSourceArn"] == {"Fn::GetAtt": ["FailedEvents", "Arn"]}
    assert mapping["FunctionResponseTypes"] == ["ReportBatchItemFailures"]
    timeout = resource("AWS::Lambda::Function", "UpkeepFunction")["Timeout"]
    assert resource("AWS::SQS::Queue", "FailedEvents")["VisibilityTimeout"] >= 6 * timeout
    assert timeout < 60 * source()["Parameters"]["UpkeepMinutes"]["MinValue"]


def test_no_role_has_a_wildcard_or_a_policy_that_is_not_written_here() -> None:
    roles = resources("AWS::IAM::Role")
    assert set(roles) == {"ApiRole", "ProcessingRole", "UpkeepRole"}, "and none that SAM made"
    for name, role in roles.items():
        assert "ManagedPolicyArns" not in role
        for actions, target in statements(name):
            assert not any("*" in action for action in actions)
            assert target != "*"


def test_each_log_group_is_written_by_one_function_only() -> None:
    for stage in ("Api", "Processing", "Upkeep"):
        allowed = statements(f"{stage}Role")
        targets = [target for actions, target in allowed if actions[0].startswith("logs:")]
        assert targets == [{"Fn::GetAtt": [f"{stage}Logs", "Arn"]}]


def test_only_our_bucket_and_our_api_may_invoke_the_functions() -> None:
    permissions = resources("AWS::Lambda::Permission")
    assert all("SourceArn" in permission for permission in permissions.values())
    assert permissions["UploadsMayInvoke"]["SourceArn"]["Fn::Sub"] == _UPLOADS
    assert permissions["UploadsMayInvoke"]["SourceAccount"] == {"Ref": "AWS::AccountId"}


# ---- Buckets ----


def test_buckets_are_private_encrypted_and_without_acls() -> None:
    buckets = resources("AWS::S3::Bucket")
    assert set(buckets) == {"UploadsBucket", "MediaBucket"}
    for bucket in buckets.values():
        assert set(bucket["PublicAccessBlockConfiguration"].values()) == {True}
        assert bucket["BucketEncryption"]["ServerSideEncryptionConfiguration"]
        assert bucket["OwnershipControls"]["Rules"] == [{"ObjectOwnership": "BucketOwnerEnforced"}]


@pytest.mark.parametrize("bucket", ["UploadsBucket", "MediaBucket"])
def test_plain_http_and_old_signatures_are_denied(bucket: str) -> None:
    policy = resource("AWS::S3::BucketPolicy", f"{bucket}Policy")["PolicyDocument"]
    tls, age = policy["Statement"]
    assert {tls["Effect"], age["Effect"]} == {"Deny"}
    assert tls["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}
    assert tls["Resource"] == [
        {"Fn::GetAtt": [bucket, "Arn"]},
        {"Fn::Sub": f"${{{bucket}.Arn}}/*"},
    ]
    fifteen_minutes = str(15 * 60 * 1000)
    assert age["Condition"] == {"NumericGreaterThan": {"s3:signatureAge": fifteen_minutes}}


def test_browsers_of_exact_origins_may_upload_in_parts() -> None:
    (rule,) = resource("AWS::S3::Bucket", "UploadsBucket")["CorsConfiguration"]["CorsRules"]
    assert (rule["AllowedMethods"], rule["ExposedHeaders"]) == (
        ["POST", "PUT", "GET", "DELETE"],
        ["ETag"],
    )
    assert "*" not in json.dumps(rule["AllowedOrigins"])
    own = {"Fn::GetAtt": ["HttpApi", "ApiEndpoint"]}
    condition, with_others, alone = rule["AllowedOrigins"]["Fn::If"]
    assert (condition, alone) == ("OtherOrigins", [own])
    assert own in with_others["Fn::Split"][1]["Fn::Join"][1]


def test_pages_of_other_origins_may_call_only_when_they_are_named() -> None:
    cors = resource("AWS::ApiGatewayV2::Api", "HttpApi")["CorsConfiguration"]["Fn::If"]
    assert cors[0] == "OtherOrigins"
    assert cors[1]["AllowOrigins"] == {"Ref": "AllowedOrigins"}
    assert cors[2] == {"Ref": "AWS::NoValue"}


def test_unfinished_uploads_are_forgotten_and_finished_ones_kept_unless_asked() -> None:
    rules = resource("AWS::S3::Bucket", "UploadsBucket")["LifecycleConfiguration"]["Rules"]
    assert rules[0]["AbortIncompleteMultipartUpload"] == {"DaysAfterInitiation": 1}
    assert rules[1]["Fn::If"][0] == "SourcesExpire"
    assert rules[1]["Fn::If"][2] == {"Ref": "AWS::NoValue"}
    assert source()["Parameters"]["ExpireSourcesAfterDays"]["Default"] == 0


def test_deleting_the_stack_deletes_no_video() -> None:
    """S3 refuses to delete what is not empty, so the buckets need not be retained."""
    for name in ("UploadsBucket", "MediaBucket"):
        bucket = transformed()["Resources"][name]
        assert bucket["DeletionPolicy"] == "Delete"
        assert bucket["UpdateReplacePolicy"] == "Retain"


# ---- Events ----


def test_uploads_start_processing_and_thumbnails_do_not() -> None:
    uploads = resource("AWS::S3::Bucket", "UploadsBucket")["NotificationConfiguration"]
    (trigger,) = uploads["LambdaConfigurations"]
    assert trigger["Event"] == "s3:ObjectCreated:*"
    assert trigger["Filter"]["S3Key"]["Rules"] == [{"Name": "prefix", "Value": "uploads/"}]
    assert trigger["Function"] == {"Fn::GetAtt": ["ProcessingFunction", "Arn"]}
    assert "NotificationConfiguration" not in resource("AWS::S3::Bucket", "MediaBucket")


def test_an_event_is_tried_three_times_and_then_kept_for_two_weeks() -> None:
    config = resource("AWS::Lambda::EventInvokeConfig", "ProcessingFunction")
    assert config["MaximumRetryAttempts"] == 2
    failed = {"Fn::GetAtt": ["FailedEvents", "Arn"]}
    assert config["DestinationConfig"]["OnFailure"]["Destination"] == failed
    assert (["sqs:SendMessage"], failed) in statements("ProcessingRole")
    queue = resource("AWS::SQS::Queue", "FailedEvents")
    assert queue["MessageRetentionPeriod"] == 14 * 24 * 3600
    assert queue["SqsManagedSseEnabled"] is True


def test_a_file_has_the_time_that_the_engine_may_take() -> None:
    """95 s for one file, and what comes before and after."""
    assert resource("AWS::Lambda::Function", "ProcessingFunction")["Timeout"] >= 120


def test_concurrency_is_capped_where_the_operator_says_so() -> None:
    concurrency = resource("AWS::Lambda::Function", "ProcessingFunction")[
        "ReservedConcurrentExecutions"
    ]
    assert concurrency["Fn::If"] == [
        "ConcurrencyIsCapped",
        {"Ref": "ProcessingConcurrency"},
        {"Ref": "AWS::NoValue"},
    ]


# ---- Secrets, logs and alarms ----


def test_the_connection_string_is_nowhere_in_plain_text() -> None:
    for function in resources("AWS::Lambda::Function").values():
        uri = function["Environment"]["Variables"]["MONGODB_URI"]
        assert uri == {"Fn::Sub": "{{resolve:secretsmanager:${MongoSecret}}}"}
    assert "MongoSecret" not in json.dumps(source()["Outputs"])


def test_every_log_is_structured_and_kept_for_a_time_only() -> None:
    groups = resources("AWS::Logs::LogGroup")
    assert set(groups) == {"ApiLogs", "ProcessingLogs", "UpkeepLogs", "HttpApiLogs"}
    assert all(g["RetentionInDays"] == {"Ref": "LogRetentionDays"} for g in groups.values())
    for function in resources("AWS::Lambda::Function").values():
        assert function["LoggingConfig"]["LogFormat"] == "JSON"
        assert function["LoggingConfig"]["LogGroup"]["Ref"] in groups


def test_access_logs_are_json() -> None:
    stage = resource("AWS::ApiGatewayV2::Stage", "HttpApiStage")
    assert "requestId" in json.loads(stage["AccessLogSettings"]["Format"])
    assert stage["DefaultRouteSettings"]["ThrottlingRateLimit"] == {"Ref": "RequestsPerSecond"}


def test_every_alarm_can_be_mailed_and_has_a_runbook() -> None:
    runbooks = (TEMPLATE.parent / "docs" / "operations.md").read_text()
    alarms = resources("AWS::CloudWatch::Alarm")
    assert len(alarms) == 9
    for alarm in alarms.values():
        assert alarm["AlarmActions"]["Fn::If"][:2] == ["MailsAlarms", [{"Ref": "AlarmTopic"}]]
        name = alarm["AlarmName"]["Fn::Sub"].removeprefix("${AWS::StackName}-")
        assert f"docs/operations.md, {name}." in alarm["AlarmDescription"]
        assert f"### {name}\n" in runbooks


def test_the_dashboard_is_json_about_what_is_there() -> None:
    body = resource("AWS::CloudWatch::Dashboard", "Dashboard")["DashboardBody"]["Fn::Sub"]
    assert len(json.loads(body)["widgets"]) == 6


# ---- Parameters ----


def test_all_parameters_but_the_secret_have_defaults_and_all_say_what_they_are() -> None:
    parameters = source()["Parameters"]
    assert [name for name, p in parameters.items() if "Default" not in p] == ["MongoSecret"]
    assert all(len(p["Description"]) > 20 for p in parameters.values())
    for name, parameter in parameters.items():
        limits = {"AllowedValues", "AllowedPattern", "MinValue"}
        assert name == "AllowedOrigins" or limits & set(parameter), name
    groups = source()["Metadata"]["AWS::CloudFormation::Interface"]["ParameterGroups"]
    assert {name for group in groups for name in group["Parameters"]} == set(parameters)
