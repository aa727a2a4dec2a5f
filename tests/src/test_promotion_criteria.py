"""A promotion with criteria: held against CloudWatch first, and refused with nothing changed."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from experiment_properties import properties, shadow

from inference_experiment.predictions import Figures, Origin, seal
from inference_experiment_local.sagemaker.metrics import Behaviour
from protocol_driver.cloud import ProtocolCloud
from protocol_driver.controlled import ControlledMetrics

CRITERIA = {"MaxLatencyIncrease": "10%", "MaxErrorRate": "0.5%"}
PROMOTION: dict[str, Any] = {
    "DesiredState": "Completed",
    "ModelVariantActions": {"production": "Remove", "shadow": "Promote"},
    "ShadowModeConfig": shadow(),
}


@pytest.fixture
def metrics(cloud: ProtocolCloud) -> Iterator[ControlledMetrics]:
    """CloudWatch beside the protocol driver; an hour of traffic has gone by."""
    with ControlledMetrics() as running:
        running.behaviours["endpoint", "production"] = Behaviour()
        running.behaviours["endpoint", "shadow"] = Behaviour(requests_per_minute=60)
        environment = cloud.function.environment
        environment["AWS_ENDPOINT_URL_CLOUDWATCH"] = running.url
        cloud.function.cold_start()  # type: ignore[union-attr]
        stack = cloud.stack("shop")
        stack.begin_create(properties())
        cloud.settle()
        cloud.clock.advance(3600)
        yield running
        del environment["AWS_ENDPOINT_URL_CLOUDWATCH"]
        cloud.function.cold_start()  # type: ignore[union-attr]


def promote(cloud: ProtocolCloud, **criteria: str) -> Any:
    """Ask for a promotion together with another change; return the stack."""
    (stack,) = cloud.stacks
    wanted = properties(**PROMOTION, Description="new", PromotionCriteria={**CRITERIA, **criteria})
    cloud.sagemaker.clear_calls()
    stack.begin_update(wanted)
    cloud.settle()
    return stack


def mutations(cloud: ProtocolCloud) -> list[str]:
    names = [call.operation for call in cloud.sagemaker.calls]
    return [name for name in names if not name.startswith(("Describe", "List"))]


def test_shadow_that_meets_them_is_promoted(cloud: ProtocolCloud, metrics: ControlledMetrics) -> None:
    stack = promote(cloud)
    assert stack.status == "UPDATE_COMPLETE", stack.requests[-1].answer
    assert mutations(cloud) == ["UpdateInferenceExperiment", "StopInferenceExperiment"]
    assert {name: variant.role for name, variant in cloud.sagemaker.endpoint_variants("endpoint").items()} == {
        "shadow": "production"
    }
    assert len(metrics.calls) == 1


@pytest.mark.parametrize(
    ("behaviour", "words"),
    [
        (Behaviour(requests_per_minute=60, latency_ms=80), "Average ModelLatency changed by +"),
        (Behaviour(requests_per_minute=60, error_rate=0.05), "of the shadow variant's invocations failed"),
        (
            Behaviour(requests_per_minute=0.01),
            "not enough data: the shadow variant had 0 invocations, 100 are required",
        ),
    ],
)
def test_shadow_that_does_not_changes_nothing(
    cloud: ProtocolCloud, metrics: ControlledMetrics, behaviour: Behaviour, words: str
) -> None:
    metrics.behaviours["endpoint", "shadow"] = behaviour
    stack = promote(cloud)
    assert stack.status == "UPDATE_ROLLBACK_COMPLETE"
    reason = next(request.answer.reason for request in stack.requests if not request.answer.success)
    assert reason.startswith("The shadow variant does not meet PromotionCriteria, so nothing changed")
    assert words in reason
    assert mutations(cloud) == []
    assert cloud.sagemaker.status("test") == "Running"


def test_errors_are_compared_with_production(cloud: ProtocolCloud, metrics: ControlledMetrics) -> None:
    """0 % against 0.9 % is below any usual rate, and still a shadow that fails where production does not."""
    metrics.behaviours["endpoint", "production"] = Behaviour(error_rate=0)
    metrics.behaviours["endpoint", "shadow"] = Behaviour(requests_per_minute=60, error_rate=0.009)
    stack = promote(cloud, MaxErrorRate="1%", MaxErrorIncrease="100%")
    reason = next(request.answer.reason for request in stack.requests if not request.answer.success)
    assert "the error rate went from 0.000% (0 of " in reason
    assert "at most +100% is allowed" in reason
    assert "not enough data" not in reason
    assert mutations(cloud) == []


def test_cloudwatch_that_refuses_is_named(cloud: ProtocolCloud, metrics: ControlledMetrics) -> None:
    refusal = "not authorized to perform cloudwatch:GetMetricData"
    metrics.fail_next("GetMetricData", "AccessDenied", refusal, status_code=403)
    stack = promote(cloud)
    reason = next(request.answer.reason for request in stack.requests if not request.answer.success)
    assert "may not cloudwatch:GetMetricData" in reason
    assert mutations(cloud) == []


@pytest.mark.parametrize("seconds", [10, 900])
def test_a_verdict_does_not_last(cloud: ProtocolCloud, metrics: ControlledMetrics, seconds: int) -> None:
    """The change before the stop takes long, and the shadow variant begins to fail meanwhile."""

    def fail(call: Any) -> None:
        if call.operation == "UpdateInferenceExperiment":
            metrics.behaviours["endpoint", "shadow"] = Behaviour(requests_per_minute=60, error_rate=0.5)

    cloud.sagemaker.durations["Updating"] = seconds
    cloud.sagemaker.on_call = fail
    stack = promote(cloud)
    promoted = "StopInferenceExperiment" in mutations(cloud)
    assert promoted is (seconds == 10)
    assert stack.status == ("UPDATE_COMPLETE" if promoted else "UPDATE_ROLLBACK_COMPLETE")
    if not promoted:
        reason = next(request.answer.reason for request in stack.requests if not request.answer.success)
        assert reason.startswith("The shadow variant does not meet PromotionCriteria, so it was not promoted: ")


@pytest.mark.parametrize("times", [1, 10_000])
def test_metrics_that_are_not_complete_do_not_promote(
    cloud: ProtocolCloud, metrics: ControlledMetrics, monkeypatch: pytest.MonkeyPatch, times: int
) -> None:
    """CloudWatch answers a query of errors with InternalError and no values, which would count as no errors."""
    metrics.behaviours["endpoint", "shadow"] = Behaviour(requests_per_minute=60, error_rate=0.05)
    complete, left = metrics.perform, [times]

    def perform(operation: str, parameters: Any) -> Any:
        answer = complete(operation, parameters)
        left[0] -= 1
        for result in answer["MetricDataResults"]:
            if left[0] >= 0 and "errors" in result["Id"]:
                result |= {"Timestamps": [], "Values": [], "StatusCode": "InternalError"}
        return answer

    monkeypatch.setattr(metrics, "perform", perform)
    stack = promote(cloud)
    reason = next(request.answer.reason for request in stack.requests if not request.answer.success)
    words = "of the shadow variant's invocations failed", "incomplete data of production_errors_4xx"
    assert words[times > 1] in reason
    assert mutations(cloud) == []


def test_s3_that_throttles_is_asked_again_without_measuring_again(
    cloud: ProtocolCloud, metrics: ControlledMetrics
) -> None:
    """A job that broke is no shadow that lost: the result is read again, and then judged."""
    described = cloud.sagemaker.client().describe_inference_experiment(Name="test")
    origin = Origin(described["Arn"], described["CreationTime"].timestamp(), "production", "shadow")
    figures = Figures("classification", 500, 500, 499)
    made = f"{datetime.fromtimestamp(cloud.clock.now(), UTC):%Y-%m-%dT%H:%M:%SZ}"
    cloud.services.objects["s3://results/test.json"] = seal(origin, figures, made, "s3://captured").decode()
    cloud.services.fail_next("GetObject", "SlowDown", status_code=503, times=2)
    stack = promote(cloud, MinAgreement="99.5%", PredictionResult="s3://results/test.json")
    assert stack.status == "UPDATE_COMPLETE", stack.requests[-1].answer
    assert len(metrics.calls) == 1
    assert len(cloud.services.calls_of("GetObject")) == 3


def test_criteria_without_a_threshold_are_refused(cloud: ProtocolCloud) -> None:
    stack = cloud.stack("shop")
    stack.begin_create(properties(PromotionCriteria={"MinInvocations": "10"}))
    cloud.settle()
    assert "PromotionCriteria: sets no threshold" in stack.requests[0].answer.reason
