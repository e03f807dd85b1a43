"""The header of W3C Trace Context. The invalid ones are those of its own test suite."""

import pytest

from functions.core.trace import Trace, new_trace, parse_trace

TRACE_ID, SPAN = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"


@pytest.mark.parametrize(
    ("text", "sampled"),
    [
        (f"00-{TRACE_ID}-{SPAN}-01", True),
        (f"00-{TRACE_ID}-{SPAN}-00", False),
        (f"00-{TRACE_ID}-{SPAN}-ff", True),
        (f"cc-{TRACE_ID}-{SPAN}-01-what-the-future-will-be-like", True),
    ],
)
def test_a_header_names_a_trace_and_a_step(text: str, *, sampled: bool) -> None:
    assert parse_trace(text) == Trace(TRACE_ID, SPAN, sampled)


@pytest.mark.parametrize(
    "text",
    [
        None,
        7,
        "",
        f"ff-{TRACE_ID}-{SPAN}-01",
        f"00-{TRACE_ID}-{SPAN}-01-more",
        f"cc-{TRACE_ID}-{SPAN}-01.more",
        f"00-{TRACE_ID}-{SPAN}-1",
        f"00-{TRACE_ID}-{SPAN}-x1",
        f"00-{'0' * 32}-{SPAN}-01",
        f"00-{TRACE_ID}-{'0' * 16}-01",
        f"00-{TRACE_ID.upper()}-{SPAN}-01",
        f"00-{TRACE_ID[1:]}-{SPAN}-01",
        f"00-{TRACE_ID}-{SPAN}-01\n",
        f"00-{TRACE_ID}-{SPAN}-0१",
    ],
)
def test_an_invalid_header_names_none(text: object) -> None:
    assert parse_trace(text) is None


def test_the_next_step_belongs_to_the_same_trace() -> None:
    trace = new_trace()
    following = trace.next_span()
    assert (following.id, following.sampled) == (trace.id, False)
    assert following.span != trace.span
    assert parse_trace(following.header) == following


def test_the_caller_decides_whether_a_trace_is_recorded() -> None:
    given = parse_trace(f"00-{TRACE_ID}-{SPAN}-01")
    assert given
    assert given.next_span().header.endswith("-01")
