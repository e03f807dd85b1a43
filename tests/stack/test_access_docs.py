"""docs/access.md: each recipe runs as it stands, and its tokens are good at a closed stack."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx2
import playwright
import pytest
import trustme

from functions.core.tokens import sign
from tests.browsers import NODE_MODULES
from tests.credentials import bearer, claims_with
from tests.documented import ACCESS_DOCS, recipe
from tests.issuer_server import IssuerServer, issuer_on_https
from tests.issuers import AUDIENCE
from tests.running_stack import RunningStack, running_stack
from tests.servers import Server, reserved_port

_NODE = Path(playwright.__file__).parent / "driver" / "node"
_FLASK_LOGIN = """
from flask import request

def signed_in_user():
    return request.headers["X-User"]

app.run(port=int(os.environ["PORT"]))
"""
_EXPRESS_LOGIN = """
function signedInUser(request) {
  return request.get("X-User");
}
"""


@pytest.fixture(scope="module")
def issuer() -> Iterator[IssuerServer]:
    """The issuer of the reader's own login."""
    with issuer_on_https(trustme.CA()) as server:
        yield server


@pytest.fixture(scope="module")
def closed(
    tmp_path_factory: pytest.TempPathFactory, issuer: IssuerServer
) -> Iterator[RunningStack]:
    folder = tmp_path_factory.mktemp("closed")
    issuer.authority.cert_pem.write_to_path(folder / "ca.pem")
    with running_stack(
        folder / "stack",
        ACCESS="keys",
        OIDC_ISSUER=issuer.url,
        OIDC_AUDIENCE=AUDIENCE,
        SSL_CERT_FILE=str(folder / "ca.pem"),
    ) as stack:
        yield stack


@pytest.fixture(scope="module")
def secrets(closed: RunningStack, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The environment of the reader's server, which the commands of the document make."""
    if not shutil.which("jq"):
        pytest.skip("jq is not installed")
    names = ("CLIPO_KEY_ID", "CLIPO_SIGNING_SECRET")
    finished = subprocess.run(
        [
            "sh",
            "-euc",
            recipe("In your own server", ACCESS_DOCS)["sh"] + f"printenv {names[0]} {names[1]}",
        ],
        cwd=tmp_path_factory.mktemp("server"),
        env=os.environ
        | {
            "CLIPO_HOME": str(closed.home),
            "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        },
        capture_output=True,
        text=True,
        check=True,
    )
    return dict(zip(names, finished.stdout.split(), strict=True))


@contextmanager
def serving(command: list[str], secrets: dict[str, str]) -> Iterator[httpx2.Client]:
    """Run the reader's server, and yield a client of it."""
    with reserved_port(29500) as port:
        server = Server(command, port, environ=os.environ | secrets | {"PORT": str(port)})
        server.start()
    try:
        with httpx2.Client(base_url=f"http://127.0.0.1:{port}", timeout=60) as client:
            yield client
    finally:
        server.stop()


def assert_tokens_are_good(token_of: httpx2.Client, closed: RunningStack) -> None:
    """A user uploads with the server's token, and another one does not see that."""
    anna, ben = (
        bearer(token_of.post("/clipo-token", headers={"X-User": user}).json()["token"])
        for user in ("anna", "ben")
    )
    body = {"filename": "clip.mp4", "size": 1}
    made = closed.client.post("/videos", json=body, headers=anna)
    assert (made.status_code, made.json()["owner"]) == (201, "anna"), made.text
    path = f"/videos/{made.json()['id']}"
    assert closed.client.get(path, headers=anna).status_code == 200
    assert closed.client.get(path, headers=ben).status_code == 404
    assert closed.client.post(f"{path}/retry", headers=anna).status_code == 403


def test_flask(closed: RunningStack, secrets: dict[str, str], tmp_path: Path) -> None:
    (tmp_path / "server.py").write_text(recipe("Flask", ACCESS_DOCS)["python"] + _FLASK_LOGIN)
    with serving([sys.executable, str(tmp_path / "server.py")], secrets) as server:
        assert_tokens_are_good(server, closed)


@pytest.fixture
def node_folder(tmp_path: Path) -> Path:
    """A folder with the npm packages of the recipe."""
    if not (NODE_MODULES / "jose").is_dir():
        pytest.skip("Express and jose are not installed: run make setup")
    (tmp_path / "node_modules").symlink_to(NODE_MODULES)
    return tmp_path


def test_express(closed: RunningStack, secrets: dict[str, str], node_folder: Path) -> None:
    code = recipe("Express and Next.js", ACCESS_DOCS)["js"]
    listen = 'app.listen(Number(process.env.PORT), "127.0.0.1");\n'
    (node_folder / "server.mjs").write_text(code + _EXPRESS_LOGIN + listen)
    with serving([str(_NODE), str(node_folder / "server.mjs")], secrets) as server:
        assert_tokens_are_good(server, closed)


def test_next_js(closed: RunningStack, secrets: dict[str, str], node_folder: Path) -> None:
    """A route of Next.js is a function from the web's Request to its Response."""
    by_language = recipe("Express and Next.js", ACCESS_DOCS)
    call = """
    const request = { get: () => "anna" };
    console.log((await (await POST(request)).json()).token);
    """
    code = by_language["js"] + by_language["ts"] + _EXPRESS_LOGIN + call
    (node_folder / "route.mjs").write_text(code)
    finished = subprocess.run(
        [_NODE, "route.mjs"],
        cwd=node_folder,
        env=os.environ | secrets,
        capture_output=True,
        text=True,
        check=False,
    )
    assert finished.returncode == 0, finished.stderr
    me = closed.client.get("/me", headers=bearer(finished.stdout.strip())).json()
    assert (me["owner"], me["scopes"]) == ("anna", ["upload", "read", "deliver"])


def test_the_page(closed: RunningStack, secrets: dict[str, str], tmp_path: Path) -> None:
    """The page's script, with a token of the server's."""
    page = recipe("In the page", ACCESS_DOCS)["html"]
    script = page.partition('<script type="module">')[2].partition("</script>")[0]
    token = sign(
        claims_with(sub="anna"),
        kid=secrets["CLIPO_KEY_ID"],
        secret=secrets["CLIPO_SIGNING_SECRET"],
    )
    browser = """
    const send = globalThis.fetch;
    globalThis.fetch = async (address, options) =>
      address === "/clipo-token"
        ? Response.json({ token: process.env.TOKEN })
        : send(address.replace("https://video.example.com", process.env.API), options);
    """
    (tmp_path / "page.mjs").write_text(browser + script + "console.log(videos.status);\n")
    finished = subprocess.run(
        [_NODE, "page.mjs"],
        cwd=tmp_path,
        env=os.environ | {"TOKEN": token, "API": closed.api},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (finished.returncode, finished.stdout) == (0, "200\n"), finished.stderr


def test_your_own_login(closed: RunningStack, issuer: IssuerServer) -> None:
    """The local stack takes the tokens of an issuer over HTTPS."""
    anna, ben = (bearer(issuer.issuer.token(sub=user)) for user in ("anna", "ben"))
    made = closed.client.post("/videos", json={"filename": "clip.mp4", "size": 1}, headers=anna)
    assert (made.status_code, made.json()["owner"]) == (201, "oidc:anna"), made.text
    path = f"/videos/{made.json()['id']}"
    assert closed.client.get(path, headers=anna).status_code == 200
    assert closed.client.get(path, headers=ben).status_code == 404
    assert closed.client.delete(path, headers=anna).status_code == 403
    lie = bearer(issuer.issuer.token(aud="https://other.example.com"))
    assert closed.client.get(path, headers=lie).status_code == 401


def test_limits_for_each_plan(
    closed: RunningStack, secrets: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in (secrets | {"CLIPO_API": closed.api}).items():
        monkeypatch.setenv(name, value)
    server: dict[str, Any] = {}
    exec(recipe("With limits for each plan", ACCESS_DOCS)["python"], server)
    free = server["clipo_token"]("carl", "free")
    for _ in range(2):
        assert server["announce"](free, "clip.mp4", 5)["owner"] == "carl"
    with pytest.raises(ValueError, match=r"Your quota is used up: it allows 2 videos.*'videos': 0"):
        server["announce"](free, "clip.mp4", 5)
    paid = server["clipo_token"]("carl", "paid")
    assert server["announce"](paid, "clip.mp4", 600_000_000)["status"] == "pending"
    with pytest.raises(ValueError, match="your token allows 500,000,000"):
        server["announce"](free, "clip.mp4", 600_000_000)
