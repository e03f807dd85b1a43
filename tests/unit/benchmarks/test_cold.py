"""What is made of the figures. That functions start at all: tests/deploy/test_cold_start.py."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from benchmarks.cold.report import HELLO, MINIMAL, NAIVE, OURS, Start, document, targets, write
from benchmarks.cold.sandbox import Cost, costs

# As the emulator wrote them.
_LOG = """\
25 Nov 2026 15:08:52,275 [INFO] (rapid) INIT START(type: on-demand, phase: init)
25 Nov 2026 15:08:52,305 [INFO] (rapid) INIT RTDONE(status: success)
25 Nov 2026 15:08:52,305 [INFO] (rapid) INIT REPORT(durationMs: 29.626000)
25 Nov 2026 15:08:52,305 [INFO] (rapid) INVOKE START(requestId: 69186ce3)
{"message": "upload signed", "duration": "7.0ms"}
25 Nov 2026 15:08:52,305 [INFO] (rapid) INVOKE RTDONE(status: success, produced bytes: 0, duration: 0.602000ms)
25 Nov 2026 15:08:52,316 [INFO] (rapid) INVOKE RTDONE(status: success, produced bytes: 0, duration: 0.458000ms)
"""  # noqa: E501


def _snapshot(cpu_s: float, disk: int, peak: int) -> str:
    return json.dumps({"cpu_s": cpu_s, "disk_bytes": disk, "peak_bytes": peak}) + "\n"


def _start(init: float, first: float, warm: float) -> Start:
    return Start(*(Cost(wall_ms, 1.0, 1.0, 1.0) for wall_ms in (init, first, warm)))


_STARTS = {
    (HELLO, HELLO): _start(50, 1, 1),
    ("api", OURS): _start(460, 50, 10),
    ("api", NAIVE): _start(1000, 50, 10),
    ("processing", OURS): _start(350, 160, 100),
    ("processing", MINIMAL): _start(350, 150, 100),
    ("processing", NAIVE): _start(1000, 50, 10),
}


def test_each_step_costs_what_was_used_since_the_one_before() -> None:
    snapshots = (
        _snapshot(0.25, 3_000_000, 20_000_000)
        + _snapshot(0.375, 3_000_000, 30_000_000)
        + _snapshot(0.5, 5_000_000, 30_000_000)
    )
    assert costs(_LOG, snapshots) == [
        Cost(wall_ms=29.626, cpu_ms=250, disk_mb=3, peak_mb=20),
        Cost(wall_ms=0.602, cpu_ms=125, disk_mb=0, peak_mb=30),
        Cost(wall_ms=0.458, cpu_ms=125, disk_mb=2, peak_mb=30),
    ]


def test_a_log_that_does_not_tell_of_every_step_is_not_believed() -> None:
    with pytest.raises(ValueError, match="zip"):
        costs(_LOG.replace("INIT REPORT", "another word"), _snapshot(0.1, 1, 1) * 3)


def test_targets_are_judged_where_they_were_measured() -> None:
    judged = {target.what: target.is_met for target in targets(_STARTS)}
    assert judged == {
        "api, ours: init by naive's": False,
        "processing, ours: init by naive's": True,
        "processing, minimal: init by naive's": True,
        "processing, ours: first by warm": False,
        "processing, minimal: first by warm": True,
    }
    api = {name: start for name, start in _STARTS.items() if name[0] != "processing"}
    assert [target.ratio for target in targets(api)] == [0.46]


def test_the_page_shows_figures_and_ratios(tmp_path: Path) -> None:
    starts = dict(_STARTS)
    starts["api", OURS] = replace(starts["api", OURS], warm=Cost(25, 1, 1, 1))
    write(tmp_path / "cold.md", starts, cache="all dropped", rounds=3, warm=7)
    page = (tmp_path / "cold.md").read_text()
    cells = "460 (0.46) | 50 (1.00) | 510 (0.49) | 2 (1.00) | 2 (1.00) | 1 (1.00) | 9.2 | 25 | 2.0"
    assert f"| api, ours | {cells} |" in page
    assert "| api, naive | 1,000 | 50 | 1,050 | 2 | 2 | 1 | 20.0 | 10 | 5.0 |" in page
    assert "- api, ours: init by naive's: 0.46, at most 0.45: NOT met" in page


def test_programs_get_all_of_it() -> None:
    told = json.loads(json.dumps(document(_STARTS, cache="all dropped", rounds=3)))
    assert (told["cache"], told["rounds"], len(told["starts"])) == ("all dropped", 3, 6)
    assert told["starts"][1]["init"]["wall_ms"] == 460
    assert told["targets"][0]["met"] is False
