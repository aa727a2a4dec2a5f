"""What one decision can be: each function looks at a situation and returns the next step. Pure.

The table in planner.py says which of them decides in which status; their first lines are its cells in the README.
An effect that Describe does not show yet is waited for, and no operation is called twice by one request: that is
what keeps an overtaken request from fighting the one that overtook it.
"""

from datetime import UTC, datetime
from typing import Final

from inference_experiment import checks, differences, identity, payloads
from inference_experiment.contract import OWNER_TAG
from inference_experiment.decision import DESCRIBE_LAG_SECONDS, DecisionInput, RequestKind, act, fail
from inference_experiment.errors import (
    AlreadyExists,
    InvalidProperties,
    NotFound,
    NotUpdatable,
    UnexpectedStatus,
)
from inference_experiment.model import (
    ENDED,
    LIVE,
    Action,
    ActionKind,
    DesiredState,
    Member,
    Ownership,
    Status,
)

# Seconds after an update that looks finished at once, without Updating having been seen.
UPDATE_START_SECONDS: Final = 10.0


def wait(situation: DecisionInput) -> Action:
    """Wait and look again."""
    return Action(ActionKind.WAIT, situation.target.name, reason=f"experiment is {situation.target.status}")


def done(situation: DecisionInput) -> Action:
    """Done."""
    return Action(ActionKind.DONE, situation.target.name, reason=f"experiment is {situation.target.status}")


def create(situation: DecisionInput) -> Action:
    """Create it with the owner tag; one that vanishes afterwards was deleted meanwhile."""
    at = situation.acted(ActionKind.CREATE)
    if at is not None and situation.now - at >= DESCRIBE_LAG_SECONDS:
        return fail(situation, NotFound(f"Experiment {situation.target.name} was deleted while it was being created"))
    arguments = payloads.create(situation.wanted, identity.owner_tag(situation.request))
    return act(situation, ActionKind.CREATE, arguments, "no experiment of that name")


def start(situation: DecisionInput) -> Action:
    """Start it."""
    return act(situation, ActionKind.START, {"Name": situation.target.name}, "DesiredState is Running")


def refuse_end_at_creation(situation: DecisionInput) -> Action:
    """Refuse: a new experiment cannot be created as ended."""
    state = situation.ending.state
    text = f"DesiredState {state} is not possible at creation; leave it out or write Running, and end it by an update"
    return fail(situation, NotUpdatable(text))


def report_cancelled(situation: DecisionInput) -> Action:
    """Fail with SageMaker's reason."""
    return fail(situation, UnexpectedStatus(_cancelled(situation)))


def remove_cancelled(situation: DecisionInput) -> Action:
    """Remove the new experiment that failed, then fail; the old one stays."""
    arguments = {"Name": situation.target.name}
    return Action(
        ActionKind.DELETE, situation.target.name, arguments, "replacement was cancelled", failure=_cancelled(situation)
    )


def _cancelled(situation: DecisionInput) -> str:
    reason = situation.target.status_reason or "SageMaker gives no reason"
    return f"Experiment {situation.target.name} was cancelled: {reason}"


def report_absent(situation: DecisionInput) -> Action:
    """Fail: it was deleted outside CloudFormation."""
    text = f"Experiment {situation.target.name} was deleted outside CloudFormation; a new Name creates a new one"
    return fail(situation, NotFound(text))


def edit(situation: DecisionInput) -> Action:
    """Apply what differs, if this status allows all that was asked; then the tags."""
    return refuse_blocked(situation) or apply_changes(situation) or apply_tags(situation) or done(situation)


def edit_and_start(situation: DecisionInput) -> Action:
    """Apply what differs, then start it."""
    return refuse_blocked(situation) or apply_changes(situation) or apply_tags(situation) or start(situation)


def refuse_not_started(situation: DecisionInput) -> Action:
    """Refuse: an experiment that has not started has nothing to complete or promote."""
    text = f"Experiment {situation.target.name} has not started, so it cannot become {situation.ending.state}"
    return fail(situation, NotUpdatable(f"{text}; start it first (DesiredState Running) or remove the resource"))


def keep_ended(situation: DecisionInput) -> Action:
    """Change tags only; anything else that is asked fails and says that a new Name starts a new test."""
    if situation.target.status is Status.CANCELLED and (
        situation.acted(ActionKind.UPDATE) or situation.acted(ActionKind.START)
    ):
        return report_cancelled(situation)
    step = refuse_blocked(situation)
    if not step and situation.goal is DesiredState.RUN and "DesiredState" in situation.request.changed:
        step = _ended(situation, "DesiredState")
    return step or apply_tags(situation) or done(situation)


def delete(situation: DecisionInput) -> Action:
    """Delete it; done once SageMaker has accepted that, unless the id may mean others too."""
    return act(situation, ActionKind.DELETE, {"Name": situation.target.name}, "it is to be deleted")


def refuse_blocked(situation: DecisionInput) -> Action | None:
    """Return the refusal of what the template changed and this status does not allow."""
    changed = situation.request.changed
    members = differences.blocked(situation.wanted.configuration, situation.found, situation.target.status, changed)
    if situation.goal in (DesiredState.COMPLETE, DesiredState.CANCEL):
        members -= {Member.MODEL_VARIANTS}  # they say what is to run after the stop
    if not members:
        return _refuse_end_time(situation)
    names = ", ".join(sorted(member.value for member in members))
    if situation.target.status in ENDED:
        return _ended(situation, names)
    if members == {Member.DATA_STORAGE_CONFIG} and situation.target.status is Status.CREATED:
        text = "DataStorageConfig cannot be taken away from an experiment; a new Name creates one without it"
    else:
        text = f"{names} cannot change while experiment {situation.target.name} is {situation.target.status}"
        text += "; complete it first, or give a new Name to start a new test"
    return fail(situation, NotUpdatable(text))


def _refuse_end_time(situation: DecisionInput) -> Action | None:
    """Return the refusal of an EndTime that this update sets and SageMaker cannot accept."""
    configuration = situation.wanted.configuration
    members = differences.edits(configuration, situation.found, situation.target.status, situation.request.changed)
    end = configuration.end_time
    if Member.END_TIME not in members or end is None or situation.acted(ActionKind.UPDATE) is not None:
        return None
    start = configuration.start_time if Member.START_TIME in members else situation.found.start_time
    findings = list(checks.check_new_end(start, end, datetime.fromtimestamp(situation.now, UTC)))
    return fail(situation, InvalidProperties(findings)) if findings else None


def _ended(situation: DecisionInput, names: str) -> Action:
    target = situation.target
    text = f"{names} cannot change: experiment {target.name} is {target.status}; a new Name starts a new test"
    return fail(situation, NotUpdatable(text))


def apply_changes(situation: DecisionInput) -> Action | None:
    """Return the update of what differs; None when nothing does, and an earlier one has had its time to show."""
    configuration, target = situation.wanted.configuration, situation.target
    members = differences.edits(configuration, situation.found, target.status, situation.request.changed)
    at = situation.acted(ActionKind.UPDATE)
    if members:
        arguments = payloads.update(configuration, members, target.status)
        return act(situation, ActionKind.UPDATE, arguments, "differs: " + ", ".join(sorted(members)))
    if at is not None and not situation.progress.transition_seen and situation.now - at < UPDATE_START_SECONDS:
        return Action(ActionKind.WAIT, target.name, reason="the update may not have begun")
    return None


def apply_tags(situation: DecisionInput) -> Action | None:
    """Return the next change of tags."""
    live, wanted = situation.target.tags, situation.wanted
    stale, fresh = differences.tag_changes(live, wanted.tags, wanted.previous_tags)
    arn = {"ResourceArn": situation.target.arn}
    if stale and situation.acted(ActionKind.DELETE_TAGS) is None:
        return Action(ActionKind.DELETE_TAGS, situation.target.name, {**arn, "TagKeys": stale}, "tags were removed")
    if fresh and situation.acted(ActionKind.ADD_TAGS) is None:
        tags = payloads.tag_list(fresh)
        return Action(ActionKind.ADD_TAGS, situation.target.name, {**arn, "Tags": tags}, "tags differ")
    return None


def refuse_foreign(situation: DecisionInput) -> Action | None:
    """Return the refusal of an experiment that is not ours to touch in this case; None where it is."""
    target = situation.target
    if target.status is Status.ABSENT or target.ownership is Ownership.REQUEST:
        return None
    if situation.case is RequestKind.DELETE:
        return None if target.ours else Action(ActionKind.DONE, target.name, reason="not ours: left alone")
    if situation.case is RequestKind.UPDATE:
        text = f"Experiment {target.name} does not carry this resource's owner tag {OWNER_TAG}, so it is left alone"
        return None if target.ours else fail(situation, NotUpdatable(text))
    whose = "was left by an earlier request of this resource" if target.ours else "belongs to somebody else"
    text = f"Experiment {target.name} exists and {whose}: {OWNER_TAG} is {target.tags.get(OWNER_TAG, 'absent')!r}"
    return fail(situation, AlreadyExists(f"{text}. Choose another Name or delete it"))


def refuse_replacement(situation: DecisionInput) -> Action | None:
    """Return the refusal of a replacement whose old experiment holds the endpoint that the new one needs."""
    current = situation.current
    if situation.case is not RequestKind.REPLACE or current is None or situation.target.status is not Status.ABSENT:
        return None
    if situation.acted(ActionKind.CREATE) is not None or current.configuration is None or current.status not in LIVE:
        return None
    endpoint = situation.wanted.configuration.endpoint_name
    if current.configuration.endpoint_name != endpoint:
        return None
    if current.status is Status.STOPPING:
        return Action(ActionKind.WAIT, situation.target.name, reason=f"{current.name} is still {current.status}")
    text = f"Endpoint {endpoint} still runs experiment {current.name} ({current.status}), and can run one at a time"
    return fail(situation, NotUpdatable(f"{text}; complete it first (DesiredState Completed), then start the new one"))
