"""Hostile values in every field, parameter, path and header of the running API.

Each gets an answer that says what is wrong: never a 5xx, and nothing but problem documents.
"""

import contextlib
import json
import socket
import uuid
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote, urlsplit

import httpx2
import pytest

from tests.examples import ID
from tests.problems import problem
from tests.running_stack import RunningStack

OPERATORS: list[Any] = [
    {"$gt": ""},
    {"$ne": None},
    {"$where": "sleep(5000)"},
    {"$regex": ".*"},
    [{"$gt": ""}],
    {"$set": {"status": "done"}},
]
WRONG_TYPES: list[Any] = [None, True, [], {}, -1, 0.5, 10**400, -(10**40), "", "5", ["a.mp4"]]
TEXTS = [
    "\x00",
    "a.mp4\x00",
    "\ud800",
    "\udfff.mp4",
    "x" * 50_000,
    "../../etc/passwd",
    "$where",
    "{'$gt': ''}",
    "\u202e\u200b",
    "%00%ff",
    "٣",
]
VALUES = [*OPERATORS, *WRONG_TYPES, *TEXTS]

LITERALS = [
    "1e400",
    "-1e400",
    "NaN",
    "Infinity",
    "-Infinity",
    "9" * 5000,
    "1" + "0" * 400,
    "1e-400",
]
"""Numbers as they stand in a body; the last is 0."""

DEEP = 10_000

GOOD: dict[str, dict[str, Any]] = {
    "/videos": {
        "filename": "a.mp4",
        "size": 5,
        "content_type": "video/mp4",
        "passthrough": "mine",
    },
    "/videos/{id}/upload/sign": {
        "method": "PUT",
        "key": None,
        "uploadId": "an-upload",
        "partNumber": 1,
    },
}
FIELDS = [(path, field) for path, body in GOOD.items() for field in body]
BY_ID = [
    ("GET", "/videos/{}"),
    ("DELETE", "/videos/{}"),
    ("GET", "/videos/{}/thumbnail"),
    ("POST", "/videos/{}/retry"),
    ("POST", "/videos/{}/upload/sign"),
    ("GET", "/video-status/{}"),
    ("GET", "/video-metadata/{}"),
    ("GET", "/thumbnails/{}.jpg"),
]
JSON = {"Content-Type": "application/json"}


@pytest.fixture(scope="module")
def pending(stack: RunningStack) -> Iterator[str]:
    """A video whose upload can be signed."""
    created = stack.client.post("/videos", json={"filename": "a.mp4", "size": 5}).json()
    yield created["id"]
    stack.client.delete(f"/videos/{created['id']}")


def refused(response: httpx2.Response) -> dict[str, Any]:
    assert response.is_client_error, response.text
    return problem(response)


def data_or_refused(response: httpx2.Response, sent: object) -> None:
    """A text is refused, or it is data: what comes back is what was sent."""
    if response.is_success and isinstance(sent, str):
        assert response.json()["passthrough"] == sent
    elif not (response.is_success and sent is None):
        refused(response)


def post(stack: RunningStack, path: str, content: bytes, **headers: str) -> httpx2.Response:
    return stack.client.post(path, content=content, headers=JSON | headers)


@pytest.mark.parametrize("value", VALUES, ids=lambda value: ascii(value)[:30])
@pytest.mark.parametrize(("path", "field"), FIELDS)
def test_a_hostile_value_in_a_field(
    stack: RunningStack, pending: str, path: str, field: str, value: object
) -> None:
    body = json.dumps(GOOD[path] | {field: value}).encode()
    response = post(stack, path.format(id=pending), body)
    if field in ("passthrough", "content_type"):
        sent = value if field == "passthrough" else None
        left_out = value is None or (field == "content_type" and value == "")
        data_or_refused(response, sent if field == "passthrough" or left_out else {})
    elif response.is_success:
        # A key may be left out, and texts of printable characters are ids of uploads to S3.
        assert field in ("key", "uploadId")
        assert value is None or (field == "uploadId" and str(value).isascii())
    else:
        refused(response)


@pytest.mark.parametrize("literal", LITERALS, ids=lambda literal: literal[:12])
@pytest.mark.parametrize(("path", "field"), FIELDS)
def test_a_hostile_number_in_a_field(
    stack: RunningStack, pending: str, path: str, field: str, literal: str
) -> None:
    body = json.dumps(GOOD[path] | {field: "@"}).replace('"@"', literal)
    refused(post(stack, path.format(id=pending), body.encode()))


def bodies(field: str) -> dict[str, bytes]:
    name = field.encode()
    return {
        "deep array": b"[" * DEEP,
        "deep closed array": b"[" * DEEP + b"]" * DEEP,
        "deep object": b'{"a":' * DEEP + b"1" + b"}" * DEEP,
        "deep array in a field": b'{"%b":' % name + b"[" * DEEP + b"]" * DEEP + b"}",
        "deep object in a field": b'{"%b":' % name + b'{"a":' * DEEP + b"1" + b"}" * DEEP + b"}",
        "bad UTF-8 in a field": b'{"%b": "\xff\xfe\xed\xa0\x80"}' % name,
        "bad UTF-8 in a name": b'{"%b\xc3": "a"}' % name,
        "half a character in a name": b'{"%b\\ud800": "a"}' % name,
        "NUL in a name": b'{"%b\\u0000": "a"}' % name,
        "operator for a name": b'{"$%b": "a"}' % name,
        "one name twice": b'{"%b": "a", "%b": "b"}' % (name, name),
        "one name twice, deep": b'{"%b": {"a": 1, "a": 2}}' % name,
        "raw NUL": b'{"%b": "\x00"}' % name,
        "not closed": b'{"%b": ' % name,
        "no object": b'"%b"' % name,
        "null": b"null",
        "nothing": b"",
        "byte order mark": b'\xef\xbb\xbf{"%b": 1}' % name,
        "many names": json.dumps({f"{field}{n}": n for n in range(3000)}).encode(),
        "too large": b'{"%b": "' % name + b"x" * 200_000 + b'"}',
        "UTF-16": json.dumps({field: {"$gt": ""}}).encode("utf-16"),
        "UTF-32, cut": json.dumps({field: 1}).encode("utf-32")[:-3],
    }


@pytest.mark.parametrize("kind", bodies("size"))
@pytest.mark.parametrize(("path", "field"), FIELDS)
def test_a_hostile_body(
    stack: RunningStack, pending: str, path: str, field: str, kind: str
) -> None:
    refused(post(stack, path.format(id=pending), bodies(field)[kind]))


@pytest.mark.parametrize("value", [*OPERATORS, *WRONG_TYPES], ids=lambda value: ascii(value)[:30])
@pytest.mark.parametrize(("path", "field"), FIELDS)
def test_a_hostile_value_does_not_hide_behind_a_good_one_of_its_name(
    stack: RunningStack, pending: str, path: str, field: str, value: object
) -> None:
    good = json.dumps(GOOD[path])
    twice = f'{{"{field}": {json.dumps(value)}, ' + good[1:]
    body = refused(post(stack, path.format(id=pending), twice.encode()))
    assert body["code"] == "malformed_body"


@pytest.mark.parametrize(
    "content_type",
    [
        "",
        "text/plain",
        "application/xml",
        "application/x-www-form-urlencoded",
        "multipart/form-data",
        "multipart/form-data; boundary=",
        "multipart/form-data; boundary=\xff",
        "multipart/form-data; boundary=" + "b" * 5000,
        "application/json; charset=\xff\xfe",
        "application/json; charset=utf-7",
        ";;;=;,",
        "a" * 8000,
    ],
    ids=lambda content_type: ascii(content_type)[:40],
)
@pytest.mark.parametrize("path", [*GOOD, "/upload-video/"])
def test_a_hostile_content_type(
    stack: RunningStack, pending: str, path: str, content_type: str
) -> None:
    response = stack.client.post(
        path.format(id=pending),
        content=b'{"size": {"$gt": ""}, "method": []}',
        headers=[(b"Content-Type", content_type.encode("latin-1"))],
    )
    refused(response)


PATHS = [
    *(quote(text, errors="surrogatepass") for text in TEXTS if len(text) < 1000),
    "x" * 8000,
    "%00",
    "%ff%fe",
    "%ed%a0%80",
    "%C0%AE%C0%AE",
    "%7B%22$gt%22:%22%22%7D",
    "[$ne]",
    "..%2f..%2fetc%2fpasswd",
    f"{ID[:-1]}%20",
    f"%0a{ID[1:]}",
    f"{ID}%00",
    f"{ID}0",
    ID[:-1] + quote("\uff11"),
    "0x" + ID[2:],
    "-" + ID[1:],
    "NaN",
    "null",
    ";",
    "%25%30%30",
]


@pytest.mark.parametrize("text", PATHS, ids=lambda text: text[:30])
@pytest.mark.parametrize(("method", "path"), BY_ID)
def test_a_hostile_id(stack: RunningStack, method: str, path: str, text: str) -> None:
    response = raw(
        stack,
        method,
        path.format(text),
        b'{"method": "PUT"}',
        [(b"Content-Type", b"application/json")],
    )
    assert response.status in range(400, 500), response
    assert response.problem, response


QUERIES = [
    f"{name}={value}"
    for name in ("status", "limit", "cursor")
    for value in [
        *(quote(json.dumps(value)) for value in OPERATORS),
        *(quote(text, errors="surrogatepass") for text in TEXTS if 0 < len(text) < 1000),
        "x" * 8000,
        "%ff%fe",
        "%00",
        "NaN",
        "1e400",
        "9" * 5000,
        "-1",
        "0",
        "done,failed",
        "AAAAAAAAAAAAAAA=",
        "%0d%0aSet-Cookie:a=b",
    ]
]


@pytest.mark.parametrize("query", QUERIES, ids=lambda query: query[:40])
def test_a_hostile_query(stack: RunningStack, query: str) -> None:
    response = raw(stack, "GET", f"/videos?{query}")
    assert response.status in range(400, 500), response
    assert response.problem, response


@pytest.mark.parametrize(
    "query", ["status[$ne]=done", "limit[$gt]=1", "$where=1", "%ff=%ff", "&=&&"]
)
def test_a_query_that_the_list_does_not_know_is_refused(stack: RunningStack, query: str) -> None:
    body = refused(stack.client.get(f"/videos?{query}"))
    assert body["code"] == "invalid_request"


KEYS = [
    b"",
    b" ",
    b"\xff\xfe",
    b"\xed\xa0\x80",
    "schlüssel".encode(),
    b"x" * 256,
    b"x" * 8000,
    b"a b",
    b"\t",
    b'{"$gt": ""}',
]


@pytest.mark.parametrize("key", KEYS, ids=lambda key: ascii(key)[:30])
def test_a_hostile_idempotency_key(stack: RunningStack, key: bytes) -> None:
    body = json.dumps(GOOD["/videos"]).encode()
    headers = [(b"Idempotency-Key", key), (b"Content-Type", b"application/json")]
    response = raw(stack, "POST", "/videos", body, headers)
    assert response.status in range(400, 500), response
    assert response.problem, response


def test_operators_in_an_idempotency_key_are_characters(stack: RunningStack) -> None:
    first = f"{uuid.uuid4()}"
    ids = set()
    for key in (first, '{"$gt":""}', '{"$ne":null}', "$where", "[$exists]", first):
        body = json.dumps(GOOD["/videos"]).encode()
        response = post(stack, "/videos", body, **{"Idempotency-Key": key})
        assert response.status_code == 201, response.text
        ids.add(response.json()["id"])
    assert len(ids) == 5, "only the repeated key finds a video"
    for video_id in ids:
        stack.client.delete(f"/videos/{video_id}")


HEADERS: list[tuple[bytes, bytes]] = [
    (b"Host", b"["),
    (b"Host", b"a b"),
    (b"Host", b"\xff\xfe"),
    (b"Host", b"evil.example:99999999"),
    (b"Host", b"[::1"),
    (b"Host", b""),
    (b"Host", b"x" * 8000),
    (b"Host", b"user:secret@evil.example/?#"),
    (b"Content-Length", b"-1"),
    (b"Content-Length", b"1e9"),
    (b"Content-Length", b"9" * 30),
    (b"Transfer-Encoding", b"chunked, gzip"),
    (b"Expect", b"\xff"),
    (b"Accept", b"\xff" * 1000),
    (b"Origin", b"http://localhost\xff"),
    (b"Origin", b"null"),
    (b"Range", b"bytes=9-1,-,a"),
    (b"X-Forwarded-Proto", b"\xff"),
    (b"X-Forwarded-For", b"[[["),
    (b"Forwarded", b"for=\xff"),
    (b"Cookie", b"a=\xff; $gt=1"),
    (b"Authorization", b"Basic \xff"),
    (b"If-None-Match", b"\xff"),
    (b"X-HTTP-Method-Override", b"\xff"),
    (b"X-Null", b"a\x00b"),
    (b"X-Long", b"x" * 60_000),
    (b"X Y", b"a"),
]
ROUTES = [
    ("GET", "/health"),
    ("GET", "/videos"),
    ("GET", f"/videos/{ID}"),
    ("POST", "/videos"),
    ("POST", "/upload-video/"),
    ("GET", f"/video-metadata/{ID}"),
    ("GET", "/docs"),
    ("GET", "/openapi.json"),
    ("GET", "/swagger/swagger-ui.css"),
    ("GET", "/nothing"),
    ("PATCH", "/videos"),
]


@pytest.mark.parametrize(("name", "value"), HEADERS, ids=lambda part: ascii(part)[:30])
@pytest.mark.parametrize(("method", "path"), ROUTES)
def test_a_hostile_header(
    stack: RunningStack, method: str, path: str, name: bytes, value: bytes
) -> None:
    response = raw(stack, method, path, b"{}" if method == "POST" else b"", [(name, value)])
    assert response.status < 500, response
    # What is not HTTP at all is refused by the server in front: uvicorn here, API Gateway there.
    # And the files of the page in /docs are Starlette's to serve.
    ours = not (response.of_the_server or path.startswith("/swagger"))
    if response.status >= 400 and ours:
        assert response.problem, response


@pytest.mark.parametrize(("method", "path"), [("GET", "/videos"), *BY_ID])
def test_a_name_that_a_page_has_given_to_this_machine_reaches_nothing(
    stack: RunningStack, pending: str, method: str, path: str
) -> None:
    response = stack.client.request(
        method, path.format(pending), headers={"Host": "evil.example:8000"}
    )
    assert problem(response)["code"] == "unknown_host"
    assert stack.client.get(f"/videos/{pending}").json()["status"] == "pending"


@pytest.mark.parametrize("headers", [{"Sec-Fetch-Site": "cross-site"}, {"Origin": "null"}])
def test_a_form_of_another_site_stores_nothing(
    stack: RunningStack, headers: dict[str, str]
) -> None:
    form = {"file": ("clip.mp4", b"video", "video/mp4")}
    response = stack.client.post("/upload-video/", files=form, headers=headers)
    assert (response.status_code, problem(response)["code"]) == (403, "cross_site")


_FILE = b'Content-Disposition: form-data; name="file"; '
PARTS = {
    "no filename": b'Content-Disposition: form-data; name="file"\r\n\r\nvideo',
    "no name": b'Content-Disposition: form-data; filename="a.mp4"\r\n\r\nvideo',
    "no disposition": b"Content-Type: video/mp4\r\n\r\nvideo",
    "another name": b'Content-Disposition: form-data; name="f"; filename="a.mp4"\r\n\r\nvideo',
    "empty filename": _FILE + b'filename=""\r\n\r\nvideo',
    "NUL": _FILE + b'filename="a\x00.mp4"\r\n\r\nvideo',
    "operator": _FILE + b'filename="{$gt: 1}"\r\n\r\nvideo',
    "long": _FILE + b'filename="%b.mp4"\r\n\r\nv' % (b"x" * 3000),
    "longer": _FILE + b'filename="%b.mp4"\r\n\r\nv' % (b"x" * 90_000),
    "empty": _FILE + b'filename="a.mp4"\r\n\r\n',
    "bad header": b"\xff\xfe\r\n\r\nvideo",
    "bad charset": _FILE + b"filename*=nope''%ff.mp4\r\n\r\nv",
    "no end of headers": b'Content-Disposition: form-data; name="file"',
}


@pytest.mark.parametrize("kind", PARTS)
def test_a_hostile_part_of_a_form(stack: RunningStack, kind: str) -> None:
    body = b"--b\r\n" + PARTS[kind] + b"\r\n--b--\r\n"
    headers = {"Content-Type": "multipart/form-data; boundary=b"}
    refused(stack.client.post("/upload-video/", content=body, headers=headers))


@pytest.mark.parametrize(
    "body",
    [
        *(b"", b"--b", b"--b--\r\n", b"\r\n" * 1000, b"--c\r\n\r\n", b"\xff" * 5000),
        b'--b\r\nContent-Disposition: form-data; name="x"\r\n\r\n1\r\n' * 2000 + b"--b--\r\n",
    ],
    ids=lambda body: ascii(body)[:20],
)
def test_a_hostile_form(stack: RunningStack, body: bytes) -> None:
    headers = {"Content-Type": "multipart/form-data; boundary=b"}
    refused(stack.client.post("/upload-video/", content=body, headers=headers))


def test_a_name_in_bad_utf_8_is_kept_as_text_or_refused(stack: RunningStack) -> None:
    part = b'Content-Disposition: form-data; name="file"; filename="\xff\xfe.mp4"\r\n\r\nvideo'
    headers = {"Content-Type": "multipart/form-data; boundary=b"}
    body = b"--b\r\n" + part + b"\r\n--b--\r\n"
    response = stack.client.post("/upload-video/", content=body, headers=headers)
    assert response.status_code < 500, response.text
    if response.is_success:
        video = stack.finished(response.json()["id"])
        assert video["filename"].endswith(".mp4")


def test_a_body_over_the_limit_is_refused_everywhere(stack: RunningStack) -> None:
    for path in GOOD:
        body = refused(post(stack, path.format(id=ID), b" " * 1_000_000))
        assert body["code"] == "body_too_large"


class RawResponse:
    """An answer to bytes that no HTTP library would send."""

    def __init__(self, received: bytes) -> None:
        head, _, self.body = received.partition(b"\r\n\r\n")
        status_line, *lines = head.decode("latin-1").split("\r\n")
        self.status = int(status_line.split()[1])
        self.headers = {
            name.lower(): value for name, _, value in (line.partition(": ") for line in lines)
        }

    @property
    def of_the_server(self) -> bool:
        return "x-request-id" not in self.headers

    @property
    def problem(self) -> bool:
        return self.headers["content-type"] == "application/problem+json" and bool(
            json.loads(self.body)["code"]
        )

    def __repr__(self) -> str:
        return f"{self.status} {self.headers} {self.body[:300]!r}"


def raw(
    stack: RunningStack,
    method: str,
    target: str,
    body: bytes = b"",
    headers: list[tuple[bytes, bytes]] | None = None,
) -> RawResponse:
    """Send a request as it stands. A header replaces ours of that name."""
    address = urlsplit(stack.api)
    ours = {b"Host": address.netloc.encode(), b"Connection": b"close"}
    if body:
        ours[b"Content-Length"] = b"%d" % len(body)
    lines = [b"%b: %b\r\n" % pair for pair in (ours | dict(headers or [])).items()]
    request = b"%b %b HTTP/1.1\r\n" % (method.encode(), target.encode()) + b"".join(lines)
    for _ in range(5):
        with socket.create_connection((address.hostname or "", address.port or 0), 10) as sent:
            sent.sendall(request + b"\r\n" + body)
            if received := _all_of(sent):
                return RawResponse(received)
    raise AssertionError("the server answers nothing")


def _all_of(connection: socket.socket) -> bytes:
    received = b""
    # A server that refuses headers closes without reading on: the reset may overtake its answer.
    with contextlib.suppress(ConnectionResetError):
        while chunk := connection.recv(65536):
            received += chunk
    return received
