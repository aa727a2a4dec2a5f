"""Metrics are lines of the log in CloudWatch's embedded metric format; outside Lambda there are none."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from requests_for_tests import request

from inference_experiment import metrics
from inference_experiment.errors import Failure, Refused
from inference_experiment.model import Observed, RequestResult, Status

NOW = 1_900_000_000.0


@pytest.fixture(autouse=True)
def function(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_LAMBDA_FUNCTION_NAME", "provider")
    monkeypatch.setattr("time.time", lambda: NOW)


def seen(**times: float) -> Observed:
    details = {name: datetime.fromtimestamp(moment, UTC) for name, moment in times.items()}
    return Observed("test", Status.RUNNING, details=details)


def issued(seconds: float) -> dict[str, Any]:
    stamp = datetime.fromtimestamp(NOW - seconds, UTC).strftime("%Y%m%dT%H%M%SZ")
    return {"ResponseURL": f"https://x/?X-Amz-Date={stamp}"}


def written(capsys: pytest.CaptureFixture[str]) -> dict[str, Any]:
    line: dict[str, Any] = json.loads(capsys.readouterr().out)
    return line


def test_a_line_is_in_the_embedded_metric_format(capsys: pytest.CaptureFixture[str]) -> None:
    """CloudWatch Logs reads Timestamp in milliseconds, and takes each metric and dimension from the line itself."""
    metrics.count_wait(request("Update"))
    line = written(capsys)

    (directive,) = line["_aws"]["CloudWatchMetrics"]
    assert line["_aws"]["Timestamp"] == NOW * 1000
    assert directive["Namespace"] == metrics.NAMESPACE
    assert directive["Metrics"] == [{"Name": "Waits", "Unit": "Count"}]
    named = {name for dimensions in directive["Dimensions"] for name in dimensions}
    assert {name: line[name] for name in named} == {"FunctionName": "provider", "RequestType": "Update"}
    assert line["Waits"] == 1


def test_an_answer_has_its_duration_and_how_late_it_was(capsys: pytest.CaptureFixture[str]) -> None:
    result = RequestResult("test", seen(LastModifiedTime=NOW - 9, CompletionTime=NOW - 4))
    metrics.count_answer(request(**issued(30)), result)
    line = written(capsys)

    assert {name: line[name] for name in ("Requests", "Failures", "Duration", "Lag")} == {
        "Requests": 1,
        "Failures": 0,
        "Duration": 30,
        "Lag": 4,
    }


def test_what_changed_before_the_request_is_no_lag(capsys: pytest.CaptureFixture[str]) -> None:
    failed = RequestResult("test", seen(LastModifiedTime=NOW - 90), error=Failure(Refused, "no"))
    metrics.count_answer(request(**issued(30)), failed)
    line = written(capsys)

    assert line["Failures"] == 1
    assert "Lag" not in line


def test_without_a_signing_time_there_is_no_duration(capsys: pytest.CaptureFixture[str]) -> None:
    metrics.count_answer(request(), RequestResult("test"))

    assert {"Duration", "Lag"}.isdisjoint(written(capsys))


def test_an_abandoned_request_counts_as_that_only(capsys: pytest.CaptureFixture[str]) -> None:
    metrics.count_answer(request(**issued(30)), RequestResult("test", error=Failure(Refused, "late"), abandoned=True))
    line = written(capsys)

    assert line["Abandoned"] == 1
    assert {"Requests", "Failures"}.isdisjoint(line)


def test_nothing_is_written_outside_lambda(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_LAMBDA_FUNCTION_NAME")
    metrics.count_wait(request())

    assert capsys.readouterr().out == ""
