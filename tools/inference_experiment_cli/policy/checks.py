"""Checking roles: what they need, what is missing, and what of it somebody has accepted."""

from collections.abc import Container, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

import iam_policy
from iam_policy import Severity
from iam_policy.lint.suppress import Judged
from inference_experiment import contract
from inference_experiment_cli.errors import UsageError
from inference_experiment_cli.policy.inputs import Inputs, Subject, documents_of
from shadow_test_policies import role_report
from shadow_test_policies.deployment import Deployment
from shadow_test_policies.requirements import (
    Level,
    Requirement,
    deployer_requirements,
    experiment_requirements,
    provider_requirements,
    trust_requirement,
)
from shadow_test_policies.role_report import Report

LEVELS: Final = {"error": Severity.ERROR, "warn": Severity.WARNING}
ALLOWED, NOT_ALLOWED, CANNOT_TELL = 0, 2, 3


@dataclass(frozen=True)
class Question:
    """What is asked: whose role, for which handlers, where, and what to make of what nobody knows."""

    who: str
    handlers: tuple[str, ...] = ()
    deployment: Deployment = field(default_factory=Deployment)
    unknown: str = "warn"
    recommended: bool = False

    def __post_init__(self) -> None:
        """Raise UsageError for handlers that there are not, or that are nobody's."""
        strange = [name for name in self.handlers if name not in contract.handlers()]
        if strange:
            raise UsageError(f"--handler {strange[0]}: there are {', '.join(contract.handlers())}")
        if self.handlers and self.who != "provider":
            raise UsageError(f"--handler is about the provider, not the {self.who}")

    def asks_for(self, requirement: Requirement) -> bool:
        """Tell whether a requirement is asked for."""
        if requirement.level is Level.RECOMMENDED and not self.recommended:
            return False
        # What the function needs whatever it handles has no handlers.
        chosen = set(requirement.handlers) & set(self.handlers)
        return not self.handlers or not requirement.handlers or bool(chosen)


def requirements(question: Question, deployment: Deployment) -> tuple[Requirement, ...]:
    """Return what the role that is asked about needs."""
    if question.who == "experiment":
        return experiment_requirements(deployment)
    if question.who == "deployer":
        return deployer_requirements(deployment)
    trust = trust_requirement("lambda.amazonaws.com", deployment)
    return (*provider_requirements(deployment, question.handlers or None), trust)


def settled(inputs: Inputs, question: Question) -> list[Subject]:
    """Return the subjects with their requirements, in the place that their policies agree on if none was given."""
    place = iam_policy.assumed(question.deployment, documents_of(inputs.subjects))
    return [_settle(subject, question, place) for subject in inputs.subjects]


def _settle(subject: Subject, question: Question, place: Deployment) -> Subject:
    """Return a subject with what it needs; of permissions and trust only what was given is asked about."""
    told = subject.requirements is None
    wanted = requirements(question, place) if subject.requirements is None else subject.requirements
    wanted = tuple(one for one in wanted if question.asks_for(one))
    policies = subject.role.policies
    if told and subject.role.trust is None:
        wanted = tuple(one for one in wanted if not one.service)
    elif told and subject.partial and not policies.identity and not policies.unknown:
        wanted = tuple(one for one in wanted if one.service)
    return replace(subject, requirements=wanted, deployment=place if told else subject.deployment)


@dataclass(frozen=True)
class Checked:
    """What came out: a report for each role, and all findings, each once and at its file."""

    reports: tuple[Report, ...]
    findings: tuple[iam_policy.Finding, ...]


def checked(subjects: Iterable[Subject], question: Question, files: Container[str]) -> Checked:
    """Check every role."""
    reports: list[Report] = []
    findings: list[iam_policy.Finding] = []
    for subject in subjects:
        report = role_report.check(subject.role, subject.requirements or (), subject.deployment)
        reports.append(report)
        findings += [_placed(one, subject, files) for one in report.findings]
    graded = (one for finding in findings for one in _graded(finding, question.unknown))
    return Checked(tuple(reports), tuple(dict.fromkeys(graded)))


def _placed(finding: iam_policy.Finding, subject: Subject, files: Container[str]) -> iam_policy.Finding:
    """Return a finding with the file's name, and the line of the role where it has none of its own."""
    position = finding.position
    if not position.line and subject.line:
        position = iam_policy.Position(subject.line, 1)
    return replace(finding, position=position, document=finding.document if finding.document in files else subject.file)


def _graded(finding: iam_policy.Finding, unknown: str) -> Iterator[iam_policy.Finding]:
    """Yield the finding with the severity that --unknown asks for, if any."""
    if finding.kind != "undecided":
        yield finding
    elif unknown in LEVELS:
        yield replace(finding, level=LEVELS[unknown])


def exit_code(judged: Sequence[Judged]) -> int:
    """Return 2 if something is wrong that nobody accepted, 3 if something cannot be told and counts, else 0."""
    open_findings = (one.finding for one in judged if one.suppression is None)
    errors = {finding.kind for finding in open_findings if finding.severity is Severity.ERROR}
    if errors - {"undecided"}:
        return NOT_ALLOWED
    return CANNOT_TELL if errors else ALLOWED
