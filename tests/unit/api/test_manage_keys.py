"""`/keys`, `/tokens`, `/me` and `/session`."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from starlette.testclient import TestClient

from functions.api.settings import ApiSettings
from functions.core.access import Scope
from tests.credentials import KEYS, ROOT, admin_token, bearer, issue, seconds, session
from tests.examples import ID, OPEN
from tests.fakes.api_keys import FakeApiKeys
from tests.logs import logged
from tests.problems import problem

PAGE = "https://testserver"


@pytest.fixture
def settings() -> ApiSettings:
    return ApiSettings.read(KEYS)


@pytest.fixture
def client(client: TestClient) -> TestClient:
    client.base_url = PAGE
    return client


def created(client: TestClient, **fields: Any) -> dict[str, Any]:
    response = client.post("/keys", json={"name": "web"} | fields, headers=bearer(admin_token()))
    assert response.status_code == 201, response.text
    body: dict[str, Any] = response.json()
    return body


class TestKeys:
    def test_a_key_works_and_its_secrets_are_shown_once(self, client: TestClient) -> None:
        with logged() as lines:
            key = created(client)
        assert key["scopes"] == ["upload", "read", "deliver", "write"]
        assert (key["owner"], key["expires_at"], key["last_used_at"]) == (None, None, None)
        assert client.get("/videos", headers=bearer(key["key"])).status_code == 200
        listed = client.get("/keys", headers=bearer(admin_token()))
        assert [one["id"] for one in listed.json()["data"]] == [key["id"]]
        for secret in (key["key"], key["signing_secret"], ROOT.secret):
            assert secret not in listed.text
            assert secret not in str(lines)

    def test_its_secret_signs_tokens(self, client: TestClient, api_keys: FakeApiKeys) -> None:
        key = created(client, owner="anna", scopes=["read"])
        assert key["signing_secret"] == ROOT.signing_secret(key["id"])
        assert api_keys.records[key["id"]].owner == "anna"

    def test_a_revoked_key_ends_at_once_where_it_is_revoked(self, client: TestClient) -> None:
        key = created(client)
        assert client.get("/me", headers=bearer(key["key"])).status_code == 200
        path = f"/keys/{key['id']}"
        assert client.delete(path, headers=bearer(admin_token())).status_code == 204
        assert client.get("/me", headers=bearer(key["key"])).status_code == 401
        again = client.delete(path, headers=bearer(admin_token()))
        assert problem(again)["code"] == "key_not_found"

    @pytest.mark.parametrize(
        ("field", "value"),
        [
            ("name", ""),
            ("name", "x" * 101),
            ("scopes", []),
            ("scopes", ["everything"]),
            ("owner", "$legacy"),
            ("owner", "*"),
            ("owner", "an owner"),
            ("expires_at", "2020-01-01T00:00:00Z"),
            ("expires_at", "2099-01-01T00:00:00"),
            ("expires_at", 4070908800),
            ("expires_at", "9999-12-31T23:59:59-23:00"),
            ("color", "blue"),
        ],
    )
    def test_a_wrong_field_is_named(self, client: TestClient, field: str, value: object) -> None:
        body = problem(
            client.post("/keys", json={"name": "web", field: value}, headers=bearer(admin_token()))
        )
        assert (body["status"], body["code"]) == (422, "invalid_request")
        assert body["errors"][0]["field"].startswith(f"body.{field}")

    def test_no_key_of_one_owner_may_manage_keys(self, client: TestClient) -> None:
        fields = {"name": "web", "owner": "anna", "scopes": ["admin"]}
        body = problem(client.post("/keys", json=fields, headers=bearer(admin_token())))
        assert body["errors"][0]["field"] == "body.scopes"

    def test_an_expired_key_is_refused(self, client: TestClient, api_keys: FakeApiKeys) -> None:
        soon = datetime.now(UTC) + timedelta(hours=1)
        key = created(client, expires_at=soon.isoformat())
        assert api_keys.records[key["id"]].expires_at == soon


BODY = {"owner": "anna", "scopes": ["upload", "deliver"], "expires_in_s": 900}


class TestTokens:
    def test_a_token_has_the_rights_that_were_asked_for(
        self, client: TestClient, api_keys: FakeApiKeys
    ) -> None:
        fields = BODY | {"video_id": ID.upper()}
        response = client.post("/tokens", json=fields, headers=bearer(issue(api_keys).key))
        assert response.status_code == 201, response.text
        me = client.get("/me", headers=bearer(response.json()["token"])).json()
        assert me == {
            "credential": "token",
            "owner": "anna",
            "scopes": ["upload", "deliver"],
            "key_id": next(iter(api_keys.records)),
            "video_id": ID,
            "expires_at": response.json()["expires_at"],
            "limits": {
                "video_bytes": 5_000_000_000,
                "video_duration_s": None,
                "videos": None,
                "bytes": None,
            },
            "usage": None,
            "access": "keys",
        }

    def test_a_key_gives_no_more_than_it_has(
        self, client: TestClient, api_keys: FakeApiKeys
    ) -> None:
        key = issue(api_keys, owner="anna", scopes=frozenset({Scope.UPLOAD}))
        for fields in (BODY, BODY | {"owner": "bob", "scopes": ["upload"]}):
            response = client.post("/tokens", json=fields, headers=bearer(key.key))
            assert problem(response)["code"] == "forbidden"

    def test_no_token_manages_keys(self, client: TestClient, api_keys: FakeApiKeys) -> None:
        key = issue(api_keys, scopes=frozenset(Scope))
        fields = BODY | {"scopes": ["read", "admin"]}
        body = problem(client.post("/tokens", json=fields, headers=bearer(key.key)))
        assert (body["status"], body["code"]) == (403, "forbidden")
        assert body["detail"].startswith(
            "Tokens of this API key can have these scopes only: upload, read, deliver and write."
        )

    def test_only_keys_get_tokens(self, client: TestClient, api_keys: FakeApiKeys) -> None:
        for credential in (issue(api_keys).token(), admin_token()):
            response = client.post("/tokens", json=BODY, headers=bearer(credential))
            assert problem(response)["code"] == "forbidden"

    def test_a_limit_is_a_whole_number_above_0(
        self, client: TestClient, api_keys: FakeApiKeys
    ) -> None:
        key = issue(api_keys)
        for name in ("max_bytes", "max_duration_s", "max_videos"):
            for limit in (0, -1, 1.5, "60"):
                body = BODY | {name: limit}
                response = client.post("/tokens", json=body, headers=bearer(key.key))
                assert problem(response)["errors"][0]["field"] == f"body.{name}"

    @pytest.mark.parametrize("seconds", [0, 86_401, "900"])
    def test_a_token_lives_a_day_at_most(
        self, client: TestClient, api_keys: FakeApiKeys, seconds: object
    ) -> None:
        fields = BODY | {"expires_in_s": seconds}
        response = client.post("/tokens", json=fields, headers=bearer(issue(api_keys).key))
        assert problem(response)["code"] == "invalid_request"


class TestSession:
    def login(self, client: TestClient, credential: str, **headers: str) -> Any:
        return client.post("/session", headers=bearer(credential) | {"Origin": PAGE} | headers)

    def test_a_key_opens_a_session_that_a_script_cannot_read(
        self, client: TestClient, api_keys: FakeApiKeys
    ) -> None:
        response = self.login(client, issue(api_keys, owner="anna").key)
        assert (response.status_code, response.content) == (204, b"")
        cookie = response.headers["set-cookie"]
        assert cookie.startswith("__Host-clipo=")
        assert {"HttpOnly", "Path=/", "SameSite=strict", "Secure"} <= set(cookie.split("; "))
        assert "Domain" not in cookie
        me = client.get("/me").json()
        assert (me["credential"], me["owner"]) == ("session", "anna")
        ends = datetime.fromisoformat(me["expires_at"])
        assert timedelta(hours=11) < ends - datetime.now(UTC) <= timedelta(hours=12)

    def test_a_session_ends_with_its_token(self, client: TestClient, api_keys: FakeApiKeys) -> None:
        assert self.login(client, issue(api_keys).token(scope="read")).status_code == 204
        me = client.get("/me").json()
        assert (me["owner"], me["scopes"]) == ("anna", ["read"])
        ends = datetime.fromisoformat(me["expires_at"])
        assert ends - datetime.now(UTC) <= timedelta(minutes=5)

    def test_a_token_that_has_just_ended_opens_none(
        self, client: TestClient, api_keys: FakeApiKeys
    ) -> None:
        """The leeway for clocks that differ would open a session that is over at once."""
        token = issue(api_keys).token(exp=seconds(-5))
        assert client.get("/me", headers=bearer(token)).status_code == 200
        assert problem(self.login(client, token))["detail"].startswith("The token has expired.")

    def test_it_may_change_something_only_from_its_own_page(
        self, client: TestClient, api_keys: FakeApiKeys
    ) -> None:
        self.login(client, issue(api_keys).key)
        assert client.delete(f"/videos/{ID}", headers={"Origin": PAGE}).status_code == 204
        for origin in ("https://testserver:8443", "http://testserver", "null"):
            response = client.delete(f"/videos/{ID}", headers={"Origin": origin})
            assert problem(response)["code"] == "cross_site"
        assert problem(client.delete(f"/videos/{ID}"))["code"] == "cross_site"

    def test_log_out_removes_the_cookie(self, client: TestClient, api_keys: FakeApiKeys) -> None:
        self.login(client, issue(api_keys).key)
        assert client.delete("/session", headers={"Origin": PAGE}).status_code == 204
        assert client.get("/me").status_code == 401

    def test_a_revoked_key_ends_its_sessions(
        self, client: TestClient, api_keys: FakeApiKeys
    ) -> None:
        key = issue(api_keys)
        self.login(client, key.key)
        client.cookies.clear()
        client.delete(f"/keys/{key.id}", headers=bearer(admin_token()))
        client.cookies["__Host-clipo"] = session(key)
        assert client.get("/me").status_code == 401

    @pytest.mark.parametrize("origin", ["https://evil.example", "https://testserver:8443", "null"])
    def test_another_page_cannot_log_anyone_in_or_out(
        self, client: TestClient, api_keys: FakeApiKeys, origin: str
    ) -> None:
        response = self.login(client, issue(api_keys).key, Origin=origin)
        assert problem(response)["code"] == "cross_site"
        out = client.delete("/session", headers={"Origin": origin})
        assert problem(out)["code"] == "cross_site"

    def test_only_keys_and_tokens_open_one(self, client: TestClient, api_keys: FakeApiKeys) -> None:
        for credential in (admin_token(), session(issue(api_keys)), "nonsense"):
            assert self.login(client, credential).status_code == 401
        assert client.post("/session", headers={"Origin": PAGE}).status_code == 401

    def test_a_token_without_a_right_opens_none(
        self, client: TestClient, api_keys: FakeApiKeys
    ) -> None:
        assert self.login(client, issue(api_keys).token(scope="future")).status_code == 401

    def test_plain_http_is_for_this_machine_only(
        self, client: TestClient, api_keys: FakeApiKeys
    ) -> None:
        key = issue(api_keys).key
        client.base_url = "http://clipo.example"
        response = self.login(client, key, Origin="http://clipo.example")
        assert problem(response)["code"] == "insecure_connection"
        client.base_url = "http://localhost:8000"
        response = self.login(client, key, Origin="http://localhost:8000")
        assert response.headers["set-cookie"].startswith("clipo_8000=")
        assert "Secure" not in response.headers["set-cookie"]


class TestOpen:
    @pytest.fixture
    def settings(self) -> ApiSettings:
        return ApiSettings.read(OPEN | {"ROOT_SECRETS": KEYS["ROOT_SECRETS"]})

    def test_keys_tokens_and_owners_need_a_credential_all_the_same(
        self, client: TestClient
    ) -> None:
        for method, path in (
            *(("GET", "/keys"), ("POST", "/keys"), ("POST", "/tokens")),
            *(("GET", "/owners/export?owner=anna"), ("POST", "/owners/erase")),
        ):
            assert problem(client.request(method, path))["code"] == "unauthenticated"
        assert created(client)["name"] == "web"

    def test_a_caller_without_a_credential_is_told_that_it_is_open(
        self, client: TestClient
    ) -> None:
        me = client.get("/me").json()
        assert (me["credential"], me["owner"], me["access"]) == ("none", None, "open")
        assert me["scopes"] == ["upload", "read", "deliver", "write"]
