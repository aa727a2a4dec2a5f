"""The situation that a request is decided in, and the two answers that every decision can give. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from inference_experiment.errors import ExperimentError, UnexpectedStatus
from inference_experiment.event import Request
from inference_experiment.model import Configuration, Desired, Ending, Goal, Observed, Progress, Step, StepKind

# Seconds for which Describe may still show the status from before a call (aws-facts 2.5).
GRACE: Final = 60.0


class Case(StrEnum):
    """The kind of request, with an update told apart by whether it makes a new experiment."""

    CREATE = "Create"
    UPDATE = "Update in place"
    REPLACE = "Update by replacement"
    DELETE = "Delete"


@dataclass(frozen=True)
class Situation:
    """Everything that a decision depends on.

    `target` is the experiment that the request is about; `current` the one that the physical id names, where an
    update is to replace it by `target`. `now` is in epoch seconds. `desired` is None for a Delete only.
    """

    request: Request
    case: Case
    goal: Goal
    target: Observed
    progress: Progress
    now: float
    desired: Desired | None = None
    ending: Ending = field(default_factory=Ending)
    current: Observed | None = None

    @property
    def wanted(self) -> Desired:
        """The desired state of a request that has one."""
        assert self.desired is not None  # noqa: S101 - every case but DELETE has one
        return self.desired

    @property
    def found(self) -> Configuration:
        """The configuration of a target that exists."""
        assert self.target.configuration is not None  # noqa: S101 - only an ABSENT target has none
        return self.target.configuration

    def acted(self, kind: StepKind) -> float | None:
        """Return when this request called an operation on the target."""
        return self.progress.when(kind, self.target.name)


def fail(situation: Situation, error: ExperimentError) -> Step:
    """Return the answer FAILED."""
    return Step(StepKind.FAIL, situation.target.name, error=error, reason=type(error).__name__)


def act(situation: Situation, kind: StepKind, arguments: Mapping[str, object], reason: str) -> Step:
    """Return the call, or a wait while it has yet to show; once it never showed, somebody undid it."""
    name, status = situation.target.name, situation.target.status
    at = situation.acted(kind)
    if at is None:
        return Step(kind, name, arguments, reason)
    if situation.now - at < GRACE or kind is StepKind.DELETE:
        return Step(StepKind.WAIT, name, reason=f"{kind} has yet to show")
    text = f"{kind} of {name} was accepted, but {GRACE:.0f} s later it is {status} without the change"
    return fail(situation, UnexpectedStatus(f"{text}; look for somebody else who changes it, then repeat"))
