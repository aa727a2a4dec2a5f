"""Whether CloudFormation still waits for a request. Pure.

Lambda and the queue deliver late and twice, and a stack goes on meanwhile: another resource fails and the update is
rolled back, the stack is deleted, the next update begins. Only the request that CloudFormation still waits for may
change anything, so every mutating call but the fresh first one asks before (docs/decisions/0014-currentness.md).
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from inference_experiment.event import Request
from inference_experiment.model import RequestType

# CloudFormation writes the resource's status, then signs the URL, whose time has whole seconds.
SIGNING_SECONDS: Final = 2.0
IN_PROGRESS: Final = "IN_PROGRESS"
# Resources that are not part of the stack any more are deleted in these.
CLEANUP: Final = "CLEANUP_IN_PROGRESS"
CLEANING_UP: Final = (CLEANUP, "ROLLBACK_IN_PROGRESS", "DELETE_IN_PROGRESS")
# In these the whole stack goes, so that a Delete is right whichever request it belongs to.
REMOVING_ALL: Final = frozenset({"DELETE_IN_PROGRESS", "ROLLBACK_IN_PROGRESS"})
# Statuses of a stack in which it may wait for a request, by the type of request. A Delete has more than the obvious
# ones, since a stack may delete what a failed update has created.
WAITING: Final = {
    RequestType.CREATE: ("CREATE_IN_PROGRESS", "UPDATE_IN_PROGRESS"),
    RequestType.UPDATE: ("UPDATE_IN_PROGRESS",),
    RequestType.DELETE: (*CLEANING_UP, "UPDATE_IN_PROGRESS"),
}
ROLLING_BACK: Final = {
    RequestType.CREATE: ("ROLLBACK_IN_PROGRESS", "CREATE_FAILED", "UPDATE_ROLLBACK_IN_PROGRESS"),
    RequestType.UPDATE: ("UPDATE_ROLLBACK_IN_PROGRESS",),
    RequestType.DELETE: ("ROLLBACK_IN_PROGRESS", "ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS"),
}


class StandingKind(StrEnum):
    """What CloudFormation makes of a request; each value completes "the request ..."."""

    CURRENT = "is the one that CloudFormation waits for"
    ROLLING_BACK = "belongs to a stack that is rolling back"
    OVERTAKEN = "is no longer waited for"
    UNKNOWN = "may or may not be waited for"


@dataclass(frozen=True)
class Standing:
    """What CloudFormation makes of a request, and the reason."""

    kind: StandingKind
    reason: str = ""


@dataclass(frozen=True)
class StackResource:
    """A resource of a stack as CloudFormation shows it; `updated` (epoch seconds) is when its status changed last."""

    status: str
    physical_id: str = ""
    updated: float | None = None


@dataclass(frozen=True)
class StackState:
    """What CloudFormation says about the stack of a request and about the request's resource.

    `status` is empty where the stack could not be asked, `problem` says why; `resource` is None where there is none, or
    where it could not be asked, as `resource_problem` says. `updated` (epoch seconds) is when the stack's last update
    began.
    """

    status: str = ""
    resource: StackResource | None = None
    problem: str = ""
    resource_problem: str = ""
    updated: float | None = None


# Of a request that no stack waits for: that of a command.
NO_STACK: Final = StackState("no stack")
DELETED: Final = StackState("DELETE_COMPLETE")


def standing(request: Request, state: StackState) -> Standing:
    """Return whether CloudFormation still waits for a request."""
    if state is NO_STACK:
        return Standing(StandingKind.CURRENT)
    overtaken = _overtaken(request, state)
    if overtaken:
        return Standing(StandingKind.OVERTAKEN, overtaken)
    rolling_back = state.status.endswith(ROLLING_BACK[request.type])
    problem = state.problem or state.resource_problem or ("" if state.status else "CloudFormation gives no status")
    # A rollback deletes for good, so that the resource has to be known as well.
    alone = rolling_back and request.type is not RequestType.DELETE
    if problem and not alone and not _belongs_to_operation(request, state):
        return Standing(StandingKind.UNKNOWN, problem)
    if rolling_back:
        return Standing(StandingKind.ROLLING_BACK, f"the stack is {state.status}")
    return Standing(StandingKind.CURRENT)


def _belongs_to_operation(request: Request, state: StackState) -> bool:
    """Return whether the stack's own status and time show that a request is part of what the stack is doing.

    This serves where the resource cannot be asked. It misses a request that has timed out while the stack continues.
    """
    if request.type is RequestType.DELETE and state.status in REMOVING_ALL:
        return True
    if request.type is RequestType.CREATE and state.status == "CREATE_IN_PROGRESS":
        return True
    if not state.status or state.updated is None or request.issued is None:
        return False
    return state.updated <= request.issued + SIGNING_SECONDS


def _overtaken(request: Request, state: StackState) -> str:
    """Return why CloudFormation does not wait for the request any more; empty where it may."""
    possible = (*WAITING[request.type], *ROLLING_BACK[request.type])
    if state.status and not state.status.endswith(possible):
        return f"the stack is {state.status}"
    if state.resource:
        return _resource_overtaken(request, state.status, state.resource)
    unknown = state.resource_problem or _may_be_missing(request, state.status)
    return "" if unknown else "the stack has no such resource"


def _resource_overtaken(request: Request, status: str, resource: StackResource) -> str:
    if request.type is RequestType.DELETE and _is_of_another(request, status, resource):
        return ""
    age = _seconds_after_signing(request, resource)
    if age is not None and age < 0:
        return ""  # nothing has happened to the resource since the request was signed
    if not (resource.status.startswith(request.type.upper()) and resource.status.endswith(IN_PROGRESS)):
        return f"the resource is {resource.status}"
    later = age is not None and age > SIGNING_SECONDS
    return f"the resource has been {resource.status} for a later request" if later else ""


def _is_of_another(request: Request, status: str, resource: StackResource) -> bool:
    """Return whether the resource shows another experiment than the one to delete, which was replaced or given up.

    Then only the experiment's own age tells whether it is the one that the request means (actions.refuse_foreign).
    """
    if resource.physical_id != request.physical_id:
        return request.issued is not None or status.endswith(CLEANING_UP)
    return status.endswith(CLEANUP) and not resource.status.startswith("DELETE")


def _seconds_after_signing(request: Request, resource: StackResource) -> float | None:
    """Return how long after the signing the resource's status changed; None where that is not known."""
    if request.issued is None or resource.updated is None:
        return None
    return resource.updated - request.issued


def _may_be_missing(request: Request, status: str) -> bool:
    """Return whether a stack may wait for a request and show no resource: at its first Create, or at its removal."""
    if request.type is RequestType.CREATE:
        return status.startswith(("CREATE_", "ROLLBACK_"))
    return request.type is RequestType.DELETE and (not status or status.endswith(CLEANING_UP))
