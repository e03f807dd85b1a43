"""Transcripts of a terminal in documents: what is typed, and what the program answers."""

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

ELISION = "…"
"""A line that stands for any lines, or the end of a line that is not shown."""

_VARYING = (
    (r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d|\b\d\d:\d\d:\d\d\b", "TIME"),
    (r"[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}", "REQUEST"),
    (r"clipo_sk_\S+", "KEY"),
    (r"\b[0-9A-Za-z]{43}\b", "SECRET"),
    (r"(?<=ID ) +[0-9A-Za-z]{12}\b", "KEY_ID"),
    (r"[\d.]+ (kB|MB|bytes)|[\d,]+ bytes", "SIZE"),
    (r"[\d.]+ (ms|kbit/s)", "NUMBER"),
    (r"(seconds|\d+ minutes?) ago", "AGE"),
    (r" +", " "),
)
"""Patterns of what differs from run to run, with what stands for it in a comparison."""


@dataclass(frozen=True)
class Step:
    """A line that is typed, and the lines that are shown."""

    typed: str
    shown: tuple[str, ...]

    @property
    def answer(self) -> str | None:
        """What is typed at a question, if there is one."""
        found = re.search(r"\[y/N\]: (\w)$", "\n".join(self.shown), re.MULTILINE)
        return found[1] if found else None


def steps(code: str) -> Iterator[Step]:
    """Yield the steps of a transcript."""
    for part in code.split("$ ")[1:] if code.startswith("$ ") else []:
        typed, *shown = part.rstrip("\n").split("\n")
        yield Step(typed, tuple(shown))


@dataclass
class Names:
    """The ids of the document, and those that stand for them in this run."""

    api: str
    real: dict[str, str] = field(default_factory=dict)

    def in_this_run(self, text: str) -> str:
        """Return a text of the document with the ids and the address of this run."""
        for written, real in self.real.items():
            text = text.replace(written, real)
        return text.replace("http://127.0.0.1:8000", self.api)

    def learn(self, written: str, real: str) -> None:
        """Learn the ids that a document calls by others, in the order of their lines."""
        known = set(self.real.values())
        new = [one for one in _ids(real) if one not in known]
        self.real |= zip([one for one in _ids(written) if one not in self.real], new, strict=False)


def _ids(text: str) -> list[str]:
    return list(dict.fromkeys(re.findall(r"\b[0-9a-f]{24}\b", text)))


def differences(expected: str, real: str) -> list[str]:
    """Return the lines that only one of two outputs has. Their order may differ."""
    wanted, got = _lines(expected), _lines(real)
    missing = [f"- {line}" for line in (wanted - got).elements() if line != ELISION]
    extra = [] if ELISION in wanted else [f"+ {line}" for line in (got - wanted).elements()]
    return missing + extra


def _lines(text: str) -> Counter[str]:
    for pattern, word in _VARYING:
        text = re.sub(pattern, word, text)
    return Counter(line.strip() for line in text.splitlines() if line.strip())
