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
        ('{"method": "PUT", "more": NaN}', "NaN is no number"),
        ('{"method": "PUT", "more": -Infinity}', "-Infinity is no number"),
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
