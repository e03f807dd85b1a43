"""Metrics in the form that CloudWatch extracts from logs."""

import json
from typing import Any

import pytest

from functions.adapters.telemetry import Metric, count, count_failed, measure


@pytest.fixture(autouse=True)
def service(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("POWERTOOLS_SERVICE_NAME", "processing")


def written(capsys: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def test_a_count_is_written_immediately_as_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    count(Metric.DUPLICATES)
    (line,) = written(capsys)
    assert line["_aws"]["CloudWatchMetrics"] == [
        {
            "Namespace": "Clipo",
            "Dimensions": [["service"]],
            "Metrics": [{"Name": "Duplicates", "Unit": "Count"}],
        }
    ]
    assert (line["service"], line["Duplicates"]) == ("processing", [1.0])


def test_a_failure_is_counted_in_total_and_by_code(capsys: pytest.CaptureFixture[str]) -> None:
    count_failed("corrupt")
    (line,) = written(capsys)
    assert line["_aws"]["CloudWatchMetrics"][0]["Dimensions"] == [["service"], ["service", "code"]]
    assert (line["service"], line["code"], line["Failed"]) == ("processing", "corrupt", [1.0])


def test_values_have_units(capsys: pytest.CaptureFixture[str]) -> None:
    measure({Metric.DURATION: 195, Metric.BYTES_READ: 690_391})
    (line,) = written(capsys)
    assert line["_aws"]["CloudWatchMetrics"][0]["Metrics"] == [
        {"Name": "Duration", "Unit": "Milliseconds"},
        {"Name": "BytesRead", "Unit": "Bytes"},
    ]
    assert (line["Duration"], line["BytesRead"]) == ([195.0], [690_391.0])


def test_a_line_contains_nothing_of_the_previous_one(capsys: pytest.CaptureFixture[str]) -> None:
    count_failed("corrupt")
    count(Metric.UPLOADS)
    assert "code" not in written(capsys)[1]


def test_a_setting_turns_metrics_off(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("POWERTOOLS_METRICS_DISABLED", "true")
    for _ in range(200):  # powertools' `Metrics` writes out every hundredth, disabled or not
        count(Metric.UPLOADS)
    assert written(capsys) == []
