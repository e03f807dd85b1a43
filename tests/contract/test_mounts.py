"""The mounts for web servers: each does the same, with the code of docs/embed.md."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx2
import pytest
from standardwebhooks import Webhook

from clipo.errors import Misuse
from clipo.server import verify_webhook
from functions.core.access import DEFAULT_SCOPES, Scope
from functions.core.tokens import read_claims, read_token
from tests.documented import EMBED_DOCS, recipe
from tests.node_package import NODE, node_folder
from tests.receivers import SECRET
from tests.servers import Server, reserved_port

_KEY = "abcdefghijkl"
_SIGNING_SECRET = "s" * 43
_NEW_SECRET = "whsec_bmV3c2VjcmV0bmV3c2VjcmV0bmV3c2VjcmV0bmV3"
_BODY = {
    "type": "video.done",
    "timestamp": "2026-11-22T12:04:27.250Z",
    "data": {"id": "6b03911acf2b20c6f6841702", "owner": "anna", "filename": "größe.mp4"},
}
_PYTHON = """
import json, os, pathlib
from clipo.server import Forbidden, Grant

def signed_in_user(request):
    if wrong := request.headers.get("X-Wrong"):
        return Grant("teacher", **json.loads(wrong))
    if request.headers.get("X-User") == "stranger":
        return Forbidden()
    if request.headers.get("X-User") == "pupil":
        return Grant("teacher", scope="read", video_id="6b03911acf2b20c6f6841702", max_videos=3)
    return request.headers.get("X-User")

def save(event):
    if event.video["filename"] == "fails.mp4" and not pathlib.Path("repaired").exists():
        raise OSError("The database of the app is down.")
    with open("saved.txt", "a") as file:
        file.write(f"{event.id} {event.video['owner']}\\n")

PORT = int(os.environ["PORT"])
"""
_FLASK = """
from clipo.flask import mount
from flask import Flask, request

app = Flask(__name__)
app.register_blueprint(
    mount(owner=lambda: signed_in_user(request), on_done=save), url_prefix="/api/clipo"
)
app.run(port=PORT)
"""
_SERVE_FASTAPI = """
import uvicorn

uvicorn.run(app, port=PORT)
"""
_SERVE_DJANGO = """
from wsgiref.simple_server import make_server

from django.conf import settings
from django.core.wsgi import get_wsgi_application

settings.configure(ROOT_URLCONF=__name__, ALLOWED_HOSTS=["127.0.0.1"])
make_server("127.0.0.1", PORT, get_wsgi_application()).serve_forever()
"""
_NODE = """
import {appendFileSync, existsSync} from "node:fs";
import {createServer} from "node:http";

const grant = {owner: "teacher", scope: "read", videoId: "6b03911acf2b20c6f6841702", maxVideos: 3};
const names = {video_id: "videoId", max_videos: "maxVideos"};
const wronged = (wrong) => Object.fromEntries(
  Object.entries(JSON.parse(wrong)).map(([name, value]) => [names[name] ?? name, value]));
const others = {pupil: grant, stranger: {forbidden: true}};
const granted = (user, wrong) =>
  wrong ? {owner: "teacher", ...wronged(wrong)} : others[user] ?? user;
const signedInUser = ({headers}) => granted(headers.get("x-user"), headers.get("x-wrong"));

function save(event) {
  if (event.video.filename === "fails.mp4" && !existsSync("repaired")) {
    throw new Error("The database of the app is down.");
  }
  appendFileSync("saved.txt", `${event.id} ${event.video.owner}\\n`);
}
"""
_SERVE_NEXT = """
createServer(async (incoming, outgoing) => {
  const {method, headers} = incoming;
  if (method !== "POST") return outgoing.writeHead(405).end();  // as Next.js does
  const url = `http://${headers.host}${incoming.url}`;
  try {
    const sent = new Request(url, {method, headers, body: incoming, duplex: "half"});
    const response = await POST(sent);
    outgoing.writeHead(response.status, Object.fromEntries(response.headers));
    outgoing.end(await response.text());
  } catch {
    outgoing.writeHead(500).end();
  }
}).listen(Number(process.env.PORT), "127.0.0.1");
"""
_EXPRESS = """
import express from "express";
import {clipo} from "clipo";

const app = express();
const owner = (request) => granted(request.get("x-user"), request.get("x-wrong"));
app.use("/api/clipo", clipo().express({owner, onDone: save}));
app.use(express.json());
app.listen(Number(process.env.PORT), "127.0.0.1");
"""
_VERIFY = """
import {verifyWebhook} from "clipo";

const now = String(Math.floor(Date.now() / 1000));
const given = {"webhook-id": "msg", "webhook-timestamp": now, "webhook-signature": "v1,x"};
verifyWebhook(Buffer.from("{}"), (name) => given[name], process.argv[2]);
"""


class App:
    """A running server with a mount."""

    def __init__(self, name: str, folder: Path, client: httpx2.Client) -> None:
        self.name = name
        self.folder = folder
        self.client = client

    def token(self, **headers: str) -> httpx2.Response:
        sent = {"X-User": "anna"} | {
            name.replace("_", "-"): value for name, value in headers.items()
        }
        return self.client.post("/api/clipo/token", headers=sent)

    def deliver(
        self,
        event_id: str,
        *,
        secret: str = SECRET,
        age_s: int = 0,
        filename: str = "größe.mp4",
        **sent: Any,
    ) -> int:
        """Send a webhook as Clipo does; return the status."""
        content = {**_BODY, "data": {**_BODY["data"], "filename": filename}}  # type: ignore[dict-item]
        body = json.dumps(content, ensure_ascii=False)
        at = datetime.now(UTC) - timedelta(seconds=age_s)
        headers = {
            "webhook-id": event_id,
            "webhook-timestamp": str(int(at.timestamp())),
            "webhook-signature": Webhook(secret).sign(event_id, at, body),
            "content-type": "application/json",
        }
        headers |= sent.pop("headers", {})
        return self.client.post(
            "/api/clipo/webhook", content=sent.pop("body", body).encode(), headers=headers
        ).status_code

    def saved(self, event_id: str) -> list[str]:
        """Return what the app has saved of an event."""
        file = self.folder / "saved.txt"
        lines = file.read_text().splitlines() if file.exists() else []
        return [line.partition(" ")[2] for line in lines if line.startswith(f"{event_id} ")]


def _command(name: str, folder: Path) -> list[str]:
    """Write the server with a mount into a folder; return the command that runs it."""
    documented = {"fastapi": "FastAPI", "django": "Django"}
    if name in ("express", "next"):
        code = recipe("Next.js", EMBED_DOCS)["js"] + _SERVE_NEXT if name == "next" else _EXPRESS
        node_folder(folder)
        (folder / "server.mjs").write_text(_NODE + code)
        return [str(NODE), "server.mjs"]
    if name == "flask":
        code = _FLASK
    else:
        serve = _SERVE_FASTAPI if name == "fastapi" else _SERVE_DJANGO
        code = recipe(documented[name], EMBED_DOCS)["python"] + serve
    (folder / "server.py").write_text(_PYTHON + code)
    return [sys.executable, "server.py"]


@pytest.fixture(scope="module", params=["flask", "fastapi", "django", "express", "next"])
def app(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[App]:
    folder = tmp_path_factory.mktemp(request.param)
    command = _command(request.param, folder)
    settings = {
        "CLIPO_API": "https://video.example.com/",
        "CLIPO_API_KEY": f"clipo_sk_{_KEY}_{'x' * 49}",
        "CLIPO_SIGNING_SECRET": _SIGNING_SECRET,
        "CLIPO_WEBHOOK_SECRET": f"{_NEW_SECRET} {SECRET}",
    }
    with reserved_port(29700) as port:
        environ = os.environ | settings | {"PORT": str(port)}
        server = Server(command, port, environ=environ, folder=folder)
        server.start()
    try:
        # A server may close a connection after an error, while the next request is on its way.
        limits = httpx2.Limits(max_keepalive_connections=0)
        url = f"http://127.0.0.1:{port}"
        with httpx2.Client(base_url=url, limits=limits, timeout=60) as client:
            yield App(request.param, folder, client)
    finally:
        server.stop()


def test_the_user_of_the_app_gets_two_tokens(app: App) -> None:
    now = datetime.now(UTC)
    answer = app.token(Sec_Fetch_Site="same-origin")
    assert (answer.status_code, answer.headers["cache-control"]) == (200, "no-store")
    given = answer.json()
    assert given.pop("api") == "https://video.example.com"
    ends = datetime.fromisoformat(given.pop("expires_at"))
    assert now < ends - timedelta(minutes=59) < now + timedelta(minutes=2)
    rights = {"token": {*DEFAULT_SCOPES}, "deliver_token": {Scope.DELIVER}}
    for name, scopes in rights.items():
        token = read_token(given.pop(name))
        assert token.kid == _KEY
        assert token.is_signed_with(_SIGNING_SECRET)
        claims = read_claims(token, now=now)
        assert (claims.owner, set(claims.scopes), claims.expires_at) == ("anna", scopes, ends)
    assert given == {}


def test_a_grant_limits_the_tokens(app: App) -> None:
    given = app.token(X_User="pupil").json()
    claims = {
        name: read_claims(read_token(given[name]), now=datetime.now(UTC))
        for name in ("token", "deliver_token")
    }
    for name, scopes in (("token", {Scope.READ}), ("deliver_token", {Scope.DELIVER})):
        assert (claims[name].owner, set(claims[name].scopes)) == ("teacher", scopes)
        assert claims[name].video_id == _BODY["data"]["id"]  # type: ignore[index]
    assert claims["token"].limits.max_videos == 3


def test_a_user_without_the_right_is_told_so(app: App) -> None:
    answer = app.token(X_User="stranger")
    assert answer.status_code == 403
    assert answer.json()["code"] == "forbidden"


@pytest.mark.parametrize(
    "wrong",
    [
        {"video_id": None},
        {"video_id": ""},
        {"scope": "reed"},
        {"scope": ""},
        {"max_videos": 0},
        {"max_videos": 1.5},
        {"maxvideos": 3},
    ],
)
def test_a_wrong_grant_is_no_wider_one(app: App, wrong: dict[str, Any]) -> None:
    assert app.token(X_Wrong=json.dumps(wrong)).status_code == 500


def test_nobody_gets_a_token_without_a_log_in(app: App) -> None:
    answer = app.token(X_User="")
    assert answer.status_code == 401
    assert answer.headers["content-type"].startswith("application/problem+json")
    assert answer.json()["code"] == "unauthenticated"


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 200),  # not a browser
        ({"Sec_Fetch_Site": "same-origin", "Origin": "https://behind.a.proxy"}, 200),
        ({"Sec_Fetch_Site": "cross-site"}, 403),
        ({"Sec_Fetch_Site": "same-site"}, 403),
        ({"Origin": "http://{host}"}, 200),  # a browser sends no Sec-Fetch-Site over plain HTTP
        ({"Origin": "http://www.example.com"}, 403),
        ({"Origin": "null"}, 403),
        ({"Origin": "http://["}, 403),
    ],
)
def test_pages_of_other_sites_get_no_token(app: App, headers: dict[str, str], status: int) -> None:
    host = app.client.base_url.netloc.decode()
    sent = {name: value.format(host=host) for name, value in headers.items()}
    assert app.token(**sent).status_code == status


def test_the_app_gets_each_event_once(app: App) -> None:
    assert [app.deliver("msg_once") for _ in range(3)] == [204, 204, 204]
    assert app.saved("msg_once") == ["anna"]
    assert app.deliver("msg_other", secret=_NEW_SECRET) == 204
    assert app.saved("msg_other") == ["anna"]


@pytest.mark.parametrize(
    "changes",
    [
        {"body": '{"type": "video.done"}'},
        {"secret": "whsec_b3RoZXJvdGhlcm90aGVyb3RoZXJvdGhlcg=="},
        {"age_s": 301},
        {"age_s": -310},
        {"headers": {"webhook-id": "msg_forged2"}},
        {"headers": {"webhook-signature": ""}},
        {"headers": {"webhook-signature": "v1,größe".encode()}},
        {"headers": {"webhook-timestamp": "now"}},
    ],
)
def test_the_app_gets_no_webhook_that_is_not_clipos(app: App, changes: dict[str, Any]) -> None:
    assert app.deliver("msg_forged", **changes) == 400
    assert app.saved("msg_forged") == app.saved("msg_forged2") == []


def test_a_body_that_no_webhook_has_is_refused(app: App) -> None:
    body = json.dumps(_BODY).ljust((1 << 20) + 1)
    assert app.deliver("msg_large", body=body) == 413
    assert app.saved("msg_large") == []


def test_a_body_without_a_length_is_not_read_to_its_end(app: App) -> None:
    """Django's test server reads no such body at all."""
    chunks = (b"x" * (1 << 16) for _ in range(32))
    answer = app.client.post("/api/clipo/webhook", content=chunks)
    assert answer.status_code == (400 if app.name == "django" else 413)


_EMPTY = ["whsec_", "whsec_!!!", "whsec_c2hvcnQ=", f"{_NEW_SECRET} whsec_"]


@pytest.mark.parametrize("secrets", _EMPTY)
def test_a_secret_that_everybody_knows_is_refused_by_python(secrets: str) -> None:
    headers = {"webhook-id": "msg", "webhook-timestamp": str(int(datetime.now(UTC).timestamp()))}
    with pytest.raises(Misuse, match="24 bytes"):
        verify_webhook(b"{}", headers | {"webhook-signature": "v1,x"}, secrets)


@pytest.mark.parametrize("secrets", _EMPTY)
def test_a_secret_that_everybody_knows_is_refused_by_node(secrets: str, tmp_path: Path) -> None:
    node_folder(tmp_path)
    (tmp_path / "program.mjs").write_text(_VERIFY)
    command = [str(NODE), "program.mjs", secrets]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert "24 bytes" in done.stderr


def test_an_event_that_the_app_could_not_handle_comes_again(app: App) -> None:
    assert app.deliver("msg_retried", filename="fails.mp4") == 500
    assert app.saved("msg_retried") == []
    (app.folder / "repaired").touch()
    assert app.deliver("msg_retried", filename="fails.mp4") == 204
    assert app.saved("msg_retried") == ["anna"]


def test_the_mount_has_no_other_routes(app: App) -> None:
    assert app.client.get("/api/clipo/token").status_code == 405
    assert app.client.post("/api/clipo/other").status_code == 404
