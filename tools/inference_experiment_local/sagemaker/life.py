"""The status machine: what happens by itself as time passes.

What callers may do is in `experiment_operations`.

The sequences are aws-facts 2.1b. Everything is computed when it is read (`settle`), at the exact times at
which it would have happened, so that skipping eight days passes through the same statuses as waiting for
eight days.
"""

from typing import TYPE_CHECKING

from inference_experiment_local.sagemaker.experiment import (
    TRANSITIONAL,
    Deployment,
    SimulatedExperiment,
    Status,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from inference_experiment_local.sagemaker.moto_backend import MotoSageMaker

DAY = 86_400.0
DEFAULT_DURATION = 7 * DAY
MAXIMUM_DURATION = 30 * DAY
"""Seconds a test lasts without an EndTime, and at most (aws-facts 2.1)."""


CAPTURE_SECONDS = 60.0
"""How often captured data are written while a test goes on; the figure is [INF]."""


class Life:
    """Moves experiments through their statuses, and the endpoints under test with them.

    `on_traffic` is called with an experiment and a stretch of time in which it ran unchanged.
    """

    def __init__(self, endpoints: "MotoSageMaker") -> None:
        self._endpoints = endpoints
        self.durations: dict[str, float] = dict.fromkeys(("Creating", "Starting", "Updating", "Stopping"), 1.0)
        self.held: dict[str, frozenset[str]] = {}
        self.on_traffic: Callable[[SimulatedExperiment, float, float], None] | None = None

    def settle(self, experiment: SimulatedExperiment, now: float) -> None:
        """Do everything that has become due by `now`, in order."""
        while (event := self._next(experiment)) is not None and event[0] <= now:
            self.enter(experiment, event[1], event[0])
        if experiment.status is Status.RUNNING and now - experiment.captured_until >= CAPTURE_SECONDS:
            self._pass_traffic(experiment, now)

    def enter(self, experiment: SimulatedExperiment, status: Status, at: float) -> None:
        """Take the experiment into `status` at the time `at`, with what that does to the endpoint."""
        came_from = experiment.status
        if came_from is Status.RUNNING:
            self._pass_traffic(experiment, at)
        experiment.status, experiment.since = status, at
        experiment.last_modified_time = max(at, experiment.last_modified_time)
        if status is Status.STARTING:
            _fix_schedule(experiment, at)
            # A scheduled test may have waited for weeks: what counts is the endpoint as it is now.
            experiment.before = self._endpoints.deployment(experiment.endpoint_name) or experiment.before
        if status in {Status.STARTING, Status.STOPPING} or (status is Status.UPDATING and came_from is Status.RUNNING):
            self._endpoints.set_status(experiment.endpoint_name, "Updating")
        if status is Status.STOPPING and came_from is Status.RUNNING and experiment.after is None:
            # SageMaker's own completion: the endpoint goes back to what it was.
            experiment.actions = experiment.actions_keeping(experiment.before.variants)
        if status is Status.RUNNING:
            during = Deployment(config_name(experiment, "shadow"), experiment.variants())
            self._endpoints.deploy(experiment.endpoint_name, during, at)
            experiment.captured_until = at
            experiment.ran_since = experiment.ran_since or at
        if status in {Status.COMPLETED, Status.CANCELLED}:
            self._finish(experiment, at)

    def _next(self, experiment: SimulatedExperiment) -> tuple[float, Status] | None:
        """Return when which status comes by itself; None if only a caller can change it."""
        status = experiment.status
        if status is Status.CREATED and experiment.start_time is not None:
            return max(experiment.start_time, experiment.since), Status.STARTING
        if status is Status.RUNNING and experiment.end_time is not None:
            return max(experiment.end_time, experiment.since), Status.STOPPING
        if status not in TRANSITIONAL or status in self.held.get(experiment.name, ()):
            return None
        at = max(experiment.since + self.durations[status], experiment.not_before)
        if experiment.failure is not None:
            return at, Status.CANCELLED
        return at, _target(experiment)

    def _pass_traffic(self, experiment: SimulatedExperiment, until: float) -> None:
        begin, experiment.captured_until = experiment.captured_until, until
        if self.on_traffic is not None and begin < until:
            self.on_traffic(experiment, begin, until)

    def _finish(self, experiment: SimulatedExperiment, at: float) -> None:
        """Leave the endpoint as the stop requested, or as it was before the test.

        The latter at the end of the schedule (aws-facts 2.1) and after a failure [INF].
        """
        experiment.completion_time = at
        if experiment.failure is not None:
            experiment.reason = experiment.failure
        deployment, desired = experiment.before, None if experiment.failure else experiment.after
        if desired is not None and desired != deployment.variants:
            deployment = Deployment(config_name(experiment, "stopped"), desired)
        self._endpoints.deploy(experiment.endpoint_name, deployment, at)


def _target(experiment: SimulatedExperiment) -> Status:
    """Return where the transition that is under way leads when nothing fails."""
    if experiment.status is Status.CREATING:
        later = experiment.start_time is not None and experiment.start_time > experiment.creation_time
        return Status.CREATED if later else Status.STARTING
    if experiment.status is Status.UPDATING:
        return experiment.resume
    if experiment.status is Status.STOPPING:
        return experiment.end_state
    return Status.RUNNING


def config_name(experiment: SimulatedExperiment, suffix: str) -> str:
    """Return the name of the endpoint configuration that SageMaker would make; its form is [INF], <= 63 characters."""
    return f"{experiment.name[:50].rstrip('-')}-{suffix}"


def _fix_schedule(experiment: SimulatedExperiment, at: float) -> None:
    """Fill in the schedule at the start: seven days by default, cut to thirty (aws-facts 2.1)."""
    if experiment.start_time is None or experiment.start_time > at:
        experiment.start_time = at
    if experiment.end_time is None:
        experiment.end_time = at + DEFAULT_DURATION
    experiment.end_time = min(experiment.end_time, at + MAXIMUM_DURATION)
