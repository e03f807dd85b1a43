"""The requests of the collection in order: each operation of the OpenAPI document once."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

_METHODS = ("get", "post", "patch", "put", "delete")
_JSON, _FORM = "application/json", "multipart/form-data"

FILE = "clip.mp4"
"""The file that the collection uploads, in the runner's working directory."""

VARIABLES = {"base_url": "http://127.0.0.1:8000", "api_key": "", "size": "0"}
"""The variables that the user sets: the API, its key, and the bytes of `FILE`."""

OWNER = "collection-example"
"""Owner of the collection's videos, which the last requests export and erase."""

_OFF = (404, 409)
"""The statuses of calls for receivers while webhooks are off."""

_MOMENT = {"t": "0", "w": "320"}


@dataclass(frozen=True)
class Step:
    """What a request needs besides the OpenAPI document."""

    operation_id: str
    query: Mapping[str, str] = field(default_factory=dict)
    body: str = ""
    """JSON with variables."""
    captures: Mapping[str, str] = field(default_factory=dict)
    """Variables and the fields of the answer that they get."""
    also: tuple[int, ...] = ()
    """Further good statuses."""


TO_STORAGE = Step("")
"""The one request that is not to the API: it sends the file with the signed form."""

_ANNOUNCE = f"""{{
  "filename": "{FILE}",
  "size": {{{{size}}}},
  "owner": "{OWNER}",
  "passthrough": "collection"
}}"""

FOLDERS: Mapping[str, tuple[Step, ...]] = {
    "Access": (
        Step("getHealth"),
        Step("getCaller"),
        Step(
            "createKey",
            body='{"name": "collection", "scopes": ["read"]}',
            captures={"key_id": "id"},
        ),
        Step("listKeys"),
        Step("revokeKey"),
        Step(
            "createToken",
            body=f'{{"owner": "{OWNER}", "scopes": ["read", "deliver"], "expires_in_s": 900}}',
        ),
    ),
    "Upload": (
        Step(
            "createVideo", body=_ANNOUNCE, captures={"video_id": "id", "created_at": "created_at"}
        ),
        Step(
            "signUpload",
            body='{"method": "PUT"}',
            captures={"upload_url": "url", "upload_fields": "fields"},
        ),
        TO_STORAGE,
        Step("getVideo"),
        Step("listVideos", query={"owner": OWNER, "limit": "10"}),
    ),
    "Deliver": (
        Step("getSource", query={"redirect": "false"}),
        Step("getThumbnail"),
        Step("getImage", query=_MOMENT),
        Step("getImageAsWebp", query=_MOMENT, also=(406,)),
        Step("getStoryboard"),
        Step("getStoryboardAsWebp", also=(406,)),
        Step("getStoryboardAsVtt"),
        Step("getStoryboardAsJson"),
    ),
    "Webhooks": (
        Step(
            "createReceiver",
            body=f'{{"url": "https://receiver.invalid/", "owner": "{OWNER}"}}',
            captures={"receiver_id": "id"},
            also=_OFF,
        ),
        Step("listReceivers"),
        Step("getReceiver", also=_OFF),
        Step("changeReceiver", body='{"description": "collection"}', also=_OFF),
        Step("changeReceiverSecret", also=_OFF),
        Step("testReceiver", captures={"delivery_id": "id"}, also=_OFF),
        Step("listDeliveries", query={"limit": "10"}),
        Step("getDelivery", also=_OFF),
        Step("resendDelivery", also=_OFF),  # a test cannot be sent again, either
        Step("listEvents", query={"since": "{{created_at}}"}, also=_OFF),
        Step("removeReceiver", also=_OFF),
    ),
    "Legacy endpoints": (
        Step("uploadVideo", also=(413,)),  # on AWS for files over 6 MB
        Step("getVideoStatus"),
        Step("getVideoMetadata"),
        Step("getThumbnailImage"),
    ),
    "Change and delete": (
        Step("changeVideo", body='{"visibility": "public"}'),
        Step("retryVideo", also=(409,)),  # the video is done
        Step("retryVideos", body=f'{{"owner": "{OWNER}"}}'),
        Step("reprocessVideo"),
        Step("deleteVideo"),
        Step("deleteVideos", body=f'{{"statuses": ["failed"], "owner": "{OWNER}"}}'),
        Step("exportOwner", query={"owner": OWNER}),
        Step("eraseOwner", body=f'{{"owner": "{OWNER}"}}'),
    ),
}


@dataclass(frozen=True)
class CollectionRequest:
    """A request of the collection."""

    name: str
    description: str
    method: str
    url: str
    """With variables, without the query."""
    query: Mapping[str, str]
    body: str
    has_file: bool
    captures: Mapping[str, str]
    statuses: tuple[int, ...]
    """The good statuses."""
    to_storage: bool = False
    """Whether its fields are those of the signed form, and it has no key."""


_STORAGE_REQUEST = CollectionRequest(
    name="Send the file to the storage",
    description="The fields of the signed form come first; the file is the last one.",
    method="POST",
    url="{{upload_url}}",
    query={},
    body="",
    has_file=True,
    captures={},
    statuses=(204,),
    to_storage=True,
)


def requests(document: Mapping[str, Any]) -> Iterator[tuple[str, list[CollectionRequest]]]:
    """Yield each folder with its requests. Raises `ValueError` if they lack an operation."""
    operations = {
        operation["operationId"]: (method, path, operation)
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
        if method in _METHODS
    }
    steps_of_all = [step for steps in FOLDERS.values() for step in steps]
    named = [step.operation_id for step in steps_of_all if step is not TO_STORAGE]
    if sorted(named) != sorted(operations):
        different = set(named) ^ set(operations)
        raise ValueError(f"packages/collection/steps.py and the API differ: {sorted(different)}")
    for folder, steps in FOLDERS.items():
        yield (
            folder,
            [
                _STORAGE_REQUEST
                if step is TO_STORAGE
                else _request(step, *operations[step.operation_id])
                for step in steps
            ],
        )


def _request(step: Step, method: str, path: str, operation: Mapping[str, Any]) -> CollectionRequest:
    content = operation.get("requestBody", {}).get("content", {})
    if (_JSON in content) != bool(step.body):
        raise ValueError(f"{step.operation_id} needs a JSON body, or must have none.")
    good = [int(code) for code in operation["responses"] if code[0] in "23" and code != "304"]
    return CollectionRequest(
        name=operation["summary"],
        description=operation.get("description", ""),
        method=method.upper(),
        url="{{base_url}}" + path.replace("{", "{{").replace("}", "}}"),
        query=step.query,
        body=step.body,
        has_file=_FORM in content,
        captures=step.captures,
        statuses=(*sorted(good), *step.also),
    )
