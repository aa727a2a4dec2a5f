"""Base of the rules: iteration over experiments and scenarios, and the text of a finding.

A rule yields a `Problem` for an experiment in a scenario. They become cfn-lint matches: one per location, with the
scenario in which it applies, at most 300 characters. A rule reports nothing about a value that is not known.
"""

import itertools
from collections import Counter
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import ClassVar, Final, TypeAlias, TypeGuard
from weakref import WeakKeyDictionary

from cfnlint.rules import CloudFormationLintRule, Match, RuleMatch
from cfnlint.template.template import Template

from cfn_template.nested import compose
from cfn_template.nodes import Node
from cfn_template.scenarios import Scenario, describe, shorten
from cfn_template.values import Path
from inference_experiment_rules import _cfnlint
from shadow_test_policies.experiment import SUBJECT, Experiment, ExperimentTemplate, experiment_in

MESSAGE_LIMIT: Final = 300
MAX_RELATED_RESOURCES: Final = 6
GUIDE: Final = "https://docs.aws.amazon.com/sagemaker/latest/dg/shadow-tests.html"
TYPE_REFERENCE: Final = (
    "https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/aws-resource-sagemaker-inferenceexperiment.html"
)
CUSTOM_RESOURCES: Final = (
    "https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/template-custom-resources.html"
)

# cfn-lint passes the same Template object to every rule; the view is kept as long as the object.
_VIEWS: Final[WeakKeyDictionary[Template, ExperimentTemplate]] = WeakKeyDictionary()


def view_of(cfn: Template) -> ExperimentTemplate:
    """Return the view of a template, built once for all rules."""
    view = _VIEWS.get(cfn)
    if view is None:
        view = ExperimentTemplate.of(
            compose(cfn.template, cfn.filename, SUBJECT),
            regions=_cfnlint.regions_of(cfn),
            parameter_sets=_cfnlint.deployed_parameters(cfn),
            is_excluded=partial(_cfnlint.excluded_by_rules, cfn.template, cfn.conditions),
        )
        _VIEWS[cfn] = view
    return view


@dataclass(frozen=True)
class Problem:
    """A mistake: the path of the value to change, and a message with what is wrong and what to write instead."""

    path: Path
    message: str


Problems: TypeAlias = Iterator[Problem]


def problem(node: Node, message: str) -> Problem:
    """Return a problem at the path of a node."""
    return Problem(node.path, message)


class Rule(CloudFormationLintRule):
    """Base of the rules.

    A rule's docstring says why a finding matters, its `description` what is checked. A YAML file of the same name
    contains a wrong and a right template fragment; docs/rules.md has the template that they change.
    """

    # Types of further resources to take into account when the experiment refers to them, directly or indirectly.
    related_types: ClassVar[frozenset[str]] = frozenset()

    def matchall(self, filename: str, cfn: Template) -> Iterable[Match]:
        """Return the findings. cfn-lint's own method times and logs each call, also of a rule that does not apply."""
        matches: Iterable[Match] = super().matchall(filename, cfn) if self.targets(view_of(cfn)) else ()
        return matches

    def match(self, cfn: Template) -> list[RuleMatch]:
        """Return the findings in a template."""
        view = view_of(cfn)
        found = view.across(self.problems, lambda each: each.path)
        word = view.composition.word
        return [RuleMatch(list(place), word(each.path, each.message, MESSAGE_LIMIT)) for each, place in found]

    def problems(self, view: ExperimentTemplate) -> list[Problem]:
        """Return the problems in a template and its nested stacks, worded for the scenarios that have them."""
        return [each for name in self.targets(view) for each in self._check_scenarios(view, name)]

    def targets(self, view: ExperimentTemplate) -> list[str]:
        """Return the logical ids of the resources to check."""
        return view.experiments

    def check(self, experiment: Experiment) -> Problems:
        """Yield the problems of one experiment in one scenario."""
        raise NotImplementedError

    def related_resources(self, view: ExperimentTemplate, name: str) -> Collection[str]:
        """Return the other resources whose conditions and parameters matter, whether or not a scenario has them."""
        if not self.related_types:
            return ()
        # A literal name is a reference too. With many candidates only explicit references count.
        candidates = view.of_type(*self.related_types)
        by_name = candidates if len(candidates) <= MAX_RELATED_RESOURCES else ()
        return view.reachable(name, self.related_types) | set(by_name)

    def _check_scenarios(self, view: ExperimentTemplate, name: str) -> list[Problem]:
        scenarios = view.scenarios({name}, self.related_resources(view, name))
        return list(
            matches_of({scenario: list(self.check(experiment_in(view, name, scenario))) for scenario in scenarios})
        )


def matches_of(problems_by_scenario: dict[Scenario, list[Problem]]) -> Iterator[Problem]:
    """Turn problems per scenario into one per path, naming the scenario in which it applies."""
    messages: dict[Path, Counter[str]] = {}
    where: dict[Path, list[Scenario]] = {}
    for scenario, problems in problems_by_scenario.items():
        for path, group in itertools.groupby(problems, lambda each: each.path):
            messages.setdefault(path, Counter()).update(dict.fromkeys((each.message for each in group), 1))
            if scenario not in where.setdefault(path, []):
                where[path].append(scenario)
    for path, counted in messages.items():
        text, _ = counted.most_common(1)[0]
        suffix = describe(where[path], list(problems_by_scenario))
        yield Problem(path, shorten(text, MESSAGE_LIMIT - len(suffix)) + suffix)


def is_rule(value: object, module: str) -> TypeGuard[type[CloudFormationLintRule]]:
    """Tell whether a value is the rule class of a module."""
    if not isinstance(value, type) or not issubclass(value, CloudFormationLintRule):
        return False
    return value.__module__ == module and bool(getattr(value, "id", ""))
