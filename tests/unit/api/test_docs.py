"""The OpenAPI document and the page that shows it."""

import json
import re
import tomllib
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel
from starlette.testclient import TestClient

from functions.api.schemas.problems import ProblemDetails
from functions.api.schemas.uploads import CreatedVideo, SignedRequest
from functions.api.schemas.videos import VideoPage, VideoResource
from tests.examples import ID


@pytest.fixture
def document(client: TestClient) -> dict[str, Any]:
    return client.get("/openapi.json").json()  # type: ignore[no-any-return]


def operations(document: dict[str, Any]) -> list[dict[str, Any]]:
    return [operation for path in document["paths"].values() for operation in path.values()]


def test_operations_have_names_of_their_own(document: dict[str, Any]) -> None:
    names = [operation["operationId"] for operation in operations(document)]
    assert sorted(names) == [
        "changeReceiver",
        "changeReceiverSecret",
        "changeVideo",
        "createKey",
        "createReceiver",
        "createToken",
        "createVideo",
        "deleteVideo",
        "deleteVideos",
        "eraseOwner",
        "exportOwner",
        "getCaller",
        "getDelivery",
        "getHealth",
        "getImage",
        "getImageAsWebp",
        "getReceiver",
        "getSource",
        "getStoryboard",
        "getStoryboardAsJson",
        "getStoryboardAsVtt",
        "getStoryboardAsWebp",
        "getThumbnail",
        "getThumbnailImage",
        "getVideo",
        "getVideoMetadata",
        "getVideoStatus",
        "listDeliveries",
        "listEvents",
        "listKeys",
        "listReceivers",
        "listVideos",
        "removeReceiver",
        "reprocessVideo",
        "resendDelivery",
        "retryVideo",
        "retryVideos",
        "revokeKey",
        "signUpload",
        "testReceiver",
        "uploadVideo",
    ]


def test_every_documented_error_is_a_problem_with_valid_examples(
    document: dict[str, Any],
) -> None:
    for operation in operations(document):
        errors = {s: r for s, r in operation["responses"].items() if s >= "400"}
        assert "500" in errors
        for status, response in errors.items():
            ((media_type, content),) = response["content"].items()
            assert media_type == "application/problem+json"
            assert content["schema"] == {"$ref": "#/components/schemas/ProblemDetails"}
            for code, example in content["examples"].items():
                details = ProblemDetails.model_validate(example["value"])
                assert (details.code, str(details.status)) == (code, status)


def test_operations_with_input_document_its_refusal(document: dict[str, Any]) -> None:
    for operation in operations(document):
        if "parameters" in operation or "requestBody" in operation:
            assert "422" in operation["responses"]


@pytest.mark.parametrize("model", [VideoResource, CreatedVideo, VideoPage])
def test_examples_of_videos_are_valid(model: type[BaseModel]) -> None:
    # Not from the document: FastAPI leaves what is null out of examples.
    extra: Any = model.model_config["json_schema_extra"]
    (example,) = extra["examples"]
    assert json.loads(model.model_validate(example).model_dump_json()) == example


def test_examples_of_signed_requests_are_valid(document: dict[str, Any]) -> None:
    for example in document["components"]["schemas"]["SignedRequest"]["examples"]:
        signed = SignedRequest.model_validate(example)
        assert json.loads(signed.model_dump_json(exclude_none=True)) == example


def test_the_version_is_the_products(document: dict[str, Any]) -> None:
    project = tomllib.loads((Path(__file__).parents[3] / "pyproject.toml").read_text())
    assert document["info"]["version"] == project["project"]["version"]


def test_every_reference_leads_somewhere(document: dict[str, Any]) -> None:
    schemas = document["components"]["schemas"]
    for reference in re.findall(r"'#/components/schemas/(\w+)'", str(document)):
        assert reference in schemas
    assert "HTTPValidationError" not in schemas


def test_no_other_page_shows_it_in_a_frame(client: TestClient) -> None:
    headers = client.get("/docs").headers
    assert headers["Content-Security-Policy"] == "frame-ancestors 'none'"
    assert headers["X-Content-Type-Options"] == "nosniff"


def test_the_page_loads_nothing_from_elsewhere(client: TestClient) -> None:
    page = client.get("/docs").text
    addresses = re.findall(r'(?:src|href)="([^"]+)"', page)
    assert len(addresses) == 3
    for address in addresses:
        assert address.startswith("/swagger/")
        assert client.get(address).status_code == 200


def test_the_documentation_says_what_the_settings_allow(document: dict[str, Any]) -> None:
    fields = document["components"]["schemas"]["CreateVideo"]["properties"]
    assert (fields["size"]["minimum"], fields["size"]["maximum"]) == (1, 10_000)
    pattern = fields["filename"]["pattern"]
    for good in ("a.mp4", "A.MP4", "ä b.tar.webm", ".mov"):
        assert re.search(pattern, good)
    for bad in ("mp4", "a.txt", "a.mp4.", "a\n.mp4", "\x85.mp4", ""):
        assert not re.search(pattern, bad)


def test_the_documentation_has_the_steps_of_an_upload_in_parts(document: dict[str, Any]) -> None:
    shapes = document["components"]["schemas"]["SignUpload"]["anyOf"]
    assert [(s["properties"]["method"]["const"], *s["required"][1:]) for s in shapes] == [
        ("PUT",),
        ("POST",),
        ("PUT", "uploadId", "partNumber"),
        ("GET", "uploadId"),
        ("POST", "uploadId"),
        ("DELETE", "uploadId"),
    ]


def test_ids_and_files_are_documented_as_they_have_to_be(document: dict[str, Any]) -> None:
    for path, operations in document["paths"].items():
        for operation in operations.values():
            for parameter in operation.get("parameters", []):
                if parameter["name"] == "video_id":
                    assert re.search(parameter["schema"]["pattern"], ID), path
                    assert not re.search(parameter["schema"]["pattern"], "42"), path
    form = document["paths"]["/upload-video/"]["post"]["requestBody"]["content"]
    (content,) = form.values()
    assert ".mp4" in content["encoding"]["file"]["headers"]["Content-Disposition"]["example"]


def test_operations_say_in_words_which_scopes_they_need(document: dict[str, Any]) -> None:
    for operation in operations(document):
        named = {s for one in operation.get("security", []) for s in one.get("bearer", [])}
        last = operation["description"].rpartition("\n")[2]
        assert last.startswith("Needs ") == ("security" in operation), operation["operationId"]
        assert all(scope in last for scope in named), operation["operationId"]
