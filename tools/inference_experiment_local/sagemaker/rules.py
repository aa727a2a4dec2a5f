"""What a request must satisfy beyond its shape. Pure: requests and states in, ServiceError out.

Sources are aws-facts 2.1, 2.2 and 2.7; [INF] marks the rules that no source states, chosen on the strict
side.
"""

from collections.abc import Sequence
from dataclasses import replace

from inference_experiment_local.errors import ServiceError, invalid
from inference_experiment_local.sagemaker.experiment import (
    Deployment,
    SimulatedExperiment,
    Status,
    Variant,
    Variants,
)
from inference_experiment_local.sagemaker.life import MAXIMUM_DURATION
from inference_experiment_local.service import Members

MAXIMUM_TAGS = 50


def check_variants(request: Members) -> None:
    """Variant names are unique and the shadow configuration names two of them (L1, [INF])."""
    names = [each["VariantName"] for each in request["ModelVariants"]]
    if len(set(names)) != len(names):
        raise invalid(f"ModelVariants must have unique variant names, got {', '.join(names)}.")
    source, shadow = _names(request)
    if source == shadow:
        raise invalid(f"SourceModelVariantName and ShadowModelVariantName must differ, both are {source}.")
    if {source, shadow} != set(names):
        raise invalid(f"ShadowModeConfig names {source} and {shadow}, but ModelVariants are {', '.join(names)}.")


def check_endpoint(request: Members, deployment: Deployment) -> None:
    """The endpoint has the one production variant under test and no other shadow (L7 to L9; equal names: [INF])."""
    endpoint = request["EndpointName"]
    source, shadow = _names(request)
    of_role = {
        role: {name for name, variant in deployment.variants.items() if variant.role == role}
        for role in ("production", "shadow")
    }
    if of_role["production"] != {source}:
        names = ", ".join(sorted(of_role["production"]))
        raise invalid(f"Endpoint {endpoint} has production variants {names}, not {source}.")
    if of_role["shadow"] - {shadow}:
        raise invalid(f"Endpoint {endpoint} already has the shadow variant {', '.join(sorted(of_role['shadow']))}.")


def check_schedule(schedule: Members, now: float) -> None:
    """The end lies after the start and now, at most thirty days on (aws-facts 2.1, L10; now: [INF])."""
    end = schedule.get("EndTime")
    if end is None:
        return
    start = max(schedule.get("StartTime") or now, now)
    if end <= start:
        raise invalid("Schedule.EndTime must be later than Schedule.StartTime and the present time.")
    _check_length(start, end)


def check_tags(tags: Sequence[Members], existing: int = 0) -> None:
    """Keys are unique, not AWS's own, and at most fifty (L15)."""
    keys = [tag["Key"] for tag in tags]
    if len(set(keys)) != len(keys):
        raise invalid("Duplicate tag keys found.")
    if any(key.lower().startswith("aws:") for key in keys):
        raise invalid("Tag keys must not start with aws:, which is reserved.")
    if existing + len(keys) > MAXIMUM_TAGS:
        raise invalid(f"A resource can have at most {MAXIMUM_TAGS} tags.")


def check_running_update(experiment: SimulatedExperiment, request: Members, now: float) -> None:
    """While Running only Description, EndTime and sampling may change (aws-facts 2.1, 2.2)."""
    schedule = request.get("Schedule") or {}
    if schedule.get("StartTime") is not None:
        raise invalid("Schedule.StartTime cannot be given while the inference experiment is Running.")
    if schedule.get("EndTime") is not None:
        check_schedule({"EndTime": schedule["EndTime"]}, now)
        _check_length(experiment.start_time or now, schedule["EndTime"])
    for member in ("ModelVariants", "DataStorageConfig"):
        if member in request and request[member] != experiment.request.get(member):
            raise invalid(f"{member} cannot be changed while the inference experiment is Running.")
    if "ShadowModeConfig" in request and _names(request) != _names(experiment.request):
        raise invalid("Of ShadowModeConfig only SamplingPercentage can be changed while Running.")


def _check_length(start: float, end: float) -> None:
    if end - start > MAXIMUM_DURATION:
        raise invalid("An inference experiment cannot run for more than 30 days.")


def _names(request: Members) -> tuple[str, str]:
    shadow = request["ShadowModeConfig"]
    return shadow["SourceModelVariantName"], shadow["ShadowModelVariants"][0]["ShadowModelVariantName"]


def variants_after_stop(experiment: SimulatedExperiment, request: Members) -> Variants:
    """Return what the endpoint runs after this StopInferenceExperiment (aws-facts 2.1); raises ServiceError.

    [INF]: a variant without an action is retained, except that a promotion replaces the production variant;
    an explicit Retain of the production variant beside a promotion is refused, as is an endpoint without a
    production variant.
    """
    actions: dict[str, str] = request["ModelVariantActions"]
    variants = experiment.variants()
    if unknown := sorted(set(actions) - set(variants)):
        raise invalid(
            f"ModelVariantActions names {', '.join(unknown)}, but the variants are {', '.join(sorted(variants))}."
        )
    production = experiment.production_name
    promoted = [name for name, action in actions.items() if action == "Promote"]
    if production in promoted:
        raise invalid(f"Variant {production} cannot be promoted, it is the production variant.")
    if promoted and actions.get(production) == "Retain":
        raise invalid(f"Variant {production} cannot be retained as {promoted[0]} is promoted in its place.")
    gone = {name for name, action in actions.items() if action == "Remove"} | ({production} if promoted else set())
    if production in gone and not promoted:
        raise invalid("The endpoint would be left without a production variant.")
    desired = {each["VariantName"]: each for each in request.get("DesiredModelVariants") or ()}
    kept = {name: variant for name, variant in variants.items() if name not in gone}
    if stray := sorted(set(desired) - set(kept)):
        raise invalid(
            f"DesiredModelVariants names {', '.join(stray)}, but after the stop there are {', '.join(sorted(kept))}."
        )
    roles = {name: "production" if name in promoted else variant.role for name, variant in kept.items()}
    unchanged = {name: replace(variant, role=roles[name]) for name, variant in kept.items()}
    return unchanged | {name: Variant.of(each, roles[name]) for name, each in desired.items()}


def taken(experiment: SimulatedExperiment) -> ServiceError:
    """Return the error for an endpoint that has a live experiment: ResourceInUse, as Create models it [INF]."""
    message = f"Endpoint {experiment.endpoint_name} already has the inference experiment {experiment.name}"
    return ServiceError("ResourceInUse", f"{message} in status {experiment.status.value}.")


LEGAL: dict[str, tuple[Status, ...]] = {
    "UpdateInferenceExperiment": (Status.CREATED, Status.RUNNING),
    "StartInferenceExperiment": (Status.CREATED,),
    "StopInferenceExperiment": (Status.RUNNING,),
    "DeleteInferenceExperiment": (Status.CREATED, Status.COMPLETED, Status.CANCELLED),
}
"""The statuses in which each operation is allowed (aws-facts 2.2)."""
