"""Access Analyzer's checks: each is named for documents that fail it, and not for documents that pass it."""

import json
from pathlib import Path
from typing import Any

import pytest

from iam_policy import KINDS, Document, DocumentKind, Finding, Severity, lint_policy, read_json, refused
from iam_policy.access_analyzer import CHECKS, CheckType, full_title
from iam_policy.lint.document import refusals

FOLDER = Path(__file__).parent / "checks"
FIXTURES: list[dict[str, Any]] = [
    json.loads(path.read_text(encoding="utf-8")) for path in sorted(FOLDER.glob("*.json"))
]
# Statements as AWS's documentation and its users write them.
CORRECT = json.loads((FOLDER.parent / "correct_statements.json").read_text(encoding="utf-8"))
SEVERITIES = {CheckType.ERROR: Severity.ERROR, CheckType.SUGGESTION: Severity.INFO}
CASES = [
    pytest.param(one, verdict, document, id=f"{one['check']} {verdict} {index}")
    for one in FIXTURES
    for verdict in ("fail", "fail_trust", "pass")
    for index, document in enumerate(one.get(verdict, ()))
]


def findings_of(fixture: dict[str, Any], verdict: str, document: Any) -> tuple[Finding, ...]:
    """Lint one document of a fixture; a string is the text of a document."""
    return lint_policy(read(fixture, verdict, document))


def read(fixture: dict[str, Any], verdict: str, document: Any) -> Document:
    source = document if isinstance(document, str) else json.dumps(document)
    is_trust = fixture["policy"] == "trust" or verdict == "fail_trust"
    return read_json(source, "policy.json", DocumentKind.TRUST if is_trust else DocumentKind.INLINE)


def failures() -> list[Finding]:
    """Return the findings of all documents that fail a check."""
    cases = (each.values for each in CASES)
    return [
        each
        for fixture, verdict, document in cases
        if verdict != "pass"
        for each in findings_of(fixture, verdict, document)
    ]


def test_each_check_has_fixtures() -> None:
    """Promise: the table of checks and the fixtures are one list, with a failing and a passing document for each."""
    assert sorted(one["check"] for one in FIXTURES) == sorted(map(full_title, CHECKS))
    assert all(one["fail"] and one["pass"] for one in FIXTURES)


@pytest.mark.parametrize(("fixture", "verdict", "document"), CASES)
def test_documents_that_fail_a_check_name_it(fixture: dict[str, Any], verdict: str, document: Any) -> None:
    """Promise: a document that fails a check has a finding with its name, one that passes has none."""
    findings = findings_of(fixture, verdict, document)

    assert (fixture["check"] in {finding.access_analyzer for finding in findings}) is (verdict != "pass")
    assert all(0 < len(finding.message) <= 300 for finding in findings)


@pytest.mark.parametrize(("fixture", "verdict", "document"), CASES)
def test_refusals_alone_are_those_among_all_findings(fixture: dict[str, Any], verdict: str, document: Any) -> None:
    """Promise: what is refused does not depend on which of the findings are asked for."""
    assert set(refusals(read(fixture, verdict, document))) == set(refused(findings_of(fixture, verdict, document)))


def test_findings_have_the_kinds_and_severities_of_the_table() -> None:
    """Promise: a check has the kinds of the table, and is reported no milder than AWS reports it."""
    order = list(Severity)
    for finding in failures():
        if finding.analyzer_check:
            check = CHECKS[finding.analyzer_check]
            assert finding.kind in check.kinds
            assert order.index(finding.severity) <= order.index(SEVERITIES.get(check.type, Severity.WARNING))


def test_the_table_has_kinds_that_exist_and_all_are_found() -> None:
    """Promise: every kind that the table gives a check is the kind of one of its findings."""
    found = {(finding.analyzer_check, finding.kind) for finding in failures() if finding.analyzer_check}

    assert {kind for check in CHECKS.values() for kind in check.kinds} <= set(KINDS)
    assert found == {(title, kind) for title, check in CHECKS.items() for kind in check.kinds}


def test_what_iam_refuses_is_an_error() -> None:
    """Promise: no refused kind is less than an error."""
    assert {kind.severity for kind in KINDS.values() if kind.refused} == {Severity.ERROR}


@pytest.mark.parametrize(
    ("policy", "statement"), [(policy, statement) for policy, listed in CORRECT.items() for statement in listed]
)
def test_correct_statements_have_no_finding(policy: str, statement: dict[str, Any]) -> None:
    """Promise: no false alarms on what people write."""
    document = {"Version": "2012-10-17", "Statement": [statement]}

    assert not findings_of({"policy": policy}, "pass", document)
