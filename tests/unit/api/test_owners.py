"""Callers for one owner reach this owner's videos, and nothing of another's."""

from dataclasses import replace
from typing import Any

import hypothesis
import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.testclient import TestClient

from functions.api.app import create_app
from functions.api.cursor import cursor_after
from functions.api.services import Backend
from functions.api.settings import ApiSettings
from functions.core.access import Scope
from functions.core.keys import source_key
from functions.core.listing import EVERY_VIDEO
from tests.credentials import KEYS, admin_token, bearer, issue
from tests.examples import ID, OPEN, done_video, failed_video, odd_video, video
from tests.fakes.api_keys import FakeApiKeys
from tests.fakes.catalog import FakeCatalog
from tests.fakes.pictures import fake_pictures
from tests.fakes.processing import FakeProcessing
from tests.fakes.storage import FakeStorage
from tests.logs import logged
from tests.problems import problem

CLIP = {"filename": "clip.mp4", "size": 5000}
Headers = dict[str, str]


@pytest.fixture
def settings() -> ApiSettings:
    return ApiSettings.read(KEYS)


@pytest.fixture
def anna(api_keys: FakeApiKeys) -> Headers:
    return bearer(issue(api_keys, owner="anna").key)


@pytest.fixture
def bob(api_keys: FakeApiKeys) -> Headers:
    return bearer(issue(api_keys).token(sub="bob"))


@pytest.fixture
def server(api_keys: FakeApiKeys) -> Headers:
    """The credential of a caller for all owners."""
    return bearer(issue(api_keys).key)


def announce(client: TestClient, headers: Headers, key: str | None = None, **fields: str) -> Any:
    repeated = {"Idempotency-Key": key} if key else {}
    return client.post("/videos", json=CLIP | fields, headers=headers | repeated)


def listed(client: TestClient, headers: Headers, **query: str) -> list[str]:
    found = client.get("/videos", params=query, headers=headers)
    assert found.status_code == 200, found.text
    return [one["id"] for one in found.json()["data"]]


@pytest.mark.parametrize(("scopes", "shown"), [("read", True), ("upload", False), ("write", False)])
def test_only_readers_see_the_place_of_a_recording(
    client: TestClient,
    records: FakeCatalog,
    objects: FakeStorage,
    api_keys: FakeApiKeys,
    scopes: str,
    shown: object,
) -> None:
    objects.uploads[source_key(ID)] = b"file"
    source = objects.find_upload(source_key(ID))
    records.videos[ID] = replace(odd_video(), owner="anna", source=source)
    method, path = ("POST", "/reprocess") if scopes == "write" else ("GET", "")
    token = bearer(issue(api_keys).token(scope=scopes))
    found = client.request(method, f"/videos/{ID}{path}", headers=token)
    assert found.is_success, found.text
    assert (found.json()["media"]["location"] is not None) is shown


def test_the_list_shows_the_place_of_a_recording(
    client: TestClient, records: FakeCatalog, anna: Headers
) -> None:
    records.videos[ID] = replace(odd_video(), owner="anna")
    (one,) = client.get("/videos", headers=anna).json()["data"]
    assert one["media"]["location"]["latitude"] == pytest.approx(48.8577)


def failed_videos_of_three(records: FakeCatalog, objects: FakeStorage) -> dict[str, str | None]:
    """Store one failed video with its file for each of three owners; return the owners by id."""
    names: list[str | None] = ["anna", "bob", None]
    owners = {f"{number:024x}": owner for number, owner in enumerate(names)}
    for video_id, owner in owners.items():
        records.videos[video_id] = replace(failed_video(video_id), owner=owner)
        objects.uploads[source_key(video_id)] = b"file"
    return owners


def test_a_retry_of_many_videos_starts_those_of_the_caller(
    client: TestClient, records: FakeCatalog, objects: FakeStorage, anna: Headers, server: Headers
) -> None:
    owners = failed_videos_of_three(records, objects)
    codes = {"codes": [failed_video().error.code]}  # type: ignore[union-attr]  # it has failed

    def retried(headers: Headers, **body: Any) -> list[str | None]:
        report = client.post("/videos/retry", json=codes | body, headers=headers).json()
        return [owners[video_id] for video_id in report["retried"]]

    refused = client.post("/videos/retry", json={"owner": "bob"}, headers=anna)
    assert problem(refused)["code"] == "forbidden"
    assert retried(anna) == ["anna"]
    assert retried(server, owner="bob") == ["bob"]
    assert retried(server) == [None]


def test_a_delete_of_many_videos_removes_those_of_the_caller(
    client: TestClient, records: FakeCatalog, objects: FakeStorage, anna: Headers, server: Headers
) -> None:
    owners = failed_videos_of_three(records, objects)

    def deleted(headers: Headers, **body: Any) -> list[str | None]:
        sent = {"statuses": ["failed"]} | body
        report = client.post("/videos/delete", json=sent, headers=headers).json()
        assert len(report["deleted"]) == report["found"]
        return [owners[video_id] for video_id in report["deleted"]]

    counted = client.post(
        "/videos/delete", json={"statuses": ["failed"], "dry_run": True}, headers=anna
    ).json()
    assert [owners[one["id"]] for one in counted["first"]] == ["anna"]
    for body in ({"owner": "bob"}, {"owner": "bob", "dry_run": True}):
        refused = client.post("/videos/delete", json=body, headers=anna)
        assert problem(refused)["code"] == "forbidden"
    assert deleted(anna) == ["anna"]
    assert len(objects.uploads) == 2
    assert deleted(server, owner="bob") == ["bob"]
    assert deleted(server) == [None]


def test_a_dry_run_names_no_video_to_a_caller_who_may_not_read(
    client: TestClient, api_keys: FakeApiKeys, records: FakeCatalog, objects: FakeStorage
) -> None:
    failed_videos_of_three(records, objects)
    writer = bearer(issue(api_keys, owner="anna", scopes=frozenset({Scope.WRITE})).key)
    body = {"statuses": ["failed"], "dry_run": True}
    counted = client.post("/videos/delete", json=body, headers=writer).json()
    assert (counted["found"], counted["first"]) == (1, [])


class TestAnnouncement:
    def test_belongs_to_the_owner_of_the_credential(
        self, client: TestClient, records: FakeCatalog, anna: Headers, bob: Headers
    ) -> None:
        for headers, owner in ((anna, "anna"), (bob, "bob")):
            made = announce(client, headers).json()
            assert made["owner"] == records.videos[made["id"]].owner == owner

    @pytest.mark.parametrize(("fields", "owner"), [({}, None), ({"owner": "anna"}, "anna")])
    def test_of_a_caller_for_all_owners_may_name_one(
        self, client: TestClient, server: Headers, fields: Headers, owner: str | None
    ) -> None:
        for headers in (server, bearer(admin_token())):
            assert announce(client, headers, **fields).json()["owner"] == owner

    def test_of_another_caller_names_its_own_or_none(
        self, client: TestClient, records: FakeCatalog, anna: Headers
    ) -> None:
        assert announce(client, anna, owner="anna").status_code == 201
        refused = problem(announce(client, anna, owner="bob"))
        assert (refused["status"], refused["code"]) == (403, "forbidden")
        assert len(records.videos) == 1

    @pytest.mark.parametrize("owner", ["", "$legacy", "*", "a b", "a" * 129, "anna\n", "ä", "a$"])
    def test_refuses_what_is_no_owner(
        self, client: TestClient, server: Headers, anna: Headers, owner: str
    ) -> None:
        for headers in (server, anna):
            refused = problem(announce(client, headers, owner=owner))
            assert (refused["status"], refused["code"]) == (422, "invalid_request")
            assert refused["errors"][0]["field"] == "body.owner"

    @pytest.mark.parametrize("named", [None, "anna"])
    def test_is_logged_with_the_videos_owner_and_the_key(
        self, client: TestClient, api_keys: FakeApiKeys, named: str | None
    ) -> None:
        key = issue(api_keys)
        fields = {"owner": named} if named else {}
        with logged() as lines:
            announce(client, bearer(key.key if named else key.token()), **fields)
        (line,) = [line for line in lines if line["message"] == "upload signed"]
        assert (line["owner"], line["key_id"]) == ("anna", key.id)

    @pytest.mark.parametrize("owner", ["anna", None])
    def test_is_logged_when_the_video_is_deleted(
        self, client: TestClient, api_keys: FakeApiKeys, records: FakeCatalog, owner: str | None
    ) -> None:
        records.videos[ID] = replace(done_video(), owner=owner)
        with logged() as lines:
            client.delete(f"/videos/{ID}", headers=bearer(issue(api_keys).key))
        (line,) = [line for line in lines if line["message"] == "video deleted"]
        assert line.get("owner") == owner


class TestList:
    @pytest.fixture(autouse=True)
    def stored(self, records: FakeCatalog) -> None:
        for number in range(1, 7):
            owner = (None, "anna", "bob")[number % 3]
            records.videos[f"{number:024}"] = replace(done_video(f"{number:024}"), owner=owner)

    def test_has_the_videos_of_the_owner_only(
        self, client: TestClient, anna: Headers, bob: Headers, server: Headers
    ) -> None:
        assert listed(client, anna) == [f"{4:024}", f"{1:024}"]
        assert listed(client, bob, status="done") == [f"{5:024}", f"{2:024}"]
        assert len(listed(client, server)) == 6

    def test_of_a_caller_for_all_owners_can_be_filtered(
        self, client: TestClient, server: Headers, records: FakeCatalog
    ) -> None:
        records.videos[f"{7:024}"] = replace(done_video(f"{7:024}"), owner="$legacy")
        assert listed(client, server, owner="bob") == [f"{5:024}", f"{2:024}"]
        assert listed(client, server, owner="$legacy") == [f"{7:024}"]
        assert listed(client, server, owner="carl") == []

    def test_of_another_owner_is_refused(self, client: TestClient, anna: Headers) -> None:
        assert listed(client, anna, owner="anna") == [f"{4:024}", f"{1:024}"]
        for owner in ("bob", "$legacy", "carl"):
            refused = problem(client.get("/videos", params={"owner": owner}, headers=anna))
            assert (refused["status"], refused["code"]) == (403, "forbidden")

    @pytest.mark.parametrize("owner", ["", "*", "$other", "a b", "a" * 129])
    def test_refuses_what_is_no_owner(
        self, client: TestClient, server: Headers, owner: str
    ) -> None:
        refused = problem(client.get("/videos", params={"owner": owner}, headers=server))
        assert (refused["status"], refused["code"]) == (422, "invalid_request")

    def test_goes_on_at_a_cursor_of_another_owner_without_its_videos(
        self, client: TestClient, anna: Headers, bob: Headers
    ) -> None:
        page = client.get("/videos", params={"limit": "1"}, headers=bob).json()
        assert page["data"][0]["id"] == f"{5:024}"
        assert listed(client, anna, cursor=page["next_cursor"]) == [f"{4:024}", f"{1:024}"]

    def test_has_no_further_page_because_of_others(self, client: TestClient, anna: Headers) -> None:
        page = client.get("/videos", params={"limit": "2"}, headers=anna).json()
        assert (page["has_more"], page["next_cursor"]) == (False, None)

    def test_is_not_for_uploads_though_one_video_is(
        self, client: TestClient, api_keys: FakeApiKeys
    ) -> None:
        headers = bearer(issue(api_keys).token(scope="upload"))
        assert problem(client.get("/videos", headers=headers))["code"] == "forbidden"
        assert client.get(f"/videos/{1:024}", headers=headers).json()["owner"] == "anna"
        assert client.get(f"/videos/{2:024}", headers=headers).status_code == 404


class TestIdempotencyKey:
    def test_is_each_owners_own(
        self, client: TestClient, anna: Headers, bob: Headers, server: Headers
    ) -> None:
        first = {announce(client, one, "key").json()["id"] for one in (anna, bob, server)}
        again = {announce(client, one, "key").json()["id"] for one in (anna, bob, server)}
        assert len(first) == 3
        assert first == again

    def test_of_another_owner_refuses_no_body(
        self, client: TestClient, anna: Headers, bob: Headers
    ) -> None:
        assert announce(client, anna, "key").status_code == 201
        assert announce(client, bob, "key", filename="other.mp4").status_code == 201

    def test_belongs_to_the_owner_that_the_announcement_names(
        self, client: TestClient, anna: Headers, server: Headers
    ) -> None:
        made = announce(client, server, "key", owner="anna").json()["id"]
        assert announce(client, anna, "key").json()["id"] == made
        assert announce(client, server, "key").json()["id"] != made


class TestPendingLimit:
    @pytest.fixture
    def settings(self) -> ApiSettings:
        return ApiSettings.read(KEYS | {"MAX_PENDING_VIDEOS": "2"})

    def test_of_one_owner_does_not_stop_another(
        self, client: TestClient, records: FakeCatalog, anna: Headers, bob: Headers, server: Headers
    ) -> None:
        for number in range(2):
            records.videos[f"{number:024}"] = replace(video(f"{number:024}"), owner="anna")
        refused = problem(announce(client, anna))
        assert (refused["status"], refused["code"]) == (429, "too_many_pending")
        assert announce(client, bob).status_code == 201
        assert announce(client, server).status_code == 201
        assert announce(client, server, owner="anna").status_code == 429


class TestScope:
    def test_a_token_for_one_video_does_not_reach_another_owners(
        self, client: TestClient, records: FakeCatalog, api_keys: FakeApiKeys
    ) -> None:
        records.videos[ID] = replace(done_video(), owner="bob")
        headers = bearer(issue(api_keys).token(vid=ID, scope=" ".join(Scope)))
        assert client.get(f"/videos/{ID}", headers=headers).status_code == 404


class TestLegacyEndpoints:
    """`LEGACY_ENDPOINTS=open`: clients without a credential have the owner `$legacy`."""

    @pytest.fixture
    def settings(self) -> ApiSettings:
        return ApiSettings.read(KEYS | {"LEGACY_ENDPOINTS": "open"})

    def upload(self, client: TestClient, headers: Headers | None = None) -> str:
        files = {"file": ("clip.mp4", b"video")}
        sent = client.post("/upload-video/", files=files, headers=headers)
        assert sent.status_code == 202
        video_id: str = sent.json()["id"]
        return video_id

    def test_have_an_owner_of_their_own(self, client: TestClient, records: FakeCatalog) -> None:
        video_id = self.upload(client)
        assert records.videos[video_id].owner == "$legacy"
        assert client.get(f"/video-status/{video_id}").json()["status"] == "pending"

    def test_show_the_videos_of_no_other_owner(
        self,
        client: TestClient,
        records: FakeCatalog,
        objects: FakeStorage,
        anna: Headers,
        server: Headers,
    ) -> None:
        old = done_video(f"{7:024}")
        records.videos[old.id] = old
        for video_id in (self.upload(client, anna), self.upload(client, server), old.id):
            found = replace(done_video(video_id), owner=records.videos[video_id].owner)
            records.videos[video_id] = found
            assert found.thumbnail
            objects.thumbnails[found.thumbnail.key] = b"jpeg"
            for path in ("video-status/{}", "video-metadata/{}", "thumbnails/{}.jpg"):
                assert client.get(f"/{path.format(video_id)}").status_code == 404, path
                assert client.get(f"/{path.format(video_id)}", headers=server).status_code == 200

    def test_keep_the_promise_of_the_thumbnails_address(
        self, client: TestClient, records: FakeCatalog, objects: FakeStorage
    ) -> None:
        video_id = self.upload(client)
        records.videos[video_id] = found = replace(done_video(video_id), owner="$legacy")
        assert found.thumbnail
        objects.thumbnails[found.thumbnail.key] = b"jpeg"
        address = client.get(f"/video-metadata/{video_id}").json()["thumbnail_url"]
        assert client.get(address).content == b"jpeg"

    def test_take_the_owner_of_a_credential(
        self, client: TestClient, records: FakeCatalog, anna: Headers, server: Headers
    ) -> None:
        for headers, owner in ((anna, "anna"), (server, None)):
            video_id = self.upload(client, headers)
            assert records.videos[video_id].owner == owner
            assert client.get(f"/video-status/{video_id}", headers=headers).status_code == 200


class TestOpen:
    """`ACCESS=open`: callers without a credential have all owners."""

    @pytest.fixture
    def settings(self) -> ApiSettings:
        return ApiSettings.read(KEYS | OPEN)

    def test_anonymous_videos_have_no_owner(self, client: TestClient, records: FakeCatalog) -> None:
        announced = announce(client, {}).json()
        files = {"file": ("clip.mp4", b"video")}
        uploaded = client.post("/upload-video/", files=files).json()
        assert announced["owner"] is None
        assert [one.owner for one in records.videos.values()] == [None, None]
        assert sorted(listed(client, {})) == sorted([announced["id"], uploaded["id"]])

    def test_anonymous_callers_reach_all_owners_and_others_do_not(
        self, client: TestClient, anna: Headers
    ) -> None:
        own, other = announce(client, anna).json()["id"], announce(client, {}).json()["id"]
        assert sorted(listed(client, {})) == sorted([own, other])
        assert listed(client, anna) == [own]
        assert client.get(f"/videos/{other}", headers=anna).status_code == 404


ACTORS = ("anna", "bob", "$legacy", None)
"""Two owners, a legacy client without a credential, and a caller for all owners."""

CALLS: list[tuple[str, str]] = [
    *[("POST", "/videos")] * 3,
    *[("POST", "/upload-video/")] * 2,
    ("GET", "/videos"),
    ("GET", "/videos?status=done"),
    ("GET", "/videos?limit=1&cursor={cursor}"),
    ("GET", "/videos/{id}"),
    ("DELETE", "/videos/{id}"),
    ("DELETE", "/videos/{id}?purge=true"),
    ("POST", "/videos/{id}/retry"),
    ("POST", "/videos/{id}/reprocess"),
    ("POST", "/videos/{id}/upload/sign"),
    ("GET", "/videos/{id}/thumbnail"),
    ("GET", "/video-status/{id}"),
    ("GET", "/video-metadata/{id}"),
    ("GET", "/thumbnails/{id}.jpg"),
]
STEPS = st.tuples(
    st.sampled_from(ACTORS),
    st.sampled_from(CALLS),
    st.integers(0, 7),
    st.sampled_from(["pending", "done", "failed", "gone"]),
)


class Stack:
    """An API, and everything that is stored, by owner."""

    def __init__(self) -> None:
        self.records, self.objects, keys = FakeCatalog(), FakeStorage(), FakeApiKeys()
        backend = Backend(
            ApiSettings.read(KEYS | {"LEGACY_ENDPOINTS": "open"}),
            *(self.records, self.objects, FakeProcessing(), keys, fake_pictures()),
        )
        self.client = TestClient(create_app(backend), follow_redirects=False)
        self.headers: dict[str | None, Headers] = {
            "anna": bearer(issue(keys, owner="anna").key),
            "bob": bearer(issue(keys).token(sub="bob")),
            "$legacy": {},
            None: bearer(issue(keys).key),
        }
        self.owners: dict[str, str | None] = {}
        for actor in ACTORS:
            self.call(actor, ("POST", "/upload-video/"), "")
            self.note_owners(actor)
            self.move([*self.owners][-1], "done")

    def call(self, actor: str | None, call: tuple[str, str], video_id: str) -> str:
        """Return the text of the answer, without the id that the caller has sent."""
        method, path = call
        body: dict[str, Any] = {}
        if path == "/upload-video/":
            body["files"] = {"file": (f"{actor}.mp4", b"video")}
        elif path == "/videos" and method == "POST":
            # All share one idempotency key and one body.
            body = {"json": CLIP, "headers": {"Idempotency-Key": "key"}}
        elif path.endswith("/sign"):
            body["json"] = {"method": "PUT"}
        body["headers"] = body.get("headers", {}) | self.headers[actor]
        position = cursor_after(video(video_id), EVERY_VIDEO, None)
        where = path.format(id=video_id, cursor=position)
        answer = self.client.request(method, where, **body).text
        return answer.replace(video_id, "") if "{" in path else answer

    def note_owners(self, actor: str | None) -> None:
        for video_id in self.records.videos.keys() - self.owners.keys():
            self.owners[video_id] = actor
            assert self.records.videos[video_id].owner == actor

    def of_others(self, actor: str | None) -> dict[str, list[object]]:
        """Return what is stored for each video of another owner."""
        stored = [*self.objects.uploads, *self.objects.thumbnails, *self.objects.older]
        return {
            video_id: [
                self.records.videos.get(video_id),
                self.records.tombstones.get(video_id),
                sorted(key for key in stored if video_id in key),
            ]
            for video_id, owner in self.owners.items()
            if owner != actor
        }

    def move(self, video_id: str, state: str) -> None:
        """Have processing finish a video."""
        seen = self.records.videos.get(video_id)
        made = {"done": done_video, "failed": failed_video}.get(state)
        if seen is None or made is None:
            return
        self.records.videos[video_id] = new = replace(made(video_id), owner=seen.owner)
        self.objects.uploads[new.upload.key] = b"video"
        if new.thumbnail:
            thumbnail = replace(new.thumbnail, key=f"thumbnails/{video_id}/token.jpg")
            self.records.videos[video_id] = replace(new, thumbnail=thumbnail)
            self.objects.thumbnails[thumbnail.key] = b"jpeg"


@given(steps=st.lists(STEPS, min_size=5, max_size=20))
@hypothesis.settings(max_examples=50, deadline=None)
def test_no_order_of_calls_shows_or_changes_another_owners_videos(
    steps: list[tuple[str | None, tuple[str, str], int, str]],
) -> None:
    stack = Stack()
    for actor, call, number, state in steps:
        video_id = ([*stack.owners, "0" * 24] * 2)[number]
        before = stack.of_others(actor)
        answer = stack.call(actor, call, video_id)
        stack.note_owners(actor)
        if actor is not None:
            assert stack.of_others(actor).items() >= before.items()
            assert not any(foreign in answer for foreign in before), (actor, call)
        stack.move(video_id, state)
