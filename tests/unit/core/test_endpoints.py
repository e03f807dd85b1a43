"""Our host names are botocore's, in every partition."""

from functools import cache
from typing import Any

import pytest
from botocore.endpoint_provider import EndpointProvider
from botocore.exceptions import EndpointProviderError
from botocore.loaders import create_loader

from functions.core.endpoints import Endpoints
from functions.core.settings import SettingsError, StorageSettings, endpoint_url, service_url

REGIONS = [
    *("us-east-1", "eu-west-1", "us-gov-west-1", "cn-north-1", "eusc-de-east-1"),
    *("us-iso-east-1", "us-isob-east-1", "eu-isoe-west-1", "us-isof-south-1"),
]
KINDS = [
    Endpoints(fips=fips, dual_stack=dual_stack)
    for fips in (False, True)
    for dual_stack in (False, True)
]
BUCKETS = {"UPLOADS_BUCKET": "a-bucket", "MEDIA_BUCKET": "another"}


def environ_of(kind: Endpoints, region: str) -> dict[str, str]:
    flags = {
        "AWS_USE_FIPS_ENDPOINT": str(kind.fips).lower(),
        "AWS_USE_DUALSTACK_ENDPOINT": str(kind.dual_stack).lower(),
    }
    return BUCKETS | {"AWS_REGION": region} | flags


@cache
def rules(service: str) -> EndpointProvider:
    """Return the rules by which botocore chooses the endpoint of a service."""
    loader = create_loader()
    partitions = loader.load_data("partitions")
    return EndpointProvider(loader.load_service_model(service, "endpoint-rule-set-1"), partitions)


def botocore_url(service: str, region: str, kind: Endpoints) -> str:
    given: dict[str, Any] = {
        "Region": region,
        "UseFIPS": kind.fips,
        "UseDualStack": kind.dual_stack,
    }
    if service == "s3":
        given["Bucket"] = "a-bucket"
    return str(rules(service).resolve_endpoint(**given).url)


@pytest.mark.parametrize("kind", KINDS, ids=str)
@pytest.mark.parametrize("region", REGIONS)
def test_hosts_are_botocores(region: str, kind: Endpoints) -> None:
    environ = environ_of(kind, region)
    for service in ("lambda", "sqs"):
        assert service_url(environ, service) == botocore_url(service, region, kind)
    if kind.fips and region.startswith("cn-"):
        return
    ours = StorageSettings.read(environ).bucket_url("a-bucket")
    assert ours == botocore_url("s3", region, kind) + "/"


def test_what_aws_does_not_have_is_refused() -> None:
    kind = Endpoints(fips=True)
    with pytest.raises(SettingsError, match="no FIPS endpoints in China"):
        StorageSettings.read(environ_of(kind, "cn-north-1"))
    with pytest.raises(EndpointProviderError, match="Partition does not support FIPS"):
        botocore_url("s3", "cn-north-1", kind)


@pytest.mark.parametrize("name", ["AWS_USE_FIPS_ENDPOINT", "AWS_USE_DUALSTACK_ENDPOINT"])
def test_an_endpoint_of_its_own_excludes_the_flags(name: str) -> None:
    environ = {name: "true", "AWS_ENDPOINT_URL": "http://127.0.0.1:9000"}
    for service in ("s3", "lambda", "sqs"):
        with pytest.raises(SettingsError, match=name):
            endpoint_url(environ, service)
    with pytest.raises(SettingsError, match=name):
        endpoint_url({name: "yes"}, "s3")
