"""Reads the snippets of documents, and the tables of docs/api.md."""

import re
from dataclasses import dataclass
from pathlib import Path

API_DOCS = Path(__file__).parents[1] / "docs" / "api.md"
ACCESS_DOCS = API_DOCS.with_name("access.md")
GET_STARTED = API_DOCS.with_name("get-started.md")
CLI_DOCS = API_DOCS.with_name("cli.md")
CLIENTS_DOCS = API_DOCS.with_name("clients.md")
DELIVERY_DOCS = API_DOCS.with_name("delivery.md")
EMBED_DOCS = API_DOCS.with_name("embed.md")

_SNIPPET = re.compile(r"^```(\w+)\n(.*?)^```$|^##+ ([^\n]*)$", re.DOTALL | re.MULTILINE)


@dataclass(frozen=True)
class Snippet:
    """A block of code and its heading."""

    language: str
    heading: str
    code: str


def snippets(document: Path = API_DOCS) -> list[Snippet]:
    """Return all snippets of a document in order."""
    found, heading = [], ""
    for match in _SNIPPET.finditer(document.read_text()):
        if match[3]:
            heading = match[3]
        else:
            found.append(Snippet(match[1], heading, match[2]))
    return found


def recipe(heading: str, document: Path = API_DOCS) -> dict[str, str]:
    """Return the code under one heading, by language. A language may occur only once."""
    found = [snippet for snippet in snippets(document) if snippet.heading == heading]
    by_language = {snippet.language: snippet.code for snippet in found}
    assert len(by_language) == len(found) > 0, heading
    return by_language


def rows(heading: str) -> list[str]:
    """Return the rows of the first table under a heading, without the header."""
    _, _, text = API_DOCS.read_text().partition(f" {heading}\n")
    table = text[text.index("\n|---") :].splitlines()[2:]
    return table[: next(n for n, line in enumerate([*table, ""]) if not line.startswith("|"))]
