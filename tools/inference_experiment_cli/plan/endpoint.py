"""What a plan changes for production, and what remains billed after its last call."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from inference_experiment import differences, payloads
from inference_experiment.event import Request
from inference_experiment.model import ENDED, ActionKind, Observed, Status, Variant
from inference_experiment_cli.plan.simulate import Call, status_after

UNCHANGED: Final = "unchanged"
# Creating an experiment also changes the production variant's instances to those of the experiment.
AT_CREATION: Final = "as the experiment's ModelVariants say"


@dataclass(frozen=True)
class Serving:
    """The variants of an endpoint; `runs` is whether the shadow variant is deployed too."""

    variants: Mapping[str, Variant]
    production: str
    runs: bool = True

    def billed(self) -> list[Variant]:
        """Return the variants that have instances."""
        return [each for name, each in self.variants.items() if self.runs or name == self.production]


def endpoint_effects(calls: Iterable[Call], current: Observed, request: Request) -> dict[str, Any]:
    """Return `production`, each endpoint whose production variant changes, and `billed`."""
    before = _serving(current, request)
    endpoints, after = {current.name: next(iter(before), "")}, dict(before)
    for call in calls:
        if call.operation == ActionKind.CREATE:
            endpoints[call.arguments["Name"]] = call.arguments["EndpointName"]
            after[call.arguments["EndpointName"]] = Serving({}, "")
        endpoint = endpoints.get(call.arguments.get("Name", ""))
        if endpoint:
            after[endpoint] = _applied(after[endpoint], call)
    changes = [change for endpoint in after if (change := _change(endpoint, before.get(endpoint), after[endpoint]))]
    billed = [{"endpoint": endpoint, **_row(each)} for endpoint in after for each in after[endpoint].billed()]
    return {"production": changes or UNCHANGED, "billed": billed}


def _serving(current: Observed, request: Request) -> dict[str, Serving]:
    """Return what the endpoint of an experiment runs before the first call."""
    configuration = current.configuration
    if configuration is None or current.status is Status.ABSENT:
        return {}
    variants = {each.variant_name: each for each in configuration.model_variants}
    serving = Serving(variants, configuration.source_variant)
    if current.status in ENDED:
        known = any(current.variant_statuses.values())
        gone = {name for name, status in current.variant_statuses.items() if status == "Deleted"}
        actions = differences.stop_actions(request.old_properties.get("ModelVariantActions") or {}, configuration)
        serving = _stopped(serving, dict.fromkeys(gone, differences.REMOVE) if known else actions)
    elif current.status is Status.CREATING:
        serving = replace(serving, runs=status_after(current.status, configuration.start_time) is Status.RUNNING)
    elif current.status is Status.CREATED:
        serving = replace(serving, runs=False)
    return {configuration.endpoint_name: serving}


def _applied(serving: Serving, call: Call) -> Serving:
    arguments = call.arguments
    variants = payloads.variants(arguments.get("ModelVariants"))
    production = arguments.get("ShadowModeConfig", {}).get("SourceModelVariantName", serving.production)
    serving = replace(serving, variants=variants or serving.variants, production=production)
    if call.operation == ActionKind.CREATE:
        start = arguments.get("Schedule", {}).get("StartTime")
        return replace(serving, runs=status_after(Status.CREATING, start) is Status.RUNNING)
    if call.operation == ActionKind.START:
        return replace(serving, runs=True)
    serving = _stopped(serving, arguments.get("ModelVariantActions", {}))
    return replace(serving, variants={**serving.variants, **payloads.variants(arguments.get("DesiredModelVariants"))})


def _stopped(serving: Serving, actions: Mapping[str, str]) -> Serving:
    kept = {name: each for name, each in serving.variants.items() if actions.get(name) != differences.REMOVE}
    return replace(
        serving, variants=kept, production=serving.production if serving.production in kept else next(iter(kept), "")
    )


def _change(endpoint: str, before: Serving | None, after: Serving) -> dict[str, Any] | None:
    old, new = before.variants.get(before.production) if before else None, after.variants.get(after.production)
    if new is None or new == old:
        return None
    note = "" if old else AT_CREATION
    return {"endpoint": endpoint, "before": _row(old) if old else None, "after": _row(new), "note": note}


def _row(variant: Variant) -> dict[str, Any]:
    """Return a variant; what a deployment alone knows of its instances is null."""
    return {
        "variant": variant.variant_name,
        "model": variant.model_name,
        "instance_type": variant.instance_type,
        "instance_count": variant.instance_count or None,
    }
