"""A decoded template: its resources, their references, and the scenarios in which they exist."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from typing import Any, Final

from cfn_template.mentions import COMPARISONS, deciding_literals, mentioned
from cfn_template.nodes import Node
from cfn_template.parameters import PSEUDO, domain_of, is_secret, value_of
from cfn_template.scenarios import (
    REGION,
    Scenario,
    TemplateDeclarations,
    enumerate_assumptions,
    enumerate_scenarios,
)
from cfn_template.values import Raw, Unresolved, unresolved

# Without -r cfn-lint lints for this region, which says nothing about where the template is deployed.
DEFAULT_REGIONS: Final = ("us-east-1",)
KEYED: Final = ("Fn::FindInMap",)


class TemplateView:
    """One decoded template.

    `parameter_sets` are the parameter values of each deployment that is known.
    """

    def __init__(
        self,
        decoded: Raw,
        regions: tuple[str, ...] = DEFAULT_REGIONS,
        parameter_sets: Sequence[Mapping[str, Any]] = (),
    ) -> None:
        self.regions = regions
        self.parameter_sets = parameter_sets
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
        self.memo: dict[tuple[object, ...], Any] = {}  # results that belong to the template

    def type_of(self, name: str) -> str:
        """Return the type of a resource, empty for an unknown name."""
        return str(self.resources[name]["Type"]) if name in self.resources else ""

    def of_type(self, *types: str) -> list[str]:
        """Return the names of the resources of some types, in the template's order."""
        return [name for name in self.resources if self.type_of(name) in types]

    @cached_property
    def source(self) -> TemplateDeclarations:
        """Parameters, conditions, mappings and rules."""
        conditions, rules = (
            section if isinstance(section, dict) else {} for section in map(self.template.get, ("Conditions", "Rules"))
        )
        mappings = self.template.get("Mappings")
        compared = deciding_literals([conditions, rules], mappings, COMPARISONS)
        keyed = deciding_literals([conditions, rules], mappings, KEYED)
        keys = deciding_literals([conditions, rules, *self.resources.values()], mappings, KEYED) if mappings else {}
        declared = {**self.declared, **{name: {"Type": "String"} for name in PSEUDO}}
        parameters, chosen = (
            {
                name: domain_of(name, raw, self.parameter_sets, compared.get(name), literals.get(name, ()))
                for name, raw in declared.items()
                if name in literals or literals is not keys
            }
            for literals in (dict[str, tuple[str, ...]](), keys)
        )
        given = {name for values in self.parameter_sets for name in values}
        if REGION not in given:
            parameters[REGION] = self._regions(compared.get(REGION, ()), keyed.get(REGION, ()))
            chosen.pop(REGION, None)  # a row does not say that the template is deployed in its region
        hidden = {name for name, raw in self.declared.items() if is_secret(raw)} | (PSEUDO - given - {REGION})
        types = {name: str(raw.get("Type")) for name, raw in self.declared.items() if isinstance(raw, dict)}
        return TemplateDeclarations(
            parameters, conditions, mappings, compared, frozenset(hidden), rules, types, chosen, self.resources
        )

    @cached_property
    def declared(self) -> Mapping[str, Raw]:
        """The parameters that the template declares."""
        declared = self.template.get("Parameters")
        return (
            {name: raw for name, raw in declared.items() if isinstance(name, str)} if isinstance(declared, dict) else {}
        )

    def _regions(self, compared: tuple[str, ...], keys: tuple[str, ...]) -> tuple[object, ...]:
        """Return the regions to try: those that conditions name, and any other."""
        elsewhere = (unresolved("Ref", REGION),) if compared and self.regions == DEFAULT_REGIONS else ()
        return (*dict.fromkeys((*self.regions, *compared, *keys)), *elsewhere)

    def deployment(
        self,
        given: Mapping[str, Any],
        assumed: Iterable[str] = (),
        deployed: Mapping[Unresolved, str] | None = None,
    ) -> Scenario:
        """Return the scenario of one deployment: parameter values, else defaults.

        Comparisons that these do not decide are false in the conditions in `assumed`; others stay undecided.
        `deployed` has the values of references to resources and imports, as far as a deployed stack has them.
        """
        known = deployed or {}
        values: dict[str, object] = {one.argument: value for one, value in known.items() if one.function == "Ref"}
        values |= {name: value_of(name, raw, given) for name, raw in self.declared.items()}
        pseudo = {name: given[name] for name in PSEUDO if name in given}
        source = replace(self.source, hidden=self.source.hidden - pseudo.keys(), deployed=known)
        return next(iter(enumerate_assumptions(source, values | pseudo, list(assumed))))

    def scenarios(self, names: Iterable[str], related: Iterable[str] = ()) -> list[Scenario]:
        """Return the scenarios in which some resources exist, distinguished also by what `related` ones depend on."""
        existing = frozenset(names)
        key = existing, existing | frozenset(related)
        if key not in self._scenarios:
            self._scenarios[key] = [
                scenario
                for scenario in enumerate_scenarios(self.source, self.raws(sorted(key[1])))
                if all(self.exists(name, scenario) for name in existing) and not scenario.is_refused()
            ]
        return self._scenarios[key]

    def raws(self, names: Iterable[str]) -> list[Raw]:
        """Return the raw values that some resources depend on: themselves, and their conditions as functions."""
        raws = [self.resources[name] for name in names]
        return [*raws, *({"Condition": raw["Condition"]} for raw in raws if isinstance(raw.get("Condition"), str))]

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
        """Return the resources that CloudFormation creates before this one, including DependsOn."""
        if name not in self._references:
            raw = self.resources[name]
            listed = raw.get("DependsOn")
            listed = listed if isinstance(listed, list) else [listed]
            found = {target for kind, target in mentioned(raw) if kind == "name"}
            found.update(target for target in listed if isinstance(target, str))
            self._references[name] = frozenset(found & self.resources.keys())
        return self._references[name]

    def reachable(self, name: str, types: frozenset[str] | None = None) -> frozenset[str]:
        """Return the resources that one refers to, directly or through others, optionally only through `types`."""
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
