"""Base of the 98xx rules: each reports some kinds of findings of the analysis of the template's roles."""

from typing import ClassVar

from inference_experiment_rules._base import Problem, Rule
from shadow_test_policies.analysis import permission_analysis, template_findings
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
