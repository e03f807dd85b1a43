"""What counts and times in `make bench-api`, and what is made of the figures."""

from pathlib import Path

import pytest

from benchmarks.api.bare import text_of
from benchmarks.api.load import WrongAnswer, is_whole
from benchmarks.api.report import (
    BARE,
    KEYED,
    OURS,
    Figures,
    Round,
    Setting,
    Timed,
    document,
    write,
)
from benchmarks.api.timed import Parts


class Clock:
    """Tells the time that it is given."""

    now = 0.0

    def __call__(self) -> float:
        return self.now

    def pass_(self, seconds: float) -> None:
        self.now += seconds


def test_what_is_timed_inside_is_not_counted_outside_again() -> None:
    clock = Clock()
    parts = Parts(clock)
    inner = parts.timed("inner", lambda: clock.pass_(3))

    def work() -> None:
        clock.pass_(1)
        inner()
        clock.pass_(2)
        parts.add("elsewhere", 0.5)
        inner()

    parts.timed("outer", work)()
    assert parts.told() == {"inner": 6, "elsewhere": 0.5, "outer": 2.5}
    assert parts.told() == {}


def test_a_part_that_raises_is_counted() -> None:
    clock = Clock()
    parts = Parts(clock)

    def fail() -> None:
        clock.pass_(2)
        raise LookupError

    with pytest.raises(LookupError):
        parts.timed("failing", fail)()
    assert parts.told() == {"failing": 2}


def test_an_answer_is_whole_by_its_length() -> None:
    answer = b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc"
    assert not any(is_whole(answer[:end]) for end in range(len(answer)))
    assert is_whole(answer)
    with pytest.raises(WrongAnswer):
        is_whole(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")


def test_the_floor_answers_as_many_bytes() -> None:
    assert len(text_of(900).model_dump_json()) == 900


def _figures(per_s: float, ms: float) -> Figures:
    return Figures(100, per_s, ms, ms, ms, ms, 0.1)


def _round(ours_ms: float, bare_ms: float) -> Round:
    figures = {
        ("GET", at_once, who): _figures(1000 / ms, ms)
        for at_once in (1, 8)
        for who, ms in ((OURS, ours_ms), (KEYED, ours_ms), (BARE, bare_ms))
    }
    return Round(figures, {"GET": Timed(_figures(400, 2.5), {"signing": 0.5, "validation": 1.0})})


def test_ratios_are_of_one_round_and_shares_add_up(tmp_path: Path) -> None:
    # The machine was three times as slow in one of them.
    rounds = [_round(2.0, 1.0), _round(2.0, 1.0), _round(6.0, 3.0)]
    setting = Setting(rounds=3, seconds=1, busy=0.5)
    write(tmp_path / "api.md", rounds, setting)
    page = (tmp_path / "api.md").read_text()
    assert "| GET | 8 | 500 (0.50) | 1,000 | 2.00 (2.00) | 1.00 |" in page
    assert "| signing | 0.500 | 20% |" in page
    assert "| uvicorn, sockets, client | 1.000 | 40% |" in page
    assert document(rounds, setting)["timed_by_ours"] == {"GET": 1.25}
