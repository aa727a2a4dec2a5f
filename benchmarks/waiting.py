"""Calls and lag per operation: ours, crhelper's own polling, and what the native provider is documented to need.

Everything runs on the simulated clock, so the figures are the same on every machine. Lag is the time from the moment
when SageMaker was done until the answer arrived. The native provider's calls are those of docs/aws-facts.md 4.2, which
counts without repeated looks; ours are counted the same way, with transitions that take no time.
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
from inference_experiment_local.protocol.cloud import ProtocolCloud
from inference_experiment_local.protocol.stack import Stack
from inference_experiment_local.sagemaker.local_sagemaker import ROLE_ARN

LAG: Final = 5.0
OWNERSHIP_CHECK: Final = 1
DURATIONS: Final = (61.3, 93.5, 128.2, 187.9, 243.1, 301.4, 417.7)
"""Seconds that a transition takes: endpoints need minutes."""
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
LATER: Final = {"StartTime": "2090-01-01T00:00:00Z", "EndTime": "2090-01-08T00:00:00Z"}


def _with(changes: Mapping[str, Any]) -> dict[str, Any]:
    return {**copy.deepcopy(PROPERTIES), **changes}


MORE: Final = {**SHADOW, "ShadowModelVariants": [{"ShadowModelVariantName": "shadow", "SamplingPercentage": 50}]}
PROMOTION: Final = {
    "DesiredState": "Completed",
    "ModelVariants": [{**VARIANTS[1]}],
    "ModelVariantActions": {"production": "Remove", "shadow": "Promote"},
}


@dataclass(frozen=True)
class Operation:
    """One kind of request: how it is begun, what it waits for, what the native provider calls, what a peer does."""

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
        "update a created one",
        lambda stack: stack.begin_update(_with({"Schedule": LATER, "Description": "new"})),
        ("Updating",),
        6,
        lambda client: client.update_inference_experiment(Name=NAME, Description="new"),
        "Update",
        {"Schedule": LATER},
    ),
    Operation(
        "update a running one",
        lambda stack: stack.begin_update(_with({"ShadowModeConfig": MORE})),
        ("Updating",),
        6,
        lambda client: client.update_inference_experiment(Name=NAME, ShadowModeConfig=MORE),
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
        "delete a created one",
        lambda stack: stack.begin_delete(),
        (),
        2,
        lambda client: client.delete_inference_experiment(Name=NAME),
        "Delete",
        {"Schedule": LATER},
    ),
    Operation(
        "delete a running one",
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
    """Carry every operation out, with ours and with crhelper's polling."""
    results = Results(
        "Waiting for SageMaker",
        "Median lag over transitions of 1 to 7 minutes; every AWS call counts, crhelper's for its rule and permission "
        "too. The peer's ticks come once a minute, EventBridge's shortest interval. Fewest calls: those when nothing "
        "has to be waited for; the native provider's are documented, and ours may be one more, which asks whose it is.",
    )
    logging.disable(logging.ERROR)
    with ProtocolCloud() as cloud:
        for operation in OPERATIONS:
            ours = [_ours(cloud, operation, seconds) for seconds in DURATIONS]
            peer = [_peers(cloud, operation, seconds) for seconds in DURATIONS]
            results.figures += [_lag(operation, ours, peer), _calls(operation, ours, peer), _fewest(cloud, operation)]
    logging.disable(logging.NOTSET)
    return results


def _lag(operation: Operation, ours: list[tuple[float, int]], peer: list[tuple[float, int]]) -> Figure:
    own, other = (statistics.median(lag for lag, _ in side) for side in (ours, peer))
    worst = f"median in seconds against the limit; worst {max(lag for lag, _ in ours):.1f} s"
    return Figure(
        f"{operation.name}: lag", own, other, "s", "crhelper polling", own, LAG, rounds=len(ours), remark=worst
    )


def _calls(operation: Operation, ours: list[tuple[float, int]], peer: list[tuple[float, int]]) -> Figure:
    own, other = (statistics.median(calls for _, calls in side) for side in (ours, peer))
    name = f"{operation.name}: calls"
    return Figure(name, own, other, "calls", "crhelper polling", own / other, rounds=len(ours))


def _fewest(cloud: ProtocolCloud, operation: Operation) -> Figure:
    _, calls = _ours(cloud, operation, 0.0)
    over = calls - operation.native_calls
    remark = "calls more than the native provider: 1 for the ownership check"
    name = f"{operation.name}: fewest calls"
    return Figure(name, calls, operation.native_calls, "calls", "native provider", over, OWNERSHIP_CHECK, remark=remark)


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
    cloud.services.calls.clear()
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
        client.describe_inference_experiment(Name=NAME)  # lets its transitions pass
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
    """Return when SageMaker was done: the change that was asked for, and what it takes."""
    changing = [call for call in cloud.sagemaker.calls if not call.operation.startswith(("Describe", "List"))]
    first = next(call for call in changing if not operation.waits_for or not call.operation.startswith("Delete"))
    return first.time + seconds * len(operation.waits_for)
