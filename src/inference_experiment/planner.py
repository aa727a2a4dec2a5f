"""The decision: plan(inputs) -> Action. The whole lifecycle is TABLE, and a test proves it total.

Standard library and our own pure modules only; nothing here calls AWS, sleeps or reads a raw event. Feasibility is
decided before the first mutating call: a failing update changes nothing.
"""

from collections.abc import Callable, Mapping
from typing import Final

from inference_experiment import actions, differences, identity, stopping
from inference_experiment.decision import DecisionInput, RequestKind
from inference_experiment.errors import NotUpdatable, UnexpectedStatus
from inference_experiment.event import Request
from inference_experiment.model import TRANSITIONAL, Action, Desired, DesiredState, Observed, Status

Rule = Callable[[DecisionInput], Action]

_WAITING: Final[Mapping[Status, Rule]] = dict.fromkeys(TRANSITIONAL, actions.wait)
_CREATION: Final[Mapping[Status, Rule]] = {
    **_WAITING,
    Status.ABSENT: actions.create,
    Status.CREATED: actions.done,
    Status.RUNNING: actions.done,
    Status.COMPLETED: actions.done,
    Status.CANCELLED: actions.report_cancelled,
}
_REFUSED: Final[Mapping[Status, Rule]] = dict.fromkeys(Status, actions.refuse_end_at_creation)
_EDITING: Final[Mapping[Status, Rule]] = {
    **_WAITING,
    Status.ABSENT: actions.report_absent,
    Status.CREATED: actions.edit,
    Status.RUNNING: actions.edit,
    Status.COMPLETED: actions.keep_ended,
    Status.CANCELLED: actions.keep_ended,
}
_ENDING: Final[Mapping[Status, Rule]] = {
    **_EDITING,
    Status.CREATED: actions.refuse_not_started,
    Status.RUNNING: stopping.edit_and_stop,
    Status.COMPLETED: stopping.check_end_state,
    Status.CANCELLED: stopping.check_end_state,
}
_DELETION: Final[Mapping[Status, Rule]] = {
    **_WAITING,
    Status.ABSENT: actions.done,
    Status.CREATED: actions.delete,
    Status.RUNNING: stopping.stop_for_deletion,
    Status.COMPLETED: actions.delete,
    Status.CANCELLED: actions.delete,
}
_REPLACEMENT: Final[Mapping[Status, Rule]] = {**_CREATION, Status.CANCELLED: actions.remove_cancelled}

TABLE: Final[Mapping[tuple[RequestKind, DesiredState], Mapping[Status, Rule]]] = {
    (RequestKind.CREATE, DesiredState.EXIST): _CREATION,
    (RequestKind.CREATE, DesiredState.RUN): {**_CREATION, Status.CREATED: actions.start},
    (RequestKind.CREATE, DesiredState.COMPLETE): _REFUSED,
    (RequestKind.CREATE, DesiredState.CANCEL): _REFUSED,
    (RequestKind.UPDATE, DesiredState.EXIST): _EDITING,
    (RequestKind.UPDATE, DesiredState.RUN): {**_EDITING, Status.CREATED: actions.edit_and_start},
    (RequestKind.UPDATE, DesiredState.COMPLETE): _ENDING,
    (RequestKind.UPDATE, DesiredState.CANCEL): _ENDING,
    (RequestKind.REPLACE, DesiredState.EXIST): _REPLACEMENT,
    (RequestKind.REPLACE, DesiredState.RUN): {**_REPLACEMENT, Status.CREATED: actions.start},
    (RequestKind.REPLACE, DesiredState.COMPLETE): _REFUSED,
    (RequestKind.REPLACE, DesiredState.CANCEL): _REFUSED,
    (RequestKind.DELETE, DesiredState.GONE): _DELETION,
}


def plan(inputs: DecisionInput) -> Action:
    """Return the next action. Raises nothing: every input that valid values can build is in TABLE."""
    return actions.require_current(inputs, _wanted(inputs))


def _wanted(inputs: DecisionInput) -> Action:
    """Return what the request wants next, whether or not CloudFormation still waits for it."""
    # Nothing but a replacement is removed for its failure, whatever progress a message carries.
    failure = inputs.progress.failure if inputs.kind is RequestKind.REPLACE else ""
    if failure and inputs.target.status is Status.ABSENT:
        return inputs.fail(UnexpectedStatus(failure))
    rules = _DELETION if failure else TABLE[inputs.kind, inputs.desired_state]
    refusal = None if rules is _REFUSED else actions.refuse_foreign(inputs) or actions.refuse_replacement(inputs)
    return refusal or rules[inputs.target.status](inputs)


def is_refused(kind: RequestKind, desired_state: DesiredState) -> bool:
    """Return whether a request fails in every status, so that nothing has to be observed."""
    return TABLE[kind, desired_state] is _REFUSED


def target_name(request: Request, desired: Desired, current: Observed) -> str:
    """Return the name of the experiment that an update is about: the current one, or its replacement.

    Raises NotUpdatable where a create-only property changed and an explicit Name did not.
    """
    if desired.explicit_name and desired.configuration.name != request.physical_id:
        return desired.configuration.name
    differing = current.configuration and differences.differing(desired.configuration, current.configuration)
    members = differences.requested((differing or frozenset()) & differences.CREATE_ONLY, request.changed)
    if not desired.explicit_name and (members or "Name" in request.changed):
        return identity.derived_name(request)
    if not members or not current.ours:  # another owner's is refused for that reason
        return request.physical_id
    names = ", ".join(sorted(members))
    raise NotUpdatable(
        f"{names} can only be set at creation, and experiment {current.name} exists; "
        "change Name too (or leave Name out), so that a new experiment can replace it"
    )
