"""Reports: text, most severe first; SARIF 2.1.0 as a dict, and JSON values; JUnit is in junit.py."""

from collections.abc import Iterable
from typing import Any, Final

from iam_policy.findings import KINDS, Finding, Severity, show_path
from iam_policy.lint.suppress import SuppressibleFinding, fingerprint
from iam_policy.service_data.actions import data_version
from shadow_test_policies.pasting import in_one_line
from shadow_test_policies.permission_findings import RoleReport
from shadow_test_policies.verdicts import verdict_of

# Possible causes of a missing permission, reported before it.
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
SARIF_SCHEMA: Final = "https://json.schemastore.org/sarif-2.1.0.json"
_LEVELS: Final = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.INFO: "note"}
TOOL: Final = "inference-experiment policy check"


def ranked(findings: Iterable[Finding]) -> list[Finding]:
    """Return the most severe first; errors in the text come before missing permissions that they cause."""
    order = [Severity.ERROR, Severity.WARNING, Severity.INFO]
    listed = list(findings)
    failed = any(finding.severity is Severity.ERROR for finding in listed)
    return sorted(listed, key=lambda each: 0 if failed and each.kind in CAUSES else order.index(each.severity) + 1)


def text_of(findings: Iterable[SuppressibleFinding]) -> str:
    """Return a line for each unsuppressed finding, the statement to add unless the message has it, and a summary."""
    listed = list(findings)
    shown = [each.finding for each in listed if each.suppression is None]
    lines: list[str] = []
    for finding in shown:
        lines.append(line_of(finding))
        if len(finding.permissions) > 1:
            lines.append("  permissions: " + ", ".join(finding.permissions))
        if finding.addition is not None and "Effect" not in finding.message:
            lines.append(f"  add: {in_one_line(finding.addition)}")
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
    line = f"{place}: {finding.severity} {finding.kind}: {finding.message}{remarks(finding)}"
    return line.removeprefix(": ")


def remarks(finding: Finding) -> str:
    """Return in brackets that IAM refuses the document, and Access Analyzer's check, where they apply."""
    check = f"Access Analyzer: {finding.access_analyzer}" if finding.access_analyzer else ""
    remarks = [remark for remark in ("refused by IAM" if finding.refused else "", check) if remark]
    return f" [{'; '.join(remarks)}]" if remarks else ""


def sarif_of(findings: Iterable[SuppressibleFinding]) -> dict[str, Any]:
    """Return a SARIF log with one run; suppressed findings stay in it, marked as suppressed."""
    rules = list(KINDS)
    driver = {
        "name": TOOL,
        "semanticVersion": "0.1.0",
        "properties": {"data": data_version()},
        "rules": [
            {
                "id": name,
                "shortDescription": {"text": kind.title},
                "defaultConfiguration": {"level": _LEVELS[kind.severity]},
            }
            for name, kind in KINDS.items()
        ],
    }
    results = [_sarif_result(each, rules.index(each.finding.kind)) for each in findings]
    run = {"tool": {"driver": driver}, "columnKind": "unicodeCodePoints", "results": results}
    return {"$schema": SARIF_SCHEMA, "version": "2.1.0", "runs": [run]}


def _sarif_result(each: SuppressibleFinding, index: int) -> dict[str, Any]:
    finding = each.finding
    location: dict[str, Any] = {"physicalLocation": {"artifactLocation": {"uri": finding.document or "policy"}}}
    if finding.position.line:
        region = {"startLine": finding.position.line, "startColumn": max(finding.position.column, 1)}
        location["physicalLocation"]["region"] = region
    if finding.path:
        location["logicalLocations"] = [{"fullyQualifiedName": show_path(finding.path)}]
    result: dict[str, Any] = {
        "ruleId": finding.kind,
        "ruleIndex": index,
        "level": _LEVELS[finding.severity],
        "message": {"text": finding.message},
        "locations": [location],
        "partialFingerprints": {"finding/v1": fingerprint(finding)},
    }
    if finding.refused or finding.access_analyzer:
        result["properties"] = _analysis_values(finding)
    if each.suppression is not None:
        result["suppressions"] = [{"kind": each.suppression.kind, "justification": each.suppression.reason}]
    return result


def _analysis_values(finding: Finding) -> dict[str, Any]:
    return {"access_analyzer": finding.access_analyzer or None, "refused": finding.refused}


def json_of(
    reports: Iterable[RoleReport], findings: Iterable[SuppressibleFinding], limits_not_given: Iterable[str] = ()
) -> dict[str, Any]:
    """Return everything as JSON values: data version, verdict and decisions by role, findings."""
    roles = [_role_values(report) for report in reports]
    return {
        "data": data_version(),
        # A template gives the same role in several scenarios.
        "roles": [role for index, role in enumerate(roles) if role not in roles[:index]],
        "limits_not_given": list(limits_not_given),
        "findings": [_finding_values(each) for each in findings],
    }


def _role_values(report: RoleReport) -> dict[str, Any]:
    decisions = [
        {
            "action": result.requirement.action,
            "resource": str(result.decision.request.resource),
            "outcome": str(result.decision.outcome),
            "level": str(result.requirement.level),
            "handlers": list(result.requirement.handlers),
            "source": result.requirement.source,
        }
        for result in report.results
    ]
    found = verdict_of(report)
    return {
        "role": found.role,
        "kind": found.role_kind,
        "verdict": found.verdict,
        "outcome": str(report.outcome),
        "permissions": dict(found.permissions),
        "policies": found.policies,
        "unknown_policies": found.unknown_policies,
        "limits": list(found.limits),
        "trust": dict(found.trust),
        "decisions": decisions,
    }


def _finding_values(suppressible: SuppressibleFinding) -> dict[str, Any]:
    finding = suppressible.finding
    return {
        "kind": finding.kind,
        "severity": str(finding.severity),
        "document": finding.document,
        "path": show_path(finding.path),
        "line": finding.position.line,
        "column": finding.position.column,
        "message": finding.message,
        **_analysis_values(finding),
        "fingerprint": fingerprint(finding),
        "permissions": list(finding.permissions),
        "add": None if finding.addition is None else dict(finding.addition),
        "suppressed": suppressible.suppression is not None,
    }
