"""The values of a template's references after deployment, as texts of the IAM library.

A resource's name may be unknown, but its ARN begins with `arn:`, ends with that name and has no wildcard. The
same reference gives the same symbol everywhere, so a policy that refers to a resource matches it.
"""

import string
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cache, cached_property
from typing import Final

import iam_policy
from cfn_template.forms import FORMS, NAMES
from cfn_template.nodes import Node
from cfn_template.scenarios import REGION, Scenario
from cfn_template.template import DEFAULT_REGIONS
from cfn_template.values import SymbolicString, Unresolved, unresolved
from iam_policy.match.symbols import ANY, DIGITS, NAME_CHARACTERS, Charset, parse_symbols
from shadow_test_policies.experiment import ExperimentTemplate

MAXIMUM_DEPTH: Final = 8
_LETTERS: Final = Charset(frozenset(string.ascii_letters))
_STACK: Final = Charset(frozenset(string.ascii_letters + string.digits + "-"))
PSEUDO: Final = {
    "AWS::Partition": iam_policy.PARTITION,
    "AWS::Region": iam_policy.REGION,
    "AWS::AccountId": iam_policy.ACCOUNT,
    "AWS::StackName": iam_policy.Symbol(
        "AWS::StackName", _STACK, minimum=1, literal=True, form=((False, _LETTERS), (True, _STACK))
    ),
    "AWS::URLSuffix": iam_policy.Symbol("AWS::URLSuffix", minimum=1, literal=True),
}
# Pseudo parameter -> partition -> value, where it is certain. Services in China have principals of both suffixes.
PARTITIONED: Final[Mapping[str, Mapping[str, str]]] = {
    "AWS::Partition": {name: name for name in ("aws", "aws-cn", "aws-us-gov")},
    "AWS::URLSuffix": dict.fromkeys(("aws", "aws-us-gov"), "amazonaws.com"),
}
STACK_ID: Final = "arn:${AWS::Partition}:cloudformation:${AWS::Region}:${AWS::AccountId}:stack/${AWS::StackName}/${id}"
_ALNUM: Final = Charset(frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"))
# CloudFormation generates names from stack, logical ID and a random part; that is certain for roles only.
RANDOM_LENGTH: Final = 8


@dataclass(frozen=True)
class PhysicalNames:
    """Converts values of one scenario to texts of the IAM library. `known` are values of pseudo parameters."""

    view: ExperimentTemplate
    scenario: Scenario
    known: Mapping[str, iam_policy.Text] = field(default_factory=dict)

    def text(self, value: str | SymbolicString, depth: int = 0) -> iam_policy.Text:
        """Return a text with the symbols of the IAM library."""
        if isinstance(value, str):
            return value
        return iam_policy.text(*(self._part(part, depth) for part in value.parts))

    def _part(self, part: str | Unresolved, depth: int) -> "iam_policy.Text | iam_policy.Symbol":
        if isinstance(part, str):
            return part
        if part.argument in PSEUDO or part.argument in self.known:
            return self.pseudo(part.argument)
        if part.argument == "AWS::StackId":
            return self._parse(STACK_ID, {"id": iam_policy.Symbol("AWS::StackId", minimum=1, literal=True)})
        name, _, attribute = part.argument.partition(".")
        kind = self.view.type_of(name)
        if not kind:
            return self._parameter(part)
        form = FORMS.get((kind, attribute or "Ref"))
        if form is None or depth > MAXIMUM_DEPTH:
            return iam_policy.Symbol(part.argument, ANY, minimum=1, literal=True)
        return self._parse(form, {"Name": self._name(name, kind, depth + 1), "Path": self._path(name, depth + 1)})

    @cached_property
    def arns(self) -> tuple[tuple[str, str, iam_policy.Text], ...]:
        """The ARNs that the template can refer to: logical ID, attribute (or Ref), and the ARN."""
        return tuple(
            (name, attribute, self.text(unresolved("Ref", name) if attribute == "Ref" else _attribute(name, attribute)))
            for name in self.view.resources
            for attribute in _arn_attributes(self.view.type_of(name))
        )

    def pseudo(self, name: str) -> "iam_policy.Text | iam_policy.Symbol":
        """Return the value of a pseudo parameter; any of the regions that are linted for."""
        if name in self.known:
            return self.known[name]
        if self.view.regions == DEFAULT_REGIONS or name not in {REGION, *PARTITIONED}:
            return PSEUDO[name]
        chosen = self.scenario.refer(REGION)
        regions = (chosen,) if isinstance(chosen, str) else self.view.regions
        if name == REGION:
            return regions[0] if len(regions) == 1 else replace(iam_policy.REGION, values=regions)
        values = {PARTITIONED[name].get(partition_of(region), PSEUDO[name]) for region in regions}
        return values.pop() if len(values) == 1 else PSEUDO[name]

    def _parse(self, form: str, names: Mapping[str, "iam_policy.Text | iam_policy.Symbol"]) -> iam_policy.Text:
        return parse_symbols(form, {**self._pseudo, **names})

    @cached_property
    def _pseudo(self) -> Mapping[str, "iam_policy.Text | iam_policy.Symbol"]:
        return {name: self.pseudo(name) for name in PSEUDO}

    def _parameter(self, part: Unresolved) -> iam_policy.Symbol:
        """Return the symbol of a parameter or an import; its value may contain wildcards."""
        if part.function != "Ref":
            return iam_policy.Symbol(f"{part.function} {part.argument}", minimum=1)
        raw = self.view.declared.get(part.argument)
        raw = raw if isinstance(raw, dict) else {}
        default = raw.get("Default")
        shown = str(default) if isinstance(default, str | int | float) else None
        charset = DIGITS if raw.get("Type") == "Number" else ANY
        return iam_policy.Symbol(part.argument, charset, default=shown)

    def _name(self, name: str, kind: str, depth: int) -> "iam_policy.Text | iam_policy.Symbol":
        form = NAMES.get(kind)
        node = self._property(name, form.property if form else "")
        if node is not None and node.text is not None:
            return self.text(node.text, depth)
        if form is None:
            return iam_policy.Symbol(name, ANY, minimum=1, literal=True)
        if node is not None or kind != "AWS::IAM::Role":
            characters = Charset(frozenset(form.characters))
            # Each resource has a name of its own, from CloudFormation or the template.
            is_chosen = node is not None
            return iam_policy.Symbol(
                name, characters, form.minimum, form.exact, literal=True, unique=kind, chosen=is_chosen
            )
        first, last, suffix = (
            iam_policy.Symbol(name + part, charset, minimum, literal=True, unique=kind)
            for part, charset, minimum in (
                ("", NAME_CHARACTERS, 1),
                (" of role", NAME_CHARACTERS, 1),
                (" suffix", _ALNUM, RANDOM_LENGTH),
            )
        )
        return iam_policy.text(first, "-", last, "-", suffix)

    def _path(self, name: str, depth: int) -> "iam_policy.Text | iam_policy.Symbol":
        node = self._property(name, "Path")
        if node is None:
            return "/"
        unnamed = iam_policy.Symbol(f"{name}.Path", ANY, minimum=1, literal=True)
        return unnamed if node.text is None else self.text(node.text, depth)

    def _property(self, name: str, key: str) -> Node | None:
        return self.view.resource(name, self.scenario).at("Properties", key) if key else None


def _attribute(name: str, attribute: str) -> SymbolicString:
    return unresolved("Fn::GetAtt", f"{name}.{attribute}")


@cache
def _arn_attributes(kind: str) -> tuple[str, ...]:
    """Return what gives an ARN of a resource of a type: attributes, or Ref."""
    kind = {"AWS::Serverless::Function": "AWS::Lambda::Function"}.get(kind, kind)
    return tuple(attribute for (of, attribute), form in FORMS.items() if of == kind and form.startswith("arn:"))


def partition_of(region: str) -> str:
    """Return the partition of a region, empty for one of an isolated partition."""
    if region.startswith(("cn-", "us-gov-")):
        return "aws-" + region.rpartition("-")[0].rpartition("-")[0]
    return "" if "-iso" in region or region.startswith("eusc-") else "aws"


def open_scenario(view: ExperimentTemplate, scenario: Scenario) -> Scenario:
    """Return the scenario with parameters that were not passed unresolved: a default may be overridden."""
    deployed = {name for values in view.parameter_sets for name in values}
    opened = {
        name: unresolved("Ref", name)
        for name, raw in view.declared.items()
        if isinstance(raw, dict) and name not in deployed and not raw.get("AllowedValues")
        if "List" not in str(raw.get("Type"))
    }
    chosen = {**opened, **scenario.parameters}
    return Scenario(scenario.source, chosen, scenario.assumed, dict(scenario.conditions), scenario.complete)
