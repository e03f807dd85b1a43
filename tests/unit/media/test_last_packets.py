"""Reading the end of a file from the reports of ffprobe and ffmpeg."""

import json
from typing import Any

import pytest

from functions.media.last_packets import end_s, progress_s


def report(*packets: dict[str, Any]) -> bytes:
    return json.dumps({"packets": packets}).encode()


def test_the_end_is_the_latest_end_of_any_packet() -> None:
    packets = [
        {"pts_time": "9.0", "duration_time": "2.0"},
        {"pts_time": "10.0", "duration_time": "0.5"},
        {"duration_time": "99"},
        {"pts_time": "10.2"},
    ]
    assert end_s(report(*packets)) == 11.0


@pytest.mark.parametrize(
    "stdout",
    [
        b"",
        b"[]",
        report(),
        report({}),
        *(report({"pts_time": at}) for at in ("inf", "nan", "1e300")),
    ],
)
def test_a_report_without_an_end_has_none(stdout: bytes) -> None:
    assert end_s(stdout) is None


@pytest.mark.parametrize(
    ("stdout", "seconds"),
    [
        (
            b"frame=1\nout_time_us=40000\nprogress=continue\nout_time_us=10040000\nprogress=end\n",
            10.04,
        ),
        (b"out_time_us=N/A\nprogress=end\n", None),
        (b"out_time_us=0\nprogress=end\n", None),
        (b"", None),
    ],
)
def test_progress_states_the_last_time_reached(stdout: bytes, seconds: float | None) -> None:
    assert progress_s(stdout) == seconds
