"""A template as the rules see it: resources, what they refer to, and values read in one world.

`look_at(cfn)` is made once per template and shared by all rules. Nothing here judges anything.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from functools import cached_property
from typing import Any, Final

from cfnlint.template.template import Template

from inference_experiment import contract
from inference_experiment_rules import _cfnlint
from inference_experiment_rules._mentions import compared_literals, mentioned
from inference_experiment_rules._nodes import Node
from inference_experiment_rules._values import UNKNOWN, Raw, hole
from inference_experiment_rules._worlds import (
    REGION,
    Source,
    World,
    enumerate_worlds,
    needs_of,
)

EXPERIMENT_TYPES: Final = frozenset({contract.CUSTOM_TYPE, contract.NATIVE_TYPE})
GENERIC_TYPE: Final = "AWS::CloudFormation::CustomResource"
FUNCTION_TYPES: Final = frozenset({"AWS::Lambda::Function", "AWS::Serverless::Function"})
OUR_HANDLER: Final = "inference_experiment."
CUSTOM_PREFIX: Final = "Custom::"
ALLOWED_NAME: Final = re.compile(r"[A-Za-z0-9_@-]{1,60}")  # what may come after the prefix
ALIKE: Final = 0.965  # how like ours a type name must be to be taken for a slip


class View:
    """One template, read for the rules."""

    def __init__(self, cfn: Template) -> None:
        self.cfn = cfn
        template = cfn.template if isinstance(cfn.template, dict) else {}
        resources = template.get("Resources")
        named = resources.items() if isinstance(resources, dict) else ()
        self.template: Mapping[str, Raw] = template
        self.resources: dict[str, dict[str, Raw]] = {
            name: raw
            for name, raw in named
            if isinstance(name, str) and isinstance(raw, dict) and isinstance(raw.get("Type"), str)
        }
        self.experiments = [name for name in self.resources if self._is_experiment(name)]
        self._worlds: dict[tuple[frozenset[str], frozenset[str]], list[World]] = {}
        self._references: dict[str, frozenset[str]] = {}
        self._reachable: dict[tuple[str, frozenset[str] | None], frozenset[str]] = {}
        self.memo: dict[tuple[object, ...], Any] = {}  # what others have worked out of it

    def _is_experiment(self, name: str) -> bool:
        kind = self.type_of(name)
        return kind in EXPERIMENT_TYPES or (kind == GENERIC_TYPE and self._has_our_provider(name))

    def _has_our_provider(self, name: str) -> bool:
        """Tell whether a generic custom resource asks our function: its handler, or the token of our type, says so."""
        token = self._token_of(name)
        if token is None:
            return False
        if any(token == self._token_of(other) for other in self.of_type(contract.CUSTOM_TYPE)):
            return True
        targets = [target for kind, target in mentioned(token) if kind == "name" and target in self.resources]
        properties = [self.resources[target].get("Properties") for target in targets]
        return any(is_our_handler(raw) for raw in properties)

    @cached_property
    def provider_functions(self) -> list[str]:
        """The functions that are our provider by their handler, whether or not the template has an experiment."""
        functions = self.of_type(*FUNCTION_TYPES)
        return [name for name in functions if is_our_handler(self.resources[name].get("Properties"))]

    def _token_of(self, name: str) -> Raw:
        properties = self.resources[name].get("Properties")
        return properties.get("ServiceToken") if isinstance(properties, dict) else None

    def type_of(self, name: str) -> str:
        """Return the type of a resource, empty when there is no such resource."""
        return str(self.resources[name]["Type"]) if name in self.resources else ""

    def of_type(self, *types: str) -> list[str]:
        """Return the names of the resources of some types, in the template's order."""
        return [name for name in self.resources if self.type_of(name) in types]

    @cached_property
    def regions(self) -> tuple[str, ...]:
        """The regions that the template is linted for."""
        return _cfnlint.regions_of(self.cfn)

    @cached_property
    def source(self) -> Source:
        """Parameters, conditions and mappings."""
        conditions = self.template.get("Conditions")
        conditions = conditions if isinstance(conditions, dict) else {}
        compared = compared_literals([conditions, self.template.get("Rules")])
        declared = self.template.get("Parameters")
        given = _cfnlint.deployed_parameters(self.cfn)
        parameters = {
            name: values_of(name, raw, given, compared.get(name, ()))
            for name, raw in (declared.items() if isinstance(declared, dict) else ())
            if isinstance(name, str)
        }
        parameters[REGION] = tuple(dict.fromkeys((*self.regions, *compared.get(REGION, ()))))
        return Source(parameters, conditions, self.template.get("Mappings"), compared)

    def worlds(self, names: Iterable[str], related: Iterable[str] = ()) -> list[World]:
        """Return the worlds in which some resources exist, told apart as finely as `related` ones need it too."""
        existing = frozenset(names)
        key = existing, existing | frozenset(related)
        if key not in self._worlds:
            raws = [self.resources[name] for name in sorted(key[1])]
            # A resource's own Condition is a name, not a function: it is listed as one would write it.
            asked = [{"Condition": raw["Condition"]} for raw in raws if isinstance(raw.get("Condition"), str)]
            self._worlds[key] = [
                world
                for world in enumerate_worlds(self.source, [*raws, *asked])
                if all(self.exists(name, world) for name in existing)
                and not _cfnlint.excluded_by_rules(self.cfn, world.conditions)
            ]
        return self._worlds[key]

    def choices(self, raw: Raw, world: World) -> tuple[str, ...]:
        """Return what a part of the template, with the resources that it refers to, may depend on in a world."""
        key = "choices", id(raw)
        if key not in self.memo:
            named = {target for kind, target in self.source.mentions(raw) if kind == "name"} & self.resources.keys()
            around = named.union(*map(self.reachable, named))
            parameters, conditions = needs_of(self.source, [raw, *(self.resources[name] for name in around)])
            asked = [*(("name", name) for name in parameters), *(("condition", name) for name in conditions)]
            self.memo[key] = raw, asked  # kept with it: its id is nobody else's
        return tuple(repr(world.answer(*question)) for question in self.memo[key][1])

    def exists(self, name: str, world: World) -> bool:
        """Tell whether a resource is (or may be) created in a world."""
        return world.decide(self.resources[name].get("Condition")) is not False

    def resource(self, name: str, world: World) -> Node:
        """Return a resource of the template."""
        key = "resource", name
        if key not in world.memo:
            world.memo[key] = Node(world, self.resources[name], ("Resources", name))
        node: Node = world.memo[key]
        return node

    def references(self, name: str) -> frozenset[str]:
        """Return the resources that CloudFormation makes before this one, DependsOn included."""
        if name not in self._references:
            raw = self.resources[name]
            listed = raw.get("DependsOn")
            listed = listed if isinstance(listed, list) else [listed]
            found = {target for kind, target in self.source.mentions(raw) if kind == "name"}
            found.update(target for target in listed if isinstance(target, str))
            self._references[name] = frozenset(found & self.resources.keys())
        return self._references[name]

    def reachable(self, name: str, types: frozenset[str] | None = None) -> frozenset[str]:
        """Return what a resource refers to, directly or through others, only over resources of `types` if given."""
        if (name, types) not in self._reachable:
            found: set[str] = set()
            stack = [name]
            while stack:
                for target in self.references(stack.pop()) - found:
                    if types is None or self.type_of(target) in types:
                        found.add(target)
                        stack.append(target)
            self._reachable[name, types] = frozenset(found)
        return self._reachable[name, types]


def is_our_handler(properties: Raw) -> bool:
    """Tell whether the properties of a function name our handler."""
    return isinstance(properties, dict) and str(properties.get("Handler", "")).startswith(OUR_HANDLER)


def values_of(name: str, raw: Raw, given: list[Mapping[str, Any]], compared: tuple[str, ...]) -> tuple[object, ...]:
    """Return the values that Ref of a parameter can give: deployed, allowed, or default and what conditions ask for."""
    deployed = [values[name] for values in given if name in values]
    if deployed:
        return tuple(_unique(deployed))
    kind = raw.get("Type") if isinstance(raw, dict) else None
    if not isinstance(kind, str) or kind.startswith("AWS::SSM::"):
        return ()
    allowed = raw.get("AllowedValues")
    if isinstance(allowed, list) and allowed:
        return tuple(_unique(allowed))
    default = raw.get("Default")
    if "List" in kind:
        return ([part.strip() for part in default.split(",")],) if isinstance(default, str) else ()
    known = [str(default)] if isinstance(default, str | int | float) else []
    if not compared:
        return tuple(known)
    return (*_unique([*known, *compared]), hole("Ref", name))


def _unique(values: Iterable[Raw]) -> Iterator[object]:
    seen: list[object] = []
    for value in values:
        item = str(value) if isinstance(value, str | int | float) else UNKNOWN
        if item not in seen:
            seen.append(item)
            yield item


_latest: list[View] = []


def look_at(cfn: Template) -> View:
    """Return the view of a template; the last one is kept, since cfn-lint runs all rules on one before the next."""
    if not _latest or _latest[0].cfn is not cfn:
        _latest[:] = [View(cfn)]
    return _latest[0]
