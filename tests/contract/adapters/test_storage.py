"""Storage over HTTP, both ways to S3.

moto's S3 is quick and checks no signature, ministack's checks them all. Servers of the tests answer
what S3 answers seldom.
"""

import io
import re
import socket
import threading
import traceback
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from unittest.mock import Mock

import boto3
import pytest

from functions.adapters.sdk.storage import SdkStorage
from functions.adapters.signed.storage import SignedStorage
from functions.adapters.storage import (
    LARGEST_PICTURE,
    READ_BYTES,
    ObjectGone,
    SourceReplaced,
    StoredObject,
    StoredPicture,
)
from functions.core.settings import StorageSettings
from functions.core.unavailable import StorageUnavailable
from functions.core.video import Source
from tests.checking_aws import CheckingAws
from tests.examples import deleted_video
from tests.signed import signed_storage

pytestmark = pytest.mark.usefixtures("aws_credentials")

SETTINGS = StorageSettings("clipo-uploads", "clipo-media", "eu-west-1", endpoint_url=None)


@pytest.fixture
def s3(s3_url: str) -> Iterator[Any]:
    s3 = boto3.client("s3", region_name="eu-west-1", endpoint_url=s3_url)
    for bucket in (SETTINGS.uploads_bucket, SETTINGS.media_bucket):
        s3.create_bucket(
            Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": "eu-west-1"}
        )
    yield s3
    # The other tests of this server want it empty.
    urllib.request.urlopen(f"{s3_url}/moto-api/reset", data=b"").close()


@pytest.fixture
def settings(s3: Any) -> StorageSettings:
    return replace(SETTINGS, endpoint_url=s3.meta.endpoint_url)


@pytest.fixture
def storage(settings: StorageSettings) -> SignedStorage:
    return signed_storage(settings)


@pytest.fixture
def objects(settings: StorageSettings) -> SdkStorage:
    return SdkStorage(settings, attempts=1, read_timeout_s=5)


Either = SignedStorage | SdkStorage


@pytest.fixture(params=["signed", "sdk"])
def either(request: pytest.FixtureRequest, settings: StorageSettings) -> Either:
    if request.param == "signed":
        return signed_storage(settings)
    return SdkStorage(settings, attempts=1, read_timeout_s=5)


_LAST_HEADER = b"\r\nConnection: close\r\n\r\n"
"""Without it a client may send its next request while the connection is being closed."""


def _whole_request(connection: socket.socket) -> bytes:
    """Read to the end of the body: a connection that closes with unread bytes is reset."""
    request = b""
    while not _is_whole(request) and (more := connection.recv(65536)):
        request += more
    return request


def _is_whole(request: bytes) -> bool:
    head, end_of_head, body = request.partition(b"\r\n\r\n")
    length = re.search(rb"(?i)content-length: (\d+)", head)
    return bool(end_of_head) and len(body) >= int(length[1] if length else 0)


@contextmanager
def answering(*answers: bytes, heard: list[bytes] | None = None) -> Iterator[str]:
    """Yield the URL of a server that says these things, one to each connection."""

    def serve() -> None:
        for answer in answers:
            connection, _ = listener.accept()
            with connection:
                request = _whole_request(connection)
                if heard is not None:
                    heard.append(request)
                connection.sendall(answer.replace(b"\r\n\r\n", _LAST_HEADER, 1))

    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(10)
        threading.Thread(target=serve, daemon=True).start()
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"


def test_an_upload_is_stored_and_read_by_ranges(storage: SignedStorage, s3: Any) -> None:
    content = bytes(range(256)) * 1024
    storage.put_upload("k", io.BytesIO(content), size=len(content), content_type="video/mp4")
    etag = s3.head_object(Bucket="clipo-uploads", Key="k")["ETag"].strip('"')
    pieces = list(storage.read_upload("k", Source(etag, len(content), ""), 10, 200_000))
    assert b"".join(pieces) == content[10:200_000]
    assert [len(piece) for piece in pieces[:-1]] == [READ_BYTES] * 3


def test_an_object_that_was_overwritten_is_not_taken_for_the_events(storage: SignedStorage) -> None:
    storage.put_upload("k", io.BytesIO(b"newer"), size=5, content_type="video/mp4")
    with pytest.raises(SourceReplaced):
        list(storage.read_upload("k", Source("0" * 32, 5, ""), 0, 5))


def test_an_object_that_is_gone_is_told_from_a_storage_that_is_down(storage: SignedStorage) -> None:
    with pytest.raises(ObjectGone):
        list(storage.read_upload("nothing", Source("0" * 32, 5, ""), 0, 5))


def test_a_store_that_does_not_know_ranges_is_not_believed() -> None:
    """It answers 200 and the object from its beginning, of as many bytes as were asked for."""
    with answering(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nbytes") as url:
        storage = signed_storage(replace(SETTINGS, endpoint_url=url), attempts=1)
        with pytest.raises(StorageUnavailable, match="another range"):
            list(storage.read_upload("k", Source("etag", 10, ""), 5, 10))


def test_less_than_was_asked_for_is_not_taken_for_all_of_it(
    storage: SignedStorage, s3: Any
) -> None:
    storage.put_upload("k", io.BytesIO(b"bytes"), size=5, content_type="video/mp4")
    etag = s3.head_object(Bucket="clipo-uploads", Key="k")["ETag"].strip('"')
    with pytest.raises(StorageUnavailable, match="another range"):
        list(storage.read_upload("k", Source(etag, 9, ""), 0, 9))


def test_a_thumbnail_is_published_as_a_jpeg_and_removed(storage: SignedStorage, s3: Any) -> None:
    storage.put_thumbnail("t.jpg", b"jpeg")
    assert storage.read_thumbnail("t.jpg") == b"jpeg"
    head = s3.head_object(Bucket="clipo-media", Key="t.jpg")
    assert head["ContentType"] == "image/jpeg"
    assert head["CacheControl"] == "private, max-age=31536000, immutable"
    storage.delete_thumbnail("t.jpg")
    with pytest.raises(ObjectGone):
        storage.read_thumbnail("t.jpg")
    storage.delete_thumbnail("t.jpg")


def test_a_picture_is_read_with_its_etag_and_removed(storage: SignedStorage, s3: Any) -> None:
    storage.put_picture("i.webp", b"webp", media_type="image/webp")
    head = s3.head_object(Bucket="clipo-media", Key="i.webp")
    assert head["ContentType"] == "image/webp"
    assert storage.read_picture("i.webp") == StoredPicture("i.webp", head["ETag"], b"webp")
    storage.delete_picture("i.webp")
    with pytest.raises(ObjectGone):
        storage.read_picture("i.webp")


def test_of_a_large_picture_only_the_etag_is_read(storage: SignedStorage) -> None:
    storage.put_picture("i.jpg", bytes(LARGEST_PICTURE + 1), media_type="image/jpeg")
    found = storage.read_picture("i.jpg")
    assert found.content is None
    assert found.etag


def test_pictures_of_older_files_are_removed(storage: SignedStorage, s3: Any) -> None:
    for name in ("old/1.jpg", "old/2.jpg", "present/1.jpg", "present2/1.jpg"):
        put(s3, f"images/{IDS[0]}/{name}")
    put(s3, f"images/{IDS[1]}/old/1.jpg")
    for _ in range(2):
        storage.delete_pictures(IDS[0], except_version="present")
        kept = [f"images/{IDS[0]}/present/1.jpg", f"images/{IDS[1]}/old/1.jpg"]
        assert keys(s3, "clipo-media") == kept


def test_objects_that_cannot_be_removed_are_an_error() -> None:
    body = b"<DeleteResult><Error><Key>k</Key><Code>AccessDenied</Code></Error></DeleteResult>"
    head = f"HTTP/1.1 200 OK\r\nContent-Length: {len(body)}\r\n\r\n".encode()
    page = b"<R><IsTruncated>false</IsTruncated><Contents><Key>k</Key></Contents></R>"
    listed = f"HTTP/1.1 200 OK\r\nContent-Length: {len(page)}\r\n\r\n".encode()
    with answering(listed + page, head + body) as url:
        storage = signed_storage(replace(SETTINGS, endpoint_url=url), attempts=1)
        with pytest.raises(StorageUnavailable, match="could not be removed"):
            storage.delete_pictures(IDS[0])


def test_what_ends_early_is_not_taken_for_all_of_it() -> None:
    head = (
        b"HTTP/1.1 206 Partial Content\r\nContent-Range: bytes 0-8/9\r\nContent-Length: 9\r\n\r\n"
    )
    with answering(head + b"bytes") as url:
        storage = signed_storage(replace(SETTINGS, endpoint_url=url), attempts=1)
        with pytest.raises(StorageUnavailable, match="ProtocolError"):
            list(storage.read_upload("k", Source("etag", 9, ""), 0, 9))


def test_what_fails_once_is_asked_for_again() -> None:
    busy = b"HTTP/1.1 503 Slow Down\r\nContent-Length: 0\r\n\r\n"
    good = b'HTTP/1.1 200 OK\r\nETag: "e"\r\nContent-Length: 9\r\n\r\n'
    with answering(busy, b"", good) as url:
        storage = signed_storage(replace(SETTINGS, endpoint_url=url), attempts=3)
        assert storage.upload_etag("k") == "e"
    with answering(busy, busy) as url:
        storage = signed_storage(replace(SETTINGS, endpoint_url=url), attempts=2)
        with pytest.raises(StorageUnavailable, match="503"):
            storage.upload_etag("k")


def test_no_error_tells_what_was_signed() -> None:
    """It is logged with all that it was raised from."""
    unreachable = replace(SETTINGS, endpoint_url="http://127.0.0.1:9")
    with pytest.raises(StorageUnavailable) as caught:
        signed_storage(unreachable).put_thumbnail("t.jpg", b"jpeg")
    told = "".join(traceback.format_exception(caught.value))
    assert "ConnectionRefused" in told
    assert "ignature" not in told


def test_a_write_that_fails_once_is_sent_again_and_whole() -> None:
    busy = b"HTTP/1.1 500 Internal\r\nContent-Length: 0\r\n\r\n"
    good = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"
    heard: list[bytes] = []
    with answering(busy, good, heard=heard) as url:
        storage = signed_storage(replace(SETTINGS, endpoint_url=url), attempts=2)
        storage.put_upload("k", io.BytesIO(b"the file"), size=8, content_type="video/mp4")
    assert [request.endswith(b"\r\n\r\nthe file") for request in heard] == [True, True]
    assert b"content-length: 8\r\n" in heard[1]
    assert b"chunked" not in heard[1]


def test_storage_is_not_waited_for_as_long_as_it_likes() -> None:
    busy = b"HTTP/1.1 503 Busy\r\nRetry-After: 99\r\nContent-Length: 0\r\n\r\n"
    good = b'HTTP/1.1 200 OK\r\nETag: "e"\r\nContent-Length: 9\r\n\r\n'
    with answering(busy, good) as url:
        storage = signed_storage(replace(SETTINGS, endpoint_url=url), attempts=2)
        assert storage.upload_etag("k") == "e"


def test_what_is_signed_for_one_host_is_sent_to_no_other() -> None:
    there = b"HTTP/1.1 307 There\r\nLocation: http://127.0.0.1:9/t\r\nContent-Length: 0\r\n\r\n"
    with answering(there) as url:
        storage = signed_storage(replace(SETTINGS, endpoint_url=url), attempts=1)
        with pytest.raises(StorageUnavailable, match="307"):
            storage.read_thumbnail("t")


def test_what_is_stored_compressed_is_read_as_it_is_stored() -> None:
    head = b"HTTP/1.1 206 Partial\r\nContent-Encoding: gzip\r\nContent-Range: bytes 0-4/5\r\n"
    with answering(head + b"Content-Length: 5\r\n\r\nbytes") as url:
        storage = signed_storage(replace(SETTINGS, endpoint_url=url), attempts=1)
        assert b"".join(storage.read_upload("k", Source("etag", 5, ""), 0, 5)) == b"bytes"


def test_a_write_to_what_is_not_there_is_no_object_that_has_gone() -> None:
    with answering(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n") as url:
        storage = signed_storage(replace(SETTINGS, endpoint_url=url), attempts=1)
        with pytest.raises(StorageUnavailable, match="404"):
            storage.put_thumbnail("t.jpg", b"jpeg")


def test_a_head_says_by_its_status_alone_that_nothing_is_there() -> None:
    with answering(b"HTTP/1.1 404 Not Found\r\nContent-Length: 9\r\n\r\n") as url:
        storage = signed_storage(replace(SETTINGS, endpoint_url=url), attempts=1)
        assert storage.upload_etag("k") is None


KEY = "uploads/507f1f77bcf86cd799439011/source"
IDS = ("507f1f77bcf86cd799439011", "507f1f77bcf86cd799439012")


def put(s3: Any, key: str) -> None:
    bucket = "clipo-uploads" if key.startswith("uploads/") else "clipo-media"
    s3.put_object(Bucket=bucket, Key=key, Body=b"bytes")


def keys(s3: Any, bucket: str) -> list[str]:
    return [found["Key"] for found in s3.list_objects_v2(Bucket=bucket).get("Contents", [])]


def store_two_videos(s3: Any) -> None:
    for video_id in IDS:
        put(s3, f"uploads/{video_id}/source")
        for _ in range(2):
            s3.create_multipart_upload(Bucket="clipo-uploads", Key=f"uploads/{video_id}/source")
        for number in range(3):
            put(s3, f"thumbnails/{video_id}/{number}.jpg")
            put(s3, f"images/{video_id}/v/{number} & <more>.jpg")


def assert_only_the_second_is_left(s3: Any) -> None:
    pending = s3.list_multipart_uploads(Bucket="clipo-uploads")["Uploads"]
    assert [upload["Key"] for upload in pending] == [f"uploads/{IDS[1]}/source"] * 2
    assert keys(s3, "clipo-uploads") == [f"uploads/{IDS[1]}/source"]
    pictures = [f"images/{IDS[1]}/v/{n} & <more>.jpg" for n in range(3)]
    assert keys(s3, "clipo-media") == [
        *pictures,
        *(f"thumbnails/{IDS[1]}/{n}.jpg" for n in range(3)),
    ]


def test_what_is_stored_is_found_by_its_whole_key(either: Either, s3: Any) -> None:
    put(s3, f"{KEY}-other")
    assert either.find_upload(KEY) is None
    put(s3, KEY)
    etag = s3.head_object(Bucket="clipo-uploads", Key=KEY)["ETag"].strip('"')
    assert either.find_upload(KEY) == Source(etag, 5, "")


def test_all_that_was_stored_for_a_video_is_removed_and_nothing_else(
    either: Either, s3: Any
) -> None:
    store_two_videos(s3)
    for _ in range(2):
        either.delete_objects_of(deleted_video(IDS[0]))
        assert_only_the_second_is_left(s3)


def test_more_thumbnails_than_one_page_are_removed(
    either: Either, s3: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MOTO_S3_DEFAULT_MAX_KEYS", "2")
    for number in range(5):
        put(s3, f"thumbnails/{IDS[0]}/{number}.jpg")
    either.delete_objects_of(deleted_video(IDS[0]))
    assert keys(s3, "clipo-media") == []


def keep_versions(s3: Any) -> None:
    s3.put_bucket_versioning(Bucket="clipo-uploads", VersioningConfiguration={"Status": "Enabled"})


def versions(s3: Any) -> list[str]:
    """Return the keys of all versions of uploads and of their delete markers."""
    pages = list(s3.get_paginator("list_object_versions").paginate(Bucket="clipo-uploads"))
    kinds = ("Versions", "DeleteMarkers")
    return [one["Key"] for kind in kinds for page in pages for one in page.get(kind, [])]


def test_a_delete_keeps_the_versions_of_an_upload_and_a_purge_removes_them(
    either: Either, s3: Any
) -> None:
    keep_versions(s3)
    store_two_videos(s3)
    put(s3, KEY)
    either.delete_objects_of(deleted_video(IDS[0]))
    assert_only_the_second_is_left(s3)
    assert versions(s3).count(KEY) == 3, "two versions and a delete marker"
    for _ in range(2):
        either.delete_objects_of(deleted_video(IDS[0], purge=True))
        assert_only_the_second_is_left(s3)
        assert versions(s3) == [f"uploads/{IDS[1]}/source"]


def test_a_removed_upload_leaves_no_version_and_its_replacement_stays(
    settings: StorageSettings, s3: Any
) -> None:
    storage = signed_storage(settings)
    keep_versions(s3)
    s3.put_object(Bucket="clipo-uploads", Key=KEY, Body=b"first")
    first = storage.find_upload(KEY)
    s3.put_object(Bucket="clipo-uploads", Key=KEY, Body=b"second")
    second = storage.find_upload(KEY)
    assert first
    assert second
    storage.delete_upload(KEY, first)
    assert storage.find_upload(KEY) == second
    assert versions(s3) == [KEY]
    for _ in range(2):
        storage.delete_upload(KEY, second)
        assert storage.find_upload(KEY) is None
        assert versions(s3) == [KEY], "a delete marker, which S3 removes by itself"


def test_a_purge_removes_what_was_stored_before_there_were_versions(
    either: Either, s3: Any
) -> None:
    store_two_videos(s3)
    either.delete_objects_of(deleted_video(IDS[0], purge=True))
    assert_only_the_second_is_left(s3)
    keep_versions(s3)
    either.delete_objects_of(deleted_video(IDS[1], purge=True))
    assert versions(s3) == []


def test_an_upload_is_removed_with_its_version_and_no_other(
    storage: SignedStorage, s3: Any
) -> None:
    put(s3, KEY)
    keep_versions(s3)
    s3.put_object(Bucket="clipo-uploads", Key=KEY, Body=b"wrong")
    wrong = storage.find_upload(KEY)
    assert wrong
    s3.put_object(Bucket="clipo-uploads", Key=KEY, Body=b"newest")
    newest = storage.find_upload(KEY)
    put(s3, f"{KEY}-other")
    for _ in range(2):
        storage.delete_upload(KEY, wrong)
        assert versions(s3) == [KEY, KEY, f"{KEY}-other"]
        assert storage.find_upload(KEY) == newest


def test_an_unfinished_upload_that_ends_meanwhile_is_no_error(either: Either, s3: Any) -> None:
    upload = s3.create_multipart_upload(Bucket="clipo-uploads", Key=KEY)
    either._abort(KEY, upload["UploadId"])
    either._abort(KEY, upload["UploadId"])


def test_a_thumbnail_is_removed_once_or_twice(either: Either, s3: Any) -> None:
    put(s3, "thumbnails/1/t.jpg")
    for _ in range(2):
        either.delete_thumbnail("thumbnails/1/t.jpg")
        assert keys(s3, "clipo-media") == []


def test_a_bucket_that_is_not_there_is_unavailable(either: Either, s3: Any) -> None:
    s3.delete_bucket(Bucket="clipo-uploads")
    with pytest.raises(StorageUnavailable, match="S3: NoSuchBucket"):
        either.find_upload(KEY)


@pytest.fixture
def checked(checking_aws: CheckingAws) -> StorageSettings:
    return replace(SETTINGS, region="us-east-1", endpoint_url=checking_aws.url)


def test_s3_accepts_what_is_signed(checking_aws: CheckingAws, checked: StorageSettings) -> None:
    s3 = checking_aws.client("s3")
    for bucket in (SETTINGS.uploads_bucket, SETTINGS.media_bucket):
        s3.create_bucket(Bucket=bucket)
    storage = signed_storage(checked, credentials=checking_aws.user)
    storage.put_upload(KEY, io.BytesIO(b"bytes"), size=5, content_type="video/mp4")
    etag = storage.upload_etag(KEY)
    assert etag
    assert storage.find_upload(KEY) == Source(etag, 5, "")
    assert b"".join(storage.read_upload(KEY, Source(etag, 5, ""), 1, 4)) == b"yte"
    storage.put_thumbnail("thumbnails/1/t.jpg", b"jpeg")
    assert storage.read_thumbnail("thumbnails/1/t.jpg") == b"jpeg"
    storage.delete_thumbnail("thumbnails/1/t.jpg")
    store_two_videos(s3)
    storage.delete_objects_of(deleted_video(IDS[0]))
    assert_only_the_second_is_left(s3)
    keep_versions(s3)
    for video_id in IDS:
        put(s3, f"uploads/{video_id}/source")
    storage.delete_objects_of(deleted_video(IDS[0]))
    storage.delete_objects_of(deleted_video(IDS[0], purge=True))
    assert versions(s3) == [f"uploads/{IDS[1]}/source"] * 2


def test_s3_refuses_another_signature(checking_aws: CheckingAws, checked: StorageSettings) -> None:
    stranger = replace(checking_aws.user, secret_access_key="guessed")
    with pytest.raises(StorageUnavailable, match="S3: SignatureDoesNotMatch"):
        signed_storage(checked, credentials=stranger).find_upload(KEY)


def page(body: str) -> bytes:
    text = f'<?xml version="1.0"?>\n{body}'
    return f"HTTP/1.1 200 OK\r\nContent-Length: {len(text)}\r\n\r\n{text}".encode()


def test_more_unfinished_uploads_than_one_page_are_aborted() -> None:
    """moto has no pages of them."""
    first = """<ListMultipartUploadsResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/">
        <IsTruncated>true</IsTruncated>
        <NextKeyMarker>a&amp;b</NextKeyMarker><NextUploadIdMarker>U+1</NextUploadIdMarker>
        <Upload><Key>a&amp;b</Key><UploadId>U+1</UploadId></Upload>
        </ListMultipartUploadsResult>"""
    last = """<ListMultipartUploadsResult><IsTruncated>false</IsTruncated>
        <NextKeyMarker>c</NextKeyMarker>
        <Upload><Key>c</Key><UploadId>U2</UploadId></Upload></ListMultipartUploadsResult>"""
    good = b"HTTP/1.1 204 No Content\r\n\r\n"
    empty = page("<ListBucketResult><IsTruncated>false</IsTruncated></ListBucketResult>")
    heard: list[bytes] = []
    listing = f"GET /clipo-uploads?prefix=uploads%2F{IDS[0]}%2Fsource&uploads="
    answers = [page(first), good, page(last), good, good, empty, empty]
    # Each connection gets one answer.
    with answering(*answers, heard=heard) as url:
        signed_storage(replace(SETTINGS, endpoint_url=url)).delete_objects_of(deleted_video(IDS[0]))
    assert [request.split(b" HTTP/")[0].decode() for request in heard] == [
        listing,
        "DELETE /clipo-uploads/a%26b?uploadId=U%2B1",
        f"{listing}&key-marker=a%26b&upload-id-marker=U%2B1",
        "DELETE /clipo-uploads/c?uploadId=U2",
        f"DELETE /clipo-uploads/uploads/{IDS[0]}/source",
        f"GET /clipo-media?list-type=2&prefix=thumbnails%2F{IDS[0]}%2F",
        f"GET /clipo-media?list-type=2&prefix=images%2F{IDS[0]}%2F",
    ]


def test_more_versions_than_one_page_are_purged() -> None:
    key = f"uploads/{IDS[0]}/source"
    first = f"""<ListVersionsResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/">
        <IsTruncated>true</IsTruncated>
        <NextKeyMarker>{key}</NextKeyMarker><NextVersionIdMarker>V+1</NextVersionIdMarker>
        <DeleteMarker><Key>{key}</Key><VersionId>V2</VersionId></DeleteMarker>
        <Version><Key>{key}</Key><VersionId>V+1</VersionId></Version></ListVersionsResult>"""
    last = f"""<ListVersionsResult><IsTruncated>false</IsTruncated>
        <Version><Key>{key}</Key><VersionId>null</VersionId></Version></ListVersionsResult>"""
    none = page("<ListMultipartUploadsResult/>"), page("<ListBucketResult/>")
    good = b"HTTP/1.1 204 No Content\r\n\r\n"
    answers = [none[0], page(first), good, good, page(last), good, none[1], none[1]]
    heard: list[bytes] = []
    with answering(*answers, heard=heard) as url:
        storage = signed_storage(replace(SETTINGS, endpoint_url=url))
        storage.delete_objects_of(deleted_video(IDS[0], purge=True))
    listing = f"GET /clipo-uploads?prefix=uploads%2F{IDS[0]}%2Fsource&versions="
    assert [request.split(b" HTTP/")[0].decode() for request in heard[1:-2]] == [
        listing,
        f"DELETE /clipo-uploads/{key}?versionId=V%2B1",
        f"DELETE /clipo-uploads/{key}?versionId=V2",
        f"{listing}&key-marker=uploads%2F{IDS[0]}%2Fsource&version-id-marker=V%2B1",
        f"DELETE /clipo-uploads/{key}?versionId=null",
    ]


_BOMB = "".join(f'<!ENTITY e{n} "{f"&e{n - 1};" * 10 if n else "boom"}">' for n in range(10))
_FILE = '<!ENTITY e9 SYSTEM "file:///etc/passwd">'
_KEY_OF_ENTITY = "<l><Contents><Key>&e9;</Key></Contents></l>"


@pytest.mark.parametrize(
    "body",
    [
        "",
        "no XML",
        "<ListBucketResult>",
        f"<!DOCTYPE l [{_BOMB}]>{_KEY_OF_ENTITY}",
        f"<!DOCTYPE l [{_FILE}]>{_KEY_OF_ENTITY}",
        f"<l><!--{' ' * (4 << 20)}--><Contents><Key>{KEY}</Key></Contents></l>",
    ],
    ids=["nothing", "text", "unfinished", "bomb", "file", "too large"],
)
def test_a_listing_that_is_not_s3s_is_refused(body: str) -> None:
    with answering(page(body)) as url:
        storage = signed_storage(replace(SETTINGS, endpoint_url=url))
        with pytest.raises(StorageUnavailable, match="not XML"):
            storage.find_upload(KEY)


def listed(objects: SdkStorage, after: str = "") -> list[StoredObject]:
    return [found for page in objects.pages(after=after) for found in page]


def test_all_objects_are_listed_in_order_and_from_any_of_them(
    objects: SdkStorage, s3: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MOTO_S3_DEFAULT_MAX_KEYS", "4")
    keys = ["thumbnails/1/t.jpg", *(f"uploads/{number:04}/source" for number in range(9))]
    for key in keys:
        put(s3, key)
    assert [len(page) for page in objects.pages(after="")] == [1, 4, 4, 1]
    assert [found.key for found in listed(objects)] == keys
    for after in (0, 1, 5):
        assert [found.key for found in listed(objects, keys[after])] == keys[after + 1 :]
    assert datetime.now(UTC) - listed(objects)[0].modified_at < timedelta(minutes=5)


def test_what_was_listed_can_be_purged(objects: SdkStorage, s3: Any) -> None:
    keep_versions(s3)
    put(s3, "thumbnails/1/t.jpg")
    for number in (1, 2, 3, 1, 3):
        put(s3, f"uploads/{number}/source")
    s3.delete_object(Bucket="clipo-uploads", Key="uploads/1/source")
    put(s3, "uploads/1/source")
    put(s3, "uploads/1/source-other")
    thumbnail, first, other, second, _ = listed(objects)
    for _ in range(2):
        objects.purge([thumbnail])
        objects.purge([first, second])
        assert keys(s3, "clipo-media") == []
        assert versions(s3) == [other.key, "uploads/3/source", "uploads/3/source"]


def test_what_could_not_be_deleted_is_not_passed_over(
    objects: SdkStorage, monkeypatch: pytest.MonkeyPatch
) -> None:
    refused = {"Errors": [{"Key": "k", "Code": "AccessDenied"}]}
    monkeypatch.setattr(objects, "_client", Mock(delete_objects=lambda **_: refused))
    with pytest.raises(StorageUnavailable, match="AccessDenied"):
        objects.purge([StoredObject("clipo-media", "k", datetime.now(UTC))])


def test_a_storage_that_does_not_answer_is_unavailable() -> None:
    nowhere = replace(SETTINGS, endpoint_url="http://127.0.0.1:9")
    with pytest.raises(StorageUnavailable, match="S3: NewConnectionError"):
        signed_storage(nowhere).find_upload(KEY)
    with pytest.raises(StorageUnavailable, match="S3: EndpointConnectionError"):
        SdkStorage(nowhere, attempts=1, read_timeout_s=1).find_upload(KEY)
