"""Base of the 98xx rules: each reports some kinds of findings of the analysis of the template's roles."""

from collections import Counter
from collections.abc import Callable, Iterator
from typing import ClassVar

from cfn_template.nested import Composition
from cfn_template.scenarios import Scenario, describe
from inference_experiment_rules._base import MESSAGE_LIMIT, Problem, Rule
from shadow_test_policies.analysis import PermissionAnalysis, permission_analysis
from shadow_test_policies.experiment import ExperimentTemplate
from shadow_test_policies.permission_findings import PermissionFinding

ROLES = "https://docs.aws.amazon.com/sagemaker/latest/dg/sagemaker-roles.html"
EVALUATION = "https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html"


class PermissionRule(Rule):
    """A rule about permissions: `kinds` are what it reports, `role_kinds` the roles that it checks."""

    kinds: ClassVar[frozenset[str]] = frozenset()
    role_kinds: ClassVar[frozenset[str]] = frozenset({"provider", "experiment"})

    def problems(self, view: ExperimentTemplate) -> list[Problem]:
        """Return the findings in a template and its nested stacks."""
        findings = template_findings(permission_analysis(view), self.reports)
        return [Problem(finding.location.path, message) for finding, message in findings]

    def targets(self, view: ExperimentTemplate) -> list[str]:
        """Return the experiments, or the provider functions if there are none."""
        return permission_analysis(view).targets

    def reports(self, finding: PermissionFinding) -> bool:
        """Tell whether this rule reports a finding."""
        return finding.kind in self.kinds and finding.role_kind in self.role_kinds and not finding.by_core


def template_findings(
    analysis: PermissionAnalysis, includes: Callable[[PermissionFinding], bool]
) -> list[tuple[PermissionFinding, str]]:
    """Return the findings in a template with their messages, each once however many experiments share the role."""
    found = [
        entry
        for name in analysis.targets
        for entry in _target_findings(analysis.findings(name), includes, analysis.view.composition)
    ]
    return list({(finding.kind, finding.location, message): (finding, message) for finding, message in found}.values())


def _target_findings(
    findings: dict[Scenario, list[PermissionFinding]],
    includes: Callable[[PermissionFinding], bool],
    composition: Composition,
) -> Iterator[tuple[PermissionFinding, str]]:
    """Yield each finding once, worded for the scenarios in which it holds."""
    places: dict[tuple[object, ...], dict[Scenario, PermissionFinding]] = {}
    for scenario, members in findings.items():
        for finding in filter(includes, members):
            place = finding.kind, finding.role_kind, finding.subject, finding.location
            places.setdefault(place, {}).setdefault(scenario, finding)
    for holds in places.values():
        suffix = describe(list(holds), list(findings))
        # If only details differ between scenarios, the most common finding is reported for all.
        finding, _ = Counter(holds.values()).most_common(1)[0]
        file = composition.word(finding.location.path, "", MESSAGE_LIMIT)  # added to the message later
        yield finding, finding.word(MESSAGE_LIMIT - len(suffix) - len(file)) + suffix
