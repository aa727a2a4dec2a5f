"""The decision: plan(situation) -> Step. The whole lifecycle is TABLE, and a test proves it total.

Standard library and our own pure modules only. Nothing here calls AWS, sleeps or reads a raw event; a situation
says everything. Feasibility is decided before the first mutating call: a failing update changes nothing.
"""

from collections.abc import Callable, Mapping
from typing import Final

from inference_experiment import differences, endings, identity, steps
from inference_experiment.errors import NotUpdatable, UnexpectedStatus
from inference_experiment.event import Request
from inference_experiment.model import TRANSITIONAL, Desired, Goal, Member, Observed, Status, Step
from inference_experiment.situation import Case, Situation, fail

Rule = Callable[[Situation], Step]

_WAITING: Final[Mapping[Status, Rule]] = dict.fromkeys(TRANSITIONAL, steps.wait)
_CREATION: Final[Mapping[Status, Rule]] = {
    **_WAITING,
    Status.ABSENT: steps.create,
    Status.CREATED: steps.done,
    Status.RUNNING: steps.done,
    Status.COMPLETED: steps.done,
    Status.CANCELLED: steps.report_cancelled,
}
_REFUSED: Final[Mapping[Status, Rule]] = dict.fromkeys(Status, steps.refuse_end_at_creation)
_EDITING: Final[Mapping[Status, Rule]] = {
    **_WAITING,
    Status.ABSENT: steps.report_absent,
    Status.CREATED: steps.edit,
    Status.RUNNING: steps.edit,
    Status.COMPLETED: steps.keep_ended,
    Status.CANCELLED: steps.keep_ended,
}
_ENDING: Final[Mapping[Status, Rule]] = {
    **_EDITING,
    Status.CREATED: steps.refuse_not_started,
    Status.RUNNING: endings.edit_and_stop,
    Status.COMPLETED: endings.check_ending,
    Status.CANCELLED: endings.check_ending,
}
_DELETION: Final[Mapping[Status, Rule]] = {
    **_WAITING,
    Status.ABSENT: steps.done,
    Status.CREATED: steps.delete,
    Status.RUNNING: endings.stop_for_deletion,
    Status.COMPLETED: steps.delete,
    Status.CANCELLED: steps.delete,
}
_REPLACEMENT: Final[Mapping[Status, Rule]] = {**_CREATION, Status.CANCELLED: steps.remove_cancelled}

TABLE: Final[Mapping[tuple[Case, Goal], Mapping[Status, Rule]]] = {
    (Case.CREATE, Goal.EXIST): _CREATION,
    (Case.CREATE, Goal.RUN): {**_CREATION, Status.CREATED: steps.start},
    (Case.CREATE, Goal.COMPLETE): _REFUSED,
    (Case.CREATE, Goal.CANCEL): _REFUSED,
    (Case.UPDATE, Goal.EXIST): _EDITING,
    (Case.UPDATE, Goal.RUN): {**_EDITING, Status.CREATED: steps.edit_and_start},
    (Case.UPDATE, Goal.COMPLETE): _ENDING,
    (Case.UPDATE, Goal.CANCEL): _ENDING,
    (Case.REPLACE, Goal.EXIST): _REPLACEMENT,
    (Case.REPLACE, Goal.RUN): {**_REPLACEMENT, Status.CREATED: steps.start},
    (Case.REPLACE, Goal.COMPLETE): _REFUSED,
    (Case.REPLACE, Goal.CANCEL): _REFUSED,
    (Case.DELETE, Goal.GONE): _DELETION,
}


def plan(situation: Situation) -> Step:
    """Return the next step. Raises nothing: a situation that is not in TABLE cannot be built from valid values."""
    failure = situation.progress.failure
    if failure and situation.target.status is Status.ABSENT:
        return fail(situation, UnexpectedStatus(failure))
    rules = _DELETION if failure else TABLE[situation.case, situation.goal]
    refusal = None if rules is _REFUSED else steps.refuse_foreign(situation) or steps.refuse_replacement(situation)
    return refusal or rules[situation.target.status](situation)


def is_refused(case: Case, goal: Goal) -> bool:
    """Return whether a request fails whatever there is, so that nothing need be observed."""
    return TABLE[case, goal] is _REFUSED


def unchangeable(request: Request, desired: Desired, current: Observed) -> frozenset[Member]:
    """Return the create-only members that an update asks to change on the experiment that the physical id names."""
    if current.configuration is None:
        return frozenset()
    members = differences.differing(desired.configuration, current.configuration) & differences.CREATE_ONLY
    return differences.requested(members, request.changed)


def target_name(request: Request, desired: Desired, current: Observed) -> str:
    """Return the name of the experiment that an update is about: the present one, or its replacement.

    Raises NotUpdatable where a create-only property changed and an explicit Name did not.
    """
    if desired.explicit_name and desired.configuration.name != request.physical_id:
        return desired.configuration.name
    members = unchangeable(request, desired, current)
    if not members:
        return request.physical_id
    if not desired.explicit_name:
        return identity.derived_name(request)
    names = ", ".join(sorted(members))
    raise NotUpdatable(
        f"{names} can only be set at creation, and experiment {current.name} exists; "
        "change Name too (or leave Name out), so that a new experiment can replace it"
    )
