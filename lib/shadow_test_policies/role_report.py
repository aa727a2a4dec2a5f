"""Deciding whether a role has what it needs, and saying what is missing and what to add.

A requirement whose resource is free is decided on a resource that the role's own policies name: the needed actions must
all be allowed on the same one.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import groupby
from typing import Final

from iam_policy.evaluate.decision import Decision, Outcome, Policies, decide, decide_trust
from iam_policy.findings import Finding, Severity
from iam_policy.lint.document import lint_policy, refused
from iam_policy.match.arns import RESOURCE, compile_resource, split
from iam_policy.match.overlap import as_target
from iam_policy.match.symbols import Hole, Text, fill, parts_of, text
from iam_policy.parse.document import Document, Unknown
from iam_policy.role import Role
from shadow_test_policies.deployment import Deployment
from shadow_test_policies.requirements import Level, Requirement
from shadow_test_policies.role_findings import Result, findings_of

# Resources of a policy that are tried for a free requirement; more than anybody writes by hand.
MAXIMUM_CANDIDATES: Final = 50

# Warnings about a text that may be why a permission is missing.
CAUSES: Final = frozenset(
    {
        "unknown-service",
        "unknown-action",
        "unknown-condition-key",
        "condition-key-not-carried",
        "operator-type",
        "invalid-condition-value",
        "wildcard-without-like",
        "short-arn",
        "resource-mismatch",
        "resource-needs-star",
        "unknown-variable",
    }
)


@dataclass(frozen=True)
class Report:
    """What came out for one role: decisions, findings (worst first), and whether IAM accepts the documents at all."""

    role: Role
    results: tuple[Result, ...]
    findings: tuple[Finding, ...]
    refused: bool = False

    @property
    def outcome(self) -> Outcome:
        """ALLOWED if all that is required is, IMPLICIT_DENY if something is not (or IAM refuses), else UNKNOWN."""
        required = [one for one in self.results if one.requirement.level is Level.REQUIRED]
        outcomes = {one.decision.outcome for one in required}
        if self.refused or outcomes & {Outcome.EXPLICIT_DENY, Outcome.IMPLICIT_DENY}:
            return Outcome.IMPLICIT_DENY
        return Outcome.UNKNOWN if Outcome.UNKNOWN in outcomes else Outcome.ALLOWED

    def exit_code(self, unknown: str = "warn") -> int:
        """Return 0 allowed, 2 not allowed (or an error among the findings), 3 unknown with `unknown` == "error"."""
        errors = any(finding.severity is Severity.ERROR for finding in self.findings)
        if errors or self.outcome is Outcome.IMPLICIT_DENY:
            return 2
        return 3 if self.outcome is Outcome.UNKNOWN and unknown == "error" else 0


def check(role: Role, requirements: Iterable[Requirement], deployment: Deployment | None = None) -> Report:
    """Decide every requirement for a role and lint its documents (those that AWS manages excepted)."""
    place = deployment or Deployment()
    linted = tuple(finding for document in role.documents() for finding in lint_policy(document, place))
    results = decide_all(role, requirements)
    rejected = bool(refused(linted))
    # What a refused document would decide is of no interest to anybody.
    decided = [one for one in findings_of(role.name, results) if not (rejected and one.kind == "undecided")]
    failed = any(finding.severity is Severity.ERROR for finding in decided)
    findings = sorted([*linted, *decided], key=lambda one: _rank(one, causes=failed))
    return Report(role, results, tuple(dict.fromkeys(findings)), rejected)


def _rank(finding: Finding, *, causes: bool) -> int:
    """Worst first; what is wrong in the text comes before what is missing because of it."""
    if causes and finding.kind in CAUSES:
        return 0
    return [Severity.ERROR, Severity.WARNING, Severity.INFO].index(finding.severity)


def decide_all(role: Role, requirements: Iterable[Requirement]) -> tuple[Result, ...]:
    """Decide every requirement for a role: the results in the order of their subjects."""
    found: list[Result] = []
    for _, group in groupby(sorted(requirements, key=lambda one: one.subject), key=lambda one: one.subject):
        members = list(group)
        if members[0].service:
            found += _decide_trust(role, members)
        elif members[0].free:
            found += _decide_free(role, members)
        else:
            found += [Result(one, decide(role.policies, one.request())) for one in members]
    return tuple(found)


def _decide_trust(role: Role, requirements: list[Requirement]) -> Iterator[Result]:
    unknown = Document(role.name)
    for one in requirements:
        if role.trust is None:
            yield Result(one, Decision(Outcome.UNKNOWN, one.request(), Policies((unknown,)), trust=True))
        else:
            yield Result(one, decide_trust(role.trust, one.request()))


def _decide_free(role: Role, requirements: list[Requirement]) -> Iterator[Result]:
    """Decide on the resource for which most is allowed; the first is any name at all."""
    best: list[Result] = []
    for resource in _candidates(role, requirements[0].resource):
        results = [Result(one, decide(role.policies, one.request(resource))) for one in requirements]
        if not best or _score(results) > _score(best):
            best = results
        if all(result.decision.allowed for result in best):
            break
    yield from best


def _score(results: list[Result]) -> tuple[int, int]:
    outcomes = [result.decision.outcome for result in results]
    return outcomes.count(Outcome.ALLOWED), outcomes.count(Outcome.UNKNOWN)


def _candidates(role: Role, resource: Text) -> Iterator[Text]:
    """Yield the resource with its name open, then with every name that the role's Allow statements know."""
    yield resource
    free = _last_holes(resource)
    if free is None:
        return
    prefix, hole = free
    count = 0
    for item in _granted(role):
        name = _name_in(item, prefix)
        if name is not None and count < MAXIMUM_CANDIDATES:
            count += 1
            yield fill(resource, {hole.identity: name})


def _last_holes(resource: Text) -> tuple[str, Hole] | None:
    """Return what the resource segment begins with and the hole of its name; None for a resource without a name."""
    segments = compile_resource(resource, variables=False).segments or ()
    if len(segments) <= RESOURCE:
        return None
    prefix = ""
    for token in segments[RESOURCE].tokens:
        if isinstance(token, Hole):
            return prefix, token
        prefix += str(token)
    return None


def _granted(role: Role) -> Iterator[Text]:
    for document in role.policies.identity:
        for statement in document.statements:
            if statement.effect != "Allow" or statement.resources is None or statement.resources.negated:
                continue
            yield from (item.text for item in statement.resources.items if not isinstance(item.text, Unknown))


def _name_in(pattern: Text, prefix: str) -> Text | None:
    """Return the name that an entry of Resource gives to a resource with that prefix, holes for its wildcards."""
    segments = compile_resource(pattern, variables=True).segments or ()
    if len(segments) <= RESOURCE:
        return None
    last = (split(as_target(pattern)) or ("",))[-1]
    parts = parts_of(last)
    head = parts[0]
    if not isinstance(head, str):
        return None if prefix else last
    if not head.startswith(prefix):
        return None
    name = text(head.removeprefix(prefix), *parts[1:])
    # A policy writes log-group:NAME:*, a request names the stream after it.
    names = parts_of(name)
    if isinstance(names[0], str) and ":" in names[0]:
        return names[0].partition(":")[0]
    return name if name != "" else None
