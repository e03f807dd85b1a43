"""How the API reads JSON."""

import pytest
from starlette.testclient import TestClient

from tests.examples import ID, video
from tests.fakes.catalog import FakeCatalog
from tests.problems import problem

JSON = {"content-type": "application/json"}


@pytest.mark.parametrize("size", ["5", "5.0", "5e0", "50e-1"])
def test_a_whole_number_may_be_written_in_any_way(client: TestClient, size: str) -> None:
    body = f'{{"filename": "a.mp4", "size": {size}}}'
    response = client.post("/videos", content=body, headers=JSON)
    assert (response.status_code, response.json()["size"]) == (201, 5)


@pytest.mark.parametrize("size", ["5.5", "1e400", '"5"', "true", "1e300", "-5.0"])
def test_what_is_no_whole_number_is_refused(client: TestClient, size: str) -> None:
    body = f'{{"filename": "a.mp4", "size": {size}}}'
    assert problem(client.post("/videos", content=body, headers=JSON))["status"] == 422


def test_so_may_the_number_of_a_part(client: TestClient, records: FakeCatalog) -> None:
    records.videos[ID] = video()
    body = {"method": "PUT", "uploadId": "an-upload", "partNumber": 2.0}
    assert client.post(f"/videos/{ID}/upload/sign", json=body).status_code == 200


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ('{"method": "PUT", "more": NaN}', "NaN is not a number"),
        ('{"method": "PUT", "more": -Infinity}', "-Infinity is not a number"),
        ('{"method": "PUT", "method": "POST"}', "two members with one name"),
        ('{"method": "PUT", "more": {"a": 1, "a": 1}}', "two members with one name"),
    ],
)
def test_what_parsers_read_differently_is_refused(
    client: TestClient, records: FakeCatalog, body: str, reason: str
) -> None:
    records.videos[ID] = video()
    found = problem(client.post(f"/videos/{ID}/upload/sign", content=body, headers=JSON))
    assert (found["status"], found["code"]) == (400, "malformed_body")
    assert reason in found["detail"]


GOOD = '{"filename": "café.mp4", "size": 5}'


@pytest.mark.parametrize(
    ("headers", "reason"),
    [
        ({}, "Content-Type: application/json"),
        ({"content-type": "text/plain"}, "Content-Type: application/json"),
        ({"content-type": "application/x-www-form-urlencoded"}, "Content-Type: application/json"),
        ({"content-type": "application/json; charset=utf-16"}, "Send the JSON in UTF-8"),
        ({"content-type": 'application/json; charset="ISO-8859-1"'}, "Send the JSON in UTF-8"),
        (JSON | {"content-encoding": "gzip"}, "'gzip'. Send it as it is"),
        (JSON | {"content-encoding": "br"}, "'br'. Send it as it is"),
        (JSON | {"content-encoding": "deflate, gzip"}, "Send it as it is"),
    ],
)
@pytest.mark.parametrize("path", ["/videos", f"/videos/{ID}/upload/sign"])
def test_a_body_that_is_not_described_as_plain_json_is_refused(
    client: TestClient, path: str, headers: dict[str, str], reason: str
) -> None:
    found = problem(client.post(path, content=GOOD.encode(), headers=headers))
    assert (found["status"], found["code"]) == (415, "unsupported_media_type")
    assert reason in found["detail"]


@pytest.mark.parametrize(
    "headers",
    [
        {"content-type": "application/json; charset=UTF-8"},
        {"content-type": "Application/JSON;charset=us-ascii"},
        {"content-type": "application/vnd.api+json"},
        JSON | {"content-encoding": "identity"},
    ],
)
def test_plain_json_may_be_described_in_several_ways(
    client: TestClient, headers: dict[str, str]
) -> None:
    assert client.post("/videos", content=GOOD.encode(), headers=headers).status_code == 201


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-32-le"])
def test_json_that_is_not_utf_8_is_refused(client: TestClient, encoding: str) -> None:
    found = problem(client.post("/videos", content=GOOD.encode(encoding), headers=JSON))
    assert (found["status"], found["code"]) == (400, "malformed_body")
    assert "Send the JSON in UTF-8" in found["detail"]


def test_a_byte_that_is_not_utf_8_is_named(client: TestClient) -> None:
    found = problem(client.post("/videos", content=GOOD.encode("latin-1"), headers=JSON))
    assert (found["status"], found["code"]) == (400, "malformed_body")
    assert found["detail"] == (
        "The body cannot be read. Byte 17 is not UTF-8. Send the JSON in UTF-8."
    )


def test_a_byte_order_mark_is_ignored(client: TestClient) -> None:
    assert client.post("/videos", content=GOOD.encode("utf-8-sig"), headers=JSON).is_success


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ("[" * 40_000 + "]" * 40_000, "nested too deeply"),
        ('{"filename": "a.mp4", "size": ' + '{"a":' * 9000 + "1" + "}" * 9001, "nested too deeply"),
        ('{"filename": "a.mp4", "size": ' + "9" * 5000 + "}", "too many digits"),
    ],
)
def test_json_that_no_parser_should_follow_is_refused(
    client: TestClient, body: str, reason: str
) -> None:
    found = problem(client.post("/videos", content=body, headers=JSON))
    assert (found["status"], found["code"]) == (400, "malformed_body")
    assert reason in found["detail"]
