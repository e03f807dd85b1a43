"""What the storage refuses: each form allows one key, one type and one size, for a while."""

import base64
import json
import time
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest

from functions.adapters.signed.credentials import Credentials
from functions.adapters.signed.storage import SignedStorage
from functions.core.settings import StorageSettings
from functions.core.video import Source
from tests.clips import Clips
from tests.running_stack import RunningStack, post_form
from tests.signed import signed_storage

CONTENT = b"some bytes"


@pytest.fixture
def created(stack: RunningStack, clips: Clips) -> dict[str, Any]:
    return stack.create(clips["tiny.mp4"], size=len(CONTENT))


@pytest.fixture
def storage(stack: RunningStack) -> SignedStorage:
    """The code that signs, with the stack's own credentials."""
    found = json.loads((stack.home / "credentials.json").read_text())
    credentials = Credentials(found["access_key"], found["secret"])
    settings = StorageSettings("clipo-uploads", "clipo-media", "us-east-1", stack.addresses["s3"])
    return signed_storage(settings, credentials=credentials)


def sign(storage: SignedStorage, *, size: int = 1000, expires_s: int = 60) -> dict[str, Any]:
    signed = storage.sign_upload(
        "uploads/507f1f77bcf86cd799439011/source",
        content_type="video/mp4",
        size=size,
        expires_s=expires_s,
    )
    return {"url": signed.url, "fields": dict(signed.fields)}


def assert_refused(stack: RunningStack, response: Any, created: dict[str, Any] | None) -> None:
    assert response.status_code in (400, 403), response.text
    assert "<Code>" in response.text
    if created:
        assert stack.client.get(f"/videos/{created['id']}").json()["status"] == "pending"


def test_what_was_signed_is_accepted(storage: SignedStorage) -> None:
    assert post_form(sign(storage), bytes(1000)).status_code == 204


@pytest.mark.parametrize(("size", "code"), [(1001, "EntityTooLarge"), (999, "EntityTooSmall")])
def test_another_size_is_refused(
    storage: SignedStorage, stack: RunningStack, size: int, code: str
) -> None:
    response = post_form(sign(storage), bytes(size))
    assert_refused(stack, response, None)
    assert f"<Code>{code}</Code>" in response.text


def test_empty_is_refused(stack: RunningStack, created: dict[str, Any]) -> None:
    assert_refused(stack, post_form(created["upload"], b""), created)


def test_another_key_is_refused(stack: RunningStack, created: dict[str, Any]) -> None:
    key = "uploads/507f1f77bcf86cd799439011/source"
    assert_refused(stack, post_form(created["upload"], CONTENT, key=key), created)


def test_another_type_is_refused(stack: RunningStack, created: dict[str, Any]) -> None:
    response = post_form(created["upload"], CONTENT, **{"Content-Type": "text/html"})
    assert_refused(stack, response, created)


def test_an_expired_form_is_refused(storage: SignedStorage, stack: RunningStack) -> None:
    form = sign(storage, size=len(CONTENT), expires_s=1)
    time.sleep(2.1)
    assert_refused(stack, post_form(form, CONTENT), None)


def test_a_tampered_policy_is_refused(stack: RunningStack, created: dict[str, Any]) -> None:
    policy = json.loads(base64.b64decode(created["upload"]["fields"]["policy"]))
    for condition in policy["conditions"]:
        if isinstance(condition, list):
            condition[2] = 10**12
    tampered = base64.b64encode(json.dumps(policy).encode()).decode()
    assert_refused(stack, post_form(created["upload"], CONTENT, policy=tampered), created)


def test_a_tampered_signature_is_refused(stack: RunningStack, created: dict[str, Any]) -> None:
    signature = {"x-amz-signature": "0" * 64}
    assert_refused(stack, post_form(created["upload"], CONTENT, **signature), created)


def test_an_upload_that_another_has_replaced_is_not_removed(storage: SignedStorage) -> None:
    key = "uploads/of-no-video"

    def write(content: bytes) -> Source:
        storage.put_upload(key, BytesIO(content), size=len(content), content_type="video/mp4")
        source = storage.find_upload(key)
        assert source
        return source

    first, second = write(b"first"), write(b"second")
    storage.delete_upload(key, first)
    assert storage.find_upload(key) == second
    for _ in range(2):
        storage.delete_upload(key, second)
        assert storage.find_upload(key) is None


def test_the_buckets_cannot_be_read_without_a_signature(stack: RunningStack, clips: Clips) -> None:
    video = stack.finished(stack.upload_signed(clips["tiny.mp4"]))
    for path in (f"clipo-uploads/uploads/{video['id']}/source", "clipo-media", "clipo-uploads"):
        response = stack.client.get(f"{stack.addresses['s3']}/{path}")
        assert response.status_code == 403


def test_a_page_of_this_machine_may_upload_and_no_other(
    stack: RunningStack, created: dict[str, Any]
) -> None:
    def preflight(origin: str) -> Any:
        headers = {"Origin": origin, "Access-Control-Request-Method": "POST"}
        return stack.client.options(created["upload"]["url"], headers=headers)

    ours = preflight("http://localhost:3000")
    assert ours.headers["access-control-allow-origin"] in ("*", "http://localhost:3000")
    assert "access-control-allow-origin" not in preflight("https://evil.example").headers


def test_a_page_of_this_machine_may_call_the_api_and_no_other(stack: RunningStack) -> None:
    def preflight(origin: str) -> Any:
        headers = {
            "Origin": origin,
            "Access-Control-Request-Method": "POST",
            "Access-Control-Request-Headers": "content-type",
        }
        return stack.client.options("/videos", headers=headers)

    ours = "http://localhost:3000"
    assert preflight(ours).headers["access-control-allow-origin"] == ours
    assert "access-control-allow-origin" not in preflight("https://evil.example").headers
    exposed = stack.client.get("/videos", headers={"Origin": ours}).headers
    assert {"Location", "Retry-After"} <= set(exposed["access-control-expose-headers"].split(", "))


def test_a_page_of_this_machine_may_fetch_the_thumbnail(stack: RunningStack, clips: Clips) -> None:
    video = stack.finished(stack.upload_signed(clips["tiny.mp4"]))
    redirect = stack.client.get(f"/videos/{video['id']}/thumbnail", follow_redirects=False)
    # After a redirect to another origin a browser sends "null" for its own.
    for origin in ("http://localhost:3000", "null"):
        picture = stack.client.get(redirect.headers["location"], headers={"Origin": origin})
        assert picture.headers["access-control-allow-origin"] in ("*", origin)


def test_the_credentials_are_in_no_file_that_others_can_read(stack: RunningStack) -> None:
    secret = json.loads((stack.home / "credentials.json").read_text())["secret"]
    readable = [*Path(stack.home / "logs").iterdir(), stack.output_file]
    assert not any(secret in file.read_text() for file in readable)
