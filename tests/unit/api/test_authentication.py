"""The caller of each request: before anything else is done with it."""

import asyncio
from collections.abc import MutableMapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from starlette.testclient import TestClient

from functions.api.app import create_app
from functions.api.authenticator import Authenticator
from functions.api.services import Backend
from functions.api.settings import ApiSettings
from functions.core.access import Denial, Scope, Unauthenticated
from functions.core.api_keys import Root
from tests.credentials import KEYS, ROOT, IssuedKey, admin_token, bearer, issue, session
from tests.examples import ID, OPEN, done_video
from tests.fakes.api_keys import FakeApiKeys
from tests.fakes.catalog import FakeCatalog
from tests.fakes.pictures import fake_pictures
from tests.fakes.processing import FakeProcessing
from tests.fakes.storage import FakeStorage
from tests.logs import logged
from tests.problems import problem

PAGE = "https://testserver"
NEW = {"filename": "a.mp4", "size": 5}


@pytest.fixture
def settings() -> ApiSettings:
    return ApiSettings.read(KEYS)


@pytest.fixture
def key(api_keys: FakeApiKeys) -> IssuedKey:
    return issue(api_keys)


@pytest.fixture(autouse=True)
def _one_video(records: FakeCatalog, objects: FakeStorage) -> None:
    records.videos[ID] = done = replace(done_video(), owner="anna")
    assert done.thumbnail
    objects.thumbnails[done.thumbnail.key] = b"jpeg"


class TestBeforeAnythingElse:
    @pytest.mark.parametrize("path", ["/upload-video/", "/videos", f"/videos/{ID}/upload/sign"])
    @pytest.mark.parametrize("credential", [None, b"Bearer nonsense", b"Bearer \xe4"])
    def test_no_byte_of_a_body_is_read(
        self, client: TestClient, path: str, credential: bytes | None
    ) -> None:
        """It would also make the server ask for the body, of a client that expects 100."""
        given = [(b"authorization", credential)] if credential else []
        assert asked(client, path, given) == 401

    def test_nor_of_a_caller_who_lacks_the_scope(
        self, client: TestClient, api_keys: FakeApiKeys
    ) -> None:
        reader = issue(api_keys, scopes=frozenset({Scope.READ}))
        given = [(b"authorization", f"Bearer {reader.key}".encode())]
        for path in ("/upload-video/", "/videos", f"/videos/{ID}/upload/sign"):
            assert asked(client, path, given) == 403

    def test_the_scope_comes_before_the_query_and_the_record(
        self, client: TestClient, api_keys: FakeApiKeys, records: FakeCatalog
    ) -> None:
        writer = bearer(issue(api_keys, scopes=frozenset({Scope.WRITE})).key)
        records.down = True
        for path in ("/videos?unknown=1", "/videos/none", f"/videos/{ID}"):
            assert problem(client.get(path, headers=writer))["code"] == "forbidden"

    def test_a_database_that_does_not_answer_is_no_fault_of_the_key(
        self, client: TestClient, api_keys: FakeApiKeys, key: IssuedKey
    ) -> None:
        api_keys.down = True
        for credential in (key.key, key.token()):
            response = client.get("/videos", headers=bearer(credential))
            assert problem(response)["code"] == "catalog_unavailable"
            assert response.headers["retry-after"]
        assert problem(client.get("/videos", headers=bearer("x")))["code"] == "unauthenticated"

    def test_two_headers_are_two_credentials(self, client: TestClient, key: IssuedKey) -> None:
        header = (b"authorization", f"Bearer {key.key}".encode())
        assert asked(client, "/videos", [header, header]) == 401


def asked(
    client: TestClient, path: str, headers: list[tuple[bytes, bytes]], method: str = "POST"
) -> int:
    """Announce 6 MB in a request whose body must not be read, and return the status."""
    sent: list[MutableMapping[str, Any]] = []
    scope = {
        "type": "http",
        "http_version": "1.1",
        "method": method,
        "scheme": "https",
        "path": path,
        "raw_path": path.encode(),
        "query_string": b"",
        "headers": [(b"host", b"testserver"), (b"content-length", b"6000000"), *headers],
    }

    async def receive() -> MutableMapping[str, Any]:
        raise AssertionError("the body is read")

    async def send(message: MutableMapping[str, Any]) -> None:
        sent.append(message)

    with ThreadPoolExecutor(1) as thread:
        thread.submit(lambda: asyncio.run(client.app(scope, receive, send))).result()  # type: ignore[arg-type]
    return int(sent[0]["status"])


class TestHeader:
    """What is sent as `Authorization`, byte by byte."""

    @pytest.mark.parametrize("before", [b"Bearer ", b"bearer ", b"BEARER  ", b" Bearer "])
    def test_may_have_its_scheme_in_any_case_and_spaces_around(
        self, client: TestClient, key: IssuedKey, before: bytes
    ) -> None:
        assert get(client, "/me", before + key.key.encode() + b" ") == 200

    @pytest.mark.parametrize(
        "value",
        [
            "Bearer\t{}",
            "Bearer\xa0{}",
            "Bearer \xa0{}",
            "Bearer \x85{}",
            "Bearer {}\x1f",
            "\xa0Bearer {}",
            "Bearer {}\x00",
            "Bearer \x00{}",
            "Bearer {}\r\nX: y",
            "Bearer {}\n",
            "Bearer: {}",
            "Bearer {},",
            "Bearer x, Bearer {}",
            "Bearer {}, Basic eDp5",
            "Basic eDp5, Bearer {}",
            "Bearer Bearer {}",
            "Bearer x {}",
            'Bearer "{}"',
            "Bearer token={}",
            "Bearer {}\xb2",
            "B\xeb\x61rer {}",
            "Token {}",
            "Digest {}",
        ],
    )
    def test_is_refused_in_every_other_form(
        self, client: TestClient, key: IssuedKey, value: str
    ) -> None:
        for credential in (key.key, key.token()):
            assert get(client, "/me", value.format(credential).encode("latin-1")) == 401

    @pytest.mark.parametrize("start", ["", "Bearer ", "Bearer clipo_sk_", "Bearer e30.e30."])
    def test_may_be_of_any_length(self, client: TestClient, start: str) -> None:
        assert get(client, "/me", start.encode() + b"A" * 1_000_000) == 401

    def test_is_the_only_one(self, client: TestClient, key: IssuedKey) -> None:
        good = b"Bearer " + key.key.encode()
        for values in ((good, good), (good, b""), (b"", good), (b"Bearer x", good), (good, b"x")):
            assert get(client, "/me", *values) == 401

    def test_is_the_only_place(
        self, client: TestClient, key: IssuedKey, records: FakeCatalog
    ) -> None:
        delivery = key.token(scope="deliver")
        for credential in (key.key, delivery, admin_token()):
            body = NEW | dict.fromkeys(PLACES, credential)
            assert client.post("/videos", json=body).status_code == 401
            assert client.post("/upload-video/", data=body).status_code == 401
            for name in PLACES:
                for path in ("/videos", "/me", f"/thumbnails/{ID}.jpg"):
                    assert client.get(path, params={name: credential}).status_code == 401
                # An address of public videos refuses unknown parameters, whatever the video.
                public = client.get(f"/videos/{ID}/thumbnail", params={name: credential})
                assert problem(public)["code"] == "invalid_request"
            assert client.get(f"/videos/{ID}/thumbnail#token={credential}").status_code == 401
            assert client.get(f"/videos/{ID}/thumbnail%3Ftoken={credential}").status_code == 401
        assert records.videos.keys() == {ID}


PLACES = ("access_token", "authorization", "Authorization", "api_key", "key", "jwt", "TOKEN")
"""Names by which other services take a credential."""


def get(client: TestClient, path: str, *authorization: bytes) -> int:
    headers = [(b"authorization", value) for value in authorization]
    return asked(client, path, headers, method="GET")


class TestAddresses:
    """A token in the query, for `<img>` and `<video>` of other pages."""

    @pytest.mark.parametrize(
        "path", [f"/videos/{ID}/thumbnail", f"/videos/{ID}/source", f"/thumbnails/{ID}.jpg"]
    )
    def test_a_token_for_delivery_alone_is_accepted(
        self, client: TestClient, key: IssuedKey, path: str
    ) -> None:
        token = key.token(scope="deliver")
        response = client.get(f"{path}?token={token}")
        assert response.status_code in (200, 307), response.text
        assert response.headers["referrer-policy"] == "no-referrer"
        assert token not in response.headers.get("location", "")
        assert client.head(f"{path}?token={token}").status_code == response.status_code

    def test_other_parameters_stay_as_they_are(self, client: TestClient, key: IssuedKey) -> None:
        path = f"/videos/{ID}/thumbnail?token={key.token(scope='deliver')}&unknown=1"
        assert problem(client.get(path))["errors"][0]["field"] == "query.unknown"

    @pytest.mark.parametrize("scope", ["deliver read", "read", "deliver admin"])
    def test_one_with_another_scope_is_refused(
        self, client: TestClient, api_keys: FakeApiKeys, scope: str
    ) -> None:
        """Also if its key has no other: the token may outlive that."""
        key = issue(api_keys, scopes=frozenset({Scope.DELIVER}))
        path = f"/videos/{ID}/thumbnail?token={key.token(scope=scope)}"
        assert problem(client.get(path))["code"] == "unauthenticated"

    def test_no_other_credential_belongs_there(
        self, client: TestClient, api_keys: FakeApiKeys
    ) -> None:
        key = issue(api_keys, scopes=frozenset({Scope.DELIVER}))
        for credential in (key.key, admin_token(), session(key, scope="deliver"), "", "x"):
            path = f"/videos/{ID}/thumbnail?token={credential}"
            assert problem(client.get(path))["code"] == "unauthenticated"

    def test_nor_does_it_belong_to_other_addresses(
        self, client: TestClient, key: IssuedKey
    ) -> None:
        token = key.token(scope="deliver")
        for path in ("/videos", f"/videos/{ID}", f"/video-status/{ID}", "/nothing"):
            for headers in ({}, bearer(key.key)):
                response = client.get(f"{path}?token={token}", headers=headers)
                assert problem(response)["code"] == "unauthenticated", path
        assert client.post(f"/videos/{ID}/thumbnail?token={token}").status_code == 401

    def test_two_credentials_are_one_too_many(self, client: TestClient, key: IssuedKey) -> None:
        token = key.token(scope="deliver")
        path = f"/videos/{ID}/thumbnail?token={token}"
        for twice in (
            client.get(path, headers=bearer(key.key)),
            client.get(f"{path}&token={token}"),
            client.get(f"{path}&%74oken={token}"),
        ):
            assert problem(twice)["code"] == "unauthenticated"
            assert "more than one" in twice.json()["detail"]

    def test_it_counts_instead_of_the_session_that_the_browser_adds(
        self, client: TestClient, key: IssuedKey
    ) -> None:
        path = f"{PAGE}/videos/{ID}/thumbnail"
        mine = {"cookie": f"__Host-clipo={session(key)}"}
        token = key.token(scope="deliver")
        assert client.get(f"{path}?token={token}", headers=mine).status_code != 401
        assert client.get(f"{path}?token=x", headers=mine).status_code == 401


class TestPageSession:
    def ask(self, client: TestClient, method: str, url: str, **headers: str) -> int:
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        body = NEW if method == "POST" else None
        return client.request(method, url, json=body, headers=sent).status_code

    def test_over_https_its_cookie_is_bound_to_the_host(
        self, client: TestClient, key: IssuedKey
    ) -> None:
        mine = session(key)
        for name, status in (("__Host-clipo", 200), ("clipo_443", 401), ("clipo", 401)):
            assert self.ask(client, "GET", f"{PAGE}/videos", cookie=f"{name}={mine}") == status

    @pytest.mark.parametrize(
        ("url", "name", "status"),
        [
            ("http://localhost:8000", "clipo_8000", 200),
            ("http://127.0.0.1:8000", "clipo_8000", 200),
            ("http://localhost", "clipo_80", 200),
            ("http://localhost:8000", "clipo_8001", 401),
            ("http://localhost:8000", "__Host-clipo", 401),
            ("http://video.lan:8000", "clipo_8000", 401),
            ("http://video.lan:8000", "__Host-clipo", 401),
        ],
    )
    def test_over_http_it_is_for_this_machine_and_this_port(
        self, client: TestClient, key: IssuedKey, url: str, name: str, status: int
    ) -> None:
        assert self.ask(client, "GET", f"{url}/videos", cookie=f"{name}={session(key)}") == status

    @pytest.mark.parametrize(
        ("origin", "status"),
        [
            (PAGE, 201),
            (None, 403),
            ("null", 403),
            ("http://testserver", 403),
            ("https://testserver:8443", 403),
            ("https://testserver.example", 403),
            ("https://app.example.com", 403),
        ],
    )
    def test_it_changes_something_only_for_clipos_own_page(
        self, client: TestClient, key: IssuedKey, origin: str | None, status: int
    ) -> None:
        headers = {"origin": origin} if origin else {}
        cookie = f"a=b; __Host-clipo={session(key)}"
        assert self.ask(client, "POST", f"{PAGE}/videos", cookie=cookie, **headers) == status
        assert self.ask(client, "GET", f"{PAGE}/videos", cookie=cookie, **headers) == 200


class TestOpen:
    @pytest.fixture
    def settings(self) -> ApiSettings:
        return ApiSettings.read(KEYS | OPEN)

    def test_nobody_needs_a_credential(self, client: TestClient) -> None:
        assert client.post("/videos", json=NEW).status_code == 201
        assert len(client.get("/videos").json()["data"]) == 2
        assert client.delete(f"/videos/{ID}").status_code == 204

    @pytest.mark.parametrize("header", ["", "Bearer x", "Basic eDp5", "Bearer clipo_sk_x"])
    def test_a_bad_credential_is_refused_all_the_same(
        self, client: TestClient, header: str
    ) -> None:
        response = client.get("/videos", headers={"Authorization": header})
        assert problem(response)["code"] == "unauthenticated"

    def test_a_credential_that_is_sent_is_honoured(
        self, client: TestClient, api_keys: FakeApiKeys
    ) -> None:
        reader = bearer(issue(api_keys, scopes=frozenset({Scope.READ})).key)
        assert client.get("/videos", headers=reader).status_code == 200
        assert client.post("/videos", json=NEW, headers=reader).status_code == 403

    def test_the_documentation_says_so(self, client: TestClient) -> None:
        for _ in range(2):
            client.app.openapi_schema = None  # type: ignore[attr-defined]
            document = client.get("/openapi.json").json()
            assert document["paths"]["/videos"]["get"]["security"] == [{"bearer": ["read"]}, {}]


class TestOpenLegacyEndpoints:
    @pytest.fixture
    def settings(self) -> ApiSettings:
        return ApiSettings.read(KEYS | {"LEGACY_ENDPOINTS": "open"})

    def test_legacy_clients_need_no_credential(self, client: TestClient) -> None:
        for path in ("/upload-video/", "/upload-video"):
            files = {"file": ("clip.mp4", b"video")}
            uploaded = client.post(path, files=files)
            assert uploaded.status_code == 202
            for legacy in ("/video-status/", "/video-metadata/"):
                assert client.get(legacy + uploaded.json()["id"]).status_code == 200
        assert client.get(f"/thumbnails/{ID}.jpg").status_code in (200, 404)

    def test_all_others_do(self, client: TestClient) -> None:
        for path in ("/videos", f"/videos/{ID}", f"/videos/{ID}/thumbnail", "/nothing"):
            assert client.get(path).status_code == 401
        assert client.post("/videos", json=NEW).status_code == 401

    def test_a_bad_credential_is_refused_there_too(self, client: TestClient) -> None:
        assert client.get(f"/video-status/{ID}", headers=bearer("x")).status_code == 401


def test_below_a_base_path_the_same_paths_are_public(
    records: FakeCatalog, objects: FakeStorage, api_keys: FakeApiKeys
) -> None:
    settings = ApiSettings.read(KEYS | {"BASE_PATH": "/v1"})
    app = create_app(
        Backend(settings, records, objects, FakeProcessing(), api_keys, fake_pictures())
    )
    client = TestClient(app, root_path="/v1")
    for path, status in (
        ("/v1/health", 200),
        ("/v1/docs", 200),
        ("/v1/videos", 401),
        ("/v1/", 401),
    ):
        assert client.get(path).status_code == status, path


def test_the_log_names_key_and_owner_and_no_secret(
    client: TestClient, api_keys: FakeApiKeys, key: IssuedKey
) -> None:
    bound = issue(api_keys, owner="bob")
    with logged() as lines:
        client.post("/videos", json=NEW, headers=bearer(key.token()))
        client.post("/videos", json=NEW, headers=bearer(bound.key))
        client.get(f"/videos/{ID}/thumbnail?token={key.token()}")
        client.get("/videos", headers=bearer(key.key[:-1]))
    first, second, *refused = lines
    assert (first["key_id"], first["owner"]) == (key.id, "anna")
    assert (second["key_id"], second["owner"]) == (bound.id, "bob")
    assert [line["reason"] for line in refused] == ["misplaced", "malformed"]
    for secret in (key.key, bound.key, key.signing_secret, ROOT.secret, key.token()[:40]):
        assert secret not in str(lines)


class TestAuthenticator:
    """The check itself, while time passes."""

    @pytest.fixture(autouse=True)
    def _now(self) -> None:
        self.now = datetime.now(UTC)

    def check(self, keys: FakeApiKeys, *roots: Root) -> Authenticator:
        return Authenticator(roots or (ROOT,), keys, lambda: self.now)

    def accepts(self, authenticator: Authenticator, credential: str) -> bool:
        try:
            asyncio.run(authenticator.caller_with(credential))
        except Unauthenticated:
            return False
        return True

    def test_a_key_is_read_once_a_minute(self, api_keys: FakeApiKeys, key: IssuedKey) -> None:
        authenticator = self.check(api_keys)
        for _ in range(3):
            assert self.accepts(authenticator, key.key)
            assert self.accepts(authenticator, key.token())
        assert api_keys.reads == 1
        self.now += timedelta(seconds=60)
        assert self.accepts(authenticator, key.key)
        assert api_keys.reads == 2

    def test_a_revoked_key_is_refused_after_a_minute(
        self, api_keys: FakeApiKeys, key: IssuedKey
    ) -> None:
        authenticator = self.check(api_keys)
        assert self.accepts(authenticator, key.key)
        api_keys.remove(key.id)
        self.now += timedelta(seconds=59)
        assert self.accepts(authenticator, key.token())
        self.now += timedelta(seconds=1)
        assert not self.accepts(authenticator, key.key)
        assert not self.accepts(authenticator, key.token())

    def test_changed_rights_hold_for_tokens_that_exist(
        self, api_keys: FakeApiKeys, key: IssuedKey
    ) -> None:
        authenticator = self.check(api_keys)
        api_keys.records[key.id] = replace(api_keys.records[key.id], scopes=frozenset({Scope.READ}))
        caller = asyncio.run(authenticator.caller_with(key.token()))
        assert caller.scopes == {Scope.READ}

    def test_a_forged_token_costs_no_read(self, api_keys: FakeApiKeys, key: IssuedKey) -> None:
        authenticator = self.check(api_keys)
        assert not self.accepts(authenticator, key.token()[:-4] + "AAAA")
        assert not self.accepts(authenticator, key.key[:-1])
        assert api_keys.reads == 0

    def test_guessed_keys_fill_no_memory(self, api_keys: FakeApiKeys) -> None:
        authenticator = self.check(api_keys)
        for _ in range(1500):
            assert not self.accepts(authenticator, issue(FakeApiKeys()).key)
        assert len(authenticator._keys._found) <= 1000

    def test_the_last_use_is_recorded_to_the_hour(
        self, api_keys: FakeApiKeys, key: IssuedKey
    ) -> None:
        authenticator = self.check(api_keys)
        self.now = self.now.replace(minute=30)
        first = self.now.replace(minute=0, second=0, microsecond=0)
        assert self.accepts(authenticator, key.key)
        assert api_keys.records[key.id].last_used_at == first
        api_keys.records[key.id] = replace(
            api_keys.records[key.id], last_used_at=first + timedelta(seconds=1)
        )
        self.now += timedelta(minutes=2)
        assert self.accepts(authenticator, key.key)
        later = api_keys.records[key.id].last_used_at
        assert later == first + timedelta(seconds=1), "this hour is recorded already"
        self.now += timedelta(hours=1)
        assert self.accepts(authenticator, key.key)
        assert api_keys.records[key.id].last_used_at == first + timedelta(hours=1)

    def test_keys_of_an_older_root_work_until_it_is_gone(self, api_keys: FakeApiKeys) -> None:
        older, newer = Root(1, "o" * 32), Root(2, "n" * 32)
        old, new = issue(api_keys, root=older), issue(api_keys, root=newer)
        both, after = self.check(api_keys, newer, older), self.check(api_keys, newer)
        assert self.accepts(both, old.token())
        assert self.accepts(both, new.token())
        assert not self.accepts(after, old.token())
        assert self.accepts(after, new.token())
        assert self.accepts(after, old.key), "the key itself needs no root"

    def test_an_older_root_neither_administers_nor_signs_for_newer_keys(
        self, api_keys: FakeApiKeys
    ) -> None:
        older, newer = Root(1, "o" * 32), Root(2, "n" * 32)
        both, new = self.check(api_keys, newer, older), issue(api_keys, root=newer)
        forged = replace(new, signing_secret=older.signing_secret(new.id))
        assert not self.accepts(both, forged.token())
        assert self.accepts(both, admin_token(newer))
        assert not self.accepts(both, admin_token(older))

    def test_without_a_root_no_token_is_accepted(
        self, api_keys: FakeApiKeys, key: IssuedKey
    ) -> None:
        authenticator = Authenticator((), api_keys, lambda: self.now)
        for token in (key.token(), admin_token(Root(1, ""))):
            with pytest.raises(Unauthenticated) as refused:
                asyncio.run(authenticator.caller_with(token))
            assert refused.value.denial is Denial.SIGNATURE
