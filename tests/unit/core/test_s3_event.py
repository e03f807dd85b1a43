import json
from dataclasses import replace
from typing import Any

import pytest

from functions.core.s3_event import (
    MalformedEvent,
    created_event,
    pad_sequencer,
    records,
    uploaded_object,
)
from functions.core.video import Source, UploadedObject
from tests.events import event
from tests.examples import ID, uploaded

BUCKET = "clipo-uploads"
UPLOAD = UploadedObject(
    video_id=ID,
    key=f"uploads/{ID}/source",
    source=Source(
        etag="d41d8cd98f00b204e9800998ecf8427e",
        size=1_048_576,
        sequencer=pad_sequencer("0055AED6DCD90281E5"),
    ),
)


def uploaded_objects(of: Any) -> list[UploadedObject]:
    found = [uploaded_object(record, bucket=BUCKET) for record in records(of)]
    return [upload for upload in found if upload]


def parsed(name: str) -> list[UploadedObject]:
    return uploaded_objects(event(name))


@pytest.mark.parametrize("name", ["s3-post", "s3-put", "invoke-retry"])
def test_an_upload_in_one_request_is_read(name: str) -> None:
    assert parsed(name) == [UPLOAD]


def test_a_created_event_equals_the_example_for_sam() -> None:
    assert created_event(UPLOAD, bucket=BUCKET) == event("invoke-retry")


def test_a_completed_multipart_upload_is_read() -> None:
    (upload,) = parsed("s3-multipart-completed")
    assert upload.source.etag == "9b2cf535f27731c974343645a3985328-13"


def test_every_record_is_read() -> None:
    assert [upload.video_id for upload in parsed("s3-several-records")] == [
        ID,
        "507f1f77bcf86cd799439012",
    ]


def test_keys_are_decoded() -> None:
    assert parsed("s3-encoded-key")[0].key == f"uploads/{ID}/source"


def test_keys_are_decoded_once() -> None:
    twice = event("s3-encoded-key")
    stored = twice["Records"][0]["s3"]["object"]
    stored["key"] = stored["key"].replace("%", "%25")
    assert uploaded_objects(twice) == []


def test_a_store_without_sequencers_is_understood() -> None:
    assert parsed("s3-without-sequencer")[0].source.sequencer == ""


@pytest.mark.parametrize("sequencer", [uploaded().source.sequencer, ""])
def test_a_created_event_is_parsed_like_one_of_s3(sequencer: str) -> None:
    upload = replace(uploaded(), source=replace(uploaded().source, sequencer=sequencer))
    made = json.loads(json.dumps(created_event(upload, bucket="uploads")))
    (record,) = records(made)
    assert uploaded_object(record, bucket="uploads") == upload
    assert uploaded_object(record, bucket="another") is None


def test_a_quoted_etag_is_unquoted() -> None:
    quoted = event("s3-post")
    quoted["Records"][0]["s3"]["object"]["eTag"] = '"abc"'
    assert uploaded_objects(quoted)[0].source.etag == "abc"


@pytest.mark.parametrize(
    "name", ["s3-test-event", "s3-foreign-key", "s3-foreign-bucket", "s3-object-removed"]
)
def test_other_events_are_ignored(name: str) -> None:
    assert parsed(name) == []


@pytest.mark.parametrize(
    "nonsense",
    [
        {},
        [],
        None,
        "text",
        {"Records": None},
        {"Records": [{}]},
        {"Records": ["text"]},
        {"Records": [{"s3": {"object": {"key": 5}}}]},
        {"Records": [{"eventName": "ObjectCreated:Put", "s3": {}}]},
    ],
)
def test_a_malformed_event_is_an_error(nonsense: object) -> None:
    with pytest.raises(MalformedEvent):
        uploaded_objects(nonsense)
