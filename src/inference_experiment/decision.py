"""The situation that a request is decided in, and the two answers that every decision can give. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from inference_experiment.errors import ExperimentError, UnexpectedStatus
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

# Seconds for which Describe may still show the status from before a call (aws-facts 2.5).
DESCRIBE_LAG_SECONDS: Final = 60.0


class RequestKind(StrEnum):
    """The kind of request, with an update told apart by whether it makes a new experiment."""

    CREATE = "Create"
    UPDATE = "Update in place"
    REPLACE = "Update by replacement"
    DELETE = "Delete"


@dataclass(frozen=True)
class DecisionInput:
    """Everything that a decision depends on.

    `target` is the experiment that the request is about; `current` the one that the physical id names, where an
    update is to replace it by `target`. `now` is in epoch seconds. `desired` is None for a Delete only.
    """

    request: Request
    case: RequestKind
    goal: DesiredState
    target: Observed
    progress: Progress
    now: float
    desired: Desired | None = None
    ending: StopRequest = field(default_factory=StopRequest)
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

    def acted(self, kind: ActionKind) -> float | None:
        """Return when this request called an operation on the target."""
        return self.progress.when(kind, self.target.name)


def fail(situation: DecisionInput, error: ExperimentError) -> Action:
    """Return the answer FAILED."""
    return Action(ActionKind.FAIL, situation.target.name, error=error, reason=type(error).__name__)


def act(situation: DecisionInput, kind: ActionKind, arguments: Mapping[str, object], reason: str) -> Action:
    """Return the call, or a wait while it has yet to show; once it never showed, somebody undid it."""
    name, status = situation.target.name, situation.target.status
    at = situation.acted(kind)
    if at is None:
        return Action(kind, name, arguments, reason)
    if situation.now - at < DESCRIBE_LAG_SECONDS or kind is ActionKind.DELETE:
        return Action(ActionKind.WAIT, name, reason=f"{kind} has yet to show")
    text = f"{kind} of {name} was accepted, but {DESCRIBE_LAG_SECONDS:.0f} s later it is {status} without the change"
    return fail(situation, UnexpectedStatus(f"{text}; look for somebody else who changes it, then repeat"))
