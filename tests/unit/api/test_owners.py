"""Callers for one owner reach this owner's videos, and nothing of another's."""

from dataclasses import replace
from typing import Any

import pytest
from starlette.testclient import TestClient

from functions.api.settings import ApiSettings
from functions.core.access import Scope
from tests.credentials import KEYS, admin_token, bearer, issue
from tests.examples import ID, done_video, video
from tests.fakes.api_keys import FakeApiKeys
from tests.fakes.catalog import FakeCatalog
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

    def test_is_logged_with_the_owner_and_the_key(
        self, client: TestClient, api_keys: FakeApiKeys
    ) -> None:
        key = issue(api_keys)
        with logged() as lines:
            announce(client, bearer(key.token()))
        (line,) = [line for line in lines if line["message"] == "upload signed"]
        assert (line["owner"], line["key_id"]) == ("anna", key.id)


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
        assert listed(client, server, owner="nobody") == []
        assert len(listed(client, server, owner="")) == 7, "empty counts as left out"

    def test_of_another_owner_is_refused(self, client: TestClient, anna: Headers) -> None:
        assert listed(client, anna, owner="anna") == [f"{4:024}", f"{1:024}"]
        for owner in ("bob", "$legacy", "nobody"):
            refused = problem(client.get("/videos", params={"owner": owner}, headers=anna))
            assert (refused["status"], refused["code"]) == (403, "forbidden")

    @pytest.mark.parametrize("owner", ["*", "$other", "a b", "a" * 129])
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
