"""Signatures and addresses of our own, compared with botocore's: they are the same to the byte."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import cache, partial
from pathlib import Path
from typing import Any
from unittest.mock import Mock, patch
from urllib.parse import quote

import botocore
import pytest
from botocore.auth import S3SigV4Auth, SigV4Auth
from botocore.awsrequest import AWSPreparedRequest, AWSRequest, AWSResponse
from botocore.compat import HTTPHeaders
from botocore.config import Config
from botocore.credentials import Credentials as TheirCredentials
from botocore.session import Session
from hypothesis import given
from hypothesis import strategies as st

from functions.adapters.sdk.aws import SdkAws, make_client
from functions.adapters.signed.aws import SignedAws
from functions.adapters.signed.credentials import Credentials
from functions.adapters.signed.sigv4 import Signer, quoted_query
from functions.adapters.storage import MultipartStep
from functions.core.settings import StorageSettings
from tests.signed import signed_storage

_PARTITIONS = {
    partition["id"]: [region for region in partition["regions"] if not region.endswith("-global")]
    for partition in json.loads(
        (Path(botocore.__file__).parent / "data/partitions.json").read_text()
    )["partitions"]
}
_REGIONS = [region for regions in _PARTITIONS.values() for region in regions]

printable = st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=1, max_size=60)
credentials = st.builds(Credentials, printable, printable, st.none() | printable)
times = st.datetimes(datetime(1970, 1, 1), datetime(2400, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001 (hypothesis adds it)
# All that a key may be: S3 takes any UTF-8. A full stop alone is a path's own matter.
texts = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=60)
keys = texts.filter(lambda key: not {".", ".."} & set(key.split("/")))
tokens = st.from_regex(r"[a-z0-9!#$&^_.+-]{1,20}/[a-z0-9!#$&^_.+-]{1,20}", fullmatch=True)
buckets = st.from_regex(r"[a-z0-9][a-z0-9.-]{1,40}[a-z0-9]", fullmatch=True).filter(
    lambda name: ".." not in name and ".-" not in name and "-." not in name
)
places = st.builds(
    StorageSettings,
    buckets,
    buckets,
    st.sampled_from(_REGIONS),
    st.sampled_from(
        [
            *(None, None, None, "http://127.0.0.1:9000", "https://minio.example/"),
            *("https://minio.example:443", "http://Minio.Example:80/s3", "http://[::1]:9000"),
        ]
    ),
)
windows = st.integers(1, 604_800)


@contextmanager
def theirs(place: StorageSettings, ours: Credentials, at: datetime) -> Iterator[Any]:
    """Yield botocore's client, for which it is that time."""
    client: Any = client_at("s3", place.region, place.endpoint_url)
    signer = client._request_signer
    with (
        patch.object(signer, "_credentials", botocores(ours)),
        patch("botocore.auth.get_current_datetime", lambda **_: at.replace(tzinfo=None)),
        patch("botocore.signers.get_current_datetime", lambda **_: at.replace(tzinfo=None)),
    ):
        yield client


# One session reads botocore's description of S3 once; each session of its own takes 100 ms.
_SESSION = Session()
_SESSION.set_credentials("a", "b")


@cache
def client_at(service: str, region: str, endpoint_url: str | None) -> Any:
    # Forms would come out as Signature Version 2.
    _SESSION.set_default_client_config(
        Config(signature_version="s3v4" if service == "s3" else None)
    )
    with patch("botocore.session.Session", return_value=_SESSION):
        return make_client(service, region, endpoint_url, attempts=1, read_timeout_s=1)


@given(places, credentials, times, keys, tokens, windows, st.integers(1, 10**13))
def test_a_form_is_botocores(
    place: StorageSettings,
    who: Credentials,
    at: datetime,
    key: str,
    kind: str,
    window: int,
    size: int,
) -> None:
    ours = signed_storage(place, credentials=who, now=lambda: at).sign_upload(
        key, content_type=kind, size=size, expires_s=window
    )
    with theirs(place, who, at) as client:
        expected = client.generate_presigned_post(
            place.uploads_bucket,
            key,
            Fields={"Content-Type": kind},
            Conditions=[{"Content-Type": kind}, ["content-length-range", size, size]],
            ExpiresIn=window,
        )
    assert (ours.url, dict(ours.fields)) == (expected["url"], expected["fields"])
    assert list(ours.fields) == list(expected["fields"])


@given(
    places,
    credentials,
    times,
    keys,
    tokens,
    windows,
    st.sampled_from(MultipartStep),
    texts,
    st.integers(1, 10_000),
    st.integers(1, 5 << 30),
)
def test_each_step_of_an_upload_in_parts_is_botocores(
    place: StorageSettings,
    who: Credentials,
    at: datetime,
    key: str,
    kind: str,
    window: int,
    step: MultipartStep,
    upload_id: str,
    part: int,
    size: int,
) -> None:
    ours: dict[str, Any] = {"upload_id": upload_id, "headers": {}}
    their: dict[str, Any] = {"UploadId": upload_id}
    if step is MultipartStep.CREATE:
        ours, their = {"headers": {"Content-Type": kind}}, {"ContentType": kind}
    if step is MultipartStep.PART:
        ours |= {"part_number": part, "headers": {"Content-Length": str(size)}}
        their |= {"PartNumber": part, "ContentLength": size}
    if step is MultipartStep.COMPLETE:
        ours |= {"headers": {"x-amz-mp-object-size": str(size)}}
        their |= {"MpuObjectSize": size}
    with theirs(place, who, at) as client:
        expected = client.generate_presigned_url(
            step.value,
            Params={"Bucket": place.uploads_bucket, "Key": key, **their},
            ExpiresIn=window,
        )
    assert (
        signed_storage(place, credentials=who, now=lambda: at).sign_multipart(
            key, step, **ours, expires_s=window
        )
        == expected
    )


@given(places, credentials, times, keys, windows)
def test_a_thumbnails_address_is_botocores(
    place: StorageSettings, who: Credentials, at: datetime, key: str, window: int
) -> None:
    with theirs(place, who, at) as client:
        expected = client.generate_presigned_url(
            "get_object",
            Params={
                "Bucket": place.media_bucket,
                "Key": key,
                "ResponseContentType": "image/jpeg",
            },
            ExpiresIn=window,
        )
    assert (
        signed_storage(place, credentials=who, now=lambda: at).sign_thumbnail(key, expires_s=window)
        == expected
    )


def signed_by_botocore(auth: SigV4Auth, request: AWSRequest, at: datetime) -> dict[str, str]:
    """Return the headers that botocore would send."""
    with patch("botocore.auth.get_current_datetime", lambda **_: at.replace(tzinfo=None)):
        auth.add_auth(request)
    # It leaves the host to the client that sends.
    host = auth.headers_to_sign(request)["host"]
    return {name.lower(): value for name, value in request.headers.items()} | {"host": host}


def botocores(ours: Credentials) -> TheirCredentials:
    return TheirCredentials(ours.access_key_id, ours.secret_access_key, ours.session_token or None)


@given(
    places,
    credentials,
    times,
    keys,
    st.sampled_from(["GET", "HEAD", "PUT", "DELETE"]),
    tokens,
    st.dictionaries(st.sampled_from(["prefix", "uploads", "uploadId", "key-marker"]), texts),
)
def test_a_request_to_s3_is_signed_as_botocore_does(
    place: StorageSettings,
    ours: Credentials,
    at: datetime,
    key: str,
    method: str,
    kind: str,
    query: dict[str, str],
) -> None:
    address = place.object_url(place.media_bucket, key)
    if query:
        address += f"?{quoted_query(query)}"
    sent = {"content-type": kind, "range": "bytes=0-1", "if-match": '"e"'}
    signed = Signer(ours, "s3", place.region, at).headers(method, address, sent)
    request = AWSRequest(method, address, headers=dict(sent), data=b"")
    request.context["client_config"] = client_at("s3", "us-east-1", None).meta.config.merge(
        Config(s3={"payload_signing_enabled": False})
    )
    auth = S3SigV4Auth(botocores(ours), "s3", place.region)
    with patch.object(auth, "_should_sha256_sign_payload", return_value=False):
        assert signed == signed_by_botocore(auth, request, at)


@given(
    credentials,
    times,
    st.sampled_from(["lambda", "sqs"]),
    st.sampled_from(_REGIONS),
    keys,
    texts,
    tokens,
)
def test_a_request_to_other_services_is_signed_as_botocore_does(
    ours: Credentials, at: datetime, service: str, region: str, name: str, text: str, kind: str
) -> None:
    address = f"https://{service}.{region}.amazonaws.com/functions/{quote(name, safe='')}/call"
    sent, body = {"content-type": kind, "x-amz-target": "AmazonSQS.SendMessage"}, text.encode()
    signed = Signer(ours, service, region, at).headers("POST", address, sent, body)
    request = AWSRequest("POST", address, headers=dict(sent), data=body)
    auth = SigV4Auth(botocores(ours), service, region)
    assert signed == signed_by_botocore(auth, request, at)


_ARN = "arn:aws:lambda:eu-west-1:123456789012:function:clipo-processing"


@pytest.mark.parametrize("function", ["clipo-processing", _ARN])
@pytest.mark.parametrize("region", [regions[0] for regions in _PARTITIONS.values()])
def test_lambda_and_sqs_get_the_requests_that_botocore_sends(region: str, function: str) -> None:
    """botocore adds headers that say who it is."""
    ours: list[tuple[str, str, dict[str, str], bytes]] = []
    theirs: list[AWSPreparedRequest] = []
    keys = {"AWS_ACCESS_KEY_ID": "AKIA", "AWS_SECRET_ACCESS_KEY": "secret"}
    signed, sdk = (way(keys | {"AWS_REGION": region}) for way in (SignedAws, SdkAws))
    for service, name in ((signed._lambda, "lambda"), (signed._sqs, "sqs")):
        vars(service)["_connections"] = Mock(send=lambda *sent, **_: ours.append(sent))
        client = client_at(name, region, None)
        client.meta.events.register_first("before-send.*", partial(_kept, theirs))
        vars(sdk)[f"_{name}"] = client
    for aws in (signed, sdk):
        aws.invoke(function, '{"a": "ä"}')
        aws.send_message(f"https://sqs.{region}.amazonaws.com/1/q", "body", 5)
    for (method, url, headers, body), expected in zip(ours, theirs, strict=True):
        assert (method, url) == (expected.method, expected.url)
        assert isinstance(expected.body, bytes)
        assert json.loads(body) == json.loads(expected.body)
        for header, value in headers.items():
            if header.startswith(("x-amz-target", "x-amz-invocation", "content-type")):
                assert expected.headers[header] == value.encode()


def _kept(requests: list[AWSPreparedRequest], request: AWSPreparedRequest, **_: Any) -> AWSResponse:
    requests.append(request)
    return AWSResponse(request.url, 200, HTTPHeaders(), Mock(stream=lambda **_: [b"{}"]))
