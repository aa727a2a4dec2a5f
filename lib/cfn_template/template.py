"""A decoded template: its resources, what they refer to, and the scenarios in which they exist."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from typing import Any, Final

from cfn_template.mentions import compared_literals
from cfn_template.nodes import Node
from cfn_template.scenarios import REGION, Scenario, TemplateDeclarations, enumerate_scenarios, needs_of
from cfn_template.values import UNKNOWN, Raw, hole

# With no region given cfn-lint lints for this one; it says nothing about where people deploy.
DEFAULT_REGIONS: Final = ("us-east-1",)


def _is_never_excluded(_: Mapping[str, bool | None]) -> bool:
    return False


class TemplateView:
    """One decoded template.

    `parameter_sets` are the parameter values of each deployment that is known; `is_excluded` says whether the Rules
    section of the template rules out a combination of conditions.
    """

    def __init__(
        self,
        decoded: Raw,
        regions: tuple[str, ...] = DEFAULT_REGIONS,
        parameter_sets: Sequence[Mapping[str, Any]] = (),
        is_excluded: Callable[[Mapping[str, bool | None]], bool] = _is_never_excluded,
    ) -> None:
        self.regions = regions
        self.parameter_sets = parameter_sets
        self._is_excluded = is_excluded
        template = decoded if isinstance(decoded, dict) else {}
        resources = template.get("Resources")
        named = resources.items() if isinstance(resources, dict) else ()
        self.template: Mapping[str, Raw] = template
        self.resources: dict[str, dict[str, Raw]] = {
            name: raw
            for name, raw in named
            if isinstance(name, str) and isinstance(raw, dict) and isinstance(raw.get("Type"), str)
        }
        self._scenarios: dict[tuple[frozenset[str], frozenset[str]], list[Scenario]] = {}
        self._references: dict[str, frozenset[str]] = {}
        self._reachable: dict[tuple[str, frozenset[str] | None], frozenset[str]] = {}
        self.memo: dict[tuple[object, ...], Any] = {}  # what others have worked out of it

    def type_of(self, name: str) -> str:
        """Return the type of a resource, empty when there is no such resource."""
        return str(self.resources[name]["Type"]) if name in self.resources else ""

    def of_type(self, *types: str) -> list[str]:
        """Return the names of the resources of some types, in the template's order."""
        return [name for name in self.resources if self.type_of(name) in types]

    @cached_property
    def source(self) -> TemplateDeclarations:
        """Parameters, conditions and mappings."""
        conditions = self.template.get("Conditions")
        conditions = conditions if isinstance(conditions, dict) else {}
        compared = compared_literals([conditions, self.template.get("Rules")])
        declared = self.template.get("Parameters")
        parameters = {
            name: values_of(name, raw, self.parameter_sets, compared.get(name, ()))
            for name, raw in (declared.items() if isinstance(declared, dict) else ())
            if isinstance(name, str)
        }
        parameters[REGION] = tuple(dict.fromkeys((*self.regions, *compared.get(REGION, ()))))
        return TemplateDeclarations(parameters, conditions, self.template.get("Mappings"), compared)

    def scenarios(self, names: Iterable[str], related: Iterable[str] = ()) -> list[Scenario]:
        """Return the scenarios in which some resources exist, told apart as finely as `related` ones need it too."""
        existing = frozenset(names)
        key = existing, existing | frozenset(related)
        if key not in self._scenarios:
            raws = [self.resources[name] for name in sorted(key[1])]
            # A resource's own Condition is a name, not a function: it is listed as one would write it.
            asked = [{"Condition": raw["Condition"]} for raw in raws if isinstance(raw.get("Condition"), str)]
            self._scenarios[key] = [
                scenario
                for scenario in enumerate_scenarios(self.source, [*raws, *asked])
                if all(self.exists(name, scenario) for name in existing) and not self._is_excluded(scenario.conditions)
            ]
        return self._scenarios[key]

    def choices(self, raw: Raw, scenario: Scenario) -> tuple[str, ...]:
        """Return what a part of the template, with the resources that it refers to, may depend on in a scenario."""
        key = "choices", id(raw)
        if key not in self.memo:
            named = {target for kind, target in self.source.mentions(raw) if kind == "name"} & self.resources.keys()
            around = named.union(*map(self.reachable, named))
            parameters, conditions = needs_of(self.source, [raw, *(self.resources[name] for name in around)])
            asked = [*(("name", name) for name in parameters), *(("condition", name) for name in conditions)]
            self.memo[key] = raw, asked  # kept with it: its id is nobody else's
        return tuple(repr(scenario.answer(*question)) for question in self.memo[key][1])

    def exists(self, name: str, scenario: Scenario) -> bool:
        """Tell whether a resource is (or may be) created in a scenario."""
        return scenario.decide(self.resources[name].get("Condition")) is not False

    def resource(self, name: str, scenario: Scenario) -> Node:
        """Return a resource of the template."""
        key = "resource", name
        if key not in scenario.memo:
            scenario.memo[key] = Node(scenario, self.resources[name], ("Resources", name))
        node: Node = scenario.memo[key]
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


def values_of(name: str, raw: Raw, given: Sequence[Mapping[str, Any]], compared: tuple[str, ...]) -> tuple[object, ...]:
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
