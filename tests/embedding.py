"""A web app of another origin that embeds the custom elements, and its backend."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

from functions.core.api_keys import Root
from functions.core.release import RELEASE
from tests.credentials import IssuedKey, admin_token, bearer
from tests.running_stack import RunningStack, running_stack


@dataclass
class App:
    """A web app of another origin: one page, and a backend that gets tokens for its user."""

    port: int = 0
    html: str = ""
    key: IssuedKey | None = None
    api: str = ""
    user: str = "anna"
    status: int = 200
    """What it answers instead of a token, if it denies one."""
    claims: dict[str, str] = field(default_factory=dict)
    """Claims of its tokens that differ."""
    lifetime: timedelta = timedelta(minutes=5)
    asked: int = 0
    """How many tokens it was asked for."""
    broken: set[int] = field(default_factory=set)
    """The requests that get a token which Clipo does not accept."""

    @property
    def origin(self) -> str:
        return f"http://localhost:{self.port}"

    def answer(self) -> dict[str, Any]:
        """Return what `POST /token` answers, as docs/elements.md says."""
        assert self.key
        self.asked += 1
        token = self.key.token(**{"sub": self.user, "scope": "upload read write"} | self.claims)
        return {
            "api": self.api,
            "token": f"{token}x" if self.asked in self.broken else token,
            "deliver_token": self.key.token(sub=self.user, scope="deliver"),
            "expires_at": (datetime.now(UTC) + self.lifetime).isoformat(),
        }


@contextmanager
def served(app: App) -> Iterator[None]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            is_page = self.path == "/"
            self._send(200 if is_page else 404, "text/html", app.html if is_page else "")

        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            assert self.path == "/api/clipo/token"
            answer = app.answer() if app.status == 200 else {}
            self._send(app.status, "application/json", json.dumps(answer))

        def _send(self, status: int, media_type: str, body: str) -> None:
            self.send_response(status)
            self.send_header("Content-Type", f"{media_type}; charset=utf-8")
            self.send_header("Content-Length", str(len(body.encode())))
            self.end_headers()
            self.wfile.write(body.encode())

        def log_message(self, *_: Any) -> None:  # keep the tests' output short
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        app.port = server.server_port
        thread = Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield
        server.shutdown()
        thread.join()


@contextmanager
def closed_stack(app: App, home: Path) -> Iterator[RunningStack]:
    """Run a stack that needs keys, and give one to an app."""
    with running_stack(home, ACCESS="keys") as stack:
        root = Root(1, (stack.home / "root_secret").read_text())
        body = {"name": "app", "owner": "anna"}
        made = stack.client.post("/keys", json=body, headers=bearer(admin_token(root))).json()
        stack.client.headers |= bearer(made["key"])
        app.key = IssuedKey(made["id"], made["key"], made["signing_secret"])
        app.api = stack.api
        yield stack


def page_with(stack: RunningStack, body: str) -> str:
    """Return a page under the policy that docs/elements.md gives."""
    storage = stack.addresses["s3"]
    policy = (
        f"default-src 'none'; script-src {stack.api}; connect-src 'self' {stack.api} {storage};"
        f" img-src data: {stack.api} {storage}; media-src {storage}"
    )
    hashes = stack.client.get(f"/elements/{RELEASE}/integrity.json").json()
    scripts = "".join(
        f'<script type="module" crossorigin src="{stack.api}/elements/{RELEASE}/{name}"'
        f' integrity="{digest}"></script>'
        for name, digest in hashes.items()
    )
    return (
        '<!doctype html><html lang="en"><head><title>App</title><link rel="icon" href="data:,">'
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">{scripts}</head>'
        f"<body><main><h1>App</h1>{body}</main></body></html>"
    )
