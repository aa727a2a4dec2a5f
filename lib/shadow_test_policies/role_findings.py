"""From decisions to findings: one for each role and resource, with what is missing, why, and the statement to add."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from iam_policy.evaluate.decision import Decision, Outcome, Step
from iam_policy.evaluate.explain import settles, why
from iam_policy.evaluate.statements import StatementElement
from iam_policy.findings import KINDS, NOWHERE, Finding, shorten
from iam_policy.lint.scope import listed
from shadow_test_policies.requirements import Level, Requirement


@dataclass(frozen=True)
class Result:
    """One requirement and the decision on it."""

    requirement: Requirement
    decision: Decision


def findings_of(role: str, results: Iterable[Result]) -> Iterator[Finding]:
    """Yield the findings of one role's results."""
    failed = [(_kind(result), result) for result in results if not result.decision.allowed]
    failed.sort(key=lambda one: (list(KINDS).index(one[0]), one[1].requirement.subject))
    for (kind, _), group in groupby(failed, key=lambda one: (one[0], one[1].requirement.subject)):
        yield _finding(role, kind, [result for _, result in group])


def _kind(result: Result) -> str:
    decision = result.decision
    if decision.outcome is Outcome.UNKNOWN:
        return "undecided"
    if result.requirement.service:
        near = nearest_miss(decision)
        return "source-never-matches" if near and near.parts[-1].part is StatementElement.CONDITION else "missing-trust"
    if result.requirement.level is Level.RECOMMENDED:
        return "missing-recommended"
    if decision.outcome is Outcome.EXPLICIT_DENY:
        return "explicit-deny"
    limited = decision.policies.boundary is not None and _allowed_but_for_boundary(decision)
    return "boundary-denies" if limited else "missing-permission"


def _allowed_but_for_boundary(decision: Decision) -> bool:
    return any(step.truth and step.attached.effect == "Allow" and not step.boundary for step in decision.steps)


def _finding(role: str, kind: str, members: list[Result]) -> Finding:
    first = members[0].decision
    step = first.deciding or nearest_miss(first)
    message = _message(role, kind, members, step)
    statement = step.statement if step else None
    document = step.attached.document.name if step else role
    position = statement.position if statement else NOWHERE
    addition = None if kind in {"explicit-deny", "undecided"} else addition_for(members)
    path = statement.path if statement else ()
    return Finding(kind, shorten(message), path, position, document, None, addition)


def _message(role: str, kind: str, members: list[Result], step: Step | None) -> str:
    if members[0].requirement.service and kind != "undecided":
        return _trust_message(role, kind, members[0], step)
    names = listed([member.requirement.action for member in members])
    decision = members[0].decision
    label = step.statement.label if step else ""
    verb = "is" if len(members) == 1 else "are"
    subject = f"{names} on {decision.request.resource}"
    if kind == "undecided":
        settled_by = "; ".join(settles(decision)) or "the trust policy is not known"
        return f"cannot tell whether {names} {verb} allowed: {settled_by}"
    if kind == "explicit-deny":
        return f"{subject} {verb} denied by {label}; narrow the Deny"
    if kind == "boundary-denies":
        return f"{subject} {verb} allowed by the policies but not by the permissions boundary; add it there"
    reason = f" ({label} comes near: {why(step, decision.request)})" if step else ""
    if kind == "missing-recommended":
        return f"{subject} should be allowed ({members[0].requirement.why}){reason}"
    return f"{subject} {verb} not allowed{reason}; add it"


def _trust_message(role: str, kind: str, result: Result, step: Step | None) -> str:
    service = result.requirement.service
    reason = f"{step.statement.label}: {why(step, result.decision.request)}" if step else ""
    if kind == "source-never-matches":
        return f"{service} is trusted in vain by {reason}"
    return (
        f"{service} may not assume {role or 'the role'}{': ' + reason if reason else ''}; trust it with sts:AssumeRole"
    )


def nearest_miss(decision: Decision) -> Step | None:
    """Return the Allow that failed last: at its condition rather than at its resource, never at its action."""
    order = {StatementElement.PRINCIPAL: 1, StatementElement.RESOURCE: 1, StatementElement.CONDITION: 2}
    best: Step | None = None
    for step in decision.steps:
        failed = next((part for part, truth in step.parts if truth is False), None)
        if step.attached.effect != "Allow" or failed is None or step.boundary:
            continue
        rank = order.get(failed, 0)
        if rank and (best is None or rank > order[next(p for p, t in best.parts if t is False)]):
            best = step
    return best


def addition_for(members: list[Result]) -> Mapping[str, Any]:
    """Return the statement that would allow what is missing; its texts may hold holes."""
    first = members[0].requirement
    if first.service:
        return {"Effect": "Allow", "Principal": {"Service": first.service}, "Action": "sts:AssumeRole"}
    statement: dict[str, Any] = {
        "Effect": "Allow",
        "Action": [member.requirement.action for member in members],
        "Resource": members[0].decision.request.resource,
    }
    if "iam:PassedToService" in first.context:
        statement["Condition"] = {"StringEquals": {"iam:PassedToService": first.context["iam:PassedToService"]}}
    return statement
