"""What a plan changes for production, and what remains billed after its last call."""

from collections.abc import Iterable
from dataclasses import replace
from typing import Any, Final

from inference_experiment import differences, payloads
from inference_experiment.event import Request
from inference_experiment.model import ENDED, ActionKind, Observed, Status
from inference_experiment_cli.plan.production import (
    AT_CREATION,
    Change,
    Serving,
    Stage,
    When,
    rows,
    serving_of,
    status_after,
    variant_row,
)
from inference_experiment_cli.plan.simulate import Call, now

UNCHANGED: Final = "unchanged"


def endpoint_effects(calls: Iterable[Call], current: Observed, request: Request) -> dict[str, Any]:
    """Return `production`, each endpoint whose production variant changes, `production_changes` and `billed`."""
    before = _serving(current, request)
    endpoints, after = {current.name: next(iter(before), "")}, dict(before)
    for call in calls:
        if call.operation == ActionKind.CREATE:
            created = call.arguments["EndpointName"]
            # An endpoint has one test at a time: what follows about an earlier one leaves it alone.
            endpoints = {name: each for name, each in endpoints.items() if each != created}
            endpoints[call.arguments["Name"]] = created
            after[created] = Serving()
        endpoint = endpoints.get(call.arguments.get("Name", ""))
        if endpoint:
            after[endpoint] = _applied(after[endpoint], call, before.get(endpoint))
    changes = [change for endpoint in after if (change := _change(endpoint, before.get(endpoint), after[endpoint]))]
    billed = [
        {"endpoint": endpoint, **(variant_row(each) or {})} for endpoint in after for each in after[endpoint].billed()
    ]
    table = [row for endpoint, serving in after.items() for row in rows(endpoint, _ahead(serving))]
    return {"production": changes or UNCHANGED, "production_changes": table, "billed": billed}


def _ahead(serving: Serving) -> list[Change]:
    """Return the changes of production that have not happened yet."""
    return [change for change in serving.outlook() if change.when is not When.DONE]


def _serving(current: Observed, request: Request) -> dict[str, Serving]:
    """Return what the endpoint of an experiment runs before the first call."""
    configuration, actions = current.configuration, None
    if configuration and current.status in ENDED:
        actions = differences.stop_actions(request.old_properties.get("ModelVariantActions") or {}, configuration)
    serving = serving_of(current, now(), actions)
    return {configuration.endpoint_name: serving} if configuration and serving else {}


def _applied(serving: Serving, call: Call, earlier: Serving | None) -> Serving:
    arguments = call.arguments
    variants = payloads.variants(arguments.get("ModelVariants"))
    names = zip((serving.production, serving.shadow), payloads.variant_names(arguments), strict=True)
    production, shadow = (new or old for old, new in names)
    serving = replace(serving, variants=variants or serving.variants, production=production, shadow=shadow)
    if call.operation == ActionKind.CREATE:
        start = arguments.get("Schedule", {}).get("StartTime")
        begins = status_after(Status.CREATING, start, now()) is Status.RUNNING
        return serving.started(When.PLANNED, earlier.variant if earlier else None) if begins else serving
    if call.operation == ActionKind.START:
        return serving.started(When.PLANNED)
    if call.operation == ActionKind.STOP:
        desired = payloads.variants(arguments.get("DesiredModelVariants"))
        return serving.stopped(arguments["ModelVariantActions"], When.PLANNED, desired)
    return replace(serving, stage=Stage.OVER) if call.operation == ActionKind.DELETE else serving


def _change(endpoint: str, before: Serving | None, after: Serving) -> dict[str, Any] | None:
    old, new = before.variant if before else None, after.variant
    if new is None or new == old:
        return None
    note = "" if old else AT_CREATION
    return {"endpoint": endpoint, "before": variant_row(old), "after": variant_row(new), "note": note}
