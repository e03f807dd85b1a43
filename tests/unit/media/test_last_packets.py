"""Finding the end of files that do not state their duration."""

import json
from typing import Any

import pytest

from functions.media.last_packets import clips, end_s, progress_s
from tests.fakes.content import in_memory

CLUSTER = b"\x1f\x43\xb6\x75\x88\xe7\x81"
HEAD = b"\x1a\x45\xdf\xa3" + bytes(500)
MB = 1 << 20


def test_the_head_and_the_last_clusters_make_a_file() -> None:
    source = in_memory(HEAD + CLUSTER + bytes(5 * MB) + CLUSTER + b"last")
    assert next(clips(source)) == HEAD + CLUSTER + b"last"


def test_a_long_last_cluster_is_found_further_back() -> None:
    source = in_memory(HEAD + CLUSTER + bytes(9 * MB) + CLUSTER + bytes(3 * MB))
    assert list(clips(source)) == [source.read(0, source.size)]


def test_a_short_file_is_used_whole() -> None:
    source = in_memory(HEAD + CLUSTER + b"only")
    assert list(clips(source)) == [source.read(0, source.size)]


@pytest.mark.parametrize(
    "content",
    [
        b"",
        bytes(1000) + CLUSTER,  # not Matroska
        HEAD + bytes(1000),  # no cluster
        HEAD + b"\x1f\x43\xb6\x75" + bytes(1000),  # its name, but not its shape
    ],
)
def test_other_files_yield_no_clip(content: bytes) -> None:
    assert list(clips(in_memory(content))) == []


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
