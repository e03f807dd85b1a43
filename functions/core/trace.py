"""Traces: one id for all that a request causes, in the format of W3C Trace Context.

https://www.w3.org/TR/trace-context/
"""

import re
import secrets
from dataclasses import dataclass, replace

HEADER = "traceparent"

_FORMAT = re.compile(r"([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?", re.ASCII)
_SAMPLED = 1


@dataclass(frozen=True, slots=True)
class Trace:
    """A trace, and the step of it that is going on."""

    id: str
    """The id of the trace: 32 hexadecimal digits."""
    span: str
    """The id of the step: 16 hexadecimal digits."""
    sampled: bool
    """Whether the caller may have recorded the trace."""

    def next_span(self) -> "Trace":
        """Return the next step of this trace."""
        return replace(self, span=_new_id(8))

    @property
    def header(self) -> str:
        """The header of requests that this step sends."""
        return f"00-{self.id}-{self.span}-{int(self.sampled):02x}"


def new_trace() -> Trace:
    """Return a trace that begins here, not sampled: Clipo itself records no spans."""
    return Trace(_new_id(16), _new_id(8), sampled=False)


def parse_trace(text: object) -> Trace | None:
    """Return the trace in a header or a stored text; `None` if its format is invalid.

    A version above 00 may have more fields. The version ff and ids of zeros are invalid.
    """
    found = _FORMAT.fullmatch(text) if isinstance(text, str) else None
    if found is None:
        return None
    version, trace_id, span, flags, more = found.groups()
    if version == "ff" or (version == "00" and more) or not int(trace_id, 16) or not int(span, 16):
        return None
    return Trace(trace_id, span, sampled=bool(int(flags, 16) & _SAMPLED))


def _new_id(size: int) -> str:
    # A random id of zeros is invalid, and does not happen.
    return secrets.token_hex(size)
