"""Pictures of any moment in the running stack: made by ffmpeg, stored, and removed."""

import json
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import httpx2
import pytest

from functions.core.api_keys import Root
from tests.clips import Clips
from tests.credentials import admin_token, bearer
from tests.pictures import size_of, tiles_of
from tests.problems import problem
from tests.running_stack import RunningStack, post_form, running_stack
from tests.waiting import eventually


@pytest.fixture(scope="module")
def closed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningStack]:
    with running_stack(tmp_path_factory.mktemp("pictures"), ACCESS="keys") as stack:
        yield stack


@dataclass(frozen=True)
class Owner:
    """A server with a key for one owner."""

    stack: RunningStack
    headers: dict[str, str]

    def get(self, url: str, **headers: str) -> httpx2.Response:
        return self.stack.client.get(url, headers=self.headers | headers, follow_redirects=True)

    def upload(self, clips: Clips, name: str = "h264.mp4") -> str:
        """Upload a clip, wait until it is done, and return its id."""
        content = clips[name].read_bytes()
        body = {"filename": name, "size": len(content)}
        created = self.stack.client.post("/videos", json=body, headers=self.headers).json()
        assert post_form(created["upload"], content).status_code == 204
        path = f"/videos/{created['id']}"
        eventually(lambda: self.get(path).json()["status"] == "done")
        return str(created["id"])


@pytest.fixture(scope="module")
def owners(closed: RunningStack) -> dict[str, Owner]:
    root = Root(1, (closed.home / "root_secret").read_text())

    def owner(name: str) -> Owner:
        body = {"name": name, "owner": name}
        made = closed.client.post("/keys", json=body, headers=bearer(admin_token(root)))
        return Owner(closed, bearer(made.json()["key"]))

    return {name: owner(name) for name in ("anna", "bob")}


@pytest.fixture(scope="module")
def anna(owners: dict[str, Owner]) -> Owner:
    return owners["anna"]


@pytest.fixture(scope="module")
def video_id(anna: Owner, clips: Clips) -> str:
    return anna.upload(clips)


def test_an_image_is_made_stored_and_kept(anna: Owner, video_id: str) -> None:
    first = anna.get(f"/videos/{video_id}/image.jpg?t=1.5&w=200")
    assert (first.status_code, first.headers["content-type"]) == (200, "image/jpeg"), first.text
    assert size_of(first.content) == (200, 113)
    assert first.headers["cache-control"] == "private, max-age=31536000, immutable"
    second = anna.get(str(first.url), **{"If-None-Match": first.headers["etag"]})
    assert (second.status_code, second.content) == (304, b"")
    other = anna.get(f"/videos/{video_id}/image.jpg?t=0.5&w=100&h=100&fit=cover")
    assert size_of(other.content) == (100, 100)
    assert tiles_of(other.content, 4) != tiles_of(first.content, 4)


def test_a_storyboard_has_the_tiles_that_its_descriptions_name(anna: Owner, video_id: str) -> None:
    shown = anna.get(f"/videos/{video_id}").json()["pictures"]
    sheet = anna.get(shown["storyboard_url"])
    described = anna.get(shown["storyboard_json_url"]).json()
    assert described["url"] == shown["storyboard_url"]
    last = described["tiles"][-1]
    width, height = size_of(sheet.content)
    assert last["x"] + described["tile_width"] <= width
    assert last["y"] + described["tile_height"] == height
    vtt = anna.get(shown["storyboard_vtt_url"])
    assert vtt.headers["content-type"].startswith("text/vtt")
    assert vtt.text.count(f"{shown['storyboard_url']}#xywh=") == len(described["tiles"])


def test_a_list_has_the_same_addresses_each_time(anna: Owner, video_id: str) -> None:
    first, second = (anna.get("/videos?limit=100").json()["data"] for _ in range(2))
    assert [one["pictures"] for one in first] == [one["pictures"] for one in second]
    thumbnails = [one["thumbnail"]["url"] for one in first]
    assert thumbnails == [one["thumbnail"]["url"] for one in second]
    assert video_id in thumbnails[-1]
    shown = anna.get(thumbnails[-1])
    assert (shown.status_code, shown.history) == (200, [])
    assert shown.headers["cache-control"].endswith("immutable")


def test_webp_needs_an_encoder(anna: Owner, video_id: str) -> None:
    for name in ("image.webp", "storyboard.webp"):
        body = problem(anna.get(f"/videos/{video_id}/{name}"))
        assert (body["status"], body["code"]) == (406, "no_encoder")


def test_another_owner_gets_none_and_everyone_the_ladder_of_a_public_one(
    owners: dict[str, Owner], clips: Clips
) -> None:
    anna, client = owners["anna"], owners["anna"].stack.client
    video_id = anna.upload(clips)
    path = f"/videos/{video_id}/image.jpg"
    assert problem(owners["bob"].get(path))["code"] == "video_not_found"
    assert problem(client.get(path))["code"] == "unauthenticated"
    client.patch(f"/videos/{video_id}", json={"visibility": "public"}, headers=anna.headers)
    on_ladder = client.get(f"{path}?t=1&w=320", follow_redirects=True)
    assert size_of(on_ladder.content) == (320, 180)
    assert on_ladder.headers["cache-control"].startswith("public")
    assert problem(client.get(f"{path}?t=1&w=321"))["code"] == "forbidden"
    anna.get(f"/videos/{video_id}/storyboard.jpg")
    assert len(keys_of(anna.stack, video_id)) == 2
    assert client.delete(f"/videos/{video_id}", headers=anna.headers).status_code == 204
    assert keys_of(anna.stack, video_id) == []


def keys_of(stack: RunningStack, video_id: str) -> list[str]:
    """Return the keys of a video's stored pictures."""
    listed = stack.cloud("s3").list_objects_v2(Bucket="clipo-media", Prefix=f"images/{video_id}")
    return [found["Key"] for found in listed.get("Contents", [])]


@pytest.mark.long
def test_many_requests_at_once_end_in_pictures_or_a_request_to_try_again(
    anna: Owner, video_id: str
) -> None:
    addresses = [f"/videos/{video_id}/image.jpg?t={n / 25}&w=64" for n in range(50)]
    with ThreadPoolExecutor(50) as pool:
        answers = list(pool.map(anna.get, addresses))
    statuses = Counter(one.status_code for one in answers)
    assert statuses.keys() <= {200, 503}
    assert statuses[200] > 0
    for answer in answers:
        if answer.status_code == 503:
            assert answer.headers["retry-after"]
            assert problem(answer)["code"] == "picture_not_ready"
    log = anna.stack.home / "logs" / "images.log"

    def stored() -> list[str] | None:
        lines = [line for line in log.read_text().splitlines() if "picture stored" in line]
        found = [name for line in lines if "-64x0-" in (name := json.loads(line)["picture"])]
        return found if len(found) >= statuses[200] else None

    found = eventually(stored)
    assert len(found) == len(set(found)), "each is made once"
