"""Two hundred stacks at once, with throttling and a concurrency limit: all answered, none orphaned."""

import logging
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest
from scale_driver import LimitedSageMaker, ManyInvocations
from stack_invariants import experiments

from protocol_driver.cloud import ProtocolCloud
from protocol_driver.stack import Stack

pytestmark = pytest.mark.slow

STACKS = 200
CONCURRENCY = 40
BURST = 20.0  # calls of one operation that SageMaker takes at once
TRANSITION = 6.0  # seconds of each transitional status
TIMEOUT = 60.0  # of the function: a pause of a minute does not fit into it
START = 2_051_222_400.0  # 2035-01-01: the same run each time
ROLE = "arn:aws:iam::123456789012:role/experiment"
DESCRIBE = "DescribeInferenceExperiment"


def properties(number: int) -> dict[str, Any]:
    infrastructure = {
        "InfrastructureType": "RealTimeInference",
        "RealTimeInferenceConfig": {"InstanceType": "ml.m5.xlarge", "InstanceCount": 1},
    }
    return {
        "ServiceToken": "arn:aws:lambda:us-east-1:123456789012:function:provider",
        "Type": "ShadowMode",
        "RoleArn": ROLE,
        "EndpointName": f"endpoint-{number}",
        "ModelVariants": [
            {"VariantName": "production", "ModelName": "model-1", "InfrastructureConfig": infrastructure},
            {"VariantName": "shadow", "ModelName": "model-2", "InfrastructureConfig": infrastructure},
        ],
        "ShadowModeConfig": {
            "SourceModelVariantName": "production",
            "ShadowModelVariants": [{"ShadowModelVariantName": "shadow", "SamplingPercentage": 10}],
        },
    }


@pytest.fixture
def cloud() -> Iterator[ProtocolCloud]:
    logging.disable(logging.ERROR)
    with ProtocolCloud() as running:
        running.clock.advance_to(START)
        for number in range(STACKS):
            running.sagemaker.add_endpoint(f"endpoint-{number}", "production", "model-1")
        running.sagemaker.add_model("model-2")
        running.sagemaker.durations.update(dict.fromkeys(running.sagemaker.durations, TRANSITION))
        running.function.timeout = TIMEOUT
        yield running
    logging.disable(logging.NOTSET)


def assert_all_answered(cloud: ProtocolCloud, stacks: list[Stack], status: str) -> None:
    reasons = Counter(each.answer.reason[:160] for stack in stacks for each in stack.requests if each.answer)
    assert Counter(stack.status for stack in stacks) == {status: STACKS}, reasons
    assert all(len(cloud.bucket.arrivals(request.request_id)) == 1 for stack in stacks for request in stack.requests)
    assert not cloud.queue.dead_letters
    assert not cloud.queue.messages


def assert_limits_kept(limit: LimitedSageMaker, per_second: float, seconds: float) -> None:
    """SageMaker took what it publishes and no more, and who was refused came back later and later.

    At most a tenth of all calls is refused: each container remembers how hard SageMaker was pressed.
    """
    accepted, asked = Counter[str](), Counter[int]()
    for (operation, _), calls in limit.accepted.items():
        accepted[operation] += calls
    for (operation, second), calls in (limit.accepted + limit.refused).items():
        asked[int(second - START) // 60] += calls if operation == DESCRIBE else 0
    assert max(limit.accepted.values()) <= BURST + per_second
    assert max(accepted.values()) <= BURST + per_second * seconds
    assert max(asked.values()) <= 3 * 60 * per_second
    assert 0 < limit.refused.total() <= 0.1 * (limit.refused.total() + limit.accepted.total())


@pytest.mark.parametrize(("per_second", "queued"), [(20.0, False), (5.0, True)])
def test_two_hundred_stacks_at_once_are_all_answered_and_leave_nothing(
    cloud: ProtocolCloud, per_second: float, *, queued: bool
) -> None:
    """Forty containers have two hundred requests at a time, and SageMaker refuses what comes too fast.

    Forty waits that look every five seconds ask eight times a second: more than the lower limit. They go on more
    slowly, and where their pause outlasts the invocation, through the queue.
    """
    invocations = ManyInvocations(cloud, CONCURRENCY)
    limit = LimitedSageMaker(cloud, per_second, BURST)
    stacks = [cloud.stack(f"stack-{number}") for number in range(STACKS)]
    with invocations.running(limit):
        for number, stack in enumerate(stacks):
            stack.begin_create(properties(number))
        invocations.settle()
        created = set(experiments(cloud))
        assert_all_answered(cloud, stacks, "CREATE_COMPLETE")

        for stack in stacks:
            stack.begin_delete()
        invocations.settle()

    assert created == {stack.requests[0].answer.physical_id for stack in stacks if stack.requests[0].answer}
    assert len(created) == STACKS
    assert_all_answered(cloud, stacks, "DELETE_COMPLETE")
    assert not experiments(cloud)
    assert invocations.most_at_once == CONCURRENCY
    assert not invocations.errors
    assert (invocations.started > 2.2 * STACKS) is queued
    assert_limits_kept(limit, per_second, cloud.clock.now() - START)
