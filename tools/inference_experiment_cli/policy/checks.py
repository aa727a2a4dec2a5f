"""Checking roles: what they require, what is missing, and the exit code."""

from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

import iam_policy
from iam_policy import Finding, Severity
from iam_policy.lint.suppress import SuppressibleFinding
from inference_experiment import contract
from inference_experiment_cli.errors import ExitCode, UsageError
from inference_experiment_cli.policy.beside import check_used
from inference_experiment_cli.policy.inputs import Inputs, RoleInput
from shadow_test_policies.permission_findings import PermissionFinding, RoleReport, analyze
from shadow_test_policies.registry_type import REGISTRY_TYPES
from shadow_test_policies.reports import ranked
from shadow_test_policies.requirements import (
    Deployment,
    Level,
    Requirement,
    deployer_requirements,
    experiment_requirements,
    provider_requirements,
    trust_requirement,
)
from shadow_test_policies.role_checks import RoleCheck
from shadow_test_policies.role_policies import located_role
from shadow_test_policies.verdicts import verdict_of

UNKNOWN_SEVERITIES: Final = {"error": Severity.ERROR, "warn": Severity.WARNING, "info": Severity.INFO}


@dataclass(frozen=True)
class CheckOptions:
    """The kind of role, the handlers, the deployment, and how to treat what cannot be decided."""

    role_kind: str
    handlers: tuple[str, ...] = ()
    deployment: Deployment = field(default_factory=Deployment)
    unknown: str = "info"
    recommended: bool = False
    parameters: Mapping[str, str] = field(default_factory=dict)  # of the templates
    types: frozenset[str] = REGISTRY_TYPES  # names of the registry type in the templates

    def __post_init__(self) -> None:
        """Raise UsageError for unknown handlers, and for handlers of another role."""
        unknown = [name for name in self.handlers if name not in contract.handlers()]
        if unknown:
            raise UsageError(f"--handler {unknown[0]}: must be one of {', '.join(contract.handlers())}")
        if self.handlers and self.role_kind != "provider":
            raise UsageError(f"--handler applies to the provider only, not to the {self.role_kind}")

    def includes(self, requirement: Requirement) -> bool:
        """Tell whether a requirement is checked."""
        if requirement.level is Level.RECOMMENDED and not self.recommended:
            return False
        # What the function needs whatever it handles has no handlers.
        return not self.handlers or not requirement.handlers or bool(set(requirement.handlers) & set(self.handlers))

    def requirements(self, deployment: Deployment) -> tuple[Requirement, ...]:
        """Return what a role of the kind requires in a deployment."""
        if self.role_kind == "experiment":
            return experiment_requirements(deployment)
        if self.role_kind == "deployer":
            return deployer_requirements(deployment)
        trust = trust_requirement("lambda.amazonaws.com", deployment)
        return (*provider_requirements(deployment, self.handlers), trust)


def role_checks_of(inputs: Inputs, options: CheckOptions) -> list[tuple[RoleInput, RoleCheck]]:
    """Return the roles of dumps and documents, in the place that their policies agree on if none was given."""
    documents = [document for each in inputs.roles for document in each.role.policies.identity]
    place = iam_policy.assumed(options.deployment, documents)
    return [(each, inputs.beside.on(_role_check(each, options, place))) for each in inputs.roles]


def _checked_roles(inputs: Inputs, options: CheckOptions) -> list[tuple[RoleInput, RoleCheck]]:
    checks = role_checks_of(inputs, options)
    if checks:
        check_used(inputs.beside.of_resources, (check for _, check in checks))
    return checks


def _role_check(given: RoleInput, options: CheckOptions, place: Deployment) -> RoleCheck:
    """Return the check of a role; of permissions and trust only what was given is checked."""
    required = tuple(each for each in options.requirements(place) if options.includes(each))
    policies = given.role.policies
    if given.is_partial and not policies.identity and not policies.unknown and given.role.trust is not None:
        required = tuple(each for each in required if each.service)
    role = located_role(given.role)
    arn = given.role.arn or None
    return RoleCheck(options.role_kind, role, required, place, is_whole=not given.is_partial, principal=arn)


@dataclass(frozen=True)
class CheckedRole:
    """The report on a role of a file, with the verdict in one line."""

    report: RoleReport
    line: str

    @property
    def has_permissions(self) -> bool:
        """Whether permissions were decided, and not the trust policy alone."""
        return any(not each.requirement.service for each in self.report.results)


def check_roles(inputs: Inputs, options: CheckOptions) -> tuple[list[CheckedRole], list[Finding]]:
    """Return the result for each role, and all findings, each once and at its file."""
    checked: list[CheckedRole] = []
    findings: list[Finding] = []
    for given, check in _checked_roles(inputs, options):
        report = analyze(check)
        checked.append(CheckedRole(report, verdict_of(report).line(given.file)))
        found = (_of_document(finding, given, inputs.texts) for finding in report.findings)
        findings += ranked(_included(found, options))
    for template in inputs.templates:
        checked += [CheckedRole(report, line) for report, line in template.verdicts()]
        findings += ranked(_included(template.findings(), options))
    return checked, list(dict.fromkeys(findings))


def _of_document(finding: PermissionFinding, given: RoleInput, files: Container[str]) -> Finding:
    """Return a finding with the name of its file."""
    location = finding.location
    file = location.document if location.document in files else given.file
    return finding.as_finding(file, location.position)


def _included(findings: Iterable[Finding], options: CheckOptions) -> Iterator[Finding]:
    """Yield the findings, undecided ones with the severity that --unknown sets."""
    for finding in findings:
        if finding.kind != "undecided":
            yield finding
        elif options.unknown in UNKNOWN_SEVERITIES:
            yield replace(finding, level=UNKNOWN_SEVERITIES[options.unknown])


def exit_code(findings: Sequence[SuppressibleFinding]) -> int:
    """Return 1 for an error that is not suppressed, 3 for an undecided one that counts as an error, else 0."""
    kept = (each.finding for each in findings if each.suppression is None)
    errors = {finding.kind for finding in kept if finding.severity is Severity.ERROR}
    if errors - {"undecided"}:
        return ExitCode.NO
    return ExitCode.UNDECIDED if errors else ExitCode.DONE
