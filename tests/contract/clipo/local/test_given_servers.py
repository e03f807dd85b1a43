"""Servers that `clipo up` is given, and cannot use."""

import pytest

from clipo.errors import ClipoError
from clipo.local import catalog
from clipo.local.cloud import Cloud


def test_a_database_that_does_not_answer_is_named_without_its_password() -> None:
    uri = "mongodb://me:hunter2@127.0.0.1:9/?directConnection=true"
    with pytest.raises(ClipoError) as raised:
        catalog.prepare({"MONGODB_URI": uri})
    assert "127.0.0.1:9" in str(raised.value)
    assert "Correct MONGODB_URI" in str(raised.value)
    assert "hunter2" not in str(raised.value)


def test_a_uri_that_is_none_is_named() -> None:
    with pytest.raises(ClipoError, match="garbage"):
        catalog.prepare({"MONGODB_URI": "garbage"})


def test_an_address_of_s3_that_is_none_is_named() -> None:
    nonsense = dict.fromkeys(("AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL_SQS"), "nonsense")
    with pytest.raises(ClipoError, match="nonsense"):
        Cloud({"AWS_REGION": "us-east-1"} | nonsense)
