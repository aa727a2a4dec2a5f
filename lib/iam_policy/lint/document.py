"""Linting one document: the problems that do not depend on what the role requires."""

import re
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Final, TypeAlias

from iam_policy.findings import KINDS, NOWHERE, Finding, shorten
from iam_policy.lint.actions import lint_actions, lint_grants
from iam_policy.lint.conditions import lint_conditions, lint_variables
from iam_policy.lint.resources import lint_places, lint_resources
from iam_policy.lint.scope import Scope
from iam_policy.parse.document import WITH_PRINCIPAL, Document, DocumentKind, Principal
from iam_policy.place import Place
from iam_policy.service_data.actions import nearest

# IAM and STS quotas, white space not counted; the quota of trust policies can be raised to 4,096.
LIMITS: Final = {
    DocumentKind.MANAGED: (6144, "split it into several managed policies"),
    DocumentKind.BOUNDARY: (6144, "shorten it, a role has only one boundary"),
    DocumentKind.INLINE: (
        10240,
        "move statements to managed policies; the limit holds for all inline policies of a role",
    ),
    DocumentKind.TRUST: (2048, "shorten it, or request a quota increase (4,096 at most)"),
    DocumentKind.SCP: (10240, "split it: several policies can be attached to a level"),
    DocumentKind.SESSION: (2048, "shorten it, or pass managed policies as session policies"),
    DocumentKind.RESOURCE: (32768, "shorten it: bucket policies have at most 20 KB, key policies 32 KB"),
}
_AWS: Final = re.compile(r"\*|\d{12}|arn:[\w-]+:(iam|sts)::\d{12}:.+|A[A-Z0-9]{15,}")
_SERVICE: Final = re.compile(r"[a-z0-9-]+(\.[a-z0-9-]+)*\.amazonaws\.com(\.cn)?|[a-z0-9.-]+\.aws\.internal")
# The services that roles of this project are for; suggested for misspelt ones.
SERVICES: Final = ("sagemaker.amazonaws.com", "lambda.amazonaws.com", "cloudformation.amazonaws.com")


def lint_document(document: Document) -> Iterator[Finding]:
    """Yield findings about the document as a whole."""
    limit, advice = LIMITS[document.kind]
    if document.length is not None and document.length > limit:
        message = f"the policy has {document.length:,} characters, {limit:,} are allowed: {advice}"
        yield Finding("too-long", message, (), NOWHERE, document.name)
    sids = Counter(statement.sid for statement in document.statements if statement.sid)
    seen: set[str] = set()
    for statement in document.statements:
        if statement.sid in seen and sids[statement.sid] > 1:
            message = shorten(f'the Sid "{statement.sid}" is used {sids[statement.sid]} times; rename this one')
            yield Finding("duplicate-sid", message, (*statement.path, "Sid"), statement.position, document.name)
        seen.add(statement.sid)


def lint_elements(scope: Scope) -> Iterator[Finding]:
    """Yield findings about missing and misplaced elements of a statement."""
    statement = scope.statement
    if statement.actions is None:
        yield scope.finding("missing-element", "add Action: a statement must have one", statement)
    if scope.document.kind in WITH_PRINCIPAL and statement.principals is None:
        message = "add Principal: the policy says who may use what it is attached to"
        yield scope.finding("missing-element", message, statement)
    if scope.document.kind is DocumentKind.TRUST:
        if statement.resources is not None:
            message = f"remove {statement.resources.element}: the resource of a trust policy is the role itself"
            yield scope.finding("misplaced-element", message, statement.resources)
        return
    if statement.resources is None:
        yield scope.finding("missing-element", 'add Resource: an ARN, or "*" for actions without ARNs', statement)
    if statement.principals is not None and scope.document.kind is not DocumentKind.RESOURCE:
        message = f"remove {statement.principals.element}: the policy applies to what it is attached to"
        yield scope.finding("misplaced-element", message, statement)


def lint_principals(scope: Scope) -> Iterator[Finding]:
    """Yield findings about Principal and NotPrincipal."""
    principals = scope.statement.principals
    if principals is None:
        return
    if principals.negated and scope.allows:
        message = "Allow with NotPrincipal lets every other principal assume the role; use Principal"
        yield scope.finding("not-principal-with-allow", message, scope.statement)
    for entry in principals.entries:
        if isinstance(entry.item.text, str):
            yield from _lint_principal(scope, entry, entry.item.text)


def _lint_principal(scope: Scope, entry: Principal, name: str) -> Iterator[Finding]:
    if name == "*" and entry.type in {"*", "AWS"}:
        if scope.allows and not scope.statement.conditions:
            message = "every principal can assume the role; name the service or the account"
            yield scope.finding("open-trust", message, entry.item)
    elif "*" in name or "?" in name:
        message = f'"{name}" is not a principal: wildcards are not supported here; list each principal'
        yield scope.finding("invalid-principal", message, entry.item)
    elif entry.type == "Service" and not _SERVICE.fullmatch(name):
        near = nearest(name, SERVICES, 1)
        advice = f"did you mean {near[0]}?" if near else "write it as service.amazonaws.com"
        yield scope.finding("invalid-principal", f'"{name}" is not a service principal; {advice}', entry.item)
    elif entry.type == "AWS" and not _AWS.fullmatch(name):
        message = f'"{name}" is not an AWS principal; write an account, or the ARN of a role or user'
        yield scope.finding("invalid-principal", message, entry.item)


Check: TypeAlias = Callable[[Scope], Iterator[Finding]]

_EVERY: Final[tuple[Check, ...]] = (lint_elements, lint_actions, lint_conditions, lint_variables)
_IDENTITY: Final[tuple[Check, ...]] = (*_EVERY, lint_resources, lint_places, lint_grants)
_TRUST: Final[tuple[Check, ...]] = (*_EVERY, lint_principals)
_RESOURCE: Final[tuple[Check, ...]] = (*_EVERY, lint_resources)
_CHECKS: Final = {DocumentKind.TRUST: _TRUST, DocumentKind.RESOURCE: _RESOURCE}


def lint_policy(document: Document, place: Place | None = None) -> tuple[Finding, ...]:
    """Return the findings of one document in the order of the text; `place` adds checks for that deployment.

    An AWS-managed policy has none, since only AWS can edit it.
    """
    if document.kind is DocumentKind.AWS:
        return ()
    checks = _CHECKS.get(document.kind, _IDENTITY)
    findings = [*document.problems, *lint_document(document)]
    for statement in document.statements:
        if statement.unknown is None:
            scope = Scope(document, statement, place)
            findings.extend(finding for check in checks for finding in check(scope))
    findings.sort(key=lambda finding: finding.position)
    return tuple(dict.fromkeys(findings))


def refused(findings: tuple[Finding, ...]) -> tuple[Finding, ...]:
    """Return the findings for which IAM rejects the document."""
    return tuple(finding for finding in findings if KINDS[finding.kind].refused)
