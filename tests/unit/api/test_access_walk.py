"""Every route of the API with every kind of credential.

A new route fails the first test until it has a row in `ROWS`.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime

import httpx2
import pytest
from fastapi import APIRouter, FastAPI
from starlette.routing import BaseRoute, Mount, Route
from starlette.testclient import TestClient

from functions.api.login import Logins
from functions.api.scopes import ScopedRoute
from functions.api.settings import ApiSettings
from functions.core.access import Scope
from functions.core.api_keys import Root
from functions.core.keys import source_key
from tests.credentials import (
    KEYS,
    ROOT,
    IssuedKey,
    admin_token,
    bearer,
    claims_with,
    handmade,
    issue,
    seconds,
    session,
)
from tests.examples import ID, done_video
from tests.fakes.api_keys import FakeApiKeys
from tests.fakes.catalog import FakeCatalog
from tests.fakes.storage import FakeStorage
from tests.issuers import LOGIN, FakeIssuer
from tests.problems import problem

UPLOAD, READ, DELIVER, WRITE, ADMIN = Scope
PUBLIC: set[Scope] = set()
EVERY_CALLER: set[Scope] = set()
"""A credential is needed, and no scope in particular."""
ROWS: dict[tuple[str, str], set[Scope]] = {
    ("GET", "/"): PUBLIC,
    ("GET", "/assets/{name}"): PUBLIC,
    ("GET", "/elements/{name}"): PUBLIC,
    ("GET", "/elements/{release}/{name}"): PUBLIC,
    ("GET", "/docs"): PUBLIC,
    ("GET", "/openapi.json"): PUBLIC,
    ("GET", "/swagger/swagger-ui.css"): PUBLIC,
    ("GET", "/health"): PUBLIC,
    ("POST", "/videos"): {UPLOAD},
    ("GET", "/videos"): {READ},
    ("GET", "/videos/{video_id}"): {READ, UPLOAD},
    ("PATCH", "/videos/{video_id}"): {WRITE},
    ("DELETE", "/videos/{video_id}"): {WRITE},
    ("POST", "/videos/{video_id}/retry"): {WRITE},
    ("POST", "/videos/retry"): {WRITE},
    ("POST", "/videos/delete"): {WRITE},
    ("POST", "/videos/{video_id}/reprocess"): {WRITE},
    ("POST", "/videos/{video_id}/upload/sign"): {UPLOAD},
    ("GET", "/videos/{video_id}/source"): {READ, DELIVER},
    ("GET", "/videos/{video_id}/thumbnail"): {READ, DELIVER},
    ("GET", "/videos/{video_id}/image.jpg"): {READ, DELIVER},
    ("GET", "/videos/{video_id}/image.webp"): {READ, DELIVER},
    ("GET", "/videos/{video_id}/storyboard.jpg"): {READ, DELIVER},
    ("GET", "/videos/{video_id}/storyboard.webp"): {READ, DELIVER},
    ("GET", "/videos/{video_id}/storyboard.vtt"): {READ, DELIVER},
    ("GET", "/videos/{video_id}/storyboard.json"): {READ, DELIVER},
    ("POST", "/webhooks"): {ADMIN},
    ("GET", "/webhooks"): {ADMIN},
    ("GET", "/webhooks/deliveries"): {READ},
    ("GET", "/webhooks/deliveries/{delivery_id}"): {READ},
    ("POST", "/webhooks/deliveries/{delivery_id}/resend"): {WRITE},
    ("GET", "/webhooks/events"): {READ},
    ("GET", "/webhooks/{receiver_id}"): {ADMIN},
    ("PATCH", "/webhooks/{receiver_id}"): {ADMIN},
    ("DELETE", "/webhooks/{receiver_id}"): {ADMIN},
    ("POST", "/webhooks/{receiver_id}/secret"): {ADMIN},
    ("POST", "/webhooks/{receiver_id}/test"): {ADMIN},
    ("POST", "/keys"): {ADMIN},
    ("GET", "/keys"): {ADMIN},
    ("DELETE", "/keys/{key_id}"): {ADMIN},
    ("POST", "/tokens"): EVERY_CALLER,
    ("GET", "/me"): EVERY_CALLER,
    ("GET", "/owners/export"): {READ},
    ("POST", "/owners/erase"): {WRITE},
    ("POST", "/session"): PUBLIC,
    ("DELETE", "/session"): PUBLIC,
    ("POST", "/upload-video/"): {UPLOAD},
    ("POST", "/upload-video"): {UPLOAD},
    ("GET", "/video-status/{video_id}"): {READ, UPLOAD},
    ("GET", "/video-metadata/{video_id}"): {READ, UPLOAD},
    ("GET", "/thumbnails/{video_id}.jpg"): {READ, DELIVER},
}
"""The scopes of which a caller needs one, by method and route."""

GUARDED = {row: needed for row, needed in ROWS.items() if needed is not PUBLIC}
ODD_PATHS = [
    "/nothing",
    "/videos/",
    "//videos",
    "/videos//",
    f"/videos/{ID}/",
    f"/videos/{ID}/nothing",
    f"/videos/{ID}/image",
    f"/videos/{ID}/image.png",
    f"/videos/{ID}/storyboard.png",
    "/Videos",
    "/health/x",
    "/healthy",
    "/health//",
    "/health;/videos",
    "/docs/",
    "/openapi.json/videos",
    "/swagger",
    "/assets",
    "/elements",
    "/metrics",
    "/%76ideos",
    "/health%2f..%2fvideos",
    "/video-status/",
    f"/thumbnails/{ID}",
]
"""Paths of no route, and other ways to write those of routes."""
MORE_ODD_PATHS = [
    "/HEALTH",
    "/Docs",
    "/OpenAPI.json",
    "/SESSION",
    "//health",
    "/health%00",
    "/health%20",
    "/health%2f%2fvideos",
    "/health/%2e%2e/videos",
    "/%2e%2e/videos",
    "/%2e/videos",
    "/docs;x=1",
    "/session/",
    "/session;x",
    "/health%5c..%5cvideos",
    "/videos%3ftoken=x",
    f"/videos/{ID}%2fthumbnail",
    f"/health/../videos/{ID}",
]
"""Other ways to write a path of which a part is public."""
IN_PUBLIC_FOLDERS = [
    "/swagger/%2e%2e/videos",
    "/swagger/..%2fvideos",
    "/swagger/%2e%2e%2fvideos",
    "/assets/%2e%2e/videos",
    "/assets/..%2fvideos",
    "/elements/%2e%2e/videos",
    "/elements/0.2.0/..%2f..%2fvideos",
    f"/swagger/%2e%2e/videos/{ID}",
]


@pytest.fixture
def settings() -> ApiSettings:
    return ApiSettings.read(KEYS | {"MAX_UPLOAD_BYTES": "10000"})


ISSUER = FakeIssuer()


@pytest.fixture
def logins() -> Logins:
    return Logins(replace(LOGIN, owner_prefix=""), lambda: datetime.now(UTC), ISSUER.fetch)


@pytest.fixture(autouse=True)
def _one_video(records: FakeCatalog, objects: FakeStorage) -> None:
    records.videos[ID] = done = replace(done_video(), owner="anna")
    assert done.thumbnail
    objects.thumbnails[done.thumbnail.key] = b"jpeg"


PARTS = dict.fromkeys(("key_id", "delivery_id", "receiver_id"), "none") | {
    "video_id": ID,
    "name": "none.js",
    "release": "0.2.0",
}


def call(
    client: TestClient, method: str, path: str, headers: dict[str, str] | None = None
) -> httpx2.Response:
    # A path alone that begins with // would be another host.
    url = f"https://testserver{path.format_map(PARTS)}"
    return client.request(method, url, headers=headers)


def routes_of(routes: list[BaseRoute]) -> Iterator[tuple[str, str]]:
    """Yield method and path of every route, with and without documentation."""
    for route in routes:
        if isinstance(route, Mount):
            yield "GET", f"{route.path}/swagger-ui.css"
        elif router := getattr(route, "original_router", None):
            yield from routes_of(router.routes)
        else:
            assert isinstance(route, Route)
            yield from ((method, route.path) for method in (route.methods or set()) - {"HEAD"})


def test_every_route_has_a_row(client: TestClient) -> None:
    app = client.app
    assert isinstance(app, FastAPI)
    documented = {
        (method.upper(), path)
        for path, operations in app.openapi()["paths"].items()
        for method in operations
    }
    assert set(routes_of(app.routes)) | documented == set(ROWS)


def test_the_documentation_names_the_scopes(client: TestClient) -> None:
    document = client.get("/openapi.json").json()
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            row = (method.upper(), path)
            named = [s for one in operation.get("security", []) for s in one.get("bearer", [])]
            assert set(named) == ROWS[row], row
            assert ({"401", "403"} <= operation["responses"].keys()) == (row in GUARDED), row
    assert document["components"]["securitySchemes"]["bearer"]["scheme"] == "bearer"


def test_public_routes_need_no_credential_and_do_not_read_any(client: TestClient) -> None:
    for (method, path), needed in ROWS.items():
        if needed is PUBLIC and path != "/session":
            for headers in ({}, bearer("nonsense")):
                assert call(client, method, path, headers).status_code in (200, 404), path


def test_options_need_no_credential(client: TestClient) -> None:
    for _, path in ROWS:
        assert call(client, "OPTIONS", path).status_code == 405


Credential = Callable[[FakeApiKeys], dict[str, str]]
METHOD_HEADERS = ("X-HTTP-Method-Override", "X-HTTP-Method", "X-Method-Override")
PATH_HEADERS = ("X-Original-URL", "X-Rewrite-URL", "X-Forwarded-Prefix", "X-Forwarded-Uri")
"""Headers by which some servers take a request for another one."""


def _revoked(keys: FakeApiKeys) -> dict[str, str]:
    key = issue(keys)
    keys.remove(key.id)
    return bearer(key.key)


def _token_of_revoked(keys: FakeApiKeys) -> dict[str, str]:
    key = issue(keys)
    keys.remove(key.id)
    return bearer(key.token())


def _expired_key(keys: FakeApiKeys) -> dict[str, str]:
    return bearer(issue(keys, expires_at=datetime.now(UTC)).key)


def _token_of_expired(keys: FakeApiKeys) -> dict[str, str]:
    return bearer(issue(keys, expires_at=datetime.now(UTC)).token())


def _wrong_checksum(keys: FakeApiKeys) -> dict[str, str]:
    key = issue(keys).key
    return bearer(key[:-1] + ("a" if key[-1] != "a" else "b"))


def _wrong_secret(keys: FakeApiKeys) -> dict[str, str]:
    """Return the key of another record under the id of this one."""
    key, other = issue(keys), issue(keys)
    keys.records[key.id] = replace(keys.records[other.id], id=key.id)
    return bearer(key.key)


def _algorithm(name: str, hash_name: str = "sha256") -> Credential:
    def made(keys: FakeApiKeys) -> dict[str, str]:
        key = issue(keys)
        header = {"alg": name, "kid": key.id}
        return bearer(handmade(header, claims_with(), key.signing_secret, hash_name))

    return made


def _unsigned(keys: FakeApiKeys) -> dict[str, str]:
    token = handmade({"alg": "none", "kid": issue(keys).id}, claims_with(), "x")
    return bearer(token.rpartition(".")[0] + ".")


def _signed_with(secret: Callable[[Root, str], str]) -> Credential:
    def made(keys: FakeApiKeys) -> dict[str, str]:
        key = issue(keys)
        header = {"alg": "HS256", "kid": key.id}
        return bearer(handmade(header, claims_with(), secret(ROOT, key.id)))

    return made


def _signed_by_itself(secret: Callable[[IssuedKey, FakeApiKeys], str]) -> Credential:
    def made(keys: FakeApiKeys) -> dict[str, str]:
        key = issue(keys)
        header = {"alg": "HS256", "kid": key.id}
        return bearer(handmade(header, claims_with(), secret(key, keys)))

    return made


def _own_key_in_header(keys: FakeApiKeys) -> dict[str, str]:
    """Return a token that brings the key by which to verify it."""
    mine = {"kty": "oct", "k": "bWluZQ", "alg": "HS256"}
    header = {"alg": "HS256", "kid": issue(keys).id, "jwk": mine, "jku": "https://evil.example/k"}
    return bearer(handmade(header, claims_with(), "mine"))


def _kid(kid: object) -> Credential:
    header = {"alg": "HS256", "kid": kid}
    return lambda keys: bearer(handmade(header, claims_with(), issue(keys).signing_secret))


def _claims(**changes: object) -> Credential:
    return lambda keys: bearer(issue(keys).token(**changes))


def _other_kid(keys: FakeApiKeys) -> dict[str, str]:
    header = {"alg": "HS256", "kid": issue(keys).id}
    return bearer(handmade(header, claims_with(), issue(keys).signing_secret))


def _root_kid(keys: FakeApiKeys) -> dict[str, str]:
    header = {"alg": "HS256", "kid": "root"}
    return bearer(handmade(header, claims_with(), issue(keys).signing_secret))


def _unknown_kid(_: FakeApiKeys) -> dict[str, str]:
    secret = ROOT.signing_secret("abcdefghijkl")
    return bearer(handmade({"alg": "HS256", "kid": "abcdefghijkl"}, claims_with(), secret))


def _other_owner(keys: FakeApiKeys) -> dict[str, str]:
    return bearer(issue(keys, owner="bob").token())


def _other_generation(keys: FakeApiKeys) -> dict[str, str]:
    key = issue(keys, root=Root(2, ROOT.secret))
    return bearer(key.token())


def _two_headers(keys: FakeApiKeys) -> dict[str, str]:
    """Return what API Gateway makes of two headers."""
    key = issue(keys).key
    return {"Authorization": f"Bearer {key},Bearer {key}"}


def _session_as_token(keys: FakeApiKeys) -> dict[str, str]:
    return bearer(session(issue(keys)))


def _token_as_session(keys: FakeApiKeys) -> dict[str, str]:
    return {"Cookie": f"__Host-clipo={issue(keys).token()}"}


def _session_and_key(keys: FakeApiKeys) -> dict[str, str]:
    key = issue(keys)
    return {"Cookie": f"__Host-clipo={session(key)}"} | bearer(key.key)


def _two_sessions(keys: FakeApiKeys) -> dict[str, str]:
    key = issue(keys)
    return {"Cookie": f"__Host-clipo={session(key)}; __Host-clipo={session(key)}"}


def _header(value: str) -> Credential:
    return lambda _: {"Authorization": value}


REFUSED: dict[str, Credential] = {
    "none": lambda _: {},
    "empty": _header(""),
    "scheme only": _header("Bearer"),
    "no scheme": lambda keys: {"Authorization": issue(keys).key},
    "basic": _header("Basic dXNlcjpwYXNz"),
    "malformed": _header("Bearer nonsense"),
    "another header": lambda keys: {"X-Api-Key": issue(keys).key},
    "proxy header": lambda keys: {"X-Forwarded-Authorization": f"Bearer {issue(keys).key}"},
    "another cookie": lambda keys: {"Cookie": f"clipo={session(issue(keys))}"},
    "authorization of a proxy": lambda keys: {"Proxy-Authorization": f"Bearer {issue(keys).key}"},
    "with an underscore": lambda keys: {"Authorization_": f"Bearer {issue(keys).key}"},
    "protocol": lambda keys: {"Sec-WebSocket-Protocol": f"bearer, {issue(keys).key}"},
    "page": lambda keys: {"Referer": f"https://testserver/?token={issue(keys).key}"},
    "another method": lambda _: dict.fromkeys(METHOD_HEADERS, "OPTIONS"),
    "another path": lambda _: dict.fromkeys(PATH_HEADERS, "/health"),
    "cookie of another port": lambda keys: {"Cookie": f"clipo_8000={session(issue(keys))}"},
    "key as session": lambda keys: {"Cookie": f"__Host-clipo={issue(keys).key}"},
    "revoked key": _revoked,
    "token of a revoked key": _token_of_revoked,
    "expired key": _expired_key,
    "token of an expired key": _token_of_expired,
    "wrong checksum": _wrong_checksum,
    "wrong secret": _wrong_secret,
    "alg none": _algorithm("none"),
    "alg none, unsigned": _unsigned,
    "alg HS512": _algorithm("HS512", "sha512"),
    "alg RS256": _algorithm("RS256"),
    "alg in lower case": _algorithm("hs256"),
    "signed with nothing": _signed_with(lambda _, __: ""),
    "signed with the id": _signed_with(lambda _, key_id: key_id),
    "signed with the key": _signed_by_itself(lambda key, _: key.key),
    "signed with the hash": _signed_by_itself(lambda key, keys: keys.records[key.id].hash),
    "with its own key in the header": _own_key_in_header,
    "kid of a query": _kid({"$gt": ""}),
    "kid of a list": _kid(["root"]),
    "kid of a path": _kid("../../dev/null"),
    "signed with the root": _signed_with(lambda root, _: root.secret),
    "signed as admin": _signed_with(lambda root, _: root.admin_secret()),
    "signed as session": _signed_with(Root.session_secret),
    "other kid": _other_kid,
    "kid root": _root_kid,
    "unknown kid": _unknown_kid,
    "expired": _claims(exp=seconds(-3600)),
    "far future": _claims(exp=seconds(25 * 3600)),
    "no end": _claims(exp=None),
    "not yet": _claims(nbf=seconds(3600)),
    "no owner": _claims(sub=None),
    "all owners": _claims(sub="*"),
    "reserved owner": _claims(sub="$legacy"),
    "another owner than the key's": _other_owner,
    "another generation": _other_generation,
    "admin too long": lambda _: bearer(admin_token(ahead=3600)),
    "admin expired": lambda _: bearer(admin_token(ahead=-120)),
    "admin for one video": lambda _: bearer(admin_token(vid=ID)),
    "admin for reading": lambda _: bearer(admin_token(scope="read")),
    "admin for more scopes": lambda _: bearer(admin_token(scope="admin read")),
    "admin for one owner": lambda _: bearer(admin_token(sub="anna")),
    "admin with a limit": lambda _: bearer(admin_token(max_videos=1)),
    "admin of another root": lambda _: bearer(admin_token(Root(1, "x" * 32))),
    "two headers": _two_headers,
    "session as token": _session_as_token,
    "token as session": _token_as_session,
    "session and key": _session_and_key,
    "two sessions": _two_sessions,
    "login of another issuer": lambda _: bearer(ISSUER.token(iss="https://evil.example/")),
    "login for another audience": lambda _: bearer(ISSUER.token(aud="https://other.example/")),
    "login signed by another": lambda _: bearer(FakeIssuer().token()),
    "login as session": lambda _: {"Cookie": f"__Host-clipo={ISSUER.token()}"},
    "login for all owners": lambda _: bearer(ISSUER.token(sub="*")),
    "login for a reserved owner": lambda _: bearer(ISSUER.token(sub="$legacy")),
}


@pytest.mark.parametrize("name", REFUSED)
def test_a_credential_that_is_not_accepted_is_refused_everywhere(
    client: TestClient, records: FakeCatalog, api_keys: FakeApiKeys, name: str
) -> None:
    headers = REFUSED[name](api_keys)
    before = dict(records.videos)
    for method, path in [*GUARDED, *(("GET", path) for path in ODD_PATHS)]:
        response = call(client, method, path, headers)
        assert problem(response)["code"] == "unauthenticated", (method, path, response.text)
        assert response.status_code == 401
        assert response.headers["www-authenticate"] == "Bearer"
        assert ROOT.secret not in response.text
        if method == "GET":
            head = call(client, "HEAD", path, headers)
            assert (head.status_code, head.content) == (401, b""), path
    assert records.videos == before


@pytest.mark.parametrize("scope", Scope)
@pytest.mark.parametrize("kind", ["key", "token", "session"])
def test_each_scope_opens_its_routes_only(
    client: TestClient, api_keys: FakeApiKeys, scope: Scope, kind: str
) -> None:
    headers = scoped(api_keys, kind, scope)
    has = set() if scope is ADMIN and kind != "key" else {scope}
    for (method, path), needed in GUARDED.items():
        response = call(client, method, path, headers)
        if has & needed or needed is EVERY_CALLER:
            assert response.status_code not in (401, 403), (method, path, response.text)
        else:
            body = problem(response)
            assert (body["status"], body["code"]) == (403, "forbidden"), (method, path)
            assert any(one in body["detail"] for one in needed), "it names the scope"
        head = call(client, "HEAD", path, headers)
        if method == "GET":
            assert head.status_code == response.status_code, path


def scoped(keys: FakeApiKeys, kind: str, *scopes: Scope) -> dict[str, str]:
    """Return the headers of a caller with these scopes."""
    key = issue(keys, scopes=frozenset(scopes))
    if kind == "key":
        return bearer(key.key)
    if kind == "token":
        return bearer(key.token(scope=" ".join(Scope)))
    made = session(key, scope=" ".join(Scope))
    return {"Cookie": f"__Host-clipo={made}", "Origin": "https://testserver"}


@pytest.mark.parametrize("path", MORE_ODD_PATHS)
@pytest.mark.parametrize("method", ["GET", "HEAD", "POST", "DELETE"])
def test_no_other_way_to_write_a_path_is_public(client: TestClient, method: str, path: str) -> None:
    assert call(client, method, path).status_code == 401


@pytest.mark.parametrize("path", IN_PUBLIC_FOLDERS)
@pytest.mark.parametrize("method", ["GET", "POST", "DELETE"])
def test_no_path_leads_out_of_the_public_folders(
    client: TestClient, records: FakeCatalog, method: str, path: str
) -> None:
    for headers in ({}, bearer(admin_token())):
        assert call(client, method, path, headers).status_code in (404, 405)
    assert ID in records.videos


@pytest.mark.parametrize("path", [*ODD_PATHS, *MORE_ODD_PATHS])
def test_no_other_way_to_write_a_path_avoids_the_scopes(
    client: TestClient, api_keys: FakeApiKeys, path: str
) -> None:
    response = call(client, "GET", path, scoped(api_keys, "key", ADMIN))
    assert response.status_code in (307, 403, 404), path


def test_no_header_makes_a_request_another_one(
    client: TestClient, records: FakeCatalog, api_keys: FakeApiKeys
) -> None:
    reader = scoped(api_keys, "key", READ)
    for name in METHOD_HEADERS:
        assert call(client, "GET", f"/videos/{ID}", reader | {name: "DELETE"}).status_code == 200
        assert call(client, "DELETE", f"/videos/{ID}", reader | {name: "GET"}).status_code == 403
    assert ID in records.videos


def test_a_login_opens_what_the_operator_has_chosen(client: TestClient) -> None:
    for (method, path), needed in GUARDED.items():
        response = call(client, method, path, bearer(ISSUER.token(scope="admin")))
        opens = needed & LOGIN.scopes or needed is EVERY_CALLER
        forbidden = not opens or path in ("/owners/export", "/owners/erase", "/tokens")
        if forbidden:
            assert response.status_code in (403, 422), (method, path)
        else:
            assert response.status_code not in (401, 403), (method, path)


def test_an_admin_token_opens_everything(client: TestClient) -> None:
    for method, path in GUARDED:
        response = call(client, method, path, bearer(admin_token()))
        assert response.status_code not in (401, 403), (method, path)


def test_a_token_for_one_video_opens_the_routes_of_this_video_only(
    client: TestClient, api_keys: FakeApiKeys
) -> None:
    key = issue(api_keys)
    for (method, path), needed in GUARDED.items():
        same = call(client, method, path, bearer(key.token(vid=ID)))
        if needed is EVERY_CALLER:
            continue
        if "{video_id}" in path:
            assert same.status_code not in (401, 403), path
        else:
            assert problem(same)["code"] == "forbidden", path
        other = call(client, method, path, bearer(key.token(vid=ID[::-1])))
        assert problem(other)["code"] == "forbidden", (path, needed)


def test_a_route_that_names_no_scopes_fails_at_the_start() -> None:
    router = APIRouter(route_class=ScopedRoute)
    with pytest.raises(TypeError, match=re.escape("/forgotten does not say")):
        router.get("/forgotten")(lambda: None)


WITH_BODY = {
    ("POST", "/videos/{video_id}/upload/sign"): {"method": "PUT"},
    ("PATCH", "/videos/{video_id}"): {"visibility": "public"},
}
OWNED = {row: needed for row, needed in GUARDED.items() if "{video_id}" in row[1]}


@pytest.mark.parametrize("kind", ["bound key", "token", "session", "token for this video", "login"])
def test_another_owners_video_is_as_an_unknown_one(
    client: TestClient,
    records: FakeCatalog,
    objects: FakeStorage,
    api_keys: FakeApiKeys,
    kind: str,
) -> None:
    headers = _bob(api_keys, kind)
    objects.uploads[source_key(ID)] = b"file"
    for method, path in OWNED:
        seen, stored = dict(records.videos), (dict(objects.uploads), dict(objects.thumbnails))
        foreign = call(client, method, path, headers)
        assert (dict(records.videos), records.tombstones) == (seen, {}), path
        assert (dict(objects.uploads), dict(objects.thumbnails)) == stored, path
        records.videos.clear()
        unknown = call(client, method, path, headers)
        records.videos |= seen
        assert _without_request_id(foreign) == _without_request_id(unknown), path
        expected = {"DELETE": 204}.get(method, 422 if (method, path) in WITH_BODY else 404)
        assert foreign.status_code == expected, path
    for (method, path), body in WITH_BODY.items():
        url = f"https://testserver{path.format(video_id=ID)}"
        assert problem(client.request(method, url, json=body, headers=headers))["status"] == 404
    assert (records.videos, records.tombstones) == (seen, {})


def _bob(keys: FakeApiKeys, kind: str) -> dict[str, str]:
    if kind == "bound key":
        return bearer(issue(keys, owner="bob").key)
    if kind == "login":
        return bearer(ISSUER.token(sub="bob"))
    key = issue(keys)
    if kind == "session":
        made = session(key, sub="bob")
        return {"Cookie": f"__Host-clipo={made}", "Origin": "https://testserver"}
    return bearer(key.token(sub="bob", vid=ID if kind == "token for this video" else None))


def _without_request_id(response: httpx2.Response) -> tuple[int, list[tuple[str, str]], str]:
    request_id = response.headers["x-request-id"]
    headers = [(name, value.replace(request_id, "")) for name, value in response.headers.items()]
    return response.status_code, headers, response.text.replace(request_id, "")
