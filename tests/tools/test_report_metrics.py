"""The synthetic CloudWatch by itself: shapes, refusals, pages, and numbers that agree with the behaviour."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from inference_experiment import criteria
from inference_experiment_local.sagemaker.metrics import MARK, Behaviour
from inference_experiment_local.sessions import isolated_session
from protocol_driver.controlled import ControlledMetrics

START = datetime(2026, 1, 5, tzinfo=UTC)
DAY = START + timedelta(days=1)
BEHAVIOUR = Behaviour(requests_per_minute=100, latency_ms=20, error_rate=0.01)


@pytest.fixture
def metrics() -> Iterator[ControlledMetrics]:
    with ControlledMetrics() as running:
        running.behaviours = {("endpoint", "variant"): BEHAVIOUR}
        yield running


def client(metrics: ControlledMetrics) -> Any:
    config = Config(retries={"total_max_attempts": 1}, proxies={})
    return isolated_session("us-east-1").client("cloudwatch", endpoint_url=metrics.url, config=config)


def ask(metrics: ControlledMetrics, name: str, stat: str, period: int = 3600, variant: str = "variant") -> list[float]:
    query = criteria.query("one", "endpoint", variant, ("AWS/SageMaker", name, stat), period)
    pages = (
        client(metrics)
        .get_paginator("get_metric_data")
        .paginate(MetricDataQueries=[query], StartTime=START, EndTime=DAY)
    )
    found: list[float] = []
    for page in pages:
        assert page["Messages"] == [MARK]
        found += page["MetricDataResults"][0]["Values"]
    return found


def test_numbers_agree_with_the_behaviour(metrics: ControlledMetrics) -> None:
    """A day of 100 requests a minute, 1 % of them failing, the median near 20 ms and the percentiles in order."""
    requests = sum(ask(metrics, "Invocations", "Sum"))
    latencies = [sum(ask(metrics, "ModelLatency", stat)) / 24 for stat in ("p50", "p90", "p99")]

    assert requests == pytest.approx(144_000, rel=0.05)
    assert sum(ask(metrics, "InvocationModelErrors", "Sum")) / requests == pytest.approx(0.01, rel=0.05)
    assert latencies[0] == pytest.approx(20_000, rel=0.05)
    assert latencies == sorted(latencies)
    assert ask(metrics, "ModelLatency", "SampleCount") == ask(metrics, "Invocations", "Sum")


def test_every_question_has_one_answer(metrics: ControlledMetrics) -> None:
    assert ask(metrics, "ModelLatency", "Average") == ask(metrics, "ModelLatency", "Average")
    assert len(ask(metrics, "Invocations", "Sum", period=60)) == 1440


@pytest.mark.parametrize(
    ("name", "variant"), [("Invocations", "other"), ("Invocation4XXErrors", "variant"), ("GPUUtilization", "variant")]
)
def test_what_does_not_happen_has_no_values(metrics: ControlledMetrics, name: str, variant: str) -> None:
    assert ask(metrics, name, "Sum", variant=variant) == []


def test_nothing_before_the_beginning_and_after_the_end(metrics: ControlledMetrics) -> None:
    since, until = START.timestamp() + 6 * 3600, START.timestamp() + 9 * 3600
    metrics.behaviours = {("endpoint", "variant"): replace(BEHAVIOUR, since=since, until=until)}

    assert len(ask(metrics, "Invocations", "Sum")) == 3
    metrics.behaviours = {("endpoint", "variant"): replace(BEHAVIOUR, requests_per_minute=0)}
    assert ask(metrics, "Invocations", "Sum") == ask(metrics, "ModelLatency", "Average") == []


def test_pages(metrics: ControlledMetrics) -> None:
    whole = ask(metrics, "Invocations", "Sum")
    metrics.page_size = 5

    assert ask(metrics, "Invocations", "Sum") == whole
    assert len(metrics.calls) == 1 + 5


def test_refusals(metrics: ControlledMetrics) -> None:
    """What the shapes forbid, what is not there, and an error that a test asked for."""
    query = criteria.query("one", "endpoint", "variant", ("AWS/SageMaker", "Invocations", "Sum"), 60)
    broken = {**query, "MetricStat": {**query["MetricStat"], "Metric": {"Namespace": "a" * 256}}}
    cloudwatch = client(metrics)

    def code(operation: Any, **request: Any) -> str:
        with pytest.raises(ClientError) as refused:
            operation(**request)
        return str(refused.value.response["Error"]["Code"])

    time = {"StartTime": START, "EndTime": DAY}
    assert code(cloudwatch.get_metric_data, MetricDataQueries=[broken], **time) == "ValidationError"
    assert code(cloudwatch.list_metrics) == "UnknownOperationException"
    metrics.fail_next("GetMetricData", "Throttling")
    assert code(cloudwatch.get_metric_data, MetricDataQueries=[query], **time) == "Throttling"


def test_it_has_to_be_running() -> None:
    with pytest.raises(RuntimeError, match="use it in a with statement"):
        _ = ControlledMetrics().url
