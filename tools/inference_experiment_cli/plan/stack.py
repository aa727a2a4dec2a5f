"""The plan of an update of a deployed stack: what CloudFormation would send to the provider, and what comes of it.

A value that the account does not tell is assumed unchanged, unless it is of a resource that the update replaces: that
gets another one.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, Final

from cfn_template.forms import NAMES, values_of
from cfn_template.mentions import mentioned
from cfn_template.nodes import Node, resolve
from cfn_template.parameters import ParameterError, check_given, is_stored
from cfn_template.values import Path as Keys
from cfn_template.values import Raw, ShortForm, Unresolved
from inference_experiment import contract, identity
from inference_experiment.event import Request
from inference_experiment.model import Observed, RequestType
from inference_experiment.observed_properties import to_properties
from inference_experiment_cli.errors import NotPossibleError, UsageError
from inference_experiment_cli.inputs.documents import Document
from inference_experiment_cli.inputs.experiments import (
    Declaration,
    Experiment,
    is_template,
    parameters_of,
    stand_in,
    template_declarations,
    with_values,
)
from inference_experiment_cli.inputs.parameters import check_parameters
from inference_experiment_cli.operate.gateway import CliGateway
from inference_experiment_cli.operate.ownership import Requester, earlier_owner_tag, manual_request
from inference_experiment_cli.plan.deployed import (
    NESTED,
    DeployedStack,
    passed_on,
    read_imports,
    read_stack,
    role_path,
)
from inference_experiment_cli.plan.plan import Plan, changed_values, make_plan
from inference_experiment_cli.plan.requests import (
    NOT_OF_CREATE_HANDLER,
    NOT_OF_HANDLERS,
    deployed_properties,
    for_type,
    refuse_other_type,
)
from inference_experiment_cli.plan.simulate import SimulatedGateway
from shadow_test_policies.registry_type import REGISTRY_TYPES

RETAINED: Final = ("Retain", "RetainExceptOnCreate")


@dataclass
class StackPlan:
    """The plan for one experiment of a stack; `experiment` is as it will be, `previous` as it is deployed."""

    plan: Plan
    experiment: Experiment | None
    previous: Experiment | None
    remarks: list[str]


@dataclass
class Update:
    """An update of a deployed stack: both templates and their parameters."""

    stack: DeployedStack
    document: Document
    given: Mapping[str, Any]
    gateway: CliGateway
    types: frozenset[str] = REGISTRY_TYPES
    _replaced: dict[str, bool] = field(default_factory=dict)

    def old(self, logical_id: str) -> Experiment | None:
        """Return an experiment as it is deployed."""
        given = {**self.stack.pseudo, **self.stack.parameters}
        known = self.stack.values(self.stack.document.value)
        return self._experiment(self.stack.document, logical_id, given, known)

    def new(self, logical_id: str, old: Experiment | None) -> Experiment | None:
        """Return an experiment as the update asks for it."""
        given = {**self.stack.pseudo, **self.given}
        known = self.stack.values(self.document.value)
        first = self._experiment(self.document, logical_id, given, known)
        if first is None or old is None:
            return first
        # What a replaced resource gives is known only where the template names it.
        replaced = {name for name in self._referenced(first) if self._is_replaced(name, old, first)}
        for name in replaced:
            known = {one: value for one, value in known.items() if one.argument.partition(".")[0] != name}
            known |= dict(self._named(name, first))
        second = self._experiment(self.document, logical_id, given, known)
        if second is None:
            return None
        changing = {
            keys: self._why(keys, written, second, old, replaced) for keys, written in second.unresolved.items()
        }
        return replace(second, changing={keys: why for keys, why in changing.items() if why})

    @cached_property
    def _stored_elsewhere(self) -> set[str]:
        """The parameters that name another value of Systems Manager than the deployed one."""
        declared = parameters_of(self.document)
        stored = {name for name, raw in declared.items() if is_stored(raw)}
        return {name for name in stored if self.given.get(name) != self.stack.parameters.get(name)}

    def _experiment(
        self, document: Document, logical_id: str, given: Mapping[str, Any], known: Mapping[Unresolved, str]
    ) -> Experiment | None:
        declared = next(
            (one for one in _declarations(document, given, self.types) if one.logical_id == logical_id), None
        )
        experiment = declared.in_deployment(given, assume=True, deployed=known) if declared else None
        return experiment if experiment and experiment.is_created else None

    def _referenced(self, experiment: Experiment) -> frozenset[str]:
        return experiment.declaration.view.references(experiment.logical_id)

    def _is_replaced(self, name: str, old: Experiment, new: Experiment) -> bool:
        """Tell whether a resource is another one after the update: new, or with a change that replaces it."""
        if name not in self._replaced:
            self._replaced[name] = False  # resources that refer to each other cannot be deployed
            self._replaced[name] = self._is_another(name, old, new)
        return self._replaced[name]

    def _is_another(self, name: str, old: Experiment, new: Experiment) -> bool:
        before, after = old.declaration.view, new.declaration.view
        if name not in self.stack.resources or before.type_of(name) != after.type_of(name):
            return True
        was, will_be = _properties(old, name), _properties(new, name)
        kept = [each for each in after.references(name) if self._is_replaced(each, old, new)]
        if not kept and was == will_be:
            return False
        raw = after.resources[name].get("Properties")
        for key in _create_only(after.type_of(name)):
            refers = {target for kind, target in mentioned({key: _member(raw, key)}) if kind == "name"}
            if was.get(key) != will_be.get(key) or not refers.isdisjoint(kept):
                return True
        return False

    def _named(self, name: str, new: Experiment) -> Iterable[tuple[Unresolved, str]]:
        """Yield what a replaced resource gives where the template has its name."""
        kind = new.declaration.view.type_of(name)
        key = NAMES[kind].property if kind in NAMES else ""
        named = _properties(new, name).get(key)
        if isinstance(named, str) and not isinstance(named, ShortForm):
            path = role_path(self.document.value, name)
            found = dict(values_of(name, kind, named, self.stack.pseudo, path))
            # Ref gives the name of some types and the ARN of others.
            yield from (
                (one, value) for one, value in found.items() if one.function != "Ref" or NAMES[kind].attribute == "Ref"
            )

    def _why(self, keys: Keys, written: str, new: Experiment, old: Experiment, replaced: set[str]) -> str:
        """Return why a value is not the deployed one, empty if it is assumed to be."""
        raw: Raw = self.document.value
        for key in new.places.get(keys, ()):
            raw = _member(raw, key)
        mentions = {name for kind, name in mentioned(raw) if kind == "name"}
        elsewhere = min(mentions & self._stored_elsewhere, default="")
        if elsewhere:
            return f"it is read from {self.given[elsewhere]}"
        names = mentions & replaced
        if names:
            deployed = [name for name in sorted(names) if name in self.stack.resources]
            return f"{deployed[0]} is replaced" if deployed else f"{min(names)} is new"
        before = old.unresolved.get(keys)
        changed = before is not None and before != written and written not in old.unresolved.values()
        return f"was {before}" if changed else ""


def _declarations(document: Document, given: Mapping[str, Any], types: frozenset[str]) -> list[Declaration]:
    return template_declarations(document, given, types, may_lack=True)


def _properties(experiment: Experiment, name: str) -> Mapping[str, Any]:
    """Return the properties of another resource in the deployment of an experiment."""
    view, scenario = experiment.declaration.view, experiment.scenario
    node = view.resource(name, scenario).get("Properties") if scenario else None
    value = resolve(node).value if isinstance(node, Node) else {}
    return value if isinstance(value, dict) else {}


def _member(raw: Raw, key: str | int) -> Raw:
    if isinstance(raw, list):
        return raw[key] if isinstance(key, int) and key < len(raw) else None
    return raw.get(key) if isinstance(raw, Mapping) else None


def _create_only(kind: str) -> list[str]:
    """Return the properties of a type whose change replaces the resource, from cfn-lint's copy of the registry."""
    # cfn-lint takes a second to import.
    from cfnlint.schema.manager import PROVIDER_SCHEMA_MANAGER  # noqa: PLC0415

    if kind not in PROVIDER_SCHEMA_MANAGER.get_resource_types("us-east-1"):
        return []
    schema: Mapping[str, Any] = PROVIDER_SCHEMA_MANAGER.get_resource_schema("us-east-1", kind).schema
    return [str(path).split("/")[2] for path in schema.get("createOnlyProperties", ())]


def plan_update(
    document: Document | None,
    name: str,
    given: Mapping[str, str],
    logical_id: str,
    gateway: CliGateway,
    types: frozenset[str] = REGISTRY_TYPES,
) -> StackPlan:
    """Return the plan of an update of a stack to a template, its own without one. Raises CommandError, ClientError."""
    stack = read_stack(gateway.session, name)
    target = document or stack.document
    if not is_template(target):
        raise UsageError(f"{target.name}: is not a template; compare properties with --current NAME")
    check_parameters(parameters_of(target), given)
    kept = {key: value for key, value in passed_on(stack, target).items() if key not in given}
    _check_kept(target, kept)
    _check_missing(target, {**kept, **given}, name)
    read_imports(gateway.session, stack, [stack.document.value, target.value])
    update = Update(stack, target, {**kept, **given}, gateway, types)
    chosen = _choose(update, logical_id)
    old = update.old(chosen)
    new = update.new(chosen, old)
    if old and chosen not in stack.resources:
        old = None
    if old and new:
        return _changed(update, old, new)
    return _created(update, new) if new else _deleted(update, old)


def _check_kept(document: Document, kept: Mapping[str, Any]) -> None:
    """Raise UsageError where a template no longer allows a deployed value."""
    try:
        check_given(parameters_of(document), {key: value for key, value in kept.items() if isinstance(value, str)})
    except ParameterError as error:
        text = f"{error.message}; that is the deployed value, pass --parameter {error.name}=VALUE"
        raise UsageError(text, document.place(("Parameters", error.name))) from error


def _check_missing(document: Document, given: Mapping[str, Any], stack: str) -> None:
    """Raise UsageError for a parameter that has no value at all: CloudFormation refuses the update."""
    for name, raw in parameters_of(document).items():
        if name not in given and isinstance(raw, Mapping) and "Default" not in raw:
            text = f"has no default, and stack {stack} has no value for it; pass --parameter {name}=VALUE"
            raise UsageError(text, document.place(("Parameters", name)))


def _choose(update: Update, logical_id: str) -> str:
    """Return the logical ID of the experiment to plan for. Raises UsageError, NotPossibleError."""
    stack, document = update.stack, update.document
    sides = (
        (stack.document, {**stack.pseudo, **stack.parameters}),
        (document, {**stack.pseudo, **update.given}),
    )
    before, after = (
        [
            one.logical_id
            for one in _declarations(text, given, update.types)
            if one.in_deployment(given, assume=True).is_created
        ]
        for text, given in sides
    )
    names = list(dict.fromkeys([*after, *(name for name in before if name in stack.resources)]))
    if logical_id in names or (len(names) == 1 and not logical_id):
        return logical_id or names[0]
    if not names:
        nested = [name for name, each in stack.resources.items() if each.kind == NESTED]
        inner = f"; nested stacks are not read: pass --stack {stack.resources[nested[0]].physical_id}" if nested else ""
        both = f"neither stack {stack.name} nor {document.name} has an experiment"
        alone = f"stack {stack.name} has no experiment"
        raise NotPossibleError((alone if document is stack.document else both) + inner)
    if logical_id:
        raise UsageError(f"stack {stack.name} has no experiment {logical_id}; it has {', '.join(names)}")
    raise UsageError(
        f"stack {stack.name} has {len(names)} experiments: {', '.join(names)}; choose one with --logical-id"
    )


def _observe(update: Update, old: Experiment) -> tuple[Observed, Mapping[str, str]]:
    """Return the live experiment of a resource, and its tags."""
    physical_id = update.stack.resources[old.logical_id].physical_id
    return update.gateway.observe(physical_id) if identity.is_name(physical_id) else (Observed(physical_id), {})


def _simulated(
    update: Update, old: Experiment, request: Request, observed: Observed, tags: Mapping[str, str]
) -> SimulatedGateway:
    simulated = SimulatedGateway(earlier_owner_tag(request), update.gateway)
    if observed.arn:
        # The native type leaves no tag.
        simulated.add(observed.details, tags, adopt=old.native)
    return simulated


def _is_retained(experiment: Experiment, policy: str) -> bool:
    return experiment.declaration.view.resources[experiment.logical_id].get(policy) in RETAINED


def _changed(update: Update, old: Experiment, new: Experiment) -> StackPlan:
    """Return the plan for an experiment that both templates have."""
    stack = update.stack
    _check_type(old, new)
    observed, tags = _observe(update, old)
    if not identity.is_name(observed.name):
        text = f"{old.logical_id} of stack {stack.name} was never created: its physical id is {observed.name}"
        raise NotPossibleError(text)
    live = to_properties(observed.details, tags)
    before = with_values(old, live)
    after = _with_changing(with_values(new, before.properties), new)
    requester = Requester(stack.id, old.logical_id)
    request = manual_request(RequestType.UPDATE, requester, observed.name, after.properties, before.properties)
    # CloudFormation compares what it sends, not what is live.
    plan = make_plan(
        request,
        _simulated(update, old, request, observed, tags),
        observed,
        is_sent=bool(_differences(before, after)),
        keeps_replaced=_is_retained(new, "UpdateReplacePolicy"),
    )
    return StackPlan(
        for_type(plan, after, NOT_OF_HANDLERS), after, before, [*stack.remarks, *_drift(before, live, observed)]
    )


def _differences(before: Experiment, after: Experiment) -> Sequence[str]:
    service = [key for key in contract.SERVICE_PROPERTIES if before.properties.get(key) != after.properties.get(key)]
    return [path for path, _, _ in changed_values(before.properties, after.properties)] + service


def _check_type(old: Experiment, new: Experiment) -> None:
    """Raise NotPossibleError for a change that CloudFormation itself refuses."""
    refuse_other_type(old, new)
    tokens = [each.properties.get("ServiceToken") for each in (old, new)]
    if tokens[0] != tokens[1] and not any(isinstance(token, ShortForm) for token in tokens):
        text = f"is {tokens[0]} in the stack; CloudFormation refuses another one: give the resource another logical ID"
        raise NotPossibleError(text, new.place("ServiceToken"))


def _with_changing(filled: Experiment, new: Experiment) -> Experiment:
    """Return an experiment with stand-ins for the values that the update changes."""
    properties: Any = filled.properties
    for keys in new.changing:
        properties = _put(properties, keys, stand_in(str(keys[-1]), new.unresolved[keys]))
    return replace(filled, properties=properties)


def _put(value: Any, keys: Keys, made: object) -> Any:  # noqa: ANN401 - any JSON value
    if not keys:
        return made
    if isinstance(value, list):
        return [_put(item, keys[1:], made) if index == keys[0] else item for index, item in enumerate(value)]
    return {**value, keys[0]: _put(value.get(keys[0], {}), keys[1:], made)} if isinstance(value, Mapping) else value


def _drift(before: Experiment, live: Mapping[str, Any], observed: Observed) -> list[str]:
    """Return what differs between the stack and the live experiment: CloudFormation does not see it."""
    if not observed.arn:
        return [f"experiment {observed.name} is gone, though the stack has it"]
    own = {key: value for key, value in before.properties.items() if key not in contract.SERVICE_PROPERTIES}
    pairs = changed_values(own, deployed_properties(own, live, observed))
    return [
        f"{observed.name} has drifted from its stack: {path} is {_shown(now)}, the stack has {_shown(then)}"
        for path, then, now in pairs
        if path not in {"DesiredState", "StatusReason"}
        and not path.startswith(("ModelVariantActions", "PromotionCriteria"))
    ]


def _shown(value: object) -> str:
    return "not set" if value is None else str(value)


def _created(update: Update, new: Experiment) -> StackPlan:
    """Return the plan for an experiment that the stack gets."""
    filled = with_values(new, {})
    request = manual_request(RequestType.CREATE, Requester(update.stack.id, new.logical_id), "", filled.properties)
    simulated = SimulatedGateway(earlier_owner_tag(request), update.gateway)
    name = filled.properties.get("Name") or identity.derived_name(request)
    plan = for_type(make_plan(request, simulated, Observed(str(name))), new, NOT_OF_CREATE_HANDLER)
    return StackPlan(plan, new, None, update.stack.remarks)


def _deleted(update: Update, old: Experiment | None) -> StackPlan:
    """Return the plan for an experiment that the stack loses."""
    if old is None:
        raise NotPossibleError(f"the Condition of the experiment of stack {update.stack.name} does not hold")
    observed, tags = _observe(update, old)
    before = with_values(old, to_properties(observed.details, tags))
    requester = Requester(update.stack.id, old.logical_id)
    request = manual_request(RequestType.DELETE, requester, observed.name, before.properties)
    is_kept = _is_retained(old, "DeletionPolicy")
    plan = make_plan(request, _simulated(update, old, request, observed, tags), observed, is_sent=not is_kept)
    given = {**update.stack.pseudo, **update.given}
    declared = [one.logical_id for one in _declarations(update.document, given, update.types)]
    condition = f"the Condition of {old.logical_id} does not hold"
    why = condition if old.logical_id in declared else f"{update.document.name} has no {old.logical_id}"
    result = "it leaves the stack and stays, by its DeletionPolicy" if is_kept else "CloudFormation deletes it"
    plan = for_type(plan, old, NOT_OF_HANDLERS)
    return StackPlan(plan, None, before, [*update.stack.remarks, f"{why}: {result}"])
