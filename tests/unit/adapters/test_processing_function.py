"""The start of processing without an event of S3."""

import io
import json
from dataclasses import replace

import pytest
from botocore.stub import Stubber

from functions.adapters.processing_function import ProcessingFunction, created_event
from functions.core.s3_event import records, uploaded_object
from functions.core.unavailable import ProcessingUnavailable
from tests.examples import ID, uploaded


@pytest.fixture(autouse=True)
def credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "testing")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "testing")
    monkeypatch.delenv("AWS_PROFILE", raising=False)


@pytest.fixture
def function() -> ProcessingFunction:
    return ProcessingFunction("clipo-processing", region="eu-west-1", uploads_bucket="uploads")


@pytest.mark.parametrize("sequencer", [uploaded().source.sequencer, ""])
def test_its_event_is_read_as_one_of_s3(sequencer: str) -> None:
    upload = replace(uploaded(), source=replace(uploaded().source, sequencer=sequencer))
    event = json.loads(json.dumps(created_event(upload, bucket="uploads")))
    (record,) = records(event)
    assert uploaded_object(record, bucket="uploads") == upload
    assert uploaded_object(record, bucket="another") is None


def test_it_is_invoked_as_s3_does(function: ProcessingFunction) -> None:
    expected = {
        "FunctionName": "clipo-processing",
        "InvocationType": "Event",
        "Payload": json.dumps(created_event(uploaded(), bucket="uploads")),
    }
    with Stubber(function._lambda) as stub:
        stub.add_response("invoke", {"StatusCode": 202, "Payload": io.BytesIO()}, expected)
        function.start(uploaded(ID))
        stub.assert_no_pending_responses()


def test_a_refusal_is_unavailable(function: ProcessingFunction) -> None:
    with Stubber(function._lambda) as stub:
        stub.add_client_error("invoke", "AccessDeniedException")
        with pytest.raises(ProcessingUnavailable, match="AccessDeniedException"):
            function.start(uploaded())
