"""What we sign, beside what botocore signs for the same: the same to the byte."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any
from unittest.mock import patch

import botocore
from botocore.auth import S3SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials as TheirCredentials
from botocore.session import Session
from hypothesis import given
from hypothesis import strategies as st

from functions.adapters.s3_client import s3_client
from functions.adapters.s3_storage import S3Storage
from functions.adapters.sigv4 import Signer, quoted_key
from functions.adapters.storage import MultipartStep
from functions.core.settings import Credentials, StorageSettings

_REGIONS = [
    region
    for partition in json.loads(
        (Path(botocore.__file__).parent / "data/partitions.json").read_text()
    )["partitions"]
    for region in partition["regions"]
    if not region.endswith("-global")
]

printable = st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=1, max_size=60)
secrets = st.builds(Credentials, printable, printable, st.none() | printable)
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
    secrets,
)
windows = st.integers(1, 604_800)


@contextmanager
def theirs(place: StorageSettings, at: datetime) -> Iterator[Any]:
    """Yield botocore's client, for which it is that time."""
    assert place.credentials
    ours = place.credentials
    client: Any = client_at(place.region, place.endpoint_url)
    signer = client._request_signer
    credentials = TheirCredentials(
        ours.access_key_id, ours.secret_access_key, ours.session_token or None
    )
    with (
        patch.object(signer, "_credentials", credentials),
        patch("botocore.auth.get_current_datetime", lambda **_: at.replace(tzinfo=None)),
        patch("botocore.signers.get_current_datetime", lambda **_: at.replace(tzinfo=None)),
    ):
        yield client


# One session reads botocore's description of S3 once; each session of its own takes 100 ms.
_SESSION = Session()
_SESSION.set_credentials("a", "b")


@cache
def client_at(region: str, endpoint_url: str | None) -> Any:
    place = StorageSettings("u", "m", region, endpoint_url)
    with patch("functions.adapters.s3_client.Session", return_value=_SESSION):
        return s3_client(place, attempts=1, read_timeout_s=1)


def storage(place: StorageSettings, at: datetime) -> S3Storage:
    return S3Storage(place, attempts=1, read_timeout_s=1, now=lambda: at)


@given(places, times, keys, tokens, windows, st.integers(1, 10**13))
def test_a_form_is_botocores(
    place: StorageSettings, at: datetime, key: str, kind: str, window: int, size: int
) -> None:
    ours = storage(place, at).sign_upload(key, content_type=kind, max_bytes=size, expires_s=window)
    with theirs(place, at) as client:
        expected = client.generate_presigned_post(
            place.uploads_bucket,
            key,
            Fields={"Content-Type": kind},
            Conditions=[{"Content-Type": kind}, ["content-length-range", 1, size]],
            ExpiresIn=window,
        )
    assert (ours.url, dict(ours.fields)) == (expected["url"], expected["fields"])
    assert list(ours.fields) == list(expected["fields"])


@given(
    places,
    times,
    keys,
    tokens,
    windows,
    st.sampled_from(MultipartStep),
    texts,
    st.integers(1, 10_000),
)
def test_each_step_of_an_upload_in_parts_is_botocores(
    place: StorageSettings,
    at: datetime,
    key: str,
    kind: str,
    window: int,
    step: MultipartStep,
    upload_id: str,
    part: int,
) -> None:
    ours: dict[str, Any] = {"upload_id": upload_id}
    their: dict[str, Any] = {"UploadId": upload_id}
    if step is MultipartStep.CREATE:
        ours, their = {"content_type": kind}, {"ContentType": kind}
    if step is MultipartStep.PART:
        ours, their = ours | {"part_number": part}, their | {"PartNumber": part}
    with theirs(place, at) as client:
        expected = client.generate_presigned_url(
            step.value,
            Params={"Bucket": place.uploads_bucket, "Key": key, **their},
            ExpiresIn=window,
        )
    assert storage(place, at).sign_multipart(key, step, **ours, expires_s=window) == expected


@given(places, times, keys, windows)
def test_a_thumbnails_address_is_botocores(
    place: StorageSettings, at: datetime, key: str, window: int
) -> None:
    with theirs(place, at) as client:
        expected = client.generate_presigned_url(
            "get_object",
            Params={
                "Bucket": place.media_bucket,
                "Key": key,
                "ResponseContentType": "image/jpeg",
            },
            ExpiresIn=window,
        )
    assert storage(place, at).sign_thumbnail(key, expires_s=window) == expected


@given(places, times, keys, st.sampled_from(["GET", "HEAD", "PUT", "DELETE"]), tokens)
def test_a_request_of_ours_is_signed_as_botocore_does(
    place: StorageSettings, at: datetime, key: str, method: str, kind: str
) -> None:
    assert place.credentials
    ours = place.credentials
    address = f"{place.bucket_url(place.media_bucket).rstrip('/')}/{quoted_key(key)}"
    sent = {"content-type": kind, "range": "bytes=0-1", "if-match": '"e"'}
    signed = Signer(ours, place.region, at).headers(method, address, sent)
    request = AWSRequest(method, address, headers=dict(sent), data=b"")
    request.context["client_config"] = client_at("us-east-1", None).meta.config.merge(
        botocore.config.Config(s3={"payload_signing_enabled": False})
    )
    auth = S3SigV4Auth(
        TheirCredentials(ours.access_key_id, ours.secret_access_key, ours.session_token or None),
        "s3",
        place.region,
    )
    with (
        patch("botocore.auth.get_current_datetime", lambda **_: at.replace(tzinfo=None)),
        patch.object(auth, "_should_sha256_sign_payload", return_value=False),
    ):
        auth.add_auth(request)
    expected = {name.lower(): value for name, value in request.headers.items()}
    # It leaves the host to whoever sends.
    expected["host"] = auth.headers_to_sign(request)["host"]
    assert signed == expected
