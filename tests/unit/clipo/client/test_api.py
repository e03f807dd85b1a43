import asyncio
import re
import time
from collections.abc import Callable
from email.utils import format_datetime, parsedate_to_datetime
from pathlib import Path
from socket import gaierror
from typing import Any

import httpx2
import pytest

from clipo.cli.deployment import compare_clocks
from clipo.cli.finding import State
from clipo.client import logins, profiles
from clipo.client.api import Api, unreachable
from clipo.client.credentials import Credential
from clipo.client.faults import Fault, GatewayFailed, NotClipo, Problem, Unreachable, retry
from clipo.errors import Misuse

_PROBLEM = {"title": "No", "detail": "Not so.", "code": "no", "request_id": "abc", "status": 404}


@pytest.fixture(autouse=True)
def _config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The test's own logins and profiles instead of the user's."""
    monkeypatch.setattr("platformdirs.user_config_path", lambda name: tmp_path / name)


def asked(
    answer: httpx2.Response | Exception,
    what: Callable[[Api], Any],
    address: str = "http://localhost:8000",
) -> Any:
    def respond(_: httpx2.Request) -> httpx2.Response:
        if isinstance(answer, Exception):
            raise answer
        return answer

    async def ask() -> Any:
        async with httpx2.AsyncClient(transport=httpx2.MockTransport(respond)) as http:
            return await what(Api(address, http))

    return asyncio.run(ask())


def test_a_problem_is_shown_with_its_code_and_request_id() -> None:
    with pytest.raises(Problem) as caught:
        asked(httpx2.Response(404, json=_PROBLEM), lambda api: api.get("x"))
    assert str(caught.value) == "Not so. (no, request abc)"
    assert not caught.value.transient


def test_an_invalid_field_is_named_without_its_place_in_the_request() -> None:
    invalid = {
        "code": "invalid_request",
        "detail": "body.owner: Too long; query.limit: No; body.codes.0: Odd",
    }
    with pytest.raises(Problem, match=r"^owner: Too long; limit: No; codes: Odd \("):
        asked(httpx2.Response(422, json=_PROBLEM | invalid), lambda api: api.get("x"))


@pytest.mark.parametrize(
    "answer",
    [
        httpx2.Response(200, html="<h1>It works!</h1>"),
        httpx2.Response(404, html="nothing"),
        httpx2.Response(200, json=[]),
        httpx2.Response(200, content=b""),
        httpx2.Response(200, content=b"[" * 200_000),
        httpx2.Response(401, json={"message": "Unauthorized"}),
    ],
)
def test_a_response_of_another_program_is_not_clipo(answer: httpx2.Response) -> None:
    with pytest.raises(NotClipo, match="is not Clipo"):
        asked(answer, lambda api: api.page(limit=1))


@pytest.mark.parametrize(
    "answer",
    [
        httpx2.Response(429, json={"message": "Too Many Requests"}),
        httpx2.Response(500, json={"message": "Internal Server Error"}),
        httpx2.Response(502, html="<h1>Bad gateway</h1>"),
        httpx2.Response(503, content=b""),
    ],
)
def test_a_fault_of_a_gateway_passes(answer: httpx2.Response) -> None:
    with pytest.raises(GatewayFailed, match="or a gateway in front of it, answered") as caught:
        asked(answer, lambda api: api.page(limit=1))
    assert caught.value.transient


def test_a_page_in_place_of_the_api_may_be_a_log_in_page() -> None:
    answer = httpx2.Response(401, html="<h1>Log in</h1>")
    with pytest.raises(NotClipo, match=r"401 with text/html.*If that is the log-in page"):
        asked(answer, lambda api: api.health(), address="https://x.example")
    with pytest.raises(NotClipo, match=r"which program uses that port\.$"):
        asked(answer, lambda api: api.health())


@pytest.mark.parametrize(
    ("location", "said"),
    [
        (
            "https://x.example/clipo/videos?limit=1",
            "Use that address: --api https://x.example/clipo",
        ),
        ("https://user:secret@new.example/videos", "Use that address: --api https://new.example"),
        (
            "https://id.example/authorize?to=https%3A%2F%2Fx.example",
            "redirects to https://id.example/authorize, which is not the API. If that",
        ),
        ("/log-in", "redirects to https://x.example/log-in, which is not the API."),
        ("http://new.example/$(id)/videos", "that address: --api 'http://new.example/$(id)'"),
        ("http://new.example;id/videos#x", "Use that address: --api 'http://new.example;id'"),
        ("http://new.example/#/videos", "http://new.example, which is not the API."),
        ("javascript:alert(1)/videos", "https://x.example redirects to an invalid web address."),
        ("ftp://new.example/videos", "https://x.example redirects to an invalid web address."),
        ("", "https://x.example redirects to itself. Check the address"),
        ("/videos/", "https://x.example redirects to itself."),
        ("https://x.example:443/videos", "https://x.example redirects to itself."),
        ("https://new.example/videos/", "Use that address: --api https://new.example"),
        ("//new\x1b[31m/videos", "https://x.example redirects to an invalid web address."),
        ("http://[::1/videos", "https://x.example redirects to an invalid web address."),
        ("http://new.example:99999/videos", "redirects to an invalid web address."),
    ],
)
def test_a_redirect_to_the_api_is_told_from_one_to_a_log_in_page(location: str, said: str) -> None:
    answer = httpx2.Response(302, headers={"Location": location})
    with pytest.raises(NotClipo, match=re.escape(said)) as caught:
        asked(answer, lambda api: api.page(limit=1), address="https://user:secret@x.example")
    assert "secret" not in str(caught.value)


def test_the_command_to_log_in_has_the_address_as_one_word() -> None:
    answer = httpx2.Response(401, json=_PROBLEM | {"code": "unauthenticated"})
    with pytest.raises(Problem, match=re.escape("clipo login --api 'http://x/$(id)' (or")):
        asked(answer, lambda api: api.me(), address="http://x/$(id)")


@pytest.mark.parametrize(
    ("address", "error", "said"),
    [
        ("http://localhost:1", httpx2.ConnectError("refused"), "Start the local stack: clipo up"),
        (
            "https://localhost:1",
            httpx2.ConnectError("[SSL: WRONG_VERSION] x"),
            "with http://?",
        ),
        ("https://x.example", httpx2.ConnectError("[SSL: CERTIFICATE_VERIFY] x"), "certificate"),
        (
            "http://localhost:1",
            httpx2.ReadError(""),
            "was closed. If this persists,",
        ),
        ("https://x.example", httpx2.ConnectError("no name"), "no name. Check the address"),
    ],
)
def test_an_unreachable_address_says_what_to_check(
    address: str, error: httpx2.HTTPError, said: str
) -> None:
    assert said in str(unreachable(address, error))


def test_an_unknown_host_is_called_so() -> None:
    error = httpx2.ConnectError("[Errno -2] Name or service not known")
    error.__cause__ = OSError()
    error.__cause__.__context__ = gaierror(-2, "Name or service not known")
    said = str(unreachable("https://clips.example", error))
    assert said.startswith("No answer from https://clips.example: the host cannot be found. ")
    assert "Errno" not in said


def test_who_is_logged_in_elsewhere_is_told_so() -> None:
    def said() -> str:
        return str(unreachable("http://127.0.0.1:8000", httpx2.ConnectError("refused")))

    assert "logged in" not in said()
    logins.save("https://video.example", "clipo_sk_one")
    assert said().endswith(" You are logged in at https://video.example: add --api.")
    profiles.save("work", "https://video.example")
    assert said().endswith(" Your profiles: work (--profile NAME).")


def test_a_password_for_a_proxy_is_sent_and_never_shown() -> None:
    seen: list[str] = []

    def refuse(request: httpx2.Request) -> httpx2.Response:
        seen.append(request.headers["authorization"])
        raise httpx2.ConnectError("no name")

    async def ask() -> None:
        async with httpx2.AsyncClient(transport=httpx2.MockTransport(refuse)) as http:
            await Api("https://user:secret@x.example", http).me()

    with pytest.raises(Unreachable, match=r"^No answer from https://x\.example: ") as caught:
        asyncio.run(ask())
    assert "secret" not in str(caught.value)
    assert seen == ["Basic dXNlcjpzZWNyZXQ="]


def test_a_command_that_the_api_names_is_called_as_this_one(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr("sys.argv", [str(tmp_path / "clipo")])
    answer = httpx2.Response(404, json=_PROBLEM | {"detail": "`clipo keys list` shows all keys."})
    with pytest.raises(Problem, match=f"`{tmp_path}/clipo keys list` shows all keys"):
        asked(answer, lambda api: api.revoke_key("x"))


def test_an_address_with_a_path_too_many_is_explained() -> None:
    answer = httpx2.Response(404, json=_PROBLEM | {"code": "route_not_found"})
    with pytest.raises(NotClipo, match=r"should end before /docs\."):
        asked(answer, lambda api: api.page(limit=1), address="http://localhost:8000/docs")


def test_the_health_of_another_service_is_not_clipos() -> None:
    with pytest.raises(NotClipo):
        asked(httpx2.Response(200, json={"message": "fine"}), lambda api: api.health())


@pytest.mark.parametrize("text", ["", ".", "..", "../videos?a#b", "a/b", "a b", "a\n", "%2e%2e"])
@pytest.mark.parametrize(
    "call",
    [
        Api.get,
        Api.delete,
        Api.thumbnail,
        Api.source,
        Api.revoke_key,
        Api.remove_receiver,
        Api.test_receiver,
        Api.delivery,
        Api.resend,
    ],
)
def test_a_text_that_cannot_be_an_id_is_never_sent(call: Callable[..., Any], text: str) -> None:
    with pytest.raises(Misuse, match="is not an id"):
        asked(AssertionError("sent"), lambda api: call(api, text))


def test_ids_of_all_kinds_are_sent_as_they_are() -> None:
    paths = []

    def respond(request: httpx2.Request) -> httpx2.Response:
        paths.append(request.url.raw_path.decode())
        return httpx2.Response(204)

    async def ask() -> None:
        async with httpx2.AsyncClient(transport=httpx2.MockTransport(respond)) as http:
            api = Api("http://x", http)
            await api.delete("6b03911acf2b20c6f6841702", purge=True)
            await api.revoke_key("3kTMd9vQxYaB")
            await api.remove_receiver("rcv_6b03911acf2b20c6f6841703")
            with pytest.raises(NotClipo):
                await api.resend("msg_6b03911acf2b20c6f6841703.settings")

    asyncio.run(ask())
    assert paths == [
        "/videos/6b03911acf2b20c6f6841702?purge=true",
        "/keys/3kTMd9vQxYaB",
        "/webhooks/rcv_6b03911acf2b20c6f6841703",
        "/webhooks/deliveries/msg_6b03911acf2b20c6f6841703.settings/resend",
    ]


class TestCredential:
    """An API that sends the thumbnail from a storage of another origin."""

    _SECRET = "clipo_sk_secret"

    def sent_by(
        self, question: Callable[[Api], Any], answer: httpx2.Response, **options: Any
    ) -> list[tuple[str, str | None]]:
        """Return the host and the credential of each request."""
        sent = []

        def respond(request: httpx2.Request) -> httpx2.Response:
            sent.append((request.url.host, request.headers.get("authorization")))
            return answer if request.url.host == "api" else httpx2.Response(200, content=b"JPEG")

        async def ask() -> None:
            credential = Credential("a test", lambda: self._SECRET)
            async with httpx2.AsyncClient(transport=httpx2.MockTransport(respond)) as http:
                await question(Api("http://api", http, credential=credential, **options))

        asyncio.run(ask())
        return sent

    def test_each_request_to_the_api_has_it(self) -> None:
        answer = httpx2.Response(201, json={"id": "x"})
        sent = self.sent_by(
            lambda api: api.announce(filename="a.mp4", size=1, idempotency_key="key"), answer
        )
        assert sent == [("api", f"Bearer {self._SECRET}")]

    def test_the_storage_to_which_the_api_redirects_does_not_get_it(self) -> None:
        answer = httpx2.Response(307, headers={"Location": "http://storage/thumbnail?signature=x"})
        sent = self.sent_by(lambda api: api.thumbnail("x"), answer)
        assert sent == [("api", f"Bearer {self._SECRET}"), ("storage", None)]

    def test_no_other_redirect_is_followed(self) -> None:
        answer = httpx2.Response(307, headers={"Location": "http://elsewhere/videos"})

        async def question(api: Api) -> None:
            with pytest.raises(NotClipo):
                await api.page(limit=1)

        assert [host for host, _ in self.sent_by(question, answer)] == ["api"]

    @pytest.mark.parametrize(
        ("code", "source", "said"),
        [
            ("unauthenticated", None, "The API needs a credential. Log in: clipo login --api http"),
            ("unauthenticated", "a test", "Clipo refuses a test: Not so. Get another one. ("),
            ("forbidden", "a test", "Not so. The credential comes from a test. Get another one. ("),
        ],
    )
    def test_a_refusal_says_what_to_do_and_shows_no_secret(
        self, code: str, source: str | None, said: str
    ) -> None:
        answer = httpx2.Response(401, json=_PROBLEM | {"code": code})
        given = Credential(source, lambda: self._SECRET, "Get another one.") if source else None

        async def question(api: Api) -> None:
            api.credential = given
            with pytest.raises(Problem) as caught:
                await api.me()
            assert said in str(caught.value)
            assert self._SECRET not in str(caught.value) + repr(given)

        self.sent_by(question, answer)


class TestRetry:
    @pytest.fixture(autouse=True)
    def quick(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("clipo.client.faults._FIRST_WAIT_S", 0)
        monkeypatch.setattr("clipo.client.faults._LONGEST_WAIT_S", 0)

    @pytest.mark.parametrize(
        ("error", "tries"),
        [
            (Unreachable("cut"), 8),
            (Unreachable("no server", refused=True), 8),
            (Fault("wrong"), 1),
        ],
    )
    def test_transient_faults_are_retried(self, error: Fault, tries: int) -> None:
        assert self.tries(error) == tries

    def test_a_refused_connection_is_not_retried_if_so_asked(self) -> None:
        refused = Unreachable("no server", refused=True)
        assert self.tries(refused, if_refused=False) == 1
        assert self.tries(Unreachable("cut"), if_refused=False) == 8

    def tries(self, error: Fault, *, if_refused: bool = True) -> int:
        tried = 0

        async def attempt() -> None:
            nonlocal tried
            tried += 1
            raise error

        with pytest.raises(type(error)):
            asyncio.run(retry(attempt, if_refused=if_refused))
        return tried


@pytest.mark.parametrize(
    ("off_s", "state"), [(3, State.OK), (-200, State.WARNING), (700, State.BROKEN)]
)
def test_clocks_that_differ_are_found(off_s: int, state: State) -> None:
    now = parsedate_to_datetime("Wed, 25 Nov 2026 05:00:00 GMT")
    request = httpx2.Request("GET", "http://s3.example/")
    answer = httpx2.Response(
        403, headers={"Date": format_datetime(now, usegmt=True)}, request=request
    )
    assert compare_clocks("Clock", answer, "this machine", now.timestamp() + off_s).state is state
    assert compare_clocks("Clock", httpx2.Response(403, request=request), "x", time.time()).fix
