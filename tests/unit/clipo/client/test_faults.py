"""Uploads survive faults of the network, the API and storage."""

import asyncio
import json
from collections import deque
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx2
import pytest

from clipo.client.api import Api
from clipo.client.faults import Fault
from clipo.client.files import inspect, open_saved_upload
from clipo.client.upload import announce, send
from clipo.errors import ClipoError

CONTENT = b"video" * 1000
EXPIRED = httpx2.Response(
    403, text="<Error><Code>AccessDenied</Code><Message>Policy expired</Message></Error>"
)
GONE = httpx2.Response(404, text="<Error><Code>NoSuchUpload</Code></Error>")
BROKEN = httpx2.Response(500, text="<Error><Code>InternalError</Code></Error>")
LOST = httpx2.ReadError("cut")


@dataclass
class Servers:
    """The API and S3. Requests of a step get the responses in `faults` first."""

    faults: dict[str, deque[httpx2.Response | Exception]]
    steps: list[str] = field(default_factory=list)
    keys: set[str] = field(default_factory=set)
    stored: dict[str, bytes] = field(default_factory=dict)
    not_pending: bool = False
    object_size: str | None = None
    """The header of the last step of an upload in parts."""

    def respond(self, request: httpx2.Request) -> httpx2.Response:
        step = self._step(request)
        self.steps.append(step)
        if self.faults.get(step):
            fault = self.faults[step].popleft()
            if isinstance(fault, Exception):
                raise fault
            return fault
        return self._succeed(step, request)

    def _step(self, request: httpx2.Request) -> str:
        if request.url.host == "s3":
            return request.url.path.strip("/").partition("-")[0]
        return "sign" if request.url.path.endswith("/sign") else "announce"

    def _succeed(self, step: str, request: httpx2.Request) -> httpx2.Response:
        if step == "announce":
            self.keys.add(request.headers["Idempotency-Key"])
            return httpx2.Response(
                201, json={"id": "v", "upload": self._signed("form") | {"part_size": 2000}}
            )
        if step == "sign":
            if self.not_pending:
                problem = {"code": "not_pending", "detail": "It is done.", "title": "No"}
                return httpx2.Response(409, json=problem)
            return httpx2.Response(200, json=self._signed(self._name(json.loads(request.content))))
        if step in ("part", "form"):
            self.stored[request.url.path.strip("/")] = request.content
        if step == "complete":
            self.object_size = request.headers.get("x-amz-mp-object-size")
        text = "<UploadId>u</UploadId>" if step == "create" else ""
        return httpx2.Response(200, text=text, headers={"ETag": '"e"'})

    def _name(self, step: dict[str, Any]) -> str:
        if "partNumber" in step:
            return f"part-{step['partNumber']}"
        begun = "uploadId" in step
        return {"PUT": "form", "GET": "list", "POST": "complete" if begun else "create"}[
            step["method"]
        ]

    def _signed(self, name: str) -> dict[str, Any]:
        signed: dict[str, Any] = {"url": f"http://s3/{name}", "fields": {"key": "k"}}
        if name == "complete":
            signed["headers"] = {"x-amz-mp-object-size": str(len(CONTENT))}
        return signed


class CountedRow:
    def __init__(self) -> None:
        self.bytes, self.retries = 0, 0

    def advance(self, count: int) -> None:
        self.bytes += count

    def show_retry(self) -> None:
        self.retries += 1

    def resume(self, arrived: int) -> None:
        self.bytes += arrived

    def show_status(self, status: str) -> None:
        pass


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("clipo.client.faults._FIRST_WAIT_S", 0)
    monkeypatch.setattr("clipo.client.faults._LONGEST_WAIT_S", 0)


@pytest.fixture
def in_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("clipo.client.upload.MAX_FORM_BYTES", 1)


def uploaded(folder: Path, servers: Servers) -> CountedRow:
    clip = folder / "clip.mp4"
    if not clip.exists():
        clip.write_bytes(CONTENT)

    async def run() -> CountedRow:
        transport = httpx2.MockTransport(servers.respond)
        async with httpx2.AsyncClient(transport=transport) as http:
            api, file, row = Api("http://api", http), inspect(clip), CountedRow()
            with open_saved_upload(api.address, file, folder / "state") as saved:
                video = await announce(api, file, saved)
                await send(api, video, file, saved, row)
            return row

    return asyncio.run(run())


def failing(step: str, *faults: httpx2.Response | Exception) -> Servers:
    return Servers({step: deque(faults)})


def test_an_announcement_is_retried_with_the_same_key(tmp_path: Path) -> None:
    document = {"code": "c", "detail": "d"}
    refused = [httpx2.Response(status, json=document) for status in (503, 429)]
    servers = failing("announce", LOST, *refused)
    uploaded(tmp_path, servers)
    assert servers.steps.count("announce") == 4
    assert len(servers.keys) == 1


@pytest.mark.parametrize("fault", [LOST, EXPIRED, BROKEN])
def test_a_form_is_retried_with_a_new_signature(
    tmp_path: Path, fault: httpx2.Response | Exception
) -> None:
    servers = failing("form", fault)
    row = uploaded(tmp_path, servers)
    assert servers.steps == ["announce", "form", "sign", "form"]
    assert CONTENT in servers.stored["form"]
    assert (row.bytes, row.retries) == (len(CONTENT), 1)


def test_a_form_whose_response_was_lost_succeeds(tmp_path: Path) -> None:
    servers = failing("form", LOST)
    servers.not_pending = True
    uploaded(tmp_path, servers)
    assert servers.steps == ["announce", "form", "sign"]


def test_an_upload_that_storage_refuses_is_not_retried(tmp_path: Path) -> None:
    refused = "<Error><Code>EntityTooLarge</Code><Message>Too large.</Message></Error>"
    servers = failing("form", httpx2.Response(400, text=refused))
    with pytest.raises(ClipoError, match=r"Too large\. \(EntityTooLarge\)"):
        uploaded(tmp_path, servers)
    assert servers.steps.count("form") == 1


@pytest.mark.usefixtures("in_parts")
class TestInParts:
    @pytest.mark.parametrize("fault", [LOST, EXPIRED, BROKEN])
    def test_a_part_is_retried(self, tmp_path: Path, fault: httpx2.Response | Exception) -> None:
        servers = failing("part", fault)
        row = uploaded(tmp_path, servers)
        assert servers.steps.count("part") == 4
        assert b"".join(servers.stored[f"part-{n}"] for n in (1, 2, 3)) == CONTENT
        assert row.bytes == len(CONTENT)

    def test_a_lost_response_to_the_last_step_is_no_failure(self, tmp_path: Path) -> None:
        servers = failing("complete", LOST, GONE)
        uploaded(tmp_path, servers)
        assert servers.steps.count("complete") == 2

    def test_an_error_document_with_status_200_is_an_error(self, tmp_path: Path) -> None:
        late = httpx2.Response(200, text="<Error><Code>InternalError</Code></Error>")
        servers = failing("complete", late)
        uploaded(tmp_path, servers)
        assert servers.steps.count("complete") == 2

    def test_an_upload_that_was_given_up_resumes_the_same_video(self, tmp_path: Path) -> None:
        servers = failing("part", *[LOST] * 100)
        with pytest.raises(Fault, match="does not answer") as caught:
            uploaded(tmp_path, servers)
        assert caught.value.resumable
        servers.faults.clear()
        servers.steps.clear()
        row = uploaded(tmp_path, servers)
        assert servers.steps[:3] == ["announce", "sign", "list"]
        assert "create" not in servers.steps
        assert len(servers.keys) == 1
        assert row.bytes == len(CONTENT)

    def test_the_last_step_has_the_headers_that_were_signed(self, tmp_path: Path) -> None:
        servers = failing("part")
        uploaded(tmp_path, servers)
        assert servers.object_size == str(len(CONTENT))

    def test_parts_of_another_size_are_sent_again(self, tmp_path: Path) -> None:
        servers = failing("part", *[LOST] * 100)
        with pytest.raises(ClipoError):
            uploaded(tmp_path, servers)
        arrived = "".join(
            f"<Part><PartNumber>{number}</PartNumber><Size>{size}</Size><ETag>e</ETag></Part>"
            for number, size in [(1, 2000), (2, 1999)]
        )
        servers.faults = {"list": deque([httpx2.Response(200, text=arrived)])}
        uploaded(tmp_path, servers)
        assert sorted(servers.stored) == ["part-2", "part-3"]

    def test_an_upload_whose_parts_expired_begins_again(self, tmp_path: Path) -> None:
        servers = failing("part", *[LOST] * 100)
        with pytest.raises(ClipoError):
            uploaded(tmp_path, servers)
        servers.faults = {"list": deque([GONE])}
        uploaded(tmp_path, servers)
        assert servers.steps.count("create") == 2
