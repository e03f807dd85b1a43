"""Writes the collection for Bruno, as a folder of .bru files.

https://docs.usebruno.com/bru-lang/overview
"""

import json
import re
import textwrap
from collections.abc import Mapping
from typing import Any

from packages.collection.steps import FILE, VARIABLES, CollectionRequest, requests

_REPEAT = """
const repeats = Number(bru.getVar("repeats") ?? 0);
const isUnfinished = res.getHeader("retry-after") !== undefined;
bru.setVar("repeats", isUnfinished ? repeats + 1 : 0);
if (isUnfinished && repeats < 120) {
  await bru.sleep(500);
  bru.runner.setNextRequest(req.getName());
}
"""
"""Repeats a request whose answer says that something is not finished."""

_TO_STORAGE = """
const fields = Object.entries(bru.getVar("upload_fields"));
const texts = fields.map(([name, value]) => ({name, value, type: "text", enabled: true}));
req.setBody([...texts, ...req.getBody()]);
"""


def files(document: Mapping[str, Any]) -> dict[str, str]:
    """Return the collection's files by their paths."""
    found = {
        "bruno/bruno.json": json.dumps(
            {"version": "1", "name": "Clipo", "type": "collection"}, indent=2
        )
        + "\n",
        "bruno/collection.bru": _blocks(
            ("auth", "mode: bearer"),
            ("auth:bearer", "token: {{api_key}}"),
            ("script:post-response", _REPEAT),
        ),
        "bruno/environments/local.bru": _blocks(
            ("vars", "\n".join(f"{name}: {value}" for name, value in VARIABLES.items())),
        ),
    }
    for number, (folder, steps) in enumerate(requests(document), 1):
        path = f"bruno/{number} {folder}"
        found[f"{path}/folder.bru"] = _blocks(("meta", f"name: {folder}\nseq: {number}"))
        for seq, one in enumerate(steps, 1):
            name = re.sub(r"[^\w ]", "", one.name)
            found[f"{path}/{seq} {name}.bru"] = _request(one, seq)
    return found


def _request(one: CollectionRequest, seq: int) -> str:
    query = "&".join(f"{key}={value}" for key, value in one.query.items())
    body = "multipartForm" if one.has_file else "json" if one.body else "none"
    auth = "none" if one.to_storage else "inherit"
    address = f"{one.url}?{query}" if query else one.url
    blocks = [
        ("meta", f"name: {one.name}\ntype: http\nseq: {seq}"),
        (one.method.lower(), f"url: {address}\nbody: {body}\nauth: {auth}"),
    ]
    if one.query:
        lines = "\n".join(f"{key}: {value}" for key, value in one.query.items())
        blocks.append(("params:query", lines))
    if one.has_file:
        blocks.append(("body:multipart-form", f"file: @file({FILE})"))
    if one.body:
        blocks.append(("body:json", one.body))
    if one.to_storage:
        blocks.append(("script:pre-request", _TO_STORAGE))
    if one.captures:
        lines = "\n".join(
            f'bru.setVar("{variable}", res.getBody().{field} ?? "none");'
            for variable, field in one.captures.items()
        )
        blocks.append(("script:post-response", lines))
    blocks.append(("tests", _test(one)))
    blocks.append(("settings", "encodeUrl: false\nfollowRedirects: false"))
    if one.description:
        blocks.append(("docs", one.description))
    return _blocks(*blocks)


def _test(one: CollectionRequest) -> str:
    name = " or ".join(map(str, one.statuses))
    statuses = ", ".join(map(str, one.statuses))
    return f"""const isUnfinished = res.getHeader("retry-after") !== undefined;
if (!isUnfinished || Number(bru.getVar("repeats")) > 120)
  test("answers {name}", () => expect(res.getStatus()).to.be.oneOf([{statuses}]));"""


def _blocks(*blocks: tuple[str, str]) -> str:
    return "\n".join(
        f"{name} {{\n{textwrap.indent(content.strip(), '  ')}\n}}\n" for name, content in blocks
    )
