"""Linting one document: everything that is wrong whatever the role requires."""

from collections.abc import Callable, Iterator
from typing import Final, TypeAlias

from iam_policy.findings import KINDS, Finding
from iam_policy.lint.actions import lint_actions
from iam_policy.lint.conditions import lint_conditions
from iam_policy.lint.grants import lint_grants
from iam_policy.lint.resources import lint_places, lint_resources
from iam_policy.lint.scope import Scope
from iam_policy.lint.structure import lint_document, lint_elements
from iam_policy.lint.trust import lint_principals
from iam_policy.lint.variables import lint_variables
from iam_policy.parse.document import Document, DocumentKind
from iam_policy.place import Place

Check: TypeAlias = Callable[[Scope], Iterator[Finding]]

_EVERY: Final[tuple[Check, ...]] = (lint_elements, lint_actions, lint_conditions, lint_variables)
_IDENTITY: Final[tuple[Check, ...]] = (*_EVERY, lint_resources, lint_places, lint_grants)
_TRUST: Final[tuple[Check, ...]] = (*_EVERY, lint_principals)


def lint_policy(document: Document, place: Place | None = None) -> tuple[Finding, ...]:
    """Return the findings of one document in the order of the text; `place` adds what is wrong in its place.

    A policy that AWS manages has none: only AWS can edit it.
    """
    if document.kind is DocumentKind.AWS:
        return ()
    checks = _TRUST if document.kind is DocumentKind.TRUST else _IDENTITY
    findings = [*document.problems, *lint_document(document)]
    for statement in document.statements:
        if statement.unknown is None:
            scope = Scope(document, statement, place)
            findings.extend(finding for check in checks for finding in check(scope))
    findings.sort(key=lambda finding: finding.position)
    return tuple(finding.within(document.name) for finding in dict.fromkeys(findings))


def refused(findings: tuple[Finding, ...]) -> tuple[Finding, ...]:
    """Return those findings for which IAM does not accept the document at all."""
    return tuple(finding for finding in findings if KINDS[finding.kind].refused)
