"""The decisions about an experiment's end: when to stop it, with which actions, and what came of it. Pure."""

from datetime import UTC, datetime

from inference_experiment import criteria, differences, payloads
from inference_experiment.actions import apply_changes, apply_tags, done, refuse_blocked
from inference_experiment.decision import DecisionInput, act, fail
from inference_experiment.errors import NotUpdatable, UnexpectedStatus
from inference_experiment.model import Action, ActionKind


def edit_and_stop(situation: DecisionInput) -> Action:
    """Apply what may change, then stop it with the actions per variant."""
    return (
        refuse_blocked(situation)
        or _measure(situation)
        or apply_changes(situation)
        or apply_tags(situation)
        or _stop(situation)
    )


def check_end_state(situation: DecisionInput) -> Action:
    """Compare the end with the one asked for; a promotion after the end fails."""
    step = refuse_blocked(situation)
    if not step and situation.request.changed & {"DesiredState", "ModelVariants", "ModelVariantActions"}:
        step = _other_end(situation)
    return step or apply_tags(situation) or done(situation)


def stop_for_deletion(situation: DecisionInput) -> Action:
    """Stop it first, then delete it."""
    return _stop(situation)


def _stop_actions(situation: DecisionInput) -> dict[str, str]:
    desired = situation.desired.configuration if situation.desired else None
    # A promotion has conditions that only an update holds it against, so a deletion does without.
    explicit = {} if desired is None and situation.ending.criteria else situation.ending.actions
    return differences.stop_actions(explicit, situation.found, desired)


def _measure(situation: DecisionInput) -> Action | None:
    """Return the question whether the shadow variant may be promoted; before the first change, and once."""
    found, ending = situation.found, situation.ending
    promoted = differences.PROMOTE in _stop_actions(situation).values()
    if ending.criteria is None or not promoted or situation.acted(ActionKind.MEASURE) is not None:
        return None
    now = datetime.fromtimestamp(situation.now, UTC)
    window = criteria.window(found.start_time or situation.target.details.get("CreationTime", now), now, now)
    variants = {criteria.Role.PRODUCTION: found.source_variant, criteria.Role.SHADOW: found.shadow_variant}
    statistic = ending.criteria.latency_statistic
    queries = criteria.queries(found.endpoint_name, variants, statistic, window.period)
    arguments = {"MetricDataQueries": queries, "StartTime": window.start, "EndTime": window.end}
    return Action(ActionKind.MEASURE, situation.target.name, arguments, "a promotion has criteria")


def _stop(situation: DecisionInput) -> Action:
    desired = situation.desired.configuration if situation.desired else None
    actions = _stop_actions(situation)
    variants = differences.remaining_variants(actions, situation.found, desired)
    ending = situation.ending
    arguments = payloads.stop(situation.target.name, actions, variants, ending.state, ending.reason)
    return act(situation, ActionKind.STOP, arguments, f"to be {ending.state}: {actions}")


def _stopped_by_us(situation: DecisionInput) -> bool:
    """Return whether this request stopped the experiment: in this delivery, or in one whose answer was lost."""
    if situation.acted(ActionKind.STOP) is not None:
        return True
    first_end = situation.request.old_properties.get("DesiredState") not in ("Completed", "Cancelled")
    return first_end and situation.target.status_reason == situation.ending.reason


def _other_end(situation: DecisionInput) -> Action | None:
    target, state = situation.target, situation.ending.state
    if target.status is not state:
        text = f"Experiment {target.name} is {target.status}, not {state}: {target.status_reason or 'it has ended'}"
        return fail(situation, UnexpectedStatus(f"{text}. A new Name starts a new test"))
    if _stopped_by_us(situation):
        return None
    desired = situation.wanted.configuration
    actions = differences.stop_actions(situation.ending.actions, situation.found, desired)
    retained = situation.found.variant(situation.found.source_variant)
    usual = actions == differences.stop_actions({}, situation.found)
    if usual and desired.variant(situation.found.source_variant) == retained:
        return None
    text = f"Experiment {target.name} ended before this update, so {actions} can no longer happen"
    return fail(situation, NotUpdatable(f"{text}; update the endpoint itself, or give a new Name to start a new test"))
