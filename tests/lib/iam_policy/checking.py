"""Checks a role that is not part of a template."""

from collections.abc import Iterable

from iam_policy import Finding, Role
from shadow_test_policies.permission_findings import RoleReport, analyze
from shadow_test_policies.reports import ranked
from shadow_test_policies.requirements import Deployment, Requirement
from shadow_test_policies.role_checks import RoleCheck
from shadow_test_policies.role_policies import located_role


def check(
    role: Role, requirements: Iterable[Requirement], deployment: Deployment, kind: str = "provider"
) -> RoleReport:
    return analyze(RoleCheck(kind, located_role(role), tuple(requirements), deployment))


def findings_of(report: RoleReport) -> list[Finding]:
    """Return the findings as a report lists them."""
    locations = [(finding, finding.location) for finding in report.findings]
    return ranked(finding.as_finding(location.document, location.position) for finding, location in locations)
