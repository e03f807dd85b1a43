"""What Clipo needs of a store. Each check raises an error that says what is missing."""

from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import parse_qs, urlsplit

import httpx2

from functions.adapters.storage import MultipartStep, ObjectGone, SourceReplaced
from functions.core.keys import video_id_of
from functions.core.video import DeletedVideo, Source
from tests.conformance.store import (
    MINUTES,
    ORIGIN,
    Store,
    an_hour_ago,
    begin_parts,
    form_for,
    new_key,
    post,
    put,
)

_CONTENT = bytes(range(256)) * 8
_PART = bytes(5 << 20)
"""The smallest part of an upload but the last."""


@dataclass(frozen=True)
class Check:
    """One thing that a store can do or lack."""

    name: str
    needed: bool
    """Whether Clipo does not work, or is not safe, without it."""
    run: Callable[[Store], None]


CHECKS: list[Check] = []


def check(name: str, *, needed: bool = True) -> Callable[[Callable[[Store], None]], None]:
    """Add a check to the list."""

    def add(run: Callable[[Store], None]) -> None:
        CHECKS.append(Check(name, needed, run))

    return add


def expect(status: int, answer: httpx2.Response) -> None:
    assert answer.status_code == status, f"{answer.status_code} instead of {status}"


def refused(answer: httpx2.Response) -> None:
    assert 400 <= answer.status_code < 500, f"{answer.status_code} instead of a refusal"


@check("a form uploads a file of the signed size and type")
def _(store: Store) -> None:
    key = new_key()
    answer = post(form_for(store, key, len(_CONTENT)), _CONTENT)
    assert answer.status_code in (200, 201, 204), answer.status_code
    found = store.signed().find_upload(key)
    assert found
    assert found.size == len(_CONTENT)


@check("a form refuses a longer and a shorter file")
def _(store: Store) -> None:
    for size in (len(_CONTENT) - 1, len(_CONTENT) + 1):
        refused(post(form_for(store, new_key(), size), _CONTENT))


@check("a form refuses another content type")
def _(store: Store) -> None:
    form = form_for(store, new_key(), len(_CONTENT))
    refused(post(form, _CONTENT, **{"Content-Type": "text/html"}))


@check("a form refuses another key")
def _(store: Store) -> None:
    refused(post(form_for(store, new_key(), len(_CONTENT)), _CONTENT, key=new_key()))


@check("a form expires")
def _(store: Store) -> None:
    refused(post(form_for(store, new_key(), len(_CONTENT), now=an_hour_ago), _CONTENT))


@check("a changed signature is refused")
def _(store: Store) -> None:
    form = form_for(store, new_key(), len(_CONTENT))
    refused(post(form, _CONTENT, **{"x-amz-signature": "0" * 64}))
    key, _ = put(store, _CONTENT)
    url = _source_url(store, key)
    signature = parse_qs(urlsplit(url).query)["X-Amz-Signature"][0]
    refused(httpx2.get(url.replace(signature, "0" * 64)))


@check("a request without a signature is refused")
def _(store: Store) -> None:
    key, _ = put(store, _CONTENT)
    refused(httpx2.get(store.upload_url(key)))
    refused(httpx2.put(store.upload_url(key), content=b"other"))


@check("a signed address answers ranges, with the signed headers")
def _(store: Store) -> None:
    key, _ = put(store, _CONTENT)
    answer = httpx2.get(_source_url(store, key), headers={"Range": "bytes=2-5"})
    expect(206, answer)
    assert answer.content == _CONTENT[2:6]
    assert answer.headers["content-range"] == f"bytes 2-5/{len(_CONTENT)}"
    assert answer.headers["content-disposition"] == "attachment"
    assert answer.headers["content-type"] == "video/webm"


@check("a signed address expires")
def _(store: Store) -> None:
    key, _ = put(store, _CONTENT)
    refused(httpx2.get(_source_url(store, key, old=True)))


@check("a range with If-Match is of the object that the listing showed")
def _(store: Store) -> None:
    key, found = put(store, _CONTENT)
    storage = store.signed()
    assert b"".join(storage.read_upload(key, found, 100, 1100)) == _CONTENT[100:1100]
    put(store, _CONTENT[::-1], key)
    try:
        b"".join(storage.read_upload(key, found, 100, 1100))
    except SourceReplaced:
        return
    raise AssertionError("another object than the asked one")


@check("HEAD and the listing have the same ETag")
def _(store: Store) -> None:
    key, found = put(store, _CONTENT)
    assert store.signed().upload_etag(key) == found.etag
    assert store.signed().find_upload(new_key()) is None
    assert store.sdk().find_upload(key) == found


@check("an upload in parts can be completed with its size")
def _(store: Store) -> None:
    parts = begin_parts(store)
    etags = []
    for number, content in enumerate((_PART, _CONTENT), 1):
        answer = parts.send(number, content)
        expect(200, answer)
        etags.append(answer.headers["etag"])
    expect(200, httpx2.get(parts.url(MultipartStep.LIST, {})))
    size = len(_PART) + len(_CONTENT)
    expect(200, parts.complete(etags, size=size))
    found = store.signed().find_upload(parts.key)
    assert found
    assert found.size == size
    assert "-" in found.etag, "the ETag does not tell an upload in parts"


@check("a part of another length than the signed one is refused")
def _(store: Store) -> None:
    parts = begin_parts(store)
    refused(parts.send(1, _CONTENT, signed_length=len(_CONTENT) - 1))


@check("an upload in parts of another size than the signed one is refused", needed=False)
def _(store: Store) -> None:
    parts = begin_parts(store)
    etag = parts.send(1, _CONTENT).headers["etag"]
    refused(parts.complete([etag], size=len(_CONTENT) - 1))


@check("unfinished uploads in parts are listed and aborted")
def _(store: Store) -> None:
    parts = begin_parts(store)
    store.signed().abort_uploads(parts.key)
    refused(parts.send(1, _CONTENT))


@check("thumbnails are stored, read and removed")
def _(store: Store) -> None:
    key, storage = f"thumbnails/{new_key()}.jpg", store.signed()
    storage.put_thumbnail(key, _CONTENT)
    assert storage.read_thumbnail(key) == _CONTENT
    answer = httpx2.get(storage.sign_thumbnail(key, expires_s=MINUTES))
    expect(200, answer)
    assert answer.headers["content-type"] == "image/jpeg"
    storage.delete_thumbnail(key)
    storage.delete_thumbnail(key)
    _expect_gone(store, key)


@check("many objects are removed by one request")
def _(store: Store) -> None:
    video_id, storage = video_id_of(new_key()), store.signed()
    assert video_id
    keys = [f"images/{video_id}/v/{number}.jpg" for number in range(3)]
    for key in keys:
        storage.put_picture(key, _CONTENT, media_type="image/jpeg")
    storage.delete_pictures(video_id)
    for key in keys:
        _expect_gone(store, key)


@check("all objects of a deleted video are removed, with their versions")
def _(store: Store) -> None:
    key, _ = put(store, _CONTENT)
    put(store, _CONTENT[::-1], key)
    video_id = video_id_of(key)
    assert video_id
    now = an_hour_ago()
    store.signed().delete_objects_of(DeletedVideo(video_id, now, now, purge=True))
    assert store.signed().find_upload(key) is None


@check("an object is removed only if it is still the same", needed=False)
def _(store: Store) -> None:
    key, _ = put(store, _CONTENT)
    storage = store.signed()
    storage.delete_upload(key, Source(etag="0" * 32, size=1, sequencer=""))
    assert storage.find_upload(key), "another object was removed"


@check("a listing continues after a key")
def _(store: Store) -> None:
    first, second = sorted([put(store, b"one")[0], put(store, b"two")[0]])
    listed = [found.key for page in store.sdk().pages(after=first) for found in page]
    assert second in listed
    assert first not in listed


@check("pages of an allowed origin may upload, others not", needed=False)
def _(store: Store) -> None:
    store.buckets().prepare([ORIGIN])
    asked = {"Access-Control-Request-Method": "POST"}
    url = store.settings.bucket_url(store.uploads_bucket)
    allowed = httpx2.request("OPTIONS", url, headers=asked | {"Origin": ORIGIN})
    assert allowed.headers.get("access-control-allow-origin") in (ORIGIN, "*")
    other = httpx2.request("OPTIONS", url, headers=asked | {"Origin": "https://evil.example"})
    assert "access-control-allow-origin" not in other.headers, "every origin is allowed"


@check("a rule ends unfinished uploads in parts", needed=False)
def _(store: Store) -> None:
    found = store.client().get_bucket_lifecycle_configuration(Bucket=store.uploads_bucket)
    assert found["Rules"][0]["AbortIncompleteMultipartUpload"] == {"DaysAfterInitiation": 7}


def _expect_gone(store: Store, key: str) -> None:
    try:
        store.signed().read_picture(key)
    except ObjectGone:
        return
    raise AssertionError("a removed object is still there")


def _source_url(store: Store, key: str, *, old: bool = False) -> str:
    storage = store.signed(an_hour_ago) if old else store.signed()
    return storage.sign_source(
        key,
        method="GET",
        version="",
        content_type="video/webm",
        content_disposition="attachment",
        expires_s=MINUTES,
    )
