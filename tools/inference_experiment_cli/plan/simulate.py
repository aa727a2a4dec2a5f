"""The provider's lifecycle on a SageMaker that is only imagined: what a request would do, call by call.

The function's own loop, observer and planner run unchanged; only the gateway under them is made up, and time, which
passes at once. It starts from what is really there, or from what a file says was there.
"""

import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from inference_experiment import checks, payloads
from inference_experiment.clock import Clock
from inference_experiment.contract import OWNER_TAG
from inference_experiment.errors import Refused
from inference_experiment.event import Request
from inference_experiment.gateway import Gateway
from inference_experiment.lifecycle import Lifecycle
from inference_experiment.model import TRANSITIONAL, Action, ActionKind, Observed, Progress, RequestResult, Status
from inference_experiment_cli.errors import SERVICE_FAILURES, ServiceError, describe_experiment_error
from inference_experiment_cli.operate.gateway import CliGateway

HOUR: Final = 3600.0
SECONDS_PER_LOOK: Final = 5.0


@dataclass
class Imagined:
    """One imagined experiment: the members of Describe, tags, and the status that comes next."""

    details: dict[str, Any]
    tags: dict[str, str]
    following: Status | None = None


@dataclass(frozen=True)
class Call:
    """One call that would change something."""

    operation: str
    arguments: Mapping[str, Any]
    reason: str


@dataclass(frozen=True)
class Rehearsed:
    """How a request would end, and what it would call: `reads` are operations, each once."""

    outcome: RequestResult
    calls: tuple[Call, ...]
    reads: tuple[str, ...]


class RehearsalClock(Clock):
    """Time that passes at once."""

    def __init__(self) -> None:
        super().__init__(SECONDS_PER_LOOK)
        self._now = time.time()
        self.waited = False

    def now(self) -> float:
        """Return the imagined epoch time."""
        return self._now

    def sleep(self, seconds: float) -> None:
        """Let time pass."""
        self.waited = True
        self._now += seconds


class RehearsalGateway(Gateway):
    """Experiments as a few dictionaries; what it does not know it asks `behind`, reading only.

    With `of_provider` the calls are the function's, which also asks for its stack and hands a wait over to its queue.
    """

    def __init__(self, owner_tag: str, behind: CliGateway | None = None, *, of_provider: bool = True) -> None:
        super().__init__()
        self.of_provider = of_provider
        self.calls: list[Call] = []
        self.reads: list[str] = []
        self._experiments: dict[str, Imagined | None] = {}
        self._owner_tag = owner_tag
        self._behind = behind

    def know(self, details: Mapping[str, Any], tags: Mapping[str, str]) -> None:
        """Start with an experiment that is there and counts as the request's own."""
        self._experiments[details["Name"]] = Imagined(dict(details), {**tags, OWNER_TAG: self._owner_tag})

    def _find(self, name: str) -> Imagined | None:
        if name not in self._experiments:
            with _ending_the_rehearsal():
                observed, tags = self._behind.observe(name) if self._behind else (Observed(name), {})
            there = observed.status is not Status.ABSENT
            self._experiments[name] = Imagined(dict(observed.details), dict(tags)) if there else None
        return self._experiments[name]

    def describe_inference_experiment(self, name: str) -> Observed:
        """Return an experiment as it is now; a transition ends after it has been seen once."""
        self.reads.append("DescribeInferenceExperiment")
        found = self._find(name)
        if found is None:
            return Observed(name)
        details = dict(found.details)
        status = Status(details["Status"])
        endpoint = (details.get("EndpointMetadata") or {}).get("EndpointName", "")
        configuration = payloads.configuration(details, name, endpoint)
        if found.following is not None:
            found.details["Status"], found.following = found.following.value, None
        elif status in TRANSITIONAL:
            found.details["Status"] = _status_after(status, configuration.start_time).value
        reason = details.get("StatusReason", "")
        return Observed(
            name, status, arn=details["Arn"], configuration=configuration, status_reason=reason, details=details
        )

    def list_tags(self, arn: str) -> dict[str, str]:
        """Return the imagined tags."""
        self.reads.append("ListTags")
        found = self._find(arn.rsplit("/", 1)[1])
        return dict(found.tags) if found else {}

    def list_inference_experiments(self, prefix: str) -> "Any":  # noqa: ANN401 - an iterator of names, as the gateway's
        """Yield the known names with a prefix."""
        self.reads.append("ListInferenceExperiments")
        return iter([name for name, found in self._experiments.items() if found and name.startswith(prefix)])

    def describe_stacks(self, _: str) -> str:
        """Return nothing: the stack of a rehearsal is not rolling back."""
        if self.of_provider:
            self.reads.append("DescribeStacks")
        return ""

    def perform(self, step: Action) -> list[Mapping[str, Any]]:
        """Note a call and do to the imagined experiment what SageMaker would; metrics are really read, or good."""
        self.calls.append(Call(step.kind.value, step.arguments, step.reason))
        found = self._find(step.name)
        if step.kind is ActionKind.MEASURE:
            with _ending_the_rehearsal():
                return self._behind.get_metric_data(step.arguments) if self._behind else _good(step.arguments)
        if step.kind is ActionKind.CREATE:
            self._create(step.arguments)
        elif found is not None:
            self._change(step, found)
        return []

    def _change(self, step: Action, found: Imagined) -> None:
        if step.kind is ActionKind.DELETE:
            self._experiments[step.name] = None
        elif step.kind in (ActionKind.ADD_TAGS, ActionKind.DELETE_TAGS):
            found.tags.update({tag["Key"]: tag["Value"] for tag in step.arguments.get("Tags", ())})
            found.tags = {
                key: value for key, value in found.tags.items() if key not in step.arguments.get("TagKeys", ())
            }
        else:
            _act(found, step)

    def _create(self, arguments: Mapping[str, Any]) -> None:
        name, schedule = arguments["Name"], arguments.get("Schedule", {})
        if "EndTime" in schedule:
            start = max(schedule.get("StartTime", _now()), _now())
            for finding in checks.check_new_end(start, schedule["EndTime"], _now()):
                raise Refused(f"{ActionKind.CREATE}: {finding}")
        details = {
            **{key: value for key, value in arguments.items() if key not in ("EndpointName", "Tags")},
            "Arn": f"arn:aws:sagemaker:region:000000000000:inference-experiment/{name}",
            "Status": Status.CREATING.value,
            "CreationTime": _now(),
            "EndpointMetadata": {"EndpointName": arguments["EndpointName"]},
        }
        tags = {tag["Key"]: tag["Value"] for tag in arguments["Tags"]}
        self._experiments[name] = Imagined(details, tags)


@contextmanager
def _ending_the_rehearsal() -> Iterator[None]:
    """Raise ServiceError where AWS cannot be read: the lifecycle would take the failure for the request's."""
    try:
        yield
    except SERVICE_FAILURES as error:
        raise ServiceError(describe_experiment_error(error)) from error


def _now() -> datetime:
    return datetime.fromtimestamp(time.time(), UTC)


def _status_after(transition: Status, start: datetime | None) -> Status:
    """Return the status in which a transition ends; Describe does not tell the one that a stop leads to."""
    if transition is Status.STOPPING:
        return Status.COMPLETED
    waits = transition is not Status.STARTING and start is not None and start > _now()
    return Status.CREATED if waits else Status.RUNNING


def _good(arguments: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Return measurements that meet any criteria: what a plan without an account has to assume."""
    values = {"invocations": 1e12, "latency_samples": 1.0, "latency": 1.0}
    results: list[Mapping[str, Any]] = []
    for query in arguments["MetricDataQueries"]:
        role, _, measure = query["Id"].partition("_")
        value = 1e12 if (role, measure) == ("production", "latency") else values.get(measure, 0.0)
        results.append({"Id": query["Id"], "Timestamps": [arguments["StartTime"]], "Values": [value]})
    return results


def _act(found: Imagined, step: Action) -> None:
    arguments = step.arguments
    if step.kind is ActionKind.START:
        status, found.following = Status.STARTING, Status.RUNNING
        found.details["Schedule"] = {**(found.details.get("Schedule") or {}), "StartTime": _now()}
    elif step.kind is ActionKind.STOP:
        status, found.following = Status.STOPPING, Status(arguments["DesiredState"])
        found.details["StatusReason"] = arguments["Reason"]
    else:
        status, found.following = Status.UPDATING, Status(found.details["Status"])
        schedule = {**(found.details.get("Schedule") or {}), **arguments.get("Schedule", {})}
        found.details.update({**arguments, **({"Schedule": schedule} if schedule else {})})
    found.details["Status"] = status.value


def rehearse(request: Request, gateway: RehearsalGateway) -> Rehearsed:
    """Return what a request would come to. Raises ServiceError where AWS cannot be read."""
    before = len(gateway.calls)
    clock = RehearsalClock()
    progress = Progress(deadline=clock.now() + HOUR)
    outcome = Lifecycle(request, gateway, clock, progress, report=lambda _notice: None).run()
    if clock.waited and gateway.of_provider:
        gateway.reads.append("SendMessage")
    calls: Sequence[Call] = gateway.calls[before:]
    return Rehearsed(outcome, tuple(calls), tuple(dict.fromkeys(gateway.reads)))
