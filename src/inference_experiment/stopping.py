"""The decisions about the end of an experiment: when to stop it, with which actions, and with what result. Pure."""

from datetime import UTC, datetime
from typing import Final

from inference_experiment import criteria, differences, payloads, predictions
from inference_experiment.actions import apply_changes, apply_tags, done, refuse_blocked, report_cancelled
from inference_experiment.criteria import Criteria, Verdict
from inference_experiment.currentness import StandingKind
from inference_experiment.decision import DecisionInput
from inference_experiment.errors import NotUpdatable, UnexpectedStatus
from inference_experiment.model import ENDED, Action, ActionKind, Observed, RequestType, Status

# A change before the stop, or throttling, may take most of an hour; the shadow variant may fail meanwhile.
VERDICT_SECONDS: Final = 300.0


def edit_and_stop(inputs: DecisionInput) -> Action:
    """Apply what may change, then stop it with the actions per variant."""
    first = refuse_blocked(inputs) or _refuse_other_variants(inputs) or _refuse_other_model(inputs)
    first = first or _check_criteria(inputs)
    return first or apply_changes(inputs) or apply_tags(inputs) or stop_for_deletion(inputs)


def check_end_state(inputs: DecisionInput) -> Action:
    """Compare the end state with the desired one; a promotion after the end fails."""
    action = refuse_blocked(inputs)
    if not action and inputs.request.changed & {"DesiredState", "ModelVariants", "ModelVariantActions"}:
        action = _refuse_other_variants(inputs) or _refuse_other_end(inputs)
    return action or apply_tags(inputs) or done(inputs)


def stop_for_deletion(inputs: DecisionInput) -> Action:
    """Stop it first, then delete it."""
    stop, name = inputs.stop, inputs.target.name
    actions = _variant_actions(inputs)
    if not actions:
        text = f"SageMaker and the template name no variants of experiment {name}, so it is unknown which ones to keep"
        return inputs.fail(UnexpectedStatus(f"{text}. Stop it with the AWS CLI, then retry"))
    desired = inputs.desired_configuration
    previous = payloads.variants(inputs.request.old_properties.get("ModelVariants"))
    variants = differences.resized_variants(actions, inputs.current, desired, previous) if desired else ()
    arguments = payloads.stop(name, actions, variants, stop.state, stop.reason)
    return inputs.call(ActionKind.STOP, arguments, f"to be {stop.state}: {_shown(actions)}")


def _shown(actions: dict[str, str]) -> str:
    return ", ".join(f"{variant}: {action}" for variant, action in actions.items())


def _variant_actions(inputs: DecisionInput) -> dict[str, str]:
    explicit = {} if _is_without_promotion(inputs) else inputs.stop.actions
    return differences.stop_actions(explicit, inputs.current, inputs.desired_configuration, inputs.stop.variants)


def _is_without_promotion(inputs: DecisionInput) -> bool:
    """Return whether a deletion leaves the endpoint as it was before the test although the template promotes.

    Only an update checks the criteria of a promotion, and refuses another model than the template's. What a rollback
    takes back, or a failed replacement has left, is deleted because something failed, not because the test is over.
    """
    if inputs.template is not None or differences.PROMOTE not in inputs.stop.actions.values():
        return False
    rolling_back = inputs.standing is not None and inputs.standing.kind is StandingKind.ROLLING_BACK
    taken_back = rolling_back or inputs.request.type is not RequestType.DELETE
    return bool(inputs.stop.criteria) or taken_back or _has_other_model(inputs)


def _has_other_model(inputs: DecisionInput) -> bool:
    """Return whether the shadow variant runs another model than the template of a deletion says."""
    _, shadow = differences.variant_names(inputs.current, inputs.stop.variants)
    live = inputs.current.variant(shadow)
    wanted = payloads.variants(inputs.request.properties.get("ModelVariants")).get(shadow)
    return bool(live and wanted and live.model_name != wanted.model_name)


def _refuse_other_variants(inputs: DecisionInput) -> Action | None:
    """Refuse actions on variants that the experiment does not have: it was changed outside CloudFormation."""
    names, desired = differences.variant_names(inputs.current, inputs.stop.variants), inputs.desired.configuration
    dropped = desired.variant(desired.source_variant) is None
    promoted = {desired.source_variant, desired.shadow_variant} if dropped else set()
    missing = sorted(set(inputs.stop.actions or promoted) - set(names))
    if not missing or not all(names):
        return None
    text = f"Experiment {inputs.target.name} has the variants {' and '.join(names)}, not {', '.join(missing)}"
    return inputs.fail(NotUpdatable(f"{text}; correct ModelVariants, ShadowModeConfig and ModelVariantActions"))


def _refuse_other_model(inputs: DecisionInput) -> Action | None:
    """Refuse a promotion if the shadow variant does not run the model of the template."""
    actions, name = _variant_actions(inputs), inputs.target.name
    shadow = next((variant for variant, action in actions.items() if action == differences.PROMOTE), "")
    live, wanted = inputs.current.variant(shadow), inputs.desired.configuration.variant(shadow)
    if not live or not wanted or live.model_name == wanted.model_name or _resizes(inputs, actions):
        return None
    text = f"Variant {shadow} of experiment {name} has model {live.model_name}, not {wanted.model_name}, so it was not"
    return inputs.fail(NotUpdatable(f"{text} promoted; correct ModelVariants or start a new test with a new Name"))


def _check_criteria(inputs: DecisionInput) -> Action | None:
    """Return what to read for the criteria of a promotion, or the refusal.

    They are read before the first change, and once more where the stop comes much later.
    """
    limits = inputs.stop.criteria
    if limits is None or differences.PROMOTE not in _variant_actions(inputs).values():
        return None
    if inputs.called_at(ActionKind.STOP) is not None:
        return None
    return _measure(inputs, limits) or (_read_result(inputs, limits) if limits.of_predictions else None)


def _is_recent(inputs: DecisionInput, kind: ActionKind) -> bool:
    """Return whether what was read for the criteria still tells how the shadow variant does."""
    at = inputs.called_at(kind)
    return at is not None and inputs.now - at < VERDICT_SECONDS


def _measure(inputs: DecisionInput, limits: Criteria) -> Action | None:
    if inputs.measured is not None:
        return _refuse_promotion(inputs, criteria.judge(limits, inputs.measured))
    if _is_recent(inputs, ActionKind.MEASURE):
        return None
    now, current = datetime.fromtimestamp(inputs.now, UTC), inputs.current
    start = current.start_time
    if start is None or start > now:  # it has been started early
        start = inputs.target.details.get("CreationTime", now)
    window = criteria.window(start, now, now)
    variants = {criteria.Role.PRODUCTION: current.source_variant, criteria.Role.SHADOW: current.shadow_variant}
    queries = criteria.queries(current.endpoint_name, variants, limits.latency_statistic, window.period)
    arguments = {"MetricDataQueries": queries, "StartTime": window.start, "EndTime": window.end}
    return Action(ActionKind.MEASURE, inputs.target.name, arguments, "a promotion has criteria")


def _read_result(inputs: DecisionInput, limits: Criteria) -> Action | None:
    """Read and judge the figures of predictions, after the metrics: each is judged as soon as it has been read."""
    place, target, current = limits.prediction_result, inputs.target, inputs.current
    if inputs.published is None:
        if _is_recent(inputs, ActionKind.READ_RESULT):
            return None
        bucket, _, key = place.removeprefix("s3://").partition("/")
        arguments = {"Bucket": bucket, "Key": key}
        return Action(ActionKind.READ_RESULT, target.name, arguments, "a promotion has criteria of predictions")
    origin = predictions.Origin(target.arn, target.created, current.source_variant, current.shadow_variant)
    try:
        figures = predictions.unseal(inputs.published, origin, inputs.now, limits.max_result_age)
    except predictions.WrongResultError as error:
        unchanged = " and nothing changed" if inputs.called_at(ActionKind.UPDATE) is None else ""
        text = f"The shadow variant was not promoted{unchanged}: PredictionResult {place} {error}"
        return inputs.fail(NotUpdatable(text))
    return _refuse_promotion(inputs, Verdict(tuple(predictions.checks(limits, figures))))


def _refuse_promotion(inputs: DecisionInput, verdict: Verdict) -> Action | None:
    result = "nothing changed" if inputs.called_at(ActionKind.UPDATE) is None else "it was not promoted"
    text = f"The shadow variant does not meet PromotionCriteria, so {result}: {verdict.reasons}"
    return None if verdict.result is criteria.Result.MET else inputs.fail(NotUpdatable(text))


def _stopped_by_this_request(inputs: DecisionInput, actions: dict[str, str]) -> bool:
    """Return whether this request stopped the experiment: in this delivery, or in one whose answer was lost.

    Another stop may have had the same reason, such as that of an update that was rolled back: the variants tell.
    Cancelled with another reason is also what a stop that failed comes to.
    """
    target, statuses = inputs.target, inputs.target.variant_statuses
    same_reason = target.status_reason == inputs.stop.reason
    if inputs.called_at(ActionKind.STOP) is not None:
        return same_reason or target.status is Status.COMPLETED
    first_end = inputs.request.old_properties.get("DesiredState") not in ("Completed", "Cancelled")
    ended_otherwise = all(map(statuses.get, actions)) and not differences.ended_with(actions, statuses)
    return first_end and same_reason and not ended_otherwise


def _refuse_other_end(inputs: DecisionInput) -> Action | None:
    target, state, current = inputs.target, inputs.stop.state, inputs.current
    if target.status is not state:
        text = f"Experiment {target.name} is {target.status}, not {state}: {target.status_reason or 'it has ended'}"
        return inputs.fail(UnexpectedStatus(f"{text}. A new Name starts a new test"))
    desired = inputs.desired.configuration
    actions = differences.stop_actions(inputs.stop.actions, current, desired, inputs.stop.variants)
    if _stopped_by_this_request(inputs, actions):
        return None
    if differences.ended_with(actions, target.variant_statuses) and not _resizes(inputs, actions):
        return None
    retained = current.variant(current.source_variant)
    if actions == differences.stop_actions({}, current) and desired.variant(current.source_variant) == retained:
        return None
    if inputs.called_at(ActionKind.STOP) is not None:
        return report_cancelled(inputs)
    text = f"Experiment {target.name} ended before this update, so {_shown(actions)} can no longer happen"
    now = f" ({production_after_end(target)})" if production_after_end(target) else ""
    advice = "update the endpoint itself, or give a new Name to start a new test"
    return inputs.fail(NotUpdatable(f"{text}{now}; {advice}"))


def _resizes(inputs: DecisionInput, actions: dict[str, str]) -> bool:
    previous = payloads.variants(inputs.request.old_properties.get("ModelVariants"))
    return bool(differences.resized_variants(actions, inputs.current, inputs.desired.configuration, previous))


def production_after_end(target: Observed) -> str:
    """Return what serves production after the end of an experiment, as far as the variants' statuses tell."""
    remaining = [name for name, status in target.variant_statuses.items() if status == "InService"]
    if target.status not in ENDED or len(remaining) != 1 or target.configuration is None:
        return ""
    variant = target.configuration.variant(remaining[0])
    model = f" (model {variant.model_name})" if variant else ""
    return f"endpoint {target.configuration.endpoint_name} serves production with variant {remaining[0]}{model}"
