"""Simulate a request: the calls that the provider would make, in order.

The function's own lifecycle, observer and planner run unchanged on a simulated gateway and clock. The simulation starts
from the live experiment, or from the state that a file describes.
"""

import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

from inference_experiment import checks, payloads
from inference_experiment.clock import Clock
from inference_experiment.contract import OWNER_TAG
from inference_experiment.currentness import NO_STACK, StackState
from inference_experiment.errors import Failure, Refused
from inference_experiment.event import Request
from inference_experiment.lifecycle import Lifecycle
from inference_experiment.model import TRANSITIONAL, Action, ActionKind, Observed, Progress, RequestResult, Status
from inference_experiment.predictions import Figures, Origin, seal
from inference_experiment_cli.errors import SERVICE_FAILURES, ServiceError, describe_failure
from inference_experiment_cli.plan.production import status_after

if TYPE_CHECKING:
    from inference_experiment_cli.operate.gateway import CliGateway

HOUR: Final = 3600.0
POLLING_SECONDS: Final = 5.0


@dataclass
class PlannedExperiment:
    """A simulated experiment: the members of Describe, its tags, and the next status."""

    details: dict[str, Any]
    tags: dict[str, str]
    following: Status | None = None


@dataclass(frozen=True)
class Call:
    """One mutating call."""

    operation: str
    arguments: Mapping[str, Any]
    reason: str


@dataclass(frozen=True)
class Simulation:
    """The result of a simulated request, its mutating calls, and the read operations, each once."""

    outcome: RequestResult
    calls: tuple[Call, ...]
    reads: tuple[str, ...]


class SimulatedClock(Clock):
    """A clock on which waiting takes no time."""

    def __init__(self) -> None:
        super().__init__(POLLING_SECONDS)
        self._now = time.time()
        self.waited = False

    def now(self) -> float:
        """Return the simulated epoch time."""
        return self._now

    def sleep(self, seconds: float) -> None:
        """Advance the simulated time."""
        self.waited = True
        self._now += seconds


class SimulatedGateway:
    """Experiments held in dictionaries; others are read through `behind`, which is never changed.

    With `of_provider` the calls are the function's, which also reads its stack and hands waiting over to its queue.
    """

    def __init__(self, owner_tag: str, behind: "CliGateway | None" = None, *, of_provider: bool = True) -> None:
        self.of_provider = of_provider
        self.calls: list[Call] = []
        self.reads: list[str] = []
        self._experiments: dict[str, PlannedExperiment | None] = {}
        self._owner_tag = owner_tag
        self._behind = behind

    def add(self, details: Mapping[str, Any], tags: Mapping[str, str], *, adopt: bool = True) -> None:
        """Add an existing experiment; with `adopt` the request owns it, otherwise its own tag decides."""
        owner = {OWNER_TAG: self._owner_tag} if adopt else {}
        self._experiments[details["Name"]] = PlannedExperiment(dict(details), {**tags, **owner})

    def _find(self, name: str) -> PlannedExperiment | None:
        if name not in self._experiments:
            with _ending_the_simulation():
                observed, tags = self._behind.observe(name) if self._behind else (Observed(name), {})
            there = observed.status is not Status.ABSENT
            self._experiments[name] = PlannedExperiment(dict(observed.details), dict(tags)) if there else None
        return self._experiments[name]

    def describe_inference_experiment(self, name: str) -> Observed:
        """Return the current state of an experiment; a transition ends after one read."""
        self.reads.append("DescribeInferenceExperiment")
        experiment = self._find(name)
        if experiment is None:
            return Observed(name)
        details = dict(experiment.details)
        status = Status(details["Status"])
        endpoint = (details.get("EndpointMetadata") or {}).get("EndpointName", "")
        configuration = payloads.configuration(details, name, endpoint)
        if experiment.following is not None:
            experiment.details["Status"], experiment.following = experiment.following.value, None
        elif status in TRANSITIONAL:
            experiment.details["Status"] = status_after(status, configuration.start_time, now()).value
        reason = details.get("StatusReason", "")
        return Observed(
            name, status, arn=details["Arn"], configuration=configuration, status_reason=reason, details=details
        )

    def list_tags(self, arn: str) -> dict[str, str]:
        """Return the simulated tags."""
        self.reads.append("ListTags")
        experiment = self._find(arn.rsplit("/", 1)[1])
        return dict(experiment.tags) if experiment else {}

    def list_inference_experiments(self, prefix: str) -> Iterator[str]:
        """Return an iterator over the known names with a prefix."""
        self.reads.append("ListInferenceExperiments")
        return iter([name for name, experiment in self._experiments.items() if experiment and name.startswith(prefix)])

    def describe_stack(self, _: Request) -> StackState:
        """Return that the stack, if there is one, waits for the request."""
        if self.of_provider:
            self.reads += ["DescribeStacks", "DescribeStackResource"]
        return NO_STACK

    def get_metric_data(self, arguments: Mapping[str, Any]) -> list[Mapping[str, Any]]:
        """Record the query and return the metrics; good ones where none can be read."""
        self.calls.append(Call(ActionKind.MEASURE.value, arguments, "a promotion has criteria"))
        with _ending_the_simulation():
            return self._behind.get_metric_data(arguments) if self._behind else _good(arguments)

    def get_object(self, arguments: Mapping[str, Any]) -> bytes:
        """Record the call and return the published result; a good one where none can be read."""
        reason = "a promotion has criteria of predictions"
        self.calls.append(Call(ActionKind.READ_RESULT.value, arguments, reason))
        with _ending_the_simulation():
            return self._behind.get_object(arguments) if self._behind else self._good_result()

    def _good_result(self) -> bytes:
        """Return figures that meet any criteria, of the experiment that the simulation began with."""
        details = next(each.details for each in self._experiments.values() if each)
        config = details["ShadowModeConfig"]
        origin = Origin(
            details["Arn"],
            details["CreationTime"].timestamp(),
            config["SourceModelVariantName"],
            config["ShadowModelVariants"][0]["ShadowModelVariantName"],
        )
        many = 10**12
        figures = Figures("assumed", many, many, many, many, 0, many, 0.0, 0.0)
        return seal(origin, figures, f"{now():%Y-%m-%dT%H:%M:%SZ}", "")

    def perform(self, step: Action) -> None:
        """Record a call and apply it to the simulated experiment."""
        self.calls.append(Call(step.kind.value, step.arguments, step.reason))
        experiment = self._find(step.name)
        if step.kind is ActionKind.CREATE:
            self._create(step.arguments)
        elif experiment is not None:
            self._change(step, experiment)

    def _change(self, step: Action, experiment: PlannedExperiment) -> None:
        if step.kind is ActionKind.DELETE:
            self._experiments[step.name] = None
        elif step.kind in (ActionKind.ADD_TAGS, ActionKind.DELETE_TAGS):
            experiment.tags.update({tag["Key"]: tag["Value"] for tag in step.arguments.get("Tags", ())})
            experiment.tags = {
                key: value for key, value in experiment.tags.items() if key not in step.arguments.get("TagKeys", ())
            }
        else:
            _act(experiment, step)

    def _create(self, arguments: Mapping[str, Any]) -> None:
        name, schedule = arguments["Name"], arguments.get("Schedule", {})
        if "EndTime" in schedule:
            start = max(schedule.get("StartTime", now()), now())
            for finding in checks.check_new_end(start, schedule["EndTime"], now()):
                raise Refused(f"{ActionKind.CREATE}: {finding}")
        tags = {tag["Key"]: tag["Value"] for tag in arguments["Tags"]}
        self._experiments[name] = PlannedExperiment(described(arguments, name, Status.CREATING), tags)


@contextmanager
def _ending_the_simulation() -> Iterator[None]:
    """Raise ServiceError where AWS cannot be read: the lifecycle would take the failure for the request's."""
    try:
        yield
    except SERVICE_FAILURES as error:
        raise ServiceError(describe_failure(Failure.of(error))) from error


def described(arguments: Mapping[str, Any], name: str, status: Status) -> dict[str, Any]:
    """Return what Describe would say of an experiment that was made with these arguments."""
    return {
        **{key: value for key, value in arguments.items() if key not in ("EndpointName", "Tags")},
        "Name": name,
        "Arn": f"arn:aws:sagemaker:region:000000000000:inference-experiment/{name}",
        "Status": status.value,
        "CreationTime": now(),
        "EndpointMetadata": {"EndpointName": arguments["EndpointName"]},
    }


def now() -> datetime:
    """Return the present time."""
    return datetime.fromtimestamp(time.time(), UTC)


def _good(arguments: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Return measurements that meet any criteria, as a plan without an account assumes."""
    values = {"invocations": 1e12, "latency_samples": 1.0, "latency": 1.0}
    results: list[Mapping[str, Any]] = []
    for query in arguments["MetricDataQueries"]:
        role, _, measure = query["Id"].partition("_")
        value = 1e12 if (role, measure) == ("production", "latency") else values.get(measure, 0.0)
        results.append({"Id": query["Id"], "Timestamps": [arguments["StartTime"]], "Values": [value]})
    return results


def _act(experiment: PlannedExperiment, step: Action) -> None:
    arguments = step.arguments
    if step.kind is ActionKind.START:
        status, experiment.following = Status.STARTING, Status.RUNNING
        experiment.details["Schedule"] = {**(experiment.details.get("Schedule") or {}), "StartTime": now()}
    elif step.kind is ActionKind.STOP:
        status, experiment.following = Status.STOPPING, Status(arguments["DesiredState"])
        experiment.details["StatusReason"] = arguments["Reason"]
    else:
        status, experiment.following = Status.UPDATING, Status(experiment.details["Status"])
        schedule = {**(experiment.details.get("Schedule") or {}), **arguments.get("Schedule", {})}
        experiment.details.update({**arguments, **({"Schedule": schedule} if schedule else {})})
    experiment.details["Status"] = status.value


def simulate(request: Request, gateway: SimulatedGateway) -> Simulation:
    """Return the result of a request. Raises ServiceError where AWS cannot be read.

    A request without a time of signature counts as late, so it makes every call that the function may have to make.
    """
    before = len(gateway.calls)
    clock = SimulatedClock()
    progress = Progress(deadline=clock.now() + HOUR)
    outcome = Lifecycle(request, gateway, clock, progress, report=lambda _notice: None).run()
    if clock.waited and gateway.of_provider:
        gateway.reads.append("SendMessage")
    calls: Sequence[Call] = gateway.calls[before:]
    return Simulation(outcome, tuple(calls), tuple(dict.fromkeys(gateway.reads)))
