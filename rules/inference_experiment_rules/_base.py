"""Base of the rules: iteration over experiments and scenarios, and the text of a finding.

A rule yields a `Problem` for an experiment in a scenario. They become cfn-lint matches: one per location, with the
scenario in which it applies, at most 300 characters. A rule reports nothing about a value that is not known.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Final, TypeAlias, TypeGuard
from weakref import WeakKeyDictionary

from cfnlint.rules import CloudFormationLintRule, Match, RuleMatch
from cfnlint.template.template import Template

from cfn_template.nested import as_written, compose
from cfn_template.nodes import Node
from cfn_template.scenarios import once_per_place, shorten
from cfn_template.values import Path
from inference_experiment_rules import _cfnlint
from shadow_test_policies.experiment import SUBJECT, Experiment, ExperimentTemplate, experiment_in
from shadow_test_policies.registry_type import REGISTRY_TYPES, subject_with

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


def view_of(cfn: Template, types: frozenset[str] = REGISTRY_TYPES) -> ExperimentTemplate:
    """Return the view of a template, built once for all rules: by E9501, which knows the names of the registry type."""
    view = _VIEWS.get(cfn)
    if view is None:
        view = view_with(cfn, _cfnlint.deployed_parameters(cfn), types)
        _VIEWS[cfn] = view
    return view


def view_with(
    cfn: Template, parameter_sets: Sequence[Mapping[str, Any]], types: frozenset[str] = REGISTRY_TYPES
) -> ExperimentTemplate:
    """Return the view of a template for deployments with such parameters; the registry type has these names."""
    subject = subject_with(SUBJECT, types - REGISTRY_TYPES)
    composition = compose(as_written(cfn.template, cfn.filename), cfn.filename, subject)
    return ExperimentTemplate.of(composition, types, regions=_cfnlint.regions_of(cfn), parameter_sets=parameter_sets)


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
    options: ClassVar[Mapping[str, Mapping[str, object]]] = {}  # type and default of each, as cfn-lint reads them

    def __init__(self) -> None:
        super().__init__()
        self.config_definition = dict(self.options)
        self.configure()

    def matchall(self, filename: str, cfn: Template) -> Iterable[Match]:
        """Return the findings. cfn-lint's own method times and logs each call, also of a rule that does not apply."""
        matches: Iterable[Match] = super().matchall(filename, cfn) if self.targets(view_of(cfn)) else ()
        return matches

    def matchall_resource_properties(self, *_: object) -> Iterable[Match]:
        """Return nothing: no rule is about single resources, for each of which cfn-lint calls this."""
        return ()

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
        found = {scenario: list(self.check(experiment_in(view, name, scenario))) for scenario in scenarios}
        return [
            Problem(each.path, shorten(each.message, MESSAGE_LIMIT - len(where)) + where)
            for each, where in once_per_place(found, lambda each: each.path)
        ]


class PairRule(Rule):
    """Base of a rule about two experiments of a template; each pair is checked once."""

    def related_resources(self, view: ExperimentTemplate, name: str) -> Collection[str]:
        """Return the experiments before this one."""
        return view.experiments[: view.experiments.index(name)]

    def earlier(self, experiment: Experiment) -> Iterator[Experiment]:
        """Yield the experiments before this one that its scenario has."""
        view, scenario = experiment.view, experiment.scenario
        names = self.related_resources(view, experiment.name)
        return (experiment_in(view, name, scenario) for name in names if view.exists(name, scenario))


def is_rule(value: object, module: str) -> TypeGuard[type[CloudFormationLintRule]]:
    """Tell whether a value is the rule class of a module."""
    if not isinstance(value, type) or not issubclass(value, CloudFormationLintRule):
        return False
    return value.__module__ == module and bool(getattr(value, "id", ""))
