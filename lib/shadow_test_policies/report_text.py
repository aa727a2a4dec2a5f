"""Reports as text for people: what is wrong, worst first, and decisions explained."""

import json
from collections.abc import Iterable, Iterator
from typing import Final

from iam_policy.evaluate.decision import Decision
from iam_policy.evaluate.explain import settles, why
from iam_policy.findings import Finding, Severity, show_path
from iam_policy.lint.suppress import SuppressibleFinding
from iam_policy.match.truth import letter
from iam_policy.service_data.actions import data_version

# What may be why a permission is missing; it comes first where one is.
CAUSES: Final = frozenset(
    {
        "unknown-service",
        "unknown-action",
        "unknown-condition-key",
        "condition-key-not-carried",
        "operator-type",
        "invalid-condition-value",
        "variable-needs-version",
        "wildcard-without-like",
        "short-arn",
        "resource-mismatch",
        "resource-needs-star",
        "unknown-variable",
    }
)


def ranked(findings: Iterable[Finding]) -> list[Finding]:
    """Return the worst first; what is wrong in the text comes before what is missing because of it."""
    order = [Severity.ERROR, Severity.WARNING, Severity.INFO]
    listed = list(findings)
    failed = any(finding.severity is Severity.ERROR for finding in listed)
    return sorted(listed, key=lambda each: 0 if failed and each.kind in CAUSES else order.index(each.severity) + 1)


def text_of(findings: Iterable[SuppressibleFinding]) -> str:
    """Return a line for each finding that is not suppressed, the statement to add unless it says it, and a summary."""
    listed = list(findings)
    shown = [each.finding for each in listed if each.suppression is None]
    lines: list[str] = []
    for finding in shown:
        lines.append(line_of(finding))
        if finding.addition is not None and "Effect" not in finding.message:
            lines.append("  add: " + json.dumps(finding.addition))
    count = f"{len(shown)} finding{'' if len(shown) == 1 else 's'}"
    lines.append(f"{count}, {len(listed) - len(shown)} suppressed (data: {data_version()})")
    return "\n".join(lines) + "\n"


def line_of(finding: Finding) -> str:
    """Return a finding as file:line:column: severity kind: message."""
    place = finding.document
    if finding.position.line:
        place += f":{finding.position.line}:{finding.position.column}"
    elif finding.path:
        place += f" {show_path(finding.path)}"
    return f"{place}: {finding.severity} {finding.kind}: {finding.message}".removeprefix(": ")


def explanation_of(decision: Decision) -> str:
    """Return the steps of a decision, one line for each statement, then what would settle an unknown."""
    request = decision.request
    subject = f"by {request.principal[1]}" if request.principal else f"on {request.resource}"
    lines = [f"{request.action} {subject}: {decision.outcome} by these policies"]
    lines += _steps(decision)
    lines += [f"  settled by: {way}" for way in settles(decision)]
    return "\n".join(lines) + "\n"


def _steps(decision: Decision) -> Iterator[str]:
    for step in decision.steps:
        mark = "*" if step is decision.deciding else " "
        effect = step.attached.effect or "Allow or Deny"
        where = "boundary " if step.boundary else ""
        name = step.attached.document.name
        label = f"{where}{name + ' ' if name else ''}{step.statement.label}"
        yield f"{mark} {letter(step.truth)} {effect:5} {label}: {why(step, decision.request)}"
