"""Base of the 98xx rules: each takes some of the causes that `_access.judgements` finds."""

from collections.abc import Collection, Iterator
from typing import ClassVar

from cfnlint.rules import RuleMatch

from cfn_template.values import Path
from inference_experiment_rules._base import Problem, Rule, matches_of
from shadow_test_policies.experiment_template import ExperimentTemplate
from shadow_test_policies.policy_findings import PermissionFinding
from shadow_test_policies.verdict import judged, related, subjects_of

ROLES = "https://docs.aws.amazon.com/sagemaker/latest/dg/sagemaker-roles.html"
EVALUATION = "https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html"


class AccessRule(Rule):
    """A rule about permissions: `causes` are what it reports, `kinds` the roles that it looks at."""

    causes: ClassVar[frozenset[str]] = frozenset()
    kinds: ClassVar[frozenset[str]] = frozenset({"provider", "experiment"})

    def find(self, view: ExperimentTemplate) -> list[RuleMatch]:
        """Return the findings in a template, each once however many experiments share the role."""
        found = [match for name in self.targets(view) for match in self._matches(view, name)]
        return list({(tuple(match.path), match.message): match for match in found}.values())

    def targets(self, view: ExperimentTemplate) -> list[str]:
        """Return the experiments, or else the functions that provide them."""
        return subjects_of(view)

    def related_resources(self, view: ExperimentTemplate, name: str) -> Collection[str]:
        """Return what the policies of the roles may depend on."""
        return related(view, name)

    def wanted(self, judgement: PermissionFinding) -> bool:
        """Tell whether this rule reports a judgement."""
        return judgement.cause in self.causes and judgement.kind in self.kinds

    def _matches(self, view: ExperimentTemplate, name: str) -> Iterator[RuleMatch]:
        chosen = {scenario: list(filter(self.wanted, found)) for scenario, found in judged(view).of(name).items()}
        keys = dict.fromkeys((one.kind, one.subject, one.path) for found in chosen.values() for one in found)
        for key in keys:
            yield from matches_of({scenario: problems_of(found, key) for scenario, found in chosen.items()})


def problems_of(found: list[PermissionFinding], key: tuple[str, str, Path]) -> list[Problem]:
    """Return the judgements of one role's part, about one subject in one place, in their words."""
    return [Problem(one.path, one.message) for one in found if (one.kind, one.subject, one.path) == key]
