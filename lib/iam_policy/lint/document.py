"""Linting one document: the problems that do not depend on what the role requires."""

from collections import Counter
from collections.abc import Callable, Iterator
from typing import Final, TypeAlias

from iam_policy.findings import NOWHERE, Finding, shorten
from iam_policy.lint.actions import lint_actions
from iam_policy.lint.conditions import lint_conditions
from iam_policy.lint.grants import lint_grants
from iam_policy.lint.principals import lint_principals, lint_trust
from iam_policy.lint.redundancy import lint_redundancy, lint_statements
from iam_policy.lint.resources import lint_places, lint_refused_resources, lint_resources
from iam_policy.lint.scope import Scope
from iam_policy.lint.values import lint_values
from iam_policy.lint.variables import lint_variables
from iam_policy.parse.document import WITH_PRINCIPAL, Document, DocumentKind
from iam_policy.place import Place

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
# Problems of reading that leave a document without statements.
_WITHOUT_STATEMENTS: Final = frozenset({"missing-element", "not-a-policy"})


def lint_document(document: Document) -> Iterator[Finding]:
    """Yield findings about the document as a whole."""
    limit, advice = LIMITS[document.kind]
    if document.length is not None and document.length > limit:
        message = f"the policy has {document.length:,} characters, {limit:,} are allowed: {advice}"
        policy = "role trust" if document.kind is DocumentKind.TRUST else "identity"
        check = f"Policy size exceeds {policy} policy quota"
        yield Finding("too-long", message, (), NOWHERE, document.name, analyzer_check=check)
    if not document.statements and not {problem.kind for problem in document.problems} & _WITHOUT_STATEMENTS:
        message = "add a statement: Statement is an empty list"
        check = "Missing statement"
        yield Finding("no-statement", message, ("Statement",), NOWHERE, document.name, analyzer_check=check)
    sids = Counter(statement.sid for statement in document.statements if statement.sid)
    seen: set[str] = set()
    for statement in document.statements:
        if statement.sid in seen and sids[statement.sid] > 1:
            message = shorten(f'the Sid "{statement.sid}" is used {sids[statement.sid]} times; rename this one')
            path = (*statement.path, "Sid")
            check = "Unique Sids required"
            yield Finding("duplicate-sid", message, path, statement.position, document.name, analyzer_check=check)
        seen.add(statement.sid)
    yield from lint_statements(document)


def lint_elements(scope: Scope) -> Iterator[Finding]:
    """Yield findings about missing and misplaced elements of a statement."""
    statement = scope.statement
    if statement.actions is None:
        yield scope.report("Missing action", "add Action: a statement must have one", statement)
    if scope.document.kind in WITH_PRINCIPAL and statement.principals is None:
        message = "add Principal: the policy says who may use what it is attached to"
        yield scope.report("Missing principal", message, statement)
    if scope.document.kind is DocumentKind.TRUST:
        if statement.resources is not None:
            message = f"remove {statement.resources.element}: the resource of a trust policy is the role itself"
            yield scope.report("Role trust policy syntax error resource", message, statement.resources)
        return
    if statement.resources is None:
        yield scope.report("Missing resource", 'add Resource: an ARN, or "*" for actions without ARNs', statement)
    if statement.principals is not None and scope.document.kind is not DocumentKind.RESOURCE:
        message = f"remove {statement.principals.element}: the policy applies to what it is attached to"
        yield scope.report("Unsupported principal", message, statement)


Check: TypeAlias = Callable[[Scope], Iterator[Finding]]

_EVERY: Final[tuple[Check, ...]] = (
    *(lint_elements, lint_actions, lint_conditions, lint_values, lint_variables, lint_redundancy),
)
_IDENTITY: Final[tuple[Check, ...]] = (*_EVERY, lint_resources, lint_places, lint_grants)
_TRUST: Final[tuple[Check, ...]] = (*_EVERY, lint_principals, lint_trust)
_RESOURCE: Final[tuple[Check, ...]] = (*_EVERY, lint_resources)
_CHECKS: Final = {DocumentKind.TRUST: _TRUST, DocumentKind.RESOURCE: _RESOURCE}
# No finding of theirs is a refusal, but those of lint_refused_resources.
_REFUSING_NOTHING: Final = frozenset({lint_grants, lint_places, lint_redundancy, lint_resources})


def lint_policy(document: Document, place: Place | None = None) -> tuple[Finding, ...]:
    """Return the findings of one document in the order of the text; `place` adds checks for that deployment.

    An AWS-managed policy has none, since only AWS can edit it.
    """
    if document.kind is DocumentKind.AWS:
        return ()
    return _findings(document, place, _CHECKS.get(document.kind, _IDENTITY))


def refusals(document: Document) -> tuple[Finding, ...]:
    """Return the findings for which IAM rejects a document, as `refused(lint_policy(document))` in less time."""
    if document.kind is DocumentKind.AWS:
        return ()
    every = _CHECKS.get(document.kind, _IDENTITY)
    checks = tuple(check for check in every if check not in _REFUSING_NOTHING)
    more = (lint_refused_resources,) if lint_resources in every else ()
    return refused(_findings(document, None, (*checks, *more)))


def _findings(document: Document, place: Place | None, checks: tuple[Check, ...]) -> tuple[Finding, ...]:
    findings = [*document.problems, *lint_document(document)]
    for statement in document.statements:
        if statement.unknown is None:
            scope = Scope(document, statement, place)
            findings.extend(finding for check in checks for finding in check(scope))
    findings.sort(key=lambda finding: finding.position)
    return tuple(dict.fromkeys(findings))


def refused(findings: tuple[Finding, ...]) -> tuple[Finding, ...]:
    """Return the findings for which IAM rejects the document."""
    return tuple(finding for finding in findings if finding.refused)
