"""Both ways to AWS use the proxies that the environment names."""

import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from functions.adapters.request_failed import RequestFailed
from functions.adapters.sdk.aws import SdkAws
from functions.adapters.signed.aws import SignedAws
from functions.adapters.signed.service import SignedService
from functions.core.settings import SettingsError

QUEUE = "https://sqs.eu-west-1.amazonaws.com/1/queue"
SETTINGS = {
    "AWS_REGION": "eu-west-1",
    "AWS_ACCESS_KEY_ID": "KEY",
    "AWS_SECRET_ACCESS_KEY": "secret",
}


@dataclass
class Proxy:
    """A proxy that refuses every tunnel, and answers plain requests itself."""

    address: str = ""
    asked: list[tuple[str, str | None]] = field(default_factory=list)
    """The request lines without the version, each with its `Proxy-Authorization`."""


@pytest.fixture
def proxy() -> Iterator[Proxy]:
    made = Proxy()

    class Handler(BaseHTTPRequestHandler):
        def answer(self) -> None:
            asked = self.requestline.rpartition(" ")[0]
            made.asked.append((asked, self.headers["Proxy-Authorization"]))
            self.rfile.read(int(self.headers.get("Content-Length", 0)))
            self.send_response(403 if self.command == "CONNECT" else 200)
            self.send_header("Content-Length", "2")
            self.end_headers()
            self.wfile.write(b"{}")

        def log_message(self, *_: object) -> None:
            pass

    for method in ("CONNECT", "GET"):
        setattr(Handler, f"do_{method}", Handler.answer)
    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        made.address = f"user:pass%20word@127.0.0.1:{server.server_address[1]}"
        yield made
        server.shutdown()


def signed(environ: dict[str, str]) -> Callable[[str, str, int], None]:
    return SignedAws(environ).send_message


def sdk(environ: dict[str, str]) -> Callable[[str, str, int], None]:
    return SdkAws(environ).send_message


@pytest.mark.parametrize("way", [signed, sdk])
@pytest.mark.parametrize("name", ["HTTPS_PROXY", "https_proxy"])
def test_a_request_to_aws_asks_the_proxy_for_a_tunnel(
    proxy: Proxy,
    name: str,
    way: Callable[[dict[str, str]], Callable[[str, str, int], None]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    environ = SETTINGS | {name: f"http://{proxy.address}"}
    for key, value in environ.items():
        monkeypatch.setenv(key, value)
    with pytest.raises(RequestFailed):
        way(environ)(QUEUE, "body", 0)
    assert proxy.asked == [
        ("CONNECT sqs.eu-west-1.amazonaws.com:443", "Basic dXNlcjpwYXNzIHdvcmQ=")
    ]


def test_plain_http_goes_through_the_proxy_except_to_named_hosts(proxy: Proxy) -> None:
    environ = SETTINGS | {"HTTP_PROXY": proxy.address, "NO_PROXY": "localhost,.internal"}
    s3 = SignedService.read("s3", environ, attempts=1, read_timeout_s=2)
    assert s3.send("GET", "http://bucket.invalid/key", {}).status == 200
    assert [asked for asked, _ in proxy.asked] == ["GET http://bucket.invalid/key"]
    with pytest.raises(RequestFailed):
        s3.send("GET", "http://localhost:9/", {})
    with pytest.raises(RequestFailed):
        s3.send("GET", "http://s3.internal/", {})
    assert len(proxy.asked) == 1


@pytest.mark.parametrize("wrong", ["socks5://127.0.0.1:9", "http://"])
def test_a_proxy_of_another_kind_is_refused(wrong: str) -> None:
    with pytest.raises(SettingsError, match="HTTPS_PROXY must be an http or https URL"):
        SignedService.read("s3", SETTINGS | {"HTTPS_PROXY": wrong}, attempts=1, read_timeout_s=1)
