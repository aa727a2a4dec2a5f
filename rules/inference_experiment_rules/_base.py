"""What every rule is made of: metadata, the walk over experiments and scenarios, and the wording of a finding.

A rule yields `Problem`s for one experiment in one scenario. Here they become cfn-lint matches: one per place, with the
condition scenario in which they hold, at most 300 characters. A rule that does not know says nothing.
"""

import itertools
from collections import Counter
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from typing import Any, ClassVar, Final, TypeGuard

from cfnlint.rules import CloudFormationLintRule, Match, RuleMatch
from cfnlint.template.template import Template

from cfn_template.nodes import Node
from cfn_template.scenarios import Scenario
from cfn_template.values import Path
from inference_experiment_rules._view import view_of
from shadow_test_policies.experiment import Experiment, experiment_in
from shadow_test_policies.experiment_template import ExperimentTemplate

MESSAGE_LIMIT: Final = 300
FEW: Final = 6
GUIDE: Final = "https://docs.aws.amazon.com/sagemaker/latest/dg/shadow-tests.html"
TYPE_REFERENCE: Final = (
    "https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/aws-resource-sagemaker-inferenceexperiment.html"
)
CUSTOM_RESOURCES: Final = (
    "https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/template-custom-resources.html"
)


@dataclass(frozen=True)
class Problem:
    """One mistake: the place to change, what is wrong and what to write instead."""

    path: Path
    message: str


def problem(node: Node, message: str) -> Problem:
    """Return a problem at the place of a node."""
    return Problem(node.path, message)


class Rule(CloudFormationLintRule):
    """Base of our rules.

    A rule's docstring says why a finding matters, its `description` what is checked. A wrong and a right template
    fragment stand beside it in a YAML file of the same name; docs/rules.md has the template that they change.
    """

    # Resource types whose resources matter as well, when the experiment refers to them directly or through each other.
    related_types: ClassVar[frozenset[str]] = frozenset()

    # cfn-lint asks rules that are ignored as well, and leaves out what they find.
    reported = True

    def initialize(self, cfn: Template) -> None:  # noqa: ARG002 - cfn-lint's signature
        """Get ready for a template: whether this rule is reported in it, cfn-lint asks next."""
        self.reported = True

    def is_enabled(self, *arguments: Any, **options: Any) -> bool:  # noqa: ANN401 - whatever cfn-lint passes
        """Tell whether this rule is reported."""
        self.reported = super().is_enabled(*arguments, **options)
        return self.reported

    def matchall(self, filename: str, cfn: Template) -> Iterable[Match]:
        """Return the findings as cfn-lint's runner wants them. Its own times and logs each call, also for nothing."""
        if not self.reported or not self.targets(view_of(cfn)):
            return ()
        found: Iterable[Match] = super().matchall(filename, cfn)
        return found

    def matchall_resource_properties(self, *_: object) -> Iterable[Match]:
        """Return nothing: cfn-lint asks every rule about every resource, and its own takes a while to say no."""
        return ()

    def match(self, cfn: Template) -> list[RuleMatch]:
        """Return the findings in a template."""
        return self.find(view_of(cfn))

    def find(self, view: ExperimentTemplate) -> list[RuleMatch]:
        """Return the findings in a template, seen as a view."""
        return [match for name in self.targets(view) for match in self._judge(view, name)]

    def targets(self, view: ExperimentTemplate) -> list[str]:
        """Return the names of the resources to look at."""
        return view.experiments

    def check(self, experiment: Experiment) -> Iterator[Problem]:
        """Yield the problems of one experiment in one scenario."""
        raise NotImplementedError

    def related_resources(self, view: ExperimentTemplate, name: str) -> Collection[str]:
        """Return the other resources whose conditions and parameters matter; they need not exist in every scenario."""
        if not self.related_types:
            return ()
        # Literal names are references too; only where there are many such resources do they have to be spelt out.
        same_template = view.of_type(*self.related_types)
        return view.reachable(name, self.related_types) | set(same_template if len(same_template) <= FEW else ())

    def _judge(self, view: ExperimentTemplate, name: str) -> list[RuleMatch]:
        key = "scenarios", name, type(self).related_resources, self.related_types
        if key not in view.memo:
            view.memo[key] = view.scenarios({name}, self.related_resources(view, name))
        scenarios: list[Scenario] = view.memo[key]
        return list(
            matches_of({scenario: list(self.check(experiment_in(view, name, scenario))) for scenario in scenarios})
        )


def matches_of(found: dict[Scenario, list[Problem]]) -> Iterator[RuleMatch]:
    """Turn problems per scenario into one match per place, worded for the scenarios in which it holds."""
    messages: dict[Path, Counter[str]] = {}
    where: dict[Path, list[Scenario]] = {}
    for scenario, problems in found.items():
        for path, group in itertools.groupby(problems, lambda each: each.path):
            messages.setdefault(path, Counter()).update(dict.fromkeys((each.message for each in group), 1))
            if scenario not in where.setdefault(path, []):
                where[path].append(scenario)
    for path, counted in messages.items():
        text, _ = counted.most_common(1)[0]
        suffix = describe(where[path], list(found))
        yield RuleMatch(list(path), shorten(text, MESSAGE_LIMIT - len(suffix)) + suffix)


def shorten(text: str, limit: int) -> str:
    """Cut a text at a word."""
    if len(text) <= limit:
        return text
    return text[: limit - 1].rsplit(" ", 1)[0] + "…"


def describe(holds: list[Scenario], scenarios: list[Scenario]) -> str:
    """Name the scenario in which a finding holds: all of it if one or two conditions tell it, else a part of it."""
    if len(holds) == len(scenarios):
        return ""
    held = [_features(scenario) for scenario in holds]
    others = [_features(scenario) for scenario in scenarios if scenario not in holds]
    choices = [chosen for size in (1, 2) for chosen in itertools.combinations(held[0], size)]
    fitting = [chosen for chosen in choices if not any(other.issuperset(chosen) for other in map(set, others))]
    whole = [chosen for chosen in fitting if all(set(each).issuperset(chosen) for each in held)]
    return _scenario(next(iter([*whole, *fitting]), held[0][:3]))


def _features(scenario: Scenario) -> list[str]:
    """Return what a person can tell a scenario by: its conditions first, then its parameters."""
    conditions = [f"{name} is {str(holds).lower()}" for name, holds in scenario.conditions.items() if holds is not None]
    chosen = {name: value for name, value in scenario.parameters.items() if isinstance(value, str)}
    return conditions + [f"{name} is {value!r}" for name, value in chosen.items()]


def _scenario(features: Iterable[str]) -> str:
    text = " and ".join(features)
    return f" ({shorten(f'when {text}', 116)})" if text else ""


def is_rule(value: object, module: str) -> TypeGuard[type[CloudFormationLintRule]]:
    """Tell whether a value is the rule that a module defines."""
    if not isinstance(value, type) or not issubclass(value, CloudFormationLintRule):
        return False
    return value.__module__ == module and bool(getattr(value, "id", ""))
