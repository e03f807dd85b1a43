"""The links between the documents, and the heads of the decisions."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
DOCUMENTS = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")])
DECISIONS = sorted(ROOT.glob("docs/decisions/*.md"))

_LINK = re.compile(r"\]\((?!https?:|mailto:)([^)#\s]*)(?:#([^)\s]+))?\)")
_STATUS = r"accepted|superseded by \[\d+\]|amended by \[\d+\]"


def links(document: Path) -> Iterator[tuple[Path, str]]:
    """Yield the file and the anchor of each relative link."""
    for path, anchor in _LINK.findall(document.read_text()):
        yield (document.parent / path if path else document), anchor


def anchors(document: Path) -> set[str]:
    """Return the anchors that GitHub makes of the headings."""
    headings = re.findall(r"^#+ (.+)$", document.read_text(), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_links_lead_to_existing_files_and_headings(document: Path) -> None:
    broken = [
        f"{file}#{anchor}"
        for file, anchor in links(document)
        if not file.exists() or (anchor and anchor not in anchors(file))
    ]
    assert broken == []


@pytest.mark.parametrize("decision", DECISIONS, ids=lambda path: path.name)
def test_decisions_have_a_number_a_date_and_a_status(decision: Path) -> None:
    number = int(decision.name[:4])
    head = rf"# {number}\. .+\n\nDate: \d{{4}}-\d\d-\d\d\nStatus: ({_STATUS})"
    assert re.match(head, decision.read_text())
