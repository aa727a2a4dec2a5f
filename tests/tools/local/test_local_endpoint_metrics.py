"""Endpoint metrics of the local AWS: only while a variant has traffic, with the behaviour that its model sets."""

from collections.abc import Iterator
from typing import Any

import pytest
from experiment_requests import HOUR, PROMOTE, REMOVE, creation
from standing_clock import StandingClock

from inference_experiment_local.sagemaker.endpoint_metrics import ERROR_RATE, LATENCY, REQUESTS, EndpointMetrics
from inference_experiment_local.sagemaker.local_sagemaker import ROLE_ARN, LocalSageMaker

START = 1_800_000_000.0
IMAGE = "123456789012.dkr.ecr.us-east-1.amazonaws.com/model:1"


@pytest.fixture
def clock() -> StandingClock:
    return StandingClock(START)


@pytest.fixture
def sagemaker(clock: StandingClock) -> LocalSageMaker:
    running = LocalSageMaker(clock=clock)
    running.add_endpoint("endpoint", "production", "model-1")
    return running


@pytest.fixture
def metrics(sagemaker: LocalSageMaker) -> Iterator[EndpointMetrics]:
    return EndpointMetrics(sagemaker)  # type: ignore[return-value]


def add_model(sagemaker: LocalSageMaker, name: str, **environment: str) -> None:
    container = {"Image": IMAGE, "Environment": environment}
    sagemaker.perform("CreateModel", {"ModelName": name, "ExecutionRoleArn": ROLE_ARN, "PrimaryContainer": container})


def values(
    metrics: EndpointMetrics, variant: str, metric: str = "Invocations", stat: str = "Sum"
) -> dict[float, float]:
    """Return the values of half a day from the start, by seconds since it."""
    dimensions = [{"Name": "EndpointName", "Value": "endpoint"}, {"Name": "VariantName", "Value": variant}]
    measured = {"Namespace": "AWS/SageMaker", "MetricName": metric, "Dimensions": dimensions}
    query = {"Id": "q", "MetricStat": {"Metric": measured, "Period": 3600, "Stat": stat}}
    answer = metrics.perform(
        "GetMetricData", {"MetricDataQueries": [query], "StartTime": START, "EndTime": START + 12 * HOUR}
    )["MetricDataResults"][0]
    return {each - START: value for each, value in zip(answer["Timestamps"], answer["Values"], strict=True)}


def run_test(sagemaker: LocalSageMaker, clock: StandingClock, actions: Any, **changes: Any) -> None:
    """Run a test from the third to the sixth hour."""
    clock.advance(3 * HOUR)
    sagemaker.perform("CreateInferenceExperiment", creation(**changes))
    clock.advance(3 * HOUR)
    sagemaker.perform("StopInferenceExperiment", {"Name": "test", "ModelVariantActions": actions})
    clock.advance(2 * HOUR)


def test_the_shadow_has_its_share_while_the_test_runs(
    sagemaker: LocalSageMaker, metrics: EndpointMetrics, clock: StandingClock
) -> None:
    add_model(sagemaker, "model-2")
    run_test(sagemaker, clock, REMOVE)

    production, shadow = values(metrics, "production"), values(metrics, "shadow")
    assert sorted(production) == [hour * HOUR for hour in range(8)]
    assert sorted(shadow) == [hour * HOUR for hour in (3, 4, 5)] + [6 * HOUR]
    assert shadow[4 * HOUR] / production[4 * HOUR] == pytest.approx(0.5, abs=0.01)
    assert values(metrics, "other") == {}


def test_after_a_promotion_the_shadow_gets_everything(
    sagemaker: LocalSageMaker, metrics: EndpointMetrics, clock: StandingClock
) -> None:
    add_model(sagemaker, "model-2")
    run_test(sagemaker, clock, PROMOTE)

    production, shadow = values(metrics, "production"), values(metrics, "shadow")
    assert sorted(production) == [hour * HOUR for hour in range(7)]
    assert sorted(shadow) == [hour * HOUR for hour in range(3, 8)]
    assert shadow[7 * HOUR] > 1.3 * shadow[4 * HOUR]


def test_a_container_says_how_its_model_behaves(
    sagemaker: LocalSageMaker, metrics: EndpointMetrics, clock: StandingClock
) -> None:
    add_model(sagemaker, "slow", **{LATENCY: "90", ERROR_RATE: "0.05", REQUESTS: "1200"})
    run_test(sagemaker, clock, REMOVE, ModelVariants=[creation()["ModelVariants"][0], variant_of("slow")])

    latency = values(metrics, "shadow", "ModelLatency", "p50")[4 * HOUR]
    assert latency == pytest.approx(90_000, rel=0.3)
    assert values(metrics, "production", "ModelLatency", "p50")[4 * HOUR] < latency / 1.5
    invocations = values(metrics, "shadow")[4 * HOUR]
    assert values(metrics, "shadow", "Invocation5XXErrors")[4 * HOUR] == pytest.approx(0.05 * invocations, abs=1)
    assert invocations == pytest.approx(values(metrics, "production")[4 * HOUR], rel=0.01)


def test_a_setting_that_is_no_number_is_left_out(sagemaker: LocalSageMaker, metrics: EndpointMetrics) -> None:
    add_model(sagemaker, "odd", **{LATENCY: "fast"})
    usual = metrics.stretches("endpoint", "production")[0].behaviour
    assert sagemaker.model_environment("odd") == {LATENCY: "fast"}
    assert 35 < usual.latency_ms < 45
    assert metrics.stretches("nowhere", "production") == []


def variant_of(model: str) -> Any:
    shadow = creation()["ModelVariants"][1]
    return {**shadow, "ModelName": model}
