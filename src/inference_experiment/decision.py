"""The input of a decision, and the actions that most decisions come down to. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final

from inference_experiment.currentness import Standing
from inference_experiment.errors import ExperimentError, Failure, UnexpectedStatus
from inference_experiment.event import Request
from inference_experiment.model import (
    Action,
    ActionKind,
    Configuration,
    Desired,
    DesiredState,
    Observed,
    Progress,
    StopRequest,
)

# For so long after a call Describe may still show the previous status (aws-facts 2.5).
DESCRIBE_LAG_SECONDS: Final = 60.0


class RequestKind(StrEnum):
    """The kind of request; an update is in place or by replacement."""

    CREATE = "Create"
    UPDATE = "Update in place"
    REPLACE = "Update by replacement"
    DELETE = "Delete"


NO_EXPERIMENT: Final = Observed("")


@dataclass(frozen=True)
class Observation:
    """The result of one observation; `replaced` is the experiment of the physical id where `target` replaces it.

    `abandoned_replacement` marks what a failed replacement left, to be removed first; `is_only_candidate` the one
    experiment that a Delete can be about, since it is named by the physical id. An id that CloudFormation generated
    may stand for several.
    """

    kind: RequestKind
    target: Observed
    replaced: Observed | None = None
    abandoned_replacement: bool = False
    is_only_candidate: bool = False


@dataclass(frozen=True)
class DecisionInput:
    """Everything that a decision depends on.

    `target` is the experiment that the request is about; `replaced` the one that the physical id names, where an
    update replaces it. `now` is in epoch seconds. `template` is None for a Delete only. `standing` is what
    CloudFormation makes of the request; `measured` are the MetricDataResults and `published` is the object with the
    figures of predictions, for the criteria of a promotion; None where that was not asked yet. `fresh`: this is the
    first attempt of a first delivery that has just been signed.
    """

    request: Request
    kind: RequestKind
    desired_state: DesiredState
    target: Observed
    progress: Progress
    now: float
    template: Desired | None = None
    stop: StopRequest = field(default_factory=StopRequest)
    replaced: Observed | None = None
    standing: Standing | None = None
    measured: Sequence[Mapping[str, Any]] | None = None
    published: bytes | None = None
    fresh: bool = False

    @property
    def desired(self) -> Desired:
        """What the template asks for, of a request that is not a Delete."""
        assert self.template is not None  # noqa: S101 - for the type checker
        return self.template

    @property
    def desired_configuration(self) -> Configuration | None:
        """The configuration that the template asks for; None for a Delete."""
        return self.template.configuration if self.template else None

    @property
    def current(self) -> Configuration:
        """The configuration of a target that exists."""
        assert self.target.configuration is not None  # noqa: S101 - for the type checker
        return self.target.configuration

    def called_at(self, kind: ActionKind) -> float | None:
        """Return when this request called an operation on the target."""
        return self.progress.called_at(kind, self.target.name)

    def call(self, kind: ActionKind, arguments: Mapping[str, object], reason: str) -> Action:
        """Return the call, or a wait until Describe shows its effect. An effect that never shows was undone."""
        target, at = self.target, self.called_at(kind)
        if at is None:
            return Action(kind, target.name, arguments, reason)
        if self.now - at < DESCRIBE_LAG_SECONDS or kind is ActionKind.DELETE:
            return self.wait(f"{kind} has no visible effect yet")
        text = f"{kind} of {target.name} was accepted, but {DESCRIBE_LAG_SECONDS:.0f} s later it is {target.status}"
        return self.fail(UnexpectedStatus(f"{text} without the change. Find out what else changes it, then retry"))

    def wait(self, reason: str) -> Action:
        """Return a wait."""
        return Action(ActionKind.WAIT, self.target.name, reason=reason)

    def fail(self, error: ExperimentError) -> Action:
        """Return the failure of the request."""
        return Action(ActionKind.FAIL, self.target.name, error=Failure.of(error), reason=type(error).__name__)
