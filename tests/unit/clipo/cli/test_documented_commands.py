"""Each command that a document shows exists, with its options."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import typer

from clipo.cli.app import app
from tests.documented import API_DOCS, snippets

_DOCUMENTS = [API_DOCS.parents[1] / "README.md", *sorted(API_DOCS.parent.glob("*.md"))]
_CALL = re.compile(
    r"(?:^(?:\$ )?(?:[A-Z_]+=\S+ )*(?:\.venv/bin/)?|\$\(|\| |&& |xargs (?:-r )?)"
    r"clipo ([a-z][^|;&)#\n]*)",
    re.MULTILINE,
)


def calls() -> Iterator[tuple[Path, str]]:
    """Yield each document with the words after `clipo` on a line of its snippets."""
    for document in _DOCUMENTS:
        for snippet in snippets(document):
            for words in _CALL.findall(re.sub(r"\\?\n {2,}", " ", snippet.code)):
                yield document, words.strip()


@pytest.mark.parametrize(("document", "words"), list(calls()), ids=str)
def test_each_command_in_a_document_exists(document: Path, words: str) -> None:
    name, *others = words.split()
    found: object = typer.main.get_command(app)
    while isinstance(found, typer.core.TyperGroup):
        found = found.commands[name]
        if isinstance(found, typer.core.TyperGroup):
            name, *others = others
    assert isinstance(found, typer.core.TyperCommand), (document, words)
    known = {option for one in found.params for option in (*one.opts, *one.secondary_opts)}
    named = re.findall(r"(?<![\w-])--?[a-z][\w-]*", " ".join(others))
    assert set(named) <= known, document
