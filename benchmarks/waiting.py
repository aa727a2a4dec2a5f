"""AWS calls and lag per operation: the provider, crhelper's polling and the documented calls of the native provider.

Everything runs on the simulated clock, so the figures are the same on every machine. Lag is the time between the end of
SageMaker's transition and the response. The native provider's calls are those of docs/aws-facts.md 4.2, without
repeated polls; ours are counted the same way, with transitions that take no time.
"""

import copy
import logging
import statistics
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from benchmarks.crhelper_peer import PollingProvider
from benchmarks.measure import Figure, Results
from inference_experiment_local.sagemaker.local_sagemaker import ROLE_ARN
from protocol_driver.cloud import ProtocolCloud
from protocol_driver.stack import Stack

MAX_LAG_SECONDS: Final = 6.0
MAX_CREATE_CALLS: Final = 35
# The ownership check, and the two questions about the stack before a later mutating call.
SAFETY_CALLS: Final = 3
TRANSITION_SECONDS: Final = (61.3, 93.5, 128.2, 187.9, 243.1, 301.4, 417.7)
NAME: Final = "experiment"
VARIANTS: Final = [
    {
        "VariantName": variant,
        "ModelName": model,
        "InfrastructureConfig": {
            "InfrastructureType": "RealTimeInference",
            "RealTimeInferenceConfig": {"InstanceType": "ml.m5.xlarge", "InstanceCount": 1},
        },
    }
    for variant, model in (("production", "model-1"), ("shadow", "model-2"))
]
SHADOW: Final = {
    "SourceModelVariantName": "production",
    "ShadowModelVariants": [{"ShadowModelVariantName": "shadow", "SamplingPercentage": 10}],
}
PROPERTIES: Final[dict[str, Any]] = {
    "ServiceToken": "arn:aws:lambda:us-east-1:123456789012:function:provider",
    "Name": NAME,
    "Type": "ShadowMode",
    "RoleArn": ROLE_ARN,
    "EndpointName": "endpoint",
    "ModelVariants": VARIANTS,
    "ShadowModeConfig": SHADOW,
}
API: Final = {key: value for key, value in PROPERTIES.items() if key != "ServiceToken"}
FUTURE_SCHEDULE: Final = {"StartTime": "2090-01-01T00:00:00Z", "EndTime": "2090-01-08T00:00:00Z"}


def _with(changes: Mapping[str, Any]) -> dict[str, Any]:
    return {**copy.deepcopy(PROPERTIES), **changes}


MORE_SAMPLING: Final = {
    **SHADOW,
    "ShadowModelVariants": [{"ShadowModelVariantName": "shadow", "SamplingPercentage": 50}],
}
PROMOTION: Final = {
    "DesiredState": "Completed",
    "ModelVariants": [{**VARIANTS[1]}],
    "ModelVariantActions": {"production": "Remove", "shadow": "Promote"},
}


@dataclass(frozen=True)
class Operation:
    """A kind of request: its start, the statuses it waits for, the native provider's calls and the peer's call."""

    name: str
    begin: Callable[[Stack], None]
    waits_for: tuple[str, ...]
    native_calls: int
    peer: Callable[[Any], object]
    kind: str
    before: Mapping[str, Any] | None = None


OPERATIONS: Final = (
    Operation(
        "create",
        lambda stack: stack.begin_create(PROPERTIES),
        ("Creating", "Starting"),
        4,
        lambda client: client.create_inference_experiment(**API),
        "Create",
    ),
    Operation(
        "update before the start",
        lambda stack: stack.begin_update(_with({"Schedule": FUTURE_SCHEDULE, "Description": "new"})),
        ("Updating",),
        6,
        lambda client: client.update_inference_experiment(Name=NAME, Description="new"),
        "Update",
        {"Schedule": FUTURE_SCHEDULE},
    ),
    Operation(
        "update while running",
        lambda stack: stack.begin_update(_with({"ShadowModeConfig": MORE_SAMPLING})),
        ("Updating",),
        6,
        lambda client: client.update_inference_experiment(Name=NAME, ShadowModeConfig=MORE_SAMPLING),
        "Update",
        {},
    ),
    Operation(
        "promote",
        lambda stack: stack.begin_update(_with(PROMOTION)),
        ("Stopping",),
        7,
        lambda client: client.stop_inference_experiment(
            Name=NAME, ModelVariantActions=PROMOTION["ModelVariantActions"], DesiredModelVariants=[VARIANTS[1]]
        ),
        "Update",
        {},
    ),
    Operation(
        "delete before the start",
        lambda stack: stack.begin_delete(),
        (),
        2,
        lambda client: client.delete_inference_experiment(Name=NAME),
        "Delete",
        {"Schedule": FUTURE_SCHEDULE},
    ),
    Operation(
        "delete while running",
        lambda stack: stack.begin_delete(),
        ("Stopping",),
        5,
        lambda client: client.stop_inference_experiment(
            Name=NAME, ModelVariantActions={"production": "Retain", "shadow": "Remove"}
        ),
        "Delete",
        {},
    ),
)


def measure(_: Path, __: int) -> Results:
    """Run every operation with the provider and with crhelper's polling."""
    results = Results(
        "Waiting for SageMaker",
        "Median lag over transitions of 1 to 7 minutes. Every AWS call counts, including crhelper's calls for its rule "
        "and permission. The peer polls once a minute, EventBridge's shortest interval. Fewest calls: without waiting; "
        "the native provider's are documented, and ours may be three more: the ownership check, two questions about "
        "the stack.",
    )
    logging.disable(logging.ERROR)
    with ProtocolCloud() as cloud:
        for operation in OPERATIONS:
            ours = [_ours(cloud, operation, seconds) for seconds in TRANSITION_SECONDS]
            peer = [_peers(cloud, operation, seconds) for seconds in TRANSITION_SECONDS]
            results.figures += [_lag(operation, ours, peer), _calls(operation, ours, peer), _fewest(cloud, operation)]
    logging.disable(logging.NOTSET)
    return results


def _lag(operation: Operation, ours: list[tuple[float, int]], peer: list[tuple[float, int]]) -> Figure:
    own, other = (statistics.median(lag for lag, _ in side) for side in (ours, peer))
    worst = f"median in seconds against the limit; worst {max(lag for lag, _ in ours):.1f} s"
    return Figure(
        f"{operation.name}: lag",
        own,
        other,
        "s",
        "crhelper polling",
        own,
        MAX_LAG_SECONDS,
        rounds=len(ours),
        remark=worst,
    )


def _calls(operation: Operation, ours: list[tuple[float, int]], peer: list[tuple[float, int]]) -> Figure:
    own, other = (statistics.median(calls for _, calls in side) for side in (ours, peer))
    name, floor = f"{operation.name}: calls", MAX_CREATE_CALLS if operation.name == "create" else None
    remark = "our median against the limit" if floor else ""
    value = own if floor else own / other
    return Figure(name, own, other, "calls", "crhelper polling", value, floor, rounds=len(ours), remark=remark)


def _fewest(cloud: ProtocolCloud, operation: Operation) -> Figure:
    _, calls = _ours(cloud, operation, 0.0)
    over = calls - operation.native_calls
    remark = "calls more than the native provider: 1 for the ownership check, 2 about the stack before a later call"
    name = f"{operation.name}: fewest calls"
    return Figure(name, calls, operation.native_calls, "calls", "native provider", over, SAFETY_CALLS, remark=remark)


def _prepare(cloud: ProtocolCloud) -> None:
    cloud.reset()
    cloud.sagemaker.add_endpoint("endpoint", "production", "model-1")
    cloud.sagemaker.add_model("model-2")
    cloud.sagemaker.durations.update(dict.fromkeys(cloud.sagemaker.durations, 0.0))


def _ours(cloud: ProtocolCloud, operation: Operation, seconds: float) -> tuple[float, int]:
    """Return lag and calls of our provider."""
    _prepare(cloud)
    stack = cloud.stack("bench")
    if operation.before is not None:
        stack.begin_create(_with(operation.before))
        cloud.settle()
    cloud.sagemaker.durations.update(dict.fromkeys(cloud.sagemaker.durations, seconds))
    cloud.sagemaker.clear_calls()
    cloud.services.clear_calls()
    operation.begin(stack)
    cloud.settle()
    answered = cloud.bucket.arrivals(stack.requests[-1].request_id)[0].time
    return answered - _done(cloud, operation, seconds), len(cloud.sagemaker.calls) + len(cloud.services.calls)


def _peers(cloud: ProtocolCloud, operation: Operation, seconds: float) -> tuple[float, int]:
    """Return lag and calls of a provider with crhelper's polling."""
    _prepare(cloud)
    client = cloud.sagemaker.client()
    if operation.before is not None:
        client.create_inference_experiment(**{**API, **operation.before})
        client.describe_inference_experiment(Name=NAME)  # completes its transitions
    cloud.sagemaker.durations.update(dict.fromkeys(cloud.sagemaker.durations, seconds))
    cloud.sagemaker.clear_calls()
    provider = PollingProvider(cloud.clock, cloud.sagemaker, cloud.bucket)
    event = {
        "RequestType": operation.kind,
        "RequestId": "peer",
        "StackId": "arn:aws:cloudformation:us-east-1:123456789012:stack/bench/1",
        "LogicalResourceId": "Experiment",
        "ResponseURL": cloud.bucket.issue("peer"),
        "ResourceProperties": {},
        **({"PhysicalResourceId": NAME} if operation.kind != "Create" else {}),
    }
    provider.request(event, NAME, lambda: operation.peer(client))
    answered = cloud.bucket.arrivals("peer")[0].time
    return answered - _done(cloud, operation, seconds), len(cloud.sagemaker.calls) + len(provider.helpers.calls)


def _done(cloud: ProtocolCloud, operation: Operation, seconds: float) -> float:
    """Return the end of SageMaker's transition: the time of the changing call plus its duration."""
    changing = [call for call in cloud.sagemaker.calls if not call.operation.startswith(("Describe", "List"))]
    first = next(call for call in changing if not operation.waits_for or not call.operation.startswith("Delete"))
    return first.time + seconds * len(operation.waits_for)
