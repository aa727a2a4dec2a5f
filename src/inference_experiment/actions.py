"""What a decision can be: each function takes the input of a decision and returns the next action. Pure.

The table in planner.py says which of them decides in which status; their first lines are its cells in the README.
An effect that Describe does not show yet is waited for, and one request calls no operation twice: an overtaken request
cannot fight the one that overtook it.
"""

from datetime import UTC, datetime
from typing import Final

from inference_experiment import checks, differences, identity, payloads
from inference_experiment.contract import OWNER_TAG
from inference_experiment.currentness import Standing, StandingKind
from inference_experiment.decision import DESCRIBE_LAG_SECONDS, DecisionInput, RequestKind
from inference_experiment.errors import (
    AlreadyExists,
    Failure,
    InvalidProperties,
    NotFound,
    NotUpdatable,
    Overtaken,
    UnexpectedStatus,
)
from inference_experiment.model import (
    ENDED,
    IRREVERSIBLE,
    LIVE,
    MUTATING,
    Action,
    ActionKind,
    DesiredState,
    Member,
    Ownership,
    Status,
)

# An update that shows no Updating for so long counts as done.
UPDATE_START_SECONDS: Final = 10.0


def wait(inputs: DecisionInput) -> Action:
    """Wait and observe again."""
    return inputs.wait(f"experiment is {inputs.target.status}")


def done(inputs: DecisionInput) -> Action:
    """Done."""
    return Action(ActionKind.DONE, inputs.target.name, reason=f"experiment is {inputs.target.status}")


def create(inputs: DecisionInput) -> Action:
    """Create it with the owner tag; fail if it is deleted while it is created."""
    at = inputs.called_at(ActionKind.CREATE)
    if at is not None and inputs.now - at >= DESCRIBE_LAG_SECONDS:
        return inputs.fail(NotFound(f"Experiment {inputs.target.name} was deleted while it was being created"))
    arguments = payloads.create(inputs.desired, identity.owner_tag(inputs.request))
    return inputs.call(ActionKind.CREATE, arguments, "no experiment of that name")


def start(inputs: DecisionInput) -> Action:
    """Start it."""
    return inputs.call(ActionKind.START, {"Name": inputs.target.name}, "DesiredState is Running")


def refuse_end_at_creation(inputs: DecisionInput) -> Action:
    """Refuse: a new experiment cannot be created as ended."""
    text = f"DesiredState {inputs.stop.state} is not possible at creation"
    return inputs.fail(NotUpdatable(f"{text}; remove it or write Running, and end the experiment by an update"))


def report_cancelled(inputs: DecisionInput) -> Action:
    """Fail with SageMaker's reason."""
    return inputs.fail(UnexpectedStatus(_cancelled(inputs)))


def remove_cancelled(inputs: DecisionInput) -> Action:
    """Remove the new experiment that failed, then fail; the old one stays."""
    name, failure = inputs.target.name, _cancelled(inputs)
    return Action(ActionKind.DELETE, name, {"Name": name}, "replacement was cancelled", failure=failure)


def _cancelled(inputs: DecisionInput) -> str:
    reason = inputs.target.status_reason or "SageMaker gives no reason"
    return f"Experiment {inputs.target.name} was cancelled: {reason}"


def report_absent(inputs: DecisionInput) -> Action:
    """Fail: it was deleted outside CloudFormation."""
    text = f"Experiment {inputs.target.name} was deleted outside CloudFormation; a new Name creates a new one"
    return inputs.fail(NotFound(text))


def edit(inputs: DecisionInput) -> Action:
    """Apply what differs if this status allows all requested changes; then the tags."""
    return _refuse_or_apply(inputs, refuse_blocked(inputs)) or done(inputs)


def edit_and_start(inputs: DecisionInput) -> Action:
    """Apply what differs, then start it."""
    return _refuse_or_apply(inputs, refuse_blocked(inputs)) or start(inputs)


def refuse_not_started(inputs: DecisionInput) -> Action:
    """Refuse: an experiment that has not started has nothing to complete or promote."""
    text = f"Experiment {inputs.target.name} has not started, so it cannot become {inputs.stop.state}"
    return inputs.fail(NotUpdatable(f"{text}; start it first (DesiredState Running) or remove the resource"))


def keep_ended(inputs: DecisionInput) -> Action:
    """Change tags only; any other requested change fails and says that a new Name starts a new test."""
    started = inputs.called_at(ActionKind.START)
    if inputs.target.status is Status.CANCELLED and (started or inputs.called_at(ActionKind.UPDATE)):
        return report_cancelled(inputs)
    action = refuse_blocked(inputs)
    # One that this request has started may be over before it is seen running, as after a creation.
    to_start = inputs.desired_state is DesiredState.RUN and started is None
    if not action and to_start and "DesiredState" in inputs.request.changed:
        action = _ended(inputs, "DesiredState")
    return _refuse_or_apply(inputs, action) or done(inputs)


def _refuse_or_apply(inputs: DecisionInput, refusal: Action | None) -> Action | None:
    """Return a refusal, or the next change of what differs; None when nothing does.

    The refusal of a rollback is a success, so that it comes after what the rollback can take back.
    """
    change = apply_changes(inputs) or apply_tags(inputs)
    if not refusal or not change or not refusal.error or refusal.error.kind is not NotUpdatable:
        return refusal or change
    if change.kind is ActionKind.WAIT:
        return change
    if inputs.standing is None:
        return Action(ActionKind.ASK_STACK, inputs.target.name, reason="before a part is changed")
    return change if inputs.standing.kind is StandingKind.ROLLING_BACK else refusal


def delete(inputs: DecisionInput) -> Action:
    """Delete it; done once SageMaker has accepted that, unless the id may stand for other experiments."""
    return inputs.call(ActionKind.DELETE, {"Name": inputs.target.name}, "delete requested")


def refuse_blocked(inputs: DecisionInput) -> Action | None:
    """Return the refusal of what the template changed and this status does not allow."""
    name, status = inputs.target.name, inputs.target.status
    members = differences.blocked(inputs.desired.configuration, inputs.current, status, inputs.request.changed)
    if inputs.desired_state in (DesiredState.COMPLETE, DesiredState.CANCEL):
        members -= {Member.MODEL_VARIANTS}  # they say what runs after the stop
    if not members:
        return _refuse_end_time(inputs)
    names = ", ".join(sorted(member.value for member in members))
    if status in ENDED:
        return _ended(inputs, names)
    if members == {Member.DATA_STORAGE_CONFIG} and status is Status.CREATED:
        text = "DataStorageConfig cannot be removed from an experiment; a new Name creates one without it"
    else:
        advice = "complete it first, or give a new Name to start a new test"
        text = f"{names} cannot change while experiment {name} is {status}; {advice}"
    return inputs.fail(NotUpdatable(text))


def _refuse_end_time(inputs: DecisionInput) -> Action | None:
    """Return the refusal of an EndTime that this update sets and SageMaker cannot accept."""
    configuration = inputs.desired.configuration
    members = differences.edits(configuration, inputs.current, inputs.target.status, inputs.request.changed)
    end = configuration.end_time
    if Member.END_TIME not in members or end is None or inputs.called_at(ActionKind.UPDATE) is not None:
        return None
    start = configuration.start_time if Member.START_TIME in members else inputs.current.start_time
    findings = list(checks.check_new_end(start, end, datetime.fromtimestamp(inputs.now, UTC)))
    return inputs.fail(InvalidProperties(findings)) if findings else None


def _ended(inputs: DecisionInput, names: str) -> Action:
    target = inputs.target
    text = f"{names} cannot change: experiment {target.name} is {target.status}; a new Name starts a new test"
    return inputs.fail(NotUpdatable(text))


def apply_changes(inputs: DecisionInput) -> Action | None:
    """Return the update of what differs; None when nothing does, and an earlier update has had its time to show."""
    configuration, status = inputs.desired.configuration, inputs.target.status
    members = differences.edits(configuration, inputs.current, status, inputs.request.changed)
    at = inputs.called_at(ActionKind.UPDATE)
    if at is not None:  # drift that an update does not correct, such as another form of a key, is left
        members = differences.requested(members, inputs.request.changed)
    if members:
        arguments = payloads.update(configuration, members, status)
        return inputs.call(ActionKind.UPDATE, arguments, "differs: " + ", ".join(sorted(members)))
    if at is not None and not inputs.progress.transition_seen and inputs.now - at < UPDATE_START_SECONDS:
        return inputs.wait("the update may not have begun")
    return None


def apply_tags(inputs: DecisionInput) -> Action | None:
    """Return the next change of tags."""
    target, desired = inputs.target, inputs.desired
    stale, new = differences.tag_changes(target.tags, desired.tags, desired.previous_tags)
    arn = {"ResourceArn": target.arn}
    if stale and inputs.called_at(ActionKind.DELETE_TAGS) is None:
        return Action(ActionKind.DELETE_TAGS, target.name, {**arn, "TagKeys": stale}, "tags were removed")
    if new and inputs.called_at(ActionKind.ADD_TAGS) is None:
        return Action(ActionKind.ADD_TAGS, target.name, {**arn, "Tags": payloads.tag_list(new)}, "tags differ")
    return None


def require_current(inputs: DecisionInput, action: Action) -> Action:
    """Return an action, or what has to come before it: only the request that CloudFormation waits for may act.

    The fresh first attempt may act without asking, except for what a rollback does not do: its Update is fresh too. A
    stop or a delete cannot be undone and needs a clear answer; other calls are made if CloudFormation cannot be asked.
    """
    promotes = differences.PROMOTE in action.arguments.get("ModelVariantActions", {}).values()
    updating = inputs.kind in (RequestKind.UPDATE, RequestKind.REPLACE)
    not_in_rollback = promotes or (updating and action.kind in (ActionKind.CREATE, ActionKind.START, ActionKind.STOP))
    if action.kind not in MUTATING or (inputs.fresh and not not_in_rollback):
        return action
    standing, name = inputs.standing, inputs.target.name
    if standing is None:
        return Action(ActionKind.ASK_STACK, name, reason=f"before {action.kind}")
    if standing.kind is StandingKind.OVERTAKEN:
        return Action(ActionKind.ABANDON, name, error=Failure.of(overtaken(standing)), reason=standing.reason)
    if standing.kind is StandingKind.UNKNOWN and action.kind in IRREVERSIBLE:
        text = f"{action.kind} was not called, since it is not known whether CloudFormation still waits for it"
        return inputs.fail(Overtaken(f"{text}: {standing.reason}"))
    if standing.kind is StandingKind.ROLLING_BACK:
        return _limit_to_rollback(inputs, action, promotes=promotes)
    return action


def overtaken(standing: Standing) -> Overtaken:
    """Return the error of a request that CloudFormation does not wait for any more."""
    return Overtaken(f"CloudFormation no longer waits for this request ({standing.reason}); nothing more was changed")


def _limit_to_rollback(inputs: DecisionInput, action: Action, *, promotes: bool) -> Action:
    if action.kind is ActionKind.CREATE and inputs.kind is RequestKind.CREATE:
        return inputs.fail(NotFound("The stack is being rolled back or deleted, so no experiment was created"))
    if action.kind is ActionKind.CREATE:
        return inputs.fail(NotUpdatable("The stack is rolling back; a rollback does not start a new experiment"))
    if action.kind is ActionKind.START:
        return inputs.fail(NotUpdatable("The stack is rolling back; a rollback does not start an experiment"))
    if promotes:
        return inputs.fail(NotUpdatable("The stack is rolling back; a rollback does not promote a shadow variant"))
    if action.kind is ActionKind.STOP and inputs.kind is RequestKind.UPDATE:
        return inputs.fail(NotUpdatable("The stack is rolling back; a rollback does not end an experiment"))
    return action


def refuse_foreign(inputs: DecisionInput) -> Action | None:
    """Return the refusal of an experiment that this request must not touch; None where it may."""
    target = inputs.target
    if target.status is Status.ABSENT or target.ownership is Ownership.REQUEST:
        return None
    at = inputs.called_at(ActionKind.CREATE)
    if at is not None and OWNER_TAG not in target.tags and inputs.now - at < DESCRIBE_LAG_SECONDS:
        return inputs.wait("the tags of the creation are not visible yet")
    if inputs.kind is RequestKind.DELETE:
        reason = "not ours: left alone" if not target.ours else ""
        if identity.created_after(target, inputs.request):
            reason = "created after this request was signed: left alone"
        return Action(ActionKind.DONE, target.name, reason=reason) if reason else None
    if inputs.kind is RequestKind.UPDATE:
        text = f"Experiment {target.name} does not carry this resource's owner tag {OWNER_TAG}, so it is left alone"
        return None if target.ours else inputs.fail(NotUpdatable(text))
    whose = "was left by an earlier request of this resource" if target.ours else "belongs to another owner"
    text = f"Experiment {target.name} exists and {whose}: {OWNER_TAG} is {target.tags.get(OWNER_TAG, 'absent')}"
    return inputs.fail(AlreadyExists(f"{text}. Choose another Name or delete it"))


def refuse_replacement(inputs: DecisionInput) -> Action | None:
    """Return the refusal of a replacement whose old experiment still occupies the endpoint of the new one."""
    old = inputs.replaced
    if inputs.kind is not RequestKind.REPLACE or old is None or inputs.target.status is not Status.ABSENT:
        return None
    if inputs.called_at(ActionKind.CREATE) is not None or old.configuration is None or old.status not in LIVE:
        return None
    endpoint = inputs.desired.configuration.endpoint_name
    if old.configuration.endpoint_name != endpoint:
        return None
    if old.status is Status.STOPPING:
        return inputs.wait(f"{old.name} is still {old.status}")
    text = f"Endpoint {endpoint} still runs experiment {old.name} ({old.status}), and can run one at a time"
    return inputs.fail(NotUpdatable(f"{text}; complete it first (DesiredState Completed), then start the new one"))
