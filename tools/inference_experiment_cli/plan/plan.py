"""Plan an update of an experiment by simulating the provider's own lifecycle."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any, Final, TypedDict

from inference_experiment import contract, differences
from inference_experiment import properties as property_rules
from inference_experiment.errors import ExperimentError
from inference_experiment.event import Request
from inference_experiment.model import ActionKind, Member, Observed, RequestResult, RequestType, Status
from inference_experiment.observed_properties import to_jsonable
from inference_experiment_cli.errors import describe_failure
from inference_experiment_cli.output import flat
from inference_experiment_cli.plan.endpoint import endpoint_effects
from inference_experiment_cli.plan.simulate import Call, SimulatedGateway, Simulation, simulate

WORDS: Final = {
    ActionKind.MEASURE: "check the criteria",
    ActionKind.READ_RESULT: "check the criteria",
    ActionKind.CREATE: "create",
    ActionKind.START: "start",
    ActionKind.DELETE: "delete",
}
# Properties that belong to one operation: which, in order of preference, and the explanation when it is not called.
CARRIERS: Final[Mapping[str, tuple[tuple[ActionKind, ...], str]]] = {
    "DesiredState": ((ActionKind.START, ActionKind.STOP), "is so already"),
    "ModelVariantActions": ((ActionKind.STOP,), "used when it is stopped"),
    "PromotionCriteria": ((ActionKind.MEASURE,), "used when the shadow variant is promoted"),
    "StatusReason": ((ActionKind.STOP,), "used when it is stopped"),
}

KEPT: Final = "no call: SageMaker keeps what it has"


class Plan(TypedDict):
    """The result of a request, as JSON and YAML have it.

    `afterwards` are the calls of CloudFormation's Delete of a replaced experiment; each property that differs has
    `path`, `before`, `after` and `how` the change happens.
    """

    experiment: str
    status: str
    verdict: str
    possible: bool
    reason: str
    properties: list[dict[str, Any]]
    calls: list[dict[str, Any]]
    afterwards: list[dict[str, Any]]
    permissions: list[dict[str, Any]]
    production: Any
    production_changes: list[dict[str, Any]]
    billed: list[dict[str, Any]]


def _call(call: Call) -> dict[str, Any]:
    return {"operation": call.operation, "arguments": to_jsonable(call.arguments), "because": call.reason}


def make_plan(
    request: Request,
    gateway: SimulatedGateway,
    current: Observed,
    *,
    is_sent: bool = True,
    keeps_replaced: bool = False,
) -> Plan:
    """Return what a request would do to an experiment in its current state.

    `is_sent`: false where CloudFormation makes no request, since nothing that it would send has changed.
    `keeps_replaced`: it does not delete a replaced experiment.
    """
    simulation = simulate(request, gateway) if is_sent else Simulation(RequestResult(current.name, current), (), ())
    error = simulation.outcome.error
    replaced = _replaced(request, simulation)
    deletion = replace(request, type=RequestType.DELETE, properties=request.old_properties, old_properties={})
    afterwards = simulate(deletion, gateway) if replaced and not keeps_replaced else None
    done = [*simulation.calls, *(afterwards.calls if afterwards else ())]
    endpoint = endpoint_effects(() if error else done, current, request)
    return Plan(
        experiment=current.name or simulation.outcome.physical_id,
        status=current.status.value,
        verdict=_verdict(request, simulation, replaced=replaced),
        possible=error is None,
        reason=describe_failure(error) if error else "",
        properties=list(_changes(request, simulation, current)),
        calls=[] if error else [_call(call) for call in simulation.calls],
        afterwards=[_call(call) for call in afterwards.calls] if afterwards else [],
        permissions=list(_permissions(done, simulation.reads, request, current.name)),
        production=endpoint["production"],
        production_changes=endpoint["production_changes"],
        billed=endpoint["billed"],
    )


def _replaced(request: Request, simulation: Simulation) -> bool:
    created = any(call.operation == ActionKind.CREATE for call in simulation.calls)
    return request.type is RequestType.UPDATE and created and simulation.outcome.error is None


def _verdict(request: Request, simulation: Simulation, *, replaced: bool) -> str:
    if simulation.outcome.error:
        return "impossible"
    if replaced:
        return "replacement"
    words = [_word(call) for call in simulation.calls]
    if not words:
        return "nothing to do" if request.type is not RequestType.CREATE else "create"
    return ", then ".join(dict.fromkeys(words))


def _word(call: Call) -> str:
    kind = ActionKind(call.operation)
    if kind is ActionKind.STOP:
        promoted = "Promote" in call.arguments["ModelVariantActions"].values()
        return "stop and promote" if promoted else "stop"
    return WORDS.get(kind, "update in place")


def _keyed(properties: Mapping[str, Any]) -> dict[str, Any]:
    """Return properties with variants and tags keyed by name, so that their order does not matter."""
    made = {key: value for key, value in properties.items() if key not in contract.SERVICE_PROPERTIES}
    for key, name in (("ModelVariants", "VariantName"), ("Tags", "Key")):
        entries = made.get(key)
        if isinstance(entries, list) and all(isinstance(entry, Mapping) and name in entry for entry in entries):
            made[key] = {
                str(entry[name]): {inner: entry[inner] for inner in entry if inner != name} for entry in entries
            }
    return made


def changed_values(old: Mapping[str, Any], new: Mapping[str, Any]) -> list[tuple[str, object, object]]:
    """Return path, old and new value of every property that differs; a number equals the same number as a string."""
    before, after = dict(flat(_keyed(old))), dict(flat(_keyed(new)))
    paths = [path for path in dict.fromkeys((*before, *after)) if _text(before.get(path)) != _text(after.get(path))]
    return [(path, before.get(path), after.get(path)) for path in paths]


def _text(value: object) -> str:
    return "" if value is None else str(to_jsonable(value))


def _changes(request: Request, simulation: Simulation, current: Observed) -> Iterable[dict[str, Any]]:
    if request.type is RequestType.DELETE:
        return
    blocked = _blocked(request, current)
    replaced = _replaced(request, simulation)
    for path, before, after in changed_values(request.old_properties, request.properties):
        how = _how(path, request, simulation, blocked, current.status, replaced=replaced)
        yield {"path": path, "before": before, "after": after, "how": how}


def _blocked(request: Request, current: Observed) -> frozenset[Member]:
    """Return the members that cannot change in the current status."""
    try:
        desired = property_rules.parse(request)
    except ExperimentError:
        return frozenset()
    status = current.status if current.status in differences.EDITABLE else Status.RUNNING
    if current.configuration is None:
        return frozenset()
    return differences.blocked(desired.configuration, current.configuration, status, request.changed)


def _member(path: str) -> Member | None:
    if path == "ShadowModeConfig/ShadowModelVariants/0/SamplingPercentage":
        return Member.SAMPLING_PERCENTAGE
    return next((member for member in Member if path == member or path.startswith(f"{member}/")), None)


def _how(
    path: str, request: Request, simulation: Simulation, blocked: frozenset[Member], status: Status, *, replaced: bool
) -> str:
    top, member = path.split("/", 1)[0], _member(path)
    called = {call.operation: call for call in simulation.calls}
    if request.type is RequestType.CREATE or replaced:
        new = "new experiment" if top in contract.create_only() else "in the new experiment"
        return new if replaced else "at creation"
    if top in contract.create_only():
        return "only a new experiment can have it"
    if simulation.outcome.error:
        return f"cannot change while {status}" if member in blocked else "not reached"
    return _call_for(top, member, called)


def _call_for(top: str, member: Member | None, called: Mapping[str, Call]) -> str:
    """Return the call that carries a changed property."""
    if top == "Tags":
        tags = [operation for operation in ("AddTags", "DeleteTags") if operation in called]
        return " and ".join(tags) or "left alone: not this resource's"
    if top in CARRIERS:
        kinds, otherwise = CARRIERS[top]
        return next((kind.value for kind in kinds if kind in called), otherwise)
    update = called.get(ActionKind.UPDATE)
    if update and member and top in update.arguments:
        return ActionKind.UPDATE.value
    if top == "ModelVariants" and ActionKind.STOP in called:
        return f"{ActionKind.STOP.value} (DesiredModelVariants)"
    return KEPT


def _result_place(request: Request) -> str:
    return str(request.properties["PromotionCriteria"]["PredictionResult"]).removeprefix("s3://")


def _permissions(calls: Iterable[Call], reads: Iterable[str], request: Request, name: str) -> Iterable[dict[str, Any]]:
    """Yield the permissions that the calls need, from the contract."""
    created = [str(call.arguments["Name"]) for call in calls if call.operation == ActionKind.CREATE]
    shown = name if {name} >= {*created} else "*"
    role = str(request.properties.get("RoleArn", ""))
    seen: set[tuple[str, str]] = set()
    for operation in dict.fromkeys((*reads, *(call.operation for call in calls))):
        for permission in contract.permissions_of(operation):
            resource = contract.resource_arns()[permission.resource]
            resource = resource.replace("${InferenceExperimentName}", shown)
            if permission.resource == "predictionResult":
                resource = resource.replace("${PredictionResultBucketAndKey}", _result_place(request))
            if permission.resource == "experimentRole" and role.startswith("arn:"):
                resource = role
            if (permission.action, resource) not in seen:
                seen.add((permission.action, resource))
                yield {"action": permission.action, "resource": resource, "condition": permission.condition or None}
