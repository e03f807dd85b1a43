"""Permissions, buckets, events, alarms and parameters of the template."""

import json
import os
import re
import string
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from functions.adapters.pictures import MAKING_TIMEOUT_S
from functions.adapters.signed.cloudfront import CloudFront
from functions.adapters.telemetry import Metric
from functions.api.deliver_picture import LEASE
from functions.api.settings import ApiSettings
from functions.media.sandbox import memory_limit
from functions.upkeep.handler import SWEEP
from tests.examples import OPEN
from tests.resolved import resolved
from tests.template import TEMPLATE, Document, resource, resources, source, transformed

_TOOLS = Path(__file__).parents[2] / ".tools"
_LINT = Path(sys.executable).with_name("cfn-lint")

_REGIONAL = {"Fn::If": ["BucketNamesAreAccountRegional", "-an", ""]}
_UPLOADS_NAME = "${AWS::StackName}-uploads-${AWS::AccountId}-${AWS::Region}${Suffix}"
_MEDIA_NAME = "${AWS::StackName}-media-${AWS::AccountId}-${AWS::Region}${Suffix}"
_UPLOADS = f"arn:${{AWS::Partition}}:s3:::{_UPLOADS_NAME}"
_MEDIA = f"arn:${{AWS::Partition}}:s3:::{_MEDIA_NAME}"


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


def combinations() -> dict[str, dict[str, str]]:
    """Return the parameters of each row of the table in docs/deploy.md, by the row's name."""
    docs = (TEMPLATE.parent / "docs" / "deploy.md").read_text()
    table = docs.partition("### Tested combinations")[2].partition("\n#")[0]
    rows = re.findall(r"^\| ([^|]+) \| ([^|]*)\|$", table, re.MULTILINE)[1:]
    return {
        name: dict(one.split("=", 1) for one in re.findall("`([^`]+)`", given))
        for name, given in rows
        if set(name) != {"-"}
    }


COMBINATIONS = combinations()


@pytest.fixture(scope="module")
def resolved_templates(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The template with each combination, one file for each."""
    folder = tmp_path_factory.mktemp("combinations")
    for name, parameters in COMBINATIONS.items():
        (folder / f"{name.replace(' ', '-')}.json").write_text(json.dumps(resolved(parameters)))
    return folder


@pytest.mark.long
def test_cfn_lint_finds_nothing_in_any_combination(resolved_templates: Path) -> None:
    # It takes parameters for unused that only conditions and rules name.
    finished = run(_LINT, "--ignore-checks", "W2001", "--", *sorted(resolved_templates.iterdir()))
    assert finished.returncode == 0, finished.stdout + finished.stderr


@pytest.mark.long
def test_checkov_finds_nothing_that_is_not_explained(resolved_templates: Path) -> None:
    checkov = _TOOLS / "checkov/bin/checkov"
    finished = run(
        *(checkov, "--directory", resolved_templates, "--framework", "cloudformation"),
        *("--skip-download", "--output", "json"),
    )
    report = json.loads(finished.stdout)
    assert finished.returncode == 0, report["results"]["failed_checks"]
    assert report["summary"]["parsing_errors"] == 0
    assert report["summary"]["passed"] > 30 * len(COMBINATIONS), "it has looked at all of them"
    skipped = report["results"]["skipped_checks"]
    assert all(len(check["check_result"]["suppress_comment"]) > 20 for check in skipped)


# ---- Operators' parameters ----


def of_kind(document: Document, kind: str) -> dict[str, Document]:
    return {
        name: one["Properties"]
        for name, one in document["Resources"].items()
        if one["Type"] == kind
    }


def test_the_table_of_combinations_has_every_optional_parameter() -> None:
    assert COMBINATIONS["defaults"] == {}
    named = {name for parameters in COMBINATIONS.values() for name in parameters}
    assert named >= {
        *("SubnetIds", "SecurityGroupIds", "PermissionsBoundary", "KmsKeyArn", "AlarmTopicArn"),
        *("MonthlyBudget", "DomainName", "CertificateArn", "RequestBurst"),
        *("Delivery", "DeliveryKeyIds", "DeliverySecret"),
    }
    for parameters in COMBINATIONS.values():
        for name, value in parameters.items():
            rules = source()["Parameters"][name]
            assert value != str(rules.get("Default")), name
            each = value.split(",") if rules["Type"] == "CommaDelimitedList" else [value]
            pattern = rules.get("AllowedPattern", ".*")
            assert all(re.fullmatch(pattern, one) for one in each), (name, value)


def test_by_default_the_operators_parameters_add_nothing() -> None:
    bare, written = resolved({}), json.dumps(resolved({}))
    kinds = {one["Type"] for one in bare["Resources"].values()}
    assert not {"AWS::ApiGatewayV2::DomainName", "AWS::Budgets::Budget", "AWS::SNS::Topic"} & kinds
    assert not [kind for kind in kinds if kind.startswith(("AWS::CloudFront", "AWS::Logs::Deliv"))]
    properties = json.dumps([one["Properties"] for one in bare["Resources"].values()])
    for word in ("VpcConfig", "PermissionsBoundary", "Kms", "kms:", "ec2:", "KMS"):
        assert word not in properties, word
    assert "Fn::If" not in written
    assert "AWS::NoValue" not in written


@pytest.mark.parametrize("name", ["private network", "everything"])
def test_every_function_runs_in_the_vpc(name: str) -> None:
    document = resolved(COMBINATIONS[name])
    functions = of_kind(document, "AWS::Lambda::Function")
    assert len(functions) == (5 if "WebhookUrl" in COMBINATIONS[name] else 4)
    for function in functions.values():
        assert function["VpcConfig"] == {
            "SubnetIds": {"Fn::Split": [",", {"Ref": "SubnetIds"}]},
            "SecurityGroupIds": {"Fn::Split": [",", {"Ref": "SecurityGroupIds"}]},
        }
    connecting = {"ec2:CreateNetworkInterface", "ec2:DeleteNetworkInterface", "ec2:DescribeSubnets"}
    for role in of_kind(document, "AWS::IAM::Role").values():
        (statement,) = [
            one
            for one in role["Policies"][0]["PolicyDocument"]["Statement"]
            if connecting <= set(one["Action"])
        ]
        assert statement["Condition"] == {"Null": {"lambda:SourceFunctionArn": "true"}}


def test_every_role_has_the_boundary() -> None:
    roles = of_kind(resolved(COMBINATIONS["everything"]), "AWS::IAM::Role")
    assert set(roles) == set(RIGHTS)
    for role in roles.values():
        assert role["PermissionsBoundary"] == {"Ref": "PermissionsBoundary"}


def test_the_operators_key_encrypts_all_that_can_be_encrypted() -> None:
    document, key = resolved(COMBINATIONS["everything"]), {"Ref": "KmsKeyArn"}
    for bucket in of_kind(document, "AWS::S3::Bucket").values():
        (rule,) = bucket["BucketEncryption"]["ServerSideEncryptionConfiguration"]
        encryption = {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": key}
        assert rule == {"ServerSideEncryptionByDefault": encryption, "BucketKeyEnabled": True}
    for kind, name, count in (
        ("AWS::Lambda::Function", "KmsKeyArn", 5),
        ("AWS::Logs::LogGroup", "KmsKeyId", 7),
        ("AWS::SQS::Queue", "KmsMasterKeyId", 2),
        ("AWS::SNS::Topic", "KmsMasterKeyId", 1),
    ):
        found = of_kind(document, kind)
        assert len(found) == count
        assert [one[name] for one in found.values()] == [key] * count
    for queue in of_kind(document, "AWS::SQS::Queue").values():
        assert queue["SqsManagedSseEnabled"] is False


def test_only_the_distribution_reads_the_buckets_for_viewers() -> None:
    document = resolved(COMBINATIONS["CloudFront"])
    arn = "arn:${AWS::Partition}:cloudfront::${AWS::AccountId}:distribution/${Distribution}"
    for bucket, prefixes in (
        ("UploadsBucket", ["uploads"]),
        ("MediaBucket", ["thumbnails", "images"]),
    ):
        *denied, allowed = document["Resources"][f"{bucket}Policy"]["Properties"]["PolicyDocument"][
            "Statement"
        ]
        assert {one["Effect"] for one in denied} == {"Deny"}
        assert as_list(allowed.pop("Resource")) == [
            {"Fn::Sub": f"${{{bucket}.Arn}}/{prefix}/*"} for prefix in prefixes
        ]
        assert allowed == {
            "Sid": "Distribution",
            "Effect": "Allow",
            "Principal": {"Service": "cloudfront.amazonaws.com"},
            "Action": "s3:GetObject",
            "Condition": {"StringEquals": {"aws:SourceArn": {"Fn::Sub": arn}}},
        }


def test_the_distribution_answers_only_to_signed_addresses() -> None:
    document = resolved(COMBINATIONS["CloudFront"])
    (distribution,) = of_kind(document, "AWS::CloudFront::Distribution").values()
    config = distribution["DistributionConfig"]
    behaviours = [config["DefaultCacheBehavior"], *config["CacheBehaviors"]]
    assert [one["TargetOriginId"] for one in behaviours] == ["media", "uploads"]
    for one in behaviours:
        assert one["TrustedKeyGroups"] == [{"Ref": "DeliveryKeys"}]
        assert one["ViewerProtocolPolicy"] == "https-only"
    for origin in config["Origins"]:
        assert origin["OriginAccessControlId"] == {"Fn::GetAtt": ["DistributionAccess", "Id"]}
    (keys,) = of_kind(document, "AWS::CloudFront::KeyGroup").values()
    assert keys["KeyGroupConfig"]["Items"] == {"Ref": "DeliveryKeyIds"}
    api = of_kind(document, "AWS::Lambda::Function")["ApiFunction"]["Environment"]["Variables"]
    assert {name: api[name] for name in api if name.startswith("DELIVERY_")} == {
        "DELIVERY_URL": {"Fn::Sub": "https://${Distribution.DomainName}"},
        "DELIVERY_KEY_ID": {"Fn::Select": [0, {"Ref": "DeliveryKeyIds"}]},
        "DELIVERY_KEY": {"Fn::Sub": "{{resolve:secretsmanager:${DeliverySecret}}}"},
    }
    assert CloudFront.read({name: "x" for name in api if name.startswith("DELIVERY_")})


def test_the_distribution_caches_by_what_the_api_signs() -> None:
    document = resolved(COMBINATIONS["CloudFront"])
    for policy in of_kind(document, "AWS::CloudFront::CachePolicy").values():
        forwarded = policy["CachePolicyConfig"]["ParametersInCacheKeyAndForwardedToOrigin"]
        assert forwarded["QueryStringsConfig"] == {
            "QueryStringBehavior": "whitelist",
            "QueryStrings": ["response-content-disposition", "response-content-type", "v"],
        }
    pictures = document["Resources"]["HeadersOfPictures"]["Properties"]
    headers = pictures["ResponseHeadersPolicyConfig"]["CustomHeadersConfig"]["Items"]
    assert [one["Value"] for one in headers] == ["private, max-age=31536000, immutable"]


def test_the_logs_of_the_distribution_have_no_query_strings() -> None:
    document = resolved(COMBINATIONS["CloudFront"])
    (log,) = of_kind(document, "AWS::Logs::Delivery").values()
    assert "cs-uri-stem" in log["RecordFields"]
    assert not {"cs-uri-query", "cs(Referer)", "cs(Cookie)"} & set(log["RecordFields"])
    (distribution,) = of_kind(document, "AWS::CloudFront::Distribution").values()
    assert "Logging" not in distribution["DistributionConfig"], "the legacy logs have all fields"


def test_alarms_go_to_every_topic_that_there_is() -> None:
    mail, pager = {"Ref": "AlarmTopic"}, {"Ref": "AlarmTopicArn"}
    given = COMBINATIONS["alarms and budget"]
    for names, topics in (
        (["AlarmEmail", "AlarmTopicArn"], [mail, pager]),
        (["AlarmEmail"], [mail]),
        (["AlarmTopicArn"], [pager]),
        ([], []),
    ):
        document = resolved({name: given[name] for name in names})
        for alarm in of_kind(document, "AWS::CloudWatch::Alarm").values():
            assert alarm["AlarmActions"] == alarm["OKActions"] == topics


def test_a_budget_is_of_this_stack_and_mailed() -> None:
    (budget,) = of_kind(
        resolved(COMBINATIONS["alarms and budget"]), "AWS::Budgets::Budget"
    ).values()
    assert budget["Budget"]["BudgetLimit"] == {"Amount": {"Ref": "MonthlyBudget"}, "Unit": "USD"}
    tag = "aws:cloudformation:stack-name$${AWS::StackName}"
    assert budget["Budget"]["CostFilters"]["TagKeyValue"] == [{"Fn::Sub": tag}]
    for one in budget["NotificationsWithSubscribers"]:
        assert one["Subscribers"] == [
            {"SubscriptionType": "EMAIL", "Address": {"Ref": "AlarmEmail"}}
        ]
    assert source()["Rules"]["BudgetHasAReader"]


@pytest.mark.parametrize("name", ["own domain", "own domain with a path"])
def test_the_api_answers_at_the_operators_domain(name: str) -> None:
    document = resolved(COMBINATIONS[name])
    (mapping,) = of_kind(document, "AWS::ApiGatewayV2::ApiMapping").values()
    assert mapping["DomainName"] == {"Ref": "HttpApiDomain"}
    assert mapping["Stage"] == {"Ref": "HttpApiStage"}
    if name == "own domain":
        assert "ApiMappingKey" not in mapping
    else:
        written, separator = "|/v1/video", "|/"
        assert mapping["ApiMappingKey"] == {
            "Fn::Select": [1, {"Fn::Split": [separator, {"Fn::Sub": "|${BasePath}"}]}]
        }
        assert written.split(separator)[1] == "v1/video"
    address = "https://${DomainName}${BasePath}"
    assert document["Outputs"]["ApiUrl"]["Value"] == {"Fn::Sub": address}
    assert "DomainTarget" in document["Outputs"]
    for bucket in of_kind(document, "AWS::S3::Bucket").values():
        *_, rule = bucket["CorsConfiguration"]["CorsRules"]
        assert rule["AllowedOrigins"] == [{"Fn::Sub": "https://${DomainName}"}]


@pytest.mark.parametrize(
    ("further", "address"),
    [({}, "https://${DomainName}${BasePath}"), ({"WebhookApiUrl": "https://a.example"}, None)],
)
def test_webhooks_name_the_operators_domain(further: dict[str, str], address: str | None) -> None:
    document = resolved(COMBINATIONS["everything"] | further)
    webhooks = of_kind(document, "AWS::Lambda::Function")["WebhooksFunction"]
    expected = {"Fn::Sub": address} if address else {"Ref": "WebhookApiUrl"}
    assert webhooks["Environment"]["Variables"]["API_URL"] == expected


def test_a_burst_of_its_own_replaces_that_of_the_rate() -> None:
    for burst, limit in (("0", "RequestsPerSecond"), ("200", "RequestBurst")):
        (stage,) = of_kind(resolved({"RequestBurst": burst}), "AWS::ApiGatewayV2::Stage").values()
        assert stage["DefaultRouteSettings"] == {
            "ThrottlingRateLimit": {"Ref": "RequestsPerSecond"},
            "ThrottlingBurstLimit": {"Ref": limit},
        }


# ---- Least privilege ----

_UPLOADED = f"{_UPLOADS}/uploads/*"
_THUMBNAILS = f"{_MEDIA}/thumbnails/*"
_IMAGES = f"{_MEDIA}/images/*"

RIGHTS = {
    # The API signs the reading of uploads. It cannot write pictures.
    "ApiRole": {
        ("s3:PutObject", _UPLOADED),
        ("s3:GetObject", _UPLOADED),
        ("s3:AbortMultipartUpload", _UPLOADED),
        ("s3:ListMultipartUploadParts", _UPLOADED),
        ("s3:DeleteObject", _UPLOADED),
        ("s3:DeleteObjectVersion", _UPLOADED),
        ("s3:GetObject", _THUMBNAILS),
        ("s3:DeleteObject", _THUMBNAILS),
        ("s3:GetObject", _IMAGES),
        ("s3:DeleteObject", _IMAGES),
        ("s3:ListBucket", f"{_UPLOADS} if s3:prefix like uploads/*"),
        ("s3:ListBucketVersions", f"{_UPLOADS} if s3:prefix like uploads/*"),
        ("s3:ListBucketMultipartUploads", _UPLOADS),
        ("s3:ListBucket", _MEDIA),
        ("lambda:InvokeFunction", "ProcessingFunction.Arn"),
        ("lambda:InvokeFunction", "ImagesFunction.Arn"),
        ("sqs:SendMessage", "Webhooks.Arn if WebhooksAreOn"),
        ("logs:CreateLogStream", "ApiLogs.Arn"),
        ("logs:PutLogEvents", "ApiLogs.Arn"),
    },
    # Processing cannot write uploads or read thumbnails.
    "ProcessingRole": {
        ("s3:GetObject", _UPLOADED),
        ("s3:DeleteObject", _UPLOADED),
        ("s3:DeleteObjectVersion", _UPLOADED),
        ("s3:AbortMultipartUpload", _UPLOADED),
        ("s3:PutObject", _THUMBNAILS),
        ("s3:DeleteObject", _THUMBNAILS),
        ("s3:DeleteObject", _IMAGES),
        ("s3:ListBucket", _UPLOADS),
        ("s3:ListBucketVersions", _UPLOADS),
        ("s3:ListBucketMultipartUploads", _UPLOADS),
        ("s3:ListBucket", _MEDIA),
        ("sqs:SendMessage", "FailedEvents.Arn"),
        ("sqs:SendMessage", "Webhooks.Arn if WebhooksAreOn"),
        ("logs:CreateLogStream", "ProcessingLogs.Arn"),
        ("logs:PutLogEvents", "ProcessingLogs.Arn"),
    },
    # Images can neither delete nor overwrite uploads and thumbnails, and reaches no other service.
    "ImagesRole": {
        ("s3:GetObject", _UPLOADED),
        ("s3:PutObject", _IMAGES),
        ("s3:ListBucket", _UPLOADS),
        ("logs:CreateLogStream", "ImagesLogs.Arn"),
        ("logs:PutLogEvents", "ImagesLogs.Arn"),
    },
    # Upkeep cannot read or write objects. It can delete orphaned objects.
    "UpkeepRole": {
        ("s3:ListBucket", _UPLOADS),
        ("s3:ListBucket", _MEDIA),
        ("s3:DeleteObject", _THUMBNAILS),
        ("s3:DeleteObject", _IMAGES),
        ("s3:ListBucketVersions", _UPLOADS),
        ("s3:ListBucketMultipartUploads", _UPLOADS),
        ("s3:DeleteObject", _UPLOADED),
        ("s3:DeleteObjectVersion", _UPLOADED),
        ("s3:AbortMultipartUpload", _UPLOADED),
        ("lambda:InvokeFunction", "ProcessingFunction.Arn"),
        ("sqs:ReceiveMessage", "FailedEvents.Arn"),
        ("sqs:DeleteMessage", "FailedEvents.Arn"),
        ("sqs:GetQueueAttributes", "FailedEvents.Arn"),
        ("logs:CreateLogStream", "UpkeepLogs.Arn"),
        ("logs:PutLogEvents", "UpkeepLogs.Arn"),
    },
    # Webhooks cannot access objects or invoke functions.
    "WebhooksRole": {
        ("sqs:SendMessage", "Webhooks.Arn"),
        ("sqs:ReceiveMessage", "Webhooks.Arn"),
        ("sqs:DeleteMessage", "Webhooks.Arn"),
        ("sqs:GetQueueAttributes", "Webhooks.Arn"),
        ("logs:CreateLogStream", "WebhooksLogs.Arn"),
        ("logs:PutLogEvents", "WebhooksLogs.Arn"),
    },
}
"""The complete permissions of each function: only what its code in `functions/` needs."""


@pytest.mark.parametrize("role", RIGHTS)
def test_a_function_may_do_what_it_does_and_nothing_else(role: str) -> None:
    properties = resource("AWS::IAM::Role", role)
    assert "ManagedPolicyArns" not in properties
    (policy,) = properties["Policies"]
    written = policy["PolicyDocument"]["Statement"]
    expected = RIGHTS[role] | _CONNECTING | _DECRYPTING
    if role != "UpkeepRole":  # it writes neither objects nor messages
        expected |= _ENCRYPTING
    assert {right for statement in written for right in rights(statement)} == expected
    (trust,) = properties["AssumeRolePolicyDocument"]["Statement"]
    assert trust["Principal"] == {"Service": "lambda.amazonaws.com"}


def test_there_is_no_role_that_sam_made() -> None:
    assert set(resources("AWS::IAM::Role")) == set(RIGHTS)


_CONNECTING = {
    (f"ec2:{action}", "* if IsInVpc")
    for action in (
        *("CreateNetworkInterface", "DescribeNetworkInterfaces", "DeleteNetworkInterface"),
        *("DescribeSubnets", "AssignPrivateIpAddresses", "UnassignPrivateIpAddresses"),
    )
}
"""The permissions by which Lambda itself connects a function to a VPC."""

_DECRYPTING = {("kms:Decrypt", "KmsKeyArn if HasOwnKey")}
_ENCRYPTING = {("kms:GenerateDataKey", "KmsKeyArn if HasOwnKey")}


def rights(statement: Document) -> Iterator[tuple[str, str]]:
    """Yield the actions and resources that a statement allows, and its condition."""
    condition = ""
    if "Fn::If" in statement:
        name, statement, other = statement["Fn::If"]
        assert other == {"Ref": "AWS::NoValue"}
        condition = f" if {name}"
    conditions = dict(statement.get("Condition", {}))
    if any(action.startswith("s3:") for action in as_list(statement["Action"])):
        here = {"aws:ResourceAccount": {"Ref": "AWS::AccountId"}}
        assert conditions.pop("StringEquals", None) == here, statement
    for key, value in conditions.pop("StringLike", {}).items():
        condition = f" if {key} like {value}"
    if any(action.startswith("ec2:") for action in as_list(statement["Action"])):
        assert conditions.pop("Null") == {"lambda:SourceFunctionArn": "true"}
    assert conditions == {}
    assert statement["Effect"] == "Allow"
    for action in as_list(statement["Action"]):
        for target in as_list(statement["Resource"]):
            yield action, name_of(target) + condition


def as_list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def name_of(target: Document | str) -> str:
    """Return the resource in a `!Sub`, `!GetAtt` or `!Ref`. The only plain text is `*`."""
    if isinstance(target, str):
        assert target == "*"
        return target
    if "Ref" in target:
        return str(target["Ref"])
    if "Fn::GetAtt" in target:
        return ".".join(target["Fn::GetAtt"])
    written = target["Fn::Sub"]
    if isinstance(written, str):
        return written
    text, values = written
    for name, value in values.items():
        if value == _REGIONAL:
            assert name == "Suffix"
        else:
            text = text.replace(f"${{{name}}}", name_of(value))
    return str(text)


def test_only_our_bucket_our_api_and_our_schedules_may_invoke_the_functions() -> None:
    allowed = {
        (found["Principal"], name_of(found["SourceArn"]))
        for found in resources("AWS::Lambda::Permission").values()
    }
    api = "arn:${AWS::Partition}:execute-api:${AWS::Region}:${AWS::AccountId}:${HttpApi}/*"
    assert allowed == {
        ("s3.amazonaws.com", _UPLOADS),
        ("apigateway.amazonaws.com", api),
        ("events.amazonaws.com", "UpkeepFunctionSweep.Arn"),
        ("events.amazonaws.com", "WebhooksFunctionDue.Arn"),
    }
    from_s3 = resource("AWS::Lambda::Permission", "UploadsMayInvoke")
    assert from_s3["SourceAccount"] == {"Ref": "AWS::AccountId"}


def test_only_processing_knows_whether_to_store_locations_and_does_not_by_default() -> None:
    functions = resources("AWS::Lambda::Function")
    assert {
        name: found["Environment"]["Variables"]["STORE_LOCATION"]
        for name, found in functions.items()
        if "STORE_LOCATION" in found["Environment"]["Variables"]
    } == {"ProcessingFunction": {"Ref": "StoreLocation"}}
    assert source()["Parameters"]["StoreLocation"]["Default"] == "false"


def test_there_are_no_quotas_by_default() -> None:
    quotas = {
        "MAX_DURATION_SECONDS": "MaxDurationSeconds",
        "MAX_VIDEOS_PER_OWNER": "MaxVideosPerOwner",
        "MAX_BYTES_PER_OWNER": "MaxBytesPerOwner",
    }
    known = {
        name: set(found["Environment"]["Variables"]) & set(quotas)
        for name, found in resources("AWS::Lambda::Function").items()
    }
    assert {name: one for name, one in known.items() if one} == {
        "ApiFunction": set(quotas),
        "ProcessingFunction": {"MAX_DURATION_SECONDS"},
    }
    variables = resource("AWS::Lambda::Function", "ApiFunction")["Environment"]["Variables"]
    for setting, parameter in quotas.items():
        assert variables[setting] == {"Ref": parameter}
        assert source()["Parameters"][parameter]["Default"] == 0


def test_only_the_api_knows_the_login_and_there_is_none_by_default() -> None:
    parameters = [name for name in source()["Parameters"] if name.startswith("Oidc")]
    settings = {re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name).upper(): name for name in parameters}
    for name, found in resources("AWS::Lambda::Function").items():
        variables = found["Environment"]["Variables"]
        known = {key: value["Ref"] for key, value in variables.items() if key.startswith("OIDC_")}
        assert known == (settings if name == "ApiFunction" else {})
    defaults = {name: str(source()["Parameters"][name]["Default"]) for name in settings.values()}
    environ = {key: defaults[parameter] for key, parameter in settings.items()}
    assert ApiSettings.read(OPEN | environ).login is None
    given = environ | {"OIDC_ISSUER": "https://a.example/", "OIDC_AUDIENCE": "a"}
    bare = {key: given[key] for key in ("OIDC_ISSUER", "OIDC_AUDIENCE")}
    assert ApiSettings.read(OPEN | given).login == ApiSettings.read(OPEN | bare).login
    assert source()["Rules"]["LoginHasAnAudience"]


# ---- Buckets ----


def test_all_parts_of_the_template_use_the_same_bucket_names() -> None:
    for bucket, written in (("UploadsBucket", _UPLOADS_NAME), ("MediaBucket", _MEDIA_NAME)):
        properties = resource("AWS::S3::Bucket", bucket)
        assert name_of(properties["BucketName"]) == written
        variable = {"UploadsBucket": "UPLOADS_BUCKET", "MediaBucket": "MEDIA_BUCKET"}[bucket]
        for function in resources("AWS::Lambda::Function").values():
            assert function["Environment"]["Variables"][variable] == properties["BucketName"]
    assert len("-uploads-123456789012-ap-southeast-1-an") + 24 == 63, "the limit in docs/deploy.md"


def test_the_namespace_of_a_bucket_fits_its_name() -> None:
    """Any change of either property, also from nothing to `global`, replaces the bucket."""
    for bucket in resources("AWS::S3::Bucket").values():
        assert bucket["BucketNamespace"] == {
            "Fn::If": [
                "BucketNamesAreAccountRegional",
                "account-regional",
                {"Ref": "AWS::NoValue"},
            ]
        }
    (either,) = source()["Conditions"]["BucketNamesAreAccountRegional"]["Fn::Not"]
    assert {json.dumps(one["Fn::Equals"]) for one in either["Fn::Or"]} == {
        '[{"Ref": "BucketNames"}, "legacy"]',
        '[{"Ref": "AWS::Region"}, "me-south-1"]',
        '[{"Ref": "AWS::Region"}, "me-central-1"]',
    }


def test_an_update_of_release_0_1_has_to_choose_the_bucket_names() -> None:
    """With a default, an operator who does not know the parameter would get empty buckets."""
    assert "Default" not in source()["Parameters"]["BucketNames"]


def test_a_deleted_upload_can_be_restored_for_a_week() -> None:
    uploads = resource("AWS::S3::Bucket", "UploadsBucket")
    assert uploads["VersioningConfiguration"] == {"Status": "Enabled"}
    (rule,) = [
        one
        for one in uploads["LifecycleConfiguration"]["Rules"]
        if one.get("Id") == "forget-older-versions"
    ]
    assert rule["Status"] == "Enabled"
    assert rule["NoncurrentVersionExpiration"] == {"NoncurrentDays": 7}
    assert rule["ExpiredObjectDeleteMarker"] is True
    assert not {"Prefix", "ExpirationInDays"} & set(rule)
    assert "VersioningConfiguration" not in resource("AWS::S3::Bucket", "MediaBucket")


def test_buckets_are_private_encrypted_and_without_acls() -> None:
    buckets = resources("AWS::S3::Bucket")
    assert set(buckets) == {"UploadsBucket", "MediaBucket"}
    for bucket in buckets.values():
        assert set(bucket["PublicAccessBlockConfiguration"].values()) == {True}
        assert bucket["BucketEncryption"]["ServerSideEncryptionConfiguration"]
        assert bucket["OwnershipControls"]["Rules"] == [{"ObjectOwnership": "BucketOwnerEnforced"}]


@pytest.mark.parametrize("bucket", ["UploadsBucket", "MediaBucket"])
def test_plain_http_and_old_signatures_are_denied_to_everyone(bucket: str) -> None:
    policy = resolved({})["Resources"][f"{bucket}Policy"]["Properties"]
    assert policy["Bucket"] == {"Ref": bucket}
    itself, objects = {"Fn::GetAtt": [bucket, "Arn"]}, {"Fn::Sub": f"${{{bucket}.Arn}}/*"}
    always = {"Effect": "Deny", "Principal": "*", "Action": "s3:*"}
    fifteen_minutes = str(15 * 60 * 1000)
    assert policy["PolicyDocument"]["Statement"] == [
        always
        | {
            "Sid": "TlsOnly",
            "Resource": [itself, objects],
            "Condition": {"Bool": {"aws:SecureTransport": "false"}},
        },
        always
        | {
            "Sid": "NoOldSignatures",
            "Resource": objects,
            "Condition": {"NumericGreaterThan": {"s3:signatureAge": fifteen_minutes}},
        },
    ]


def test_browsers_of_exact_origins_may_upload_in_parts() -> None:
    rule, *_ = resource("AWS::S3::Bucket", "UploadsBucket")["CorsConfiguration"]["CorsRules"]
    assert rule["AllowedMethods"] == ["POST", "PUT", "GET", "HEAD", "DELETE"]
    assert "ETag" in rule["ExposedHeaders"]
    assert "*" not in json.dumps(rule["AllowedOrigins"])
    own = {"Fn::GetAtt": ["HttpApi", "ApiEndpoint"]}
    condition, with_others, alone = rule["AllowedOrigins"]["Fn::If"]
    assert (condition, alone) == ("OtherOrigins", [own])
    listed = [own, {"Fn::Join": [",", {"Ref": "AllowedOrigins"}]}]
    assert with_others["Fn::Split"][1]["Fn::Join"] == [",", listed], "not those of the API"


@pytest.mark.parametrize(
    ("bucket", "methods"), [("UploadsBucket", ["GET", "HEAD"]), ("MediaBucket", ["GET"])]
)
def test_pages_of_exact_origins_may_play_and_see_thumbnails(
    bucket: str, methods: list[str]
) -> None:
    *_, rule, own_domain = resource("AWS::S3::Bucket", bucket)["CorsConfiguration"]["CorsRules"]
    assert own_domain["Fn::If"][0] == "HasDomain"
    assert rule["AllowedMethods"] == methods
    condition, with_others, alone = rule["AllowedOrigins"]["Fn::If"]
    own = {"Fn::GetAtt": ["HttpApi", "ApiEndpoint"]}
    assert (condition, alone) == ("OtherOriginsMayCall", [own])
    assert with_others["Fn::Split"][1]["Fn::Join"] == [",", [own, "null", _API_ORIGINS]]


_API_ORIGINS: Document = {
    "Fn::If": [
        "ApiHasItsOwnOrigins",
        {"Fn::Join": [",", {"Ref": "ApiOrigins"}]},
        {"Fn::Join": [",", {"Ref": "AllowedOrigins"}]},
    ]
}
"""The origins whose scripts may call: those that may upload, unless others are named."""


def test_pages_of_other_origins_may_call_only_when_they_are_named() -> None:
    cors = resource("AWS::ApiGatewayV2::Api", "HttpApi")["CorsConfiguration"]["Fn::If"]
    assert cors[0] == "OtherOriginsMayCall"
    named = ["ApiHasItsOwnOrigins", {"Ref": "ApiOrigins"}, {"Ref": "AllowedOrigins"}]
    assert cors[1]["AllowOrigins"] == {"Fn::If": named}
    assert "AllowCredentials" not in cors[1]
    assert "authorization" in cors[1]["AllowHeaders"]
    assert "www-authenticate" in cors[1]["ExposeHeaders"]
    assert "*" not in json.dumps(cors[1])
    assert cors[2] == {"Ref": "AWS::NoValue"}
    function = resource("AWS::Lambda::Function", "ApiFunction")["Environment"]["Variables"]
    assert function["API_ORIGINS"] == _API_ORIGINS, "a page that may call may change something"


def test_unfinished_uploads_are_forgotten_and_finished_ones_kept_unless_asked() -> None:
    for name, days in (("UploadsBucket", 7), ("MediaBucket", 1)):
        bucket = resource("AWS::S3::Bucket", name)
        unfinished = bucket["LifecycleConfiguration"]["Rules"][0]
        assert unfinished["Status"] == "Enabled"
        assert unfinished["AbortIncompleteMultipartUpload"] == {"DaysAfterInitiation": days}
    rules = resource("AWS::S3::Bucket", "UploadsBucket")["LifecycleConfiguration"]["Rules"]
    assert rules[1]["Fn::If"][0] == "SourcesExpire"
    assert rules[1]["Fn::If"][2] == {"Ref": "AWS::NoValue"}
    _, pictures = resource("AWS::S3::Bucket", "MediaBucket")["LifecycleConfiguration"]["Rules"]
    condition, expire, otherwise = pictures["Fn::If"]
    assert (condition, otherwise) == ("SourcesExpire", {"Ref": "AWS::NoValue"})
    expires = {"Ref": "ExpireSourcesAfterDays"}
    assert (expire["Prefix"], expire["ExpirationInDays"]) == ("images/", expires)
    assert source()["Parameters"]["ExpireSourcesAfterDays"]["Default"] == 0


def test_no_bucket_is_deleted_with_its_stack_or_replaced() -> None:
    """A first deployment that fails leaves no bucket: it would be in the way of the next one."""
    for name in ("UploadsBucket", "MediaBucket"):
        bucket = transformed()["Resources"][name]
        assert bucket["DeletionPolicy"] == "RetainExceptOnCreate"
        assert bucket["UpdateReplacePolicy"] == "Retain"


# ---- Events ----


def test_uploads_start_processing_and_thumbnails_do_not() -> None:
    uploads = resource("AWS::S3::Bucket", "UploadsBucket")["NotificationConfiguration"]
    (trigger,) = uploads["LambdaConfigurations"]
    assert trigger["Event"] == "s3:ObjectCreated:*"
    assert trigger["Filter"]["S3Key"]["Rules"] == [{"Name": "prefix", "Value": "uploads/"}]
    assert trigger["Function"] == {"Fn::GetAtt": ["ProcessingFunction", "Arn"]}
    # S3 checks the permission when the notification is configured.
    assert "UploadsMayInvoke" in as_list(transformed()["Resources"]["UploadsBucket"]["DependsOn"])
    assert "NotificationConfiguration" not in resource("AWS::S3::Bucket", "MediaBucket")


def test_an_event_is_tried_three_times_and_then_kept_for_two_weeks() -> None:
    config = resource("AWS::Lambda::EventInvokeConfig", "ProcessingFunction")
    assert config["MaximumRetryAttempts"] == 2
    failed = {"Fn::GetAtt": ["FailedEvents", "Arn"]}
    assert config["DestinationConfig"]["OnFailure"]["Destination"] == failed
    queue = resource("AWS::SQS::Queue", "FailedEvents")
    assert queue["MessageRetentionPeriod"] == 14 * 24 * 3600
    assert queue["SqsManagedSseEnabled"] == {"Fn::If": ["HasOwnKey", False, True]}


@pytest.mark.parametrize(
    ("function", "rule", "mapping", "queue", "concurrency"),
    [
        ("UpkeepFunction", "Sweep", "FailedEvents", "FailedEvents", 2),
        ("WebhooksFunction", "Due", "Queue", "Webhooks", {"Ref": "WebhookConcurrency"}),
    ],
)
def test_a_function_has_a_schedule_and_a_queue_of_its_own(
    function: str, rule: str, mapping: str, queue: str, concurrency: object
) -> None:
    schedule = resource("AWS::Events::Rule", f"{function}{rule}")
    assert schedule["ScheduleExpression"] == {"Fn::Sub": "rate(${UpkeepMinutes} minutes)"}
    assert schedule.get("State", "ENABLED") == "ENABLED"
    (target,) = schedule["Targets"]
    assert target["Arn"] == {"Fn::GetAtt": [function, "Arn"]}
    reads = resource("AWS::Lambda::EventSourceMapping", f"{function}{mapping}")
    assert reads["EventSourceArn"] == {"Fn::GetAtt": [queue, "Arn"]}
    assert reads["FunctionName"] == {"Ref": function}
    assert reads.get("Enabled", True) is True
    assert reads["FunctionResponseTypes"] == ["ReportBatchItemFailures"]
    assert reads["ScalingConfig"] == {"MaximumConcurrency": concurrency}
    timeout = resource("AWS::Lambda::Function", function)["Timeout"]
    assert resource("AWS::SQS::Queue", queue)["VisibilityTimeout"] >= 6 * timeout
    assert timeout < 60 * source()["Parameters"]["UpkeepMinutes"]["MinValue"]


def test_each_schedule_and_each_queue_calls_one_function() -> None:
    assert set(resources("AWS::Events::Rule")) == {"UpkeepFunctionSweep", "WebhooksFunctionDue"}
    assert set(resources("AWS::Lambda::EventSourceMapping")) == {
        "UpkeepFunctionFailedEvents",
        "WebhooksFunctionQueue",
    }


def test_without_webhooks_there_is_nothing_of_them() -> None:
    conditions = {
        name: found.get("Condition")
        for name, found in transformed()["Resources"].items()
        if name.startswith("Webhooks")
    }
    assert set(conditions.values()) == {"WebhooksAreOn"}
    assert set(conditions) == {
        *("Webhooks", "WebhooksErrorsAlarm", "WebhooksLogs", "WebhooksRole", "WebhooksRoot"),
        *("WebhooksFunction", "WebhooksFunctionDue", "WebhooksFunctionDuePermission"),
        *("WebhooksFunctionEventInvokeConfig", "WebhooksFunctionQueue"),
    }
    conditions = source()["Conditions"]
    assert conditions["WebhookUrlIsGiven"] == {
        "Fn::Not": [{"Fn::Equals": [{"Ref": "WebhookUrl"}, ""]}]
    }
    managed = {"Fn::Equals": [{"Ref": "ManagedWebhooks"}, "true"]}
    given = {"Condition": "WebhookUrlIsGiven"}
    assert conditions["WebhooksAreOn"] == {"Fn::Or": [given, managed]}
    parameters = source()["Parameters"]
    assert parameters["WebhookUrl"]["Default"] == ""
    assert parameters["ManagedWebhooks"]["Default"] == "false"


def test_a_file_has_the_time_that_the_engine_may_take() -> None:
    """One file gets 95 s, and the rest is for the work before and after."""
    for function in ("ProcessingFunction", "ImagesFunction"):
        assert resource("AWS::Lambda::Function", function)["Timeout"] >= 120


@pytest.mark.parametrize("parameter", ["ProcessingMemory", "ImagesMemory"])
def test_the_smallest_function_with_ffmpeg_has_memory_for_a_child(parameter: str) -> None:
    """256 MiB are enough for H.264 of 7680x4320 (measured: 160 MiB)."""
    smallest = source()["Parameters"][parameter]["MinValue"]
    assert memory_limit({"AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(smallest)}) >= 256 << 20


def test_a_lease_outlasts_the_function_that_makes_pictures() -> None:
    timeout = resource("AWS::Lambda::Function", "ImagesFunction")["Timeout"]
    assert LEASE.total_seconds() > timeout
    assert resource("AWS::Lambda::Function", "ApiFunction")["Timeout"] > MAKING_TIMEOUT_S + 5


def test_functions_run_where_their_artifacts_do() -> None:
    """Bytecode fits one minor version of Python, and libraries fit one architecture."""
    functions = resources("AWS::Lambda::Function")
    assert {name: found["Handler"] for name, found in functions.items()} == {
        "ApiFunction": "functions.api.handler.handler",
        "ProcessingFunction": "functions.processing.cold_start.handler",
        "ImagesFunction": "functions.images.cold_start.handler",
        "UpkeepFunction": "functions.upkeep.handler.handler",
        "WebhooksFunction": "functions.webhooks.handler.handler",
    }
    for found in functions.values():
        assert found["Runtime"] == "python3.13"
        assert found["Architectures"] == [{"Ref": "Architecture"}]
    for name in ("ProcessingFunction", "ImagesFunction"):
        (layer,) = functions[name]["Layers"]
        assert layer["Ref"].startswith("FfmpegLayer")


@pytest.mark.parametrize(
    ("function", "condition"),
    [("Processing", "ConcurrencyIsCapped"), ("Images", "ImagesAreCapped")],
)
def test_concurrency_is_capped_where_the_operator_says_so(function: str, condition: str) -> None:
    found = resource("AWS::Lambda::Function", f"{function}Function")
    assert found["ReservedConcurrentExecutions"]["Fn::If"] == [
        condition,
        {"Ref": f"{function}Concurrency"},
        {"Ref": "AWS::NoValue"},
    ]


# ---- SnapStart ----


def test_the_api_starts_from_snapshots_only_where_the_operator_says_so() -> None:
    parameter = source()["Parameters"]["ApiSnapStart"]
    assert (parameter["Default"], parameter["AllowedValues"]) == (
        "None",
        ["None", "PublishedVersions"],
    )
    starting = {
        name: found["SnapStart"]
        for name, found in resources("AWS::Lambda::Function").items()
        if "SnapStart" in found
    }
    assert starting == {"ApiFunction": {"ApplyOn": {"Ref": "ApiSnapStart"}}}

    (alias,) = resources("AWS::Lambda::Alias").values()
    condition, with_alias, without = resource("AWS::ApiGatewayV2::Integration", "HttpApi")[
        "IntegrationUri"
    ]["Fn::If"]
    assert condition == "SnapStarts"
    assert with_alias["Fn::Sub"] == f"{without['Fn::Sub']}:{alias['Name']}"
    assert resource("AWS::Lambda::Permission", "HttpApiMayInvoke")["FunctionName"]["Fn::If"] == [
        "SnapStarts",
        {"Ref": "ApiFunctionAliaslive"},
        {"Fn::GetAtt": ["ApiFunction", "Arn"]},
    ]


def published() -> Document:
    versions: list[Document] = [
        found
        for found in transformed()["Resources"].values()
        if found["Type"] == "AWS::Lambda::Version"
    ]
    (version,) = versions
    return version


def test_a_changed_parameter_of_the_api_publishes_a_version_and_deletes_the_last() -> None:
    """SAM itself ignores changed parameters and keeps all old versions."""
    version = published()
    assert version["DeletionPolicy"] == "Delete"
    condition, description, otherwise = version["Properties"]["Description"]["Fn::If"]
    assert (condition, otherwise) == ("SnapStarts", {"Ref": "AWS::NoValue"})
    function = resource("AWS::Lambda::Function", "ApiFunction")
    # SnapStart itself decides whether there is a description, so it need not be in it.
    # The names of the buckets depend on BucketNames by a condition, as others do on Delivery.
    # It has no room for ids of subnets and keys.
    (by_vpc, by_key) = source()["Rules"]["SnapshotsAreOutsideOfAVpc"]["Assertions"]
    assert by_vpc["Assert"] == {"Fn::Equals": [{"Ref": "SubnetIds"}, ""]}
    assert by_key["Assert"] == {"Fn::Equals": [{"Ref": "KmsKeyArn"}, ""]}
    excluded = {"ApiSnapStart", "SubnetIds", "SecurityGroupIds", "KmsKeyArn"}
    used = parameters_in(function) - excluded | {"BucketNames", "Delivery"}
    assert "MongoSecret" in used
    assert parameters_in(description) == used


def test_a_changed_template_publishes_a_version(monkeypatch: pytest.MonkeyPatch) -> None:
    def version_id() -> str:
        return str(transformed()["Resources"]["ApiFunctionAliaslive"]["Properties"])

    before = version_id()
    monkeypatch.setitem(source()["Resources"]["ApiFunction"]["Properties"], "Timeout", 28)
    transformed.cache_clear()
    try:
        assert version_id() != before
    finally:
        monkeypatch.undo()
        transformed.cache_clear()


def parameters_in(value: Any) -> set[str]:
    """Return the parameters on which a value depends."""
    named = set(re.findall(r'"Ref": "(\w+)"|\$\{(\w+)\}', json.dumps(value)))
    return {name for names in named for name in names} & set(source()["Parameters"])


# ---- Secrets, logs and alarms ----


_NEW_SECRET = "{{resolve:secretsmanager:${WebhookSecret}}}"
_OLD_SECRET = "{{resolve:secretsmanager:${PreviousWebhookSecret}}}"
_WEBHOOK_SECRET: Document = {
    "Fn::If": [
        "WebhookUrlIsGiven",
        {
            "Fn::If": [
                "WebhookSecretIsReplaced",
                {"Fn::Sub": f"{_NEW_SECRET} {_OLD_SECRET}"},
                {"Fn::Sub": _NEW_SECRET},
            ]
        },
        "",
    ]
}
_WEBHOOK_ROOT = {"Fn::Sub": "{{resolve:secretsmanager:${WebhooksRoot}}}"}


def test_only_the_webhooks_function_knows_the_receiver() -> None:
    known = {
        name: {variable for variable in found["Environment"]["Variables"] if "WEBHOOK" in variable}
        for name, found in resources("AWS::Lambda::Function").items()
    }
    assert known == {
        "ApiFunction": {"WEBHOOKS", "WEBHOOK_QUEUE_URL", "WEBHOOK_ROOT"},
        "ProcessingFunction": {"WEBHOOKS", "WEBHOOK_QUEUE_URL"},
        "ImagesFunction": set(),
        "UpkeepFunction": {"WEBHOOKS"},
        "WebhooksFunction": {
            *("WEBHOOK_URL", "WEBHOOK_SECRET"),
            *("WEBHOOK_QUEUE_URL", "WEBHOOK_ROOT"),
        },
    }
    for name, value in (
        ("ApiFunction", {"Fn::If": ["WebhooksAreOn", _WEBHOOK_ROOT, ""]}),
        ("WebhooksFunction", _WEBHOOK_ROOT),
    ):
        variables = resource("AWS::Lambda::Function", name)["Environment"]["Variables"]
        assert variables["WEBHOOK_ROOT"] == value
    assert "WebhooksRoot" not in json.dumps(resources("AWS::IAM::Role"))
    root = source()["Resources"]["WebhooksRoot"]["Properties"]["GenerateSecretString"]
    assert root == {"PasswordLength": 64, "ExcludeCharacters": string.punctuation}


def test_each_finish_is_recorded_with_its_webhook_where_webhooks_are_on() -> None:
    """Upkeep also saves results, because it fails videos."""
    for name in ("ProcessingFunction", "UpkeepFunction"):
        variables = resource("AWS::Lambda::Function", name)["Environment"]["Variables"]
        assert variables["WEBHOOKS"] == {"Fn::If": ["WebhooksAreOn", "true", "false"]}


_ROOT = "${RootGeneration}:{{resolve:secretsmanager:${RootSecret}}}"
_PREVIOUS_ROOT = (
    "${PreviousRootGeneration}:"
    "{{resolve:secretsmanager:${AWS::StackName}/root/${PreviousRootGeneration}}}"
)


def test_only_the_api_knows_the_root_secret() -> None:
    known = {
        name: found["Environment"]["Variables"].get("ROOT_SECRETS")
        for name, found in resources("AWS::Lambda::Function").items()
    }
    generations = {
        "Fn::If": [
            "RootIsReplaced",
            {"Fn::Sub": f"{_ROOT},{_PREVIOUS_ROOT}"},
            {"Fn::Sub": _ROOT},
        ]
    }
    assert {name: value for name, value in known.items() if value} == {"ApiFunction": generations}
    assert "RootSecret" not in json.dumps(resources("AWS::IAM::Role"))


def test_the_value_of_a_root_secret_never_changes() -> None:
    """CloudFormation generates a new value when the rule changes, which ends all tokens."""
    secret = source()["Resources"]["RootSecret"]
    assert secret["UpdateReplacePolicy"] == "Retain", "keys need the previous generation"
    rule = secret["Properties"]["GenerateSecretString"]
    assert rule == {"PasswordLength": 64, "ExcludeCharacters": string.punctuation}
    assert secret["Properties"]["Name"]["Fn::Sub"].endswith("/root/${RootGeneration}")


def test_a_stack_is_closed_unless_the_operator_opens_it() -> None:
    parameters, outputs = source()["Parameters"], source()["Outputs"]
    for name, variable in (("Access", "ACCESS"), ("LegacyEndpoints", "LEGACY_ENDPOINTS")):
        assert (parameters[name]["Default"], parameters[name]["AllowedValues"]) == (
            "keys",
            ["keys", "open"],
        )
        function = resource("AWS::Lambda::Function", "ApiFunction")["Environment"]["Variables"]
        assert function[variable] == {"Ref": name}
    assert outputs["OpenToEveryone"]["Condition"] == "IsOpen", "a deploy says so"


def test_the_connection_string_is_nowhere_in_plain_text() -> None:
    for name, function in resources("AWS::Lambda::Function").items():
        variables = dict(function["Environment"]["Variables"])
        uri = variables.pop("MONGODB_URI", None)
        if name == "ImagesFunction":
            assert uri is None
            assert "resolve:" not in json.dumps(variables), "it has no secret"
            assert "MONGODB_DATABASE" not in variables
        else:
            assert uri == {"Fn::Sub": "{{resolve:secretsmanager:${MongoSecret}}}"}
        assert variables.pop("WEBHOOK_SECRET", None) in (None, _WEBHOOK_SECRET)
        for address in ("API_URL", "DELIVERY_URL"):
            variables.pop(address, None)
        assert "://" not in json.dumps(variables)
    assert "MongoSecret" not in json.dumps(source()["Outputs"])


def test_every_log_is_structured_and_kept_for_a_time_only() -> None:
    groups = resources("AWS::Logs::LogGroup")
    of_functions = {"ApiLogs", "ProcessingLogs", "ImagesLogs", "UpkeepLogs", "WebhooksLogs"}
    assert set(groups) == of_functions | {"HttpApiLogs", "DeliveryLogs"}
    assert all(g["RetentionInDays"] == {"Ref": "LogRetentionDays"} for g in groups.values())
    for function in resources("AWS::Lambda::Function").values():
        assert function["LoggingConfig"]["LogFormat"] == "JSON"
        assert function["LoggingConfig"]["LogGroup"]["Ref"] in groups


def test_access_logs_are_json() -> None:
    stage = resource("AWS::ApiGatewayV2::Stage", "HttpApiStage")
    fields = {"requestId", "time", "method", "path", "status", "latencyMs", "ip"}
    assert set(json.loads(stage["AccessLogSettings"]["Format"])) == fields | {"integrationError"}


def test_the_api_is_throttled() -> None:
    limit = {"Ref": "RequestsPerSecond"}
    stage = resource("AWS::ApiGatewayV2::Stage", "HttpApiStage")
    assert stage["DefaultRouteSettings"]["ThrottlingRateLimit"] == limit


_QUEUE = ("QueueName", "FailedEvents.QueueName")
ALARMS = {
    "api-duration": ("AWS/Lambda Duration p95", ("FunctionName", "ApiFunction"), 300, 3000),
    "processing-duration": (
        *("AWS/Lambda Duration p95", ("FunctionName", "ProcessingFunction")),
        *(300, 30_000),
    ),
    "images-duration": (
        *("AWS/Lambda Duration p95", ("FunctionName", "ImagesFunction")),
        *(300, 10_000),
    ),
    "given-up": ("AWS/SQS NumberOfMessagesSent Sum", _QUEUE, 300, 1),
    "undelivered": (
        *("AWS/Lambda DestinationDeliveryFailures Sum", ("FunctionName", "ProcessingFunction")),
        *(300, 1),
    ),
    "upkeep-errors": ("AWS/Lambda Errors Sum", ("FunctionName", "UpkeepFunction"), 1800, 2),
    "upkeep-silent": ("AWS/Lambda Invocations Sum", ("FunctionName", "UpkeepFunction"), 3600, 1),
    "webhooks-errors": ("AWS/Lambda Errors Sum", ("FunctionName", "WebhooksFunction"), 1800, 2),
}
"""The alarms on one metric, with their dimension, period in seconds and threshold."""

_OF_API, _OF_PROCESSING = ("FunctionName", "ApiFunction"), ("FunctionName", "ProcessingFunction")
_OF_IMAGES = ("FunctionName", "ImagesFunction")
_THROTTLED = "IF(throttled >= 5, 100 * throttled / (throttled + started), 0)"
RATES: dict[str, tuple[str, int, int, set[tuple[str, str, tuple[str, str]]]]] = {
    "api-errors": (
        *("IF(failed >= 5, 100 * failed / calls, 0)", 1, 1),
        {
            ("failed", "AWS/ApiGateway 5xx", ("ApiId", "HttpApi")),
            ("calls", "AWS/ApiGateway Count", ("ApiId", "HttpApi")),
        },
    ),
    "api-throttles": (
        *(_THROTTLED, 1, 1),
        {
            ("throttled", "AWS/Lambda Throttles", _OF_API),
            ("started", "AWS/Lambda Invocations", _OF_API),
        },
    ),
    "processing-errors": (
        *("IF(failed >= 5, 100 * failed / attempts, 0)", 5, 1),
        {
            ("failed", "AWS/Lambda Errors", _OF_PROCESSING),
            ("attempts", "AWS/Lambda Invocations", _OF_PROCESSING),
        },
    ),
    "processing-throttles": (
        *(_THROTTLED, 10, 3),
        {
            ("throttled", "AWS/Lambda Throttles", _OF_PROCESSING),
            ("started", "AWS/Lambda Invocations", _OF_PROCESSING),
        },
    ),
    "images-errors": (
        *("IF(failed >= 5, 100 * failed / attempts, 0)", 5, 1),
        {
            ("failed", "AWS/Lambda Errors", _OF_IMAGES),
            ("attempts", "AWS/Lambda Invocations", _OF_IMAGES),
        },
    ),
    "images-throttles": (
        *(_THROTTLED, 10, 3),
        {
            ("throttled", "AWS/Lambda Throttles", _OF_IMAGES),
            ("started", "AWS/Lambda Invocations", _OF_IMAGES),
        },
    ),
}
"""The alarms on a rate: expression, percentage, periods, and the metrics of 5 minutes each."""


def alarms() -> dict[str, Document]:
    return {
        alarm["AlarmName"]["Fn::Sub"].removeprefix("${AWS::StackName}-"): alarm
        for alarm in resources("AWS::CloudWatch::Alarm").values()
    }


def test_alarms_watch_what_they_say() -> None:
    found = alarms()
    assert {name: watched(alarm) for name, alarm in found.items() if name in ALARMS} == ALARMS
    queue = found["failed-events"]
    assert queue["Metrics"][0]["Expression"] == "waiting + hidden"
    assert {m["MetricStat"]["Metric"]["MetricName"] for m in queue["Metrics"][1:]} == {
        "ApproximateNumberOfMessagesVisible",
        "ApproximateNumberOfMessagesNotVisible",
    }
    longest_pause = 60 * source()["Parameters"]["UpkeepMinutes"]["MaxValue"]
    for name in ("upkeep-errors", "upkeep-unfinished", "webhooks-errors"):
        assert found[name]["Period"] >= 2 * longest_pause
    assert set(found) == {*ALARMS, *RATES, "failed-events", "upkeep-unfinished"}


@pytest.mark.parametrize("name", RATES)
def test_alarms_on_many_calls_watch_a_rate(name: str) -> None:
    alarm = alarms()[name]
    rate, *metrics = alarm["Metrics"]
    watches = {(one["Id"], *measured(one["MetricStat"])) for one in metrics}
    shown = (rate["Expression"], alarm["Threshold"], alarm["EvaluationPeriods"], watches)
    assert shown == RATES[name]
    assert alarm["ComparisonOperator"] == "GreaterThanThreshold"
    assert "ReturnData" not in rate
    assert not any(one["ReturnData"] for one in metrics)


def measured(statistic: Document) -> tuple[str, tuple[str, str]]:
    metric = statistic["Metric"]
    (dimension,) = metric["Dimensions"]
    assert (statistic["Stat"], statistic["Period"]) == ("Sum", 300)
    watched_name = f"{metric['Namespace']} {metric['MetricName']}"
    return watched_name, (dimension["Name"], dimension["Value"]["Ref"])


def test_upkeep_that_nothing_invokes_raises_an_alarm() -> None:
    silent = alarms()["upkeep-silent"]
    assert silent["ComparisonOperator"] == "LessThanThreshold"
    assert silent["TreatMissingData"] == "breaching"
    assert silent["Period"] > 60 * source()["Parameters"]["UpkeepMinutes"]["MaxValue"]


def test_a_sweep_that_does_not_finish_raises_an_alarm() -> None:
    alarm = alarms()["upkeep-unfinished"]
    assert (alarm["MetricName"], alarm["Threshold"]) == (Metric.UPKEEP_UNFINISHED, 2)
    assert alarm["Namespace"] == {"Fn::Sub": "Clipo/${AWS::StackName}"}
    upkeep = resource("AWS::Lambda::Function", "UpkeepFunction")["Environment"]["Variables"]
    assert alarm["Dimensions"] == [
        {"Name": "service", "Value": upkeep["POWERTOOLS_SERVICE_NAME"]},
        {"Name": "task", "Value": SWEEP},
    ]


def watched(alarm: Document) -> tuple[str, tuple[str, str], int, int]:
    statistic = alarm.get("Statistic") or alarm["ExtendedStatistic"]
    (dimension,) = alarm["Dimensions"]
    value = dimension["Value"]
    of = value.get("Ref") or ".".join(value["Fn::GetAtt"])
    metric = f"{alarm['Namespace']} {alarm['MetricName']} {statistic}"
    return metric, (dimension["Name"], of), alarm["Period"], alarm["Threshold"]


def test_every_alarm_has_a_runbook() -> None:
    runbooks = (TEMPLATE.parent / "docs" / "operations.md").read_text()
    for name, alarm in alarms().items():
        assert f"docs/operations.md, {name}." in alarm["AlarmDescription"]
        assert f"### {name}\n" in runbooks


def test_the_price_of_the_alarms_is_documented() -> None:
    """AWS charges for each metric of an alarm."""
    found = {name: alarm for name, alarm in alarms().items() if name != "webhooks-errors"}
    metrics = sum(max(1, len(alarm.get("Metrics", [])) - 1) for alarm in found.values())
    costs = (TEMPLATE.parent / "docs" / "deploy.md").read_text()
    assert f"{len(found)} alarms ({metrics} metrics)" in costs


def test_the_dashboard_is_json_about_what_is_there() -> None:
    body = resource("AWS::CloudWatch::Dashboard", "Dashboard")["DashboardBody"]["Fn::Sub"]
    assert len(json.loads(body)["widgets"]) == 9


# ---- Parameters ----


def test_two_parameters_have_no_default_and_all_say_what_they_are() -> None:
    parameters = source()["Parameters"]
    required = [name for name, p in parameters.items() if "Default" not in p]
    assert required == ["MongoSecret", "BucketNames"]
    assert all(len(p["Description"]) > 20 for p in parameters.values())
    for name, parameter in parameters.items():
        limits = {"AllowedValues", "AllowedPattern", "MinValue"}
        assert limits & set(parameter), name
    groups = source()["Metadata"]["AWS::CloudFormation::Interface"]["ParameterGroups"]
    assert {name for group in groups for name in group["Parameters"]} == set(parameters)


@pytest.mark.parametrize(
    ("parameter", "good", "bad"),
    [
        (
            "MongoSecret",
            [
                "clipo/mongodb",
                "arn:aws:secretsmanager:eu-west-1:1:secret:clipo/m-aB3dEf",
            ],
            ["mongodb+srv://clipo:PASSWORD@cluster0.abcde.mongodb.net/", "mongodb://h/?w=1", ""],
        ),
        (
            "AllowedOrigins",
            ["", "https://app.example.com", "http://localhost:5173"],
            ["*", "https://*.example.com", "https://app.example.com/", "app.example.com"],
        ),
        (
            "ApiOrigins",
            ["", "https://app.example.com", "http://localhost:5173"],
            ["*", "https://app.example.com/", "app.example.com"],
        ),
        ("BasePath", ["", "/video", "/v1/video"], ["/", "video", "/video/", "/a b"]),
        ("PreviousWebhookSecret", ["", "clipo/webhooks"], ["whsec_a b", "mongodb://h"]),
        ("WebhookUrl", ["", "https://example.com/hook?token=1"], ["http://example.com", "x"]),
        (
            "WebhookApiUrl",
            ["", "https://video.example.com", "https://example.com/video"],
            ["http://example.com", "https://example.com/", "https://example.com?a", "x"],
        ),
        ("AlarmEmail", ["", "you@example.com"], ["you", "a@b@c"]),
        ("DomainName", ["", "video.example.com"], ["https://a.example", "example", "a.example/"]),
        ("SubnetIds", ["", "subnet-01234567"], ["subnet-1", "subnet-01234567,", "sg-01234567"]),
        ("SecurityGroupIds", ["", "sg-01234567,sg-89abcdef"], ["sg-01234567 sg-89abcdef"]),
        ("KmsKeyArn", [""], ["alias/clipo", "arn:aws:kms:us-east-1:123456789012:alias/clipo"]),
        ("AllowedExtensions", ["mp4", "mp4,MOV"], ["", ".mp4", "mp4, mov"]),
    ],
)
def test_what_a_parameter_takes(parameter: str, good: list[str], bad: list[str]) -> None:
    pattern = source()["Parameters"][parameter]["AllowedPattern"]
    assert [text for text in good if not re.fullmatch(pattern, text)] == []
    assert [text for text in bad if re.fullmatch(pattern, text)] == []
