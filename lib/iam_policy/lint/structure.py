"""The shape of a document: required and misplaced elements, Sids, length."""

from collections import Counter
from collections.abc import Iterator
from typing import Final

from iam_policy.findings import NOWHERE, Finding, shorten
from iam_policy.lint.scope import Scope
from iam_policy.parse.document import Document, DocumentKind

# IAM and STS quotas, white space not counted; the quota of trust policies can be raised to 4,096.
LIMITS: Final = {
    DocumentKind.MANAGED: (6144, "split it into several managed policies"),
    DocumentKind.BOUNDARY: (6144, "shorten it, a role has only one boundary"),
    DocumentKind.INLINE: (
        10240,
        "move statements to managed policies; the limit holds for all inline policies of a role",
    ),
    DocumentKind.TRUST: (2048, "shorten it, or request a quota increase (4,096 at most)"),
}


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
    if scope.document.kind is DocumentKind.TRUST:
        if statement.principals is None:
            message = "add Principal: a trust policy says who may assume the role"
            yield scope.finding("missing-element", message, statement)
        if statement.resources is not None:
            message = f"remove {statement.resources.element}: the resource of a trust policy is the role itself"
            yield scope.finding("misplaced-element", message, statement.resources)
        return
    if statement.resources is None:
        yield scope.finding("missing-element", 'add Resource: an ARN, or "*" for actions without ARNs', statement)
    if statement.principals is not None:
        message = f"remove {statement.principals.element}: the policy applies to what it is attached to"
        yield scope.finding("misplaced-element", message, statement)
