"""Writes the collection for Postman, format 2.1.

https://schema.postman.com/json/collection/v2.1.0/docs/index.html
"""

import json
from collections.abc import Mapping
from typing import Any

from packages.collection.steps import FILE, VARIABLES, CollectionRequest, requests

NAME = "clipo.postman_collection.json"

_SCHEMA = "https://schema.getpostman.com/json/collection/v2.1.0/collection.json"

_REPEAT = """
const repeats = Number(pm.collectionVariables.get("repeats") ?? 0);
const isUnfinished = pm.response.headers.has("Retry-After");
pm.collectionVariables.set("repeats", isUnfinished ? repeats + 1 : 0);
if (isUnfinished) {
  pm.test("finishes within a minute", () => pm.expect(repeats).to.be.below(120));
  if (repeats < 120) pm.execution.setNextRequest(pm.info.requestName);
  setTimeout(() => {}, 500);
}
"""
"""Repeats a request whose answer says that something is not finished."""

_TO_STORAGE = """
const fields = JSON.parse(pm.collectionVariables.get("upload_fields"));
for (const [key, value] of Object.entries(fields).reverse()) {
  pm.request.body.formdata.prepend({key, value, type: "text"});
}
"""


def files(document: Mapping[str, Any]) -> dict[str, str]:
    """Return the collection's one file."""
    collection = {
        "info": {
            "name": "Clipo",
            "description": "Each call of the API. Run them in order.",
            "schema": _SCHEMA,
        },
        "auth": {"type": "bearer", "bearer": [_text("token", "{{api_key}}")]},
        "variable": [_text(name, value) for name, value in VARIABLES.items()],
        "event": [_event("test", _REPEAT)],
        "item": [
            {"name": folder, "item": [_item(one) for one in found]}
            for folder, found in requests(document)
        ],
    }
    return {NAME: json.dumps(collection, indent=2, ensure_ascii=False) + "\n"}


def _item(one: CollectionRequest) -> dict[str, Any]:
    url: dict[str, Any] = {"raw": one.url, "host": [one.url.split("/")[0]]}
    if "/" in one.url:
        url["path"] = one.url.split("/")[1:]
    if one.query:
        url["query"] = [{"key": key, "value": value} for key, value in one.query.items()]
        url["raw"] += "?" + "&".join(f"{key}={value}" for key, value in one.query.items())
    request: dict[str, Any] = {
        "method": one.method,
        "description": one.description,
        "header": [],
        "url": url,
    }
    if one.body:
        request["body"] = {
            "mode": "raw",
            "raw": one.body,
            "options": {"raw": {"language": "json"}},
        }
    if one.has_file:
        request["body"] = {
            "mode": "formdata",
            "formdata": [{"key": "file", "type": "file", "src": FILE}],
        }
    events = [_event("test", _test(one))]
    if one.to_storage:
        request["auth"] = {"type": "noauth"}
        events.append(_event("prerequest", _TO_STORAGE))
    return {
        "name": one.name,
        "request": request,
        "event": events,
        "protocolProfileBehavior": {"followRedirects": False},
    }


def _test(one: CollectionRequest) -> str:
    name, statuses = " or ".join(map(str, one.statuses)), list(one.statuses)
    is_good = f"() => pm.expect(pm.response.code).to.be.oneOf({statuses})"
    lines = [
        'if (!pm.response.headers.has("Retry-After"))',
        f'  pm.test("answers {name}", {is_good});',
    ]
    for variable, field in one.captures.items():
        value = f'pm.response.json().{field} ?? "none"'
        if field == "fields":
            value = f"JSON.stringify({value})"
        lines.append(f'pm.collectionVariables.set("{variable}", {value});')
    return "\n".join(lines)


def _event(listen: str, script: str) -> dict[str, Any]:
    return {
        "listen": listen,
        "script": {"type": "text/javascript", "exec": script.strip().splitlines()},
    }


def _text(key: str, value: str) -> dict[str, str]:
    return {"key": key, "value": value, "type": "string"}
