"""Principals of trust policies: public trust, and invalid names."""

import re
from collections.abc import Iterator
from typing import Final

from iam_policy.findings import Finding
from iam_policy.lint.scope import Scope
from iam_policy.parse.document import Principal
from iam_policy.service_data.actions import nearest

_AWS: Final = re.compile(r"\*|\d{12}|arn:[\w-]+:(iam|sts)::\d{12}:.+|A[A-Z0-9]{15,}")
_SERVICE: Final = re.compile(r"[a-z0-9-]+(\.[a-z0-9-]+)*\.amazonaws\.com(\.cn)?|[a-z0-9.-]+\.aws\.internal")
# The services that roles of this project are for; suggested for misspelt ones.
SERVICES: Final = ("sagemaker.amazonaws.com", "lambda.amazonaws.com", "cloudformation.amazonaws.com")


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
