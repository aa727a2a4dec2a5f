"""Requests that the policy of the resource decides too, such as a bucket's or a key's.

In one account a bucket policy that names the role is enough by itself; a key policy must name the role, or the account
whose own policies then decide. In another account both sides must allow. Limits of the role hold in any case. Source:
IAM User Guide, policy evaluation logic, "Cross-account policy evaluation logic" and "Permissions boundaries"; KMS
Developer Guide, key policies.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from typing import NamedTuple

from iam_policy.evaluate.decision import Decision, Outcome, Truths, outcome_of, step_of, truths_of
from iam_policy.evaluate.explain import settles_step
from iam_policy.evaluate.request import Request
from iam_policy.evaluate.statements import Attached
from iam_policy.match.arns import RESOURCE, split
from iam_policy.match.patterns import Truth, agreement, all_of, any_of, compile_pattern
from iam_policy.match.symbols import PARTITION, Text, text
from iam_policy.parse.document import Document, DocumentKind, Statement, Unknown


@dataclass(frozen=True)
class Resource:
    """A resource with its policy. `is_key`: in its own account, too, nothing is allowed without its policy."""

    document: Document
    account: Text
    is_key: bool = False

    @cached_property
    def compiled(self) -> list[tuple[Attached, Attached]]:
        """The statements of the policy, each also without the accounts among its principals."""
        return [
            (Attached(self.document, each), Attached(self.document, _without_accounts(each)))
            for each in self.document.statements
        ]


class _Ways(NamedTuple):
    """Whether an Allow names the role, names everybody, names the account of the role, and whether a Deny applies."""

    named: Truth
    public: Truth
    delegated: Truth
    denied: Truth


def decide_access(own: Decision, resource: Resource, role: Text, account: Text) -> Decision:
    """Return the decision for a role of an account, given the decision of the role's own policies."""
    truths, ways = truths_of(own.policies, own.request), _ways(resource, own.request, role, account)
    same = compile_pattern(resource.account, wildcards=False).match(account)
    cases = [True, False] if same is None else [same]
    granted = agreement(_granted(resource, truths, ways, same=each) for each in cases)
    denied = any_of((truths.denied, ways.denied))
    outcome = outcome_of(Truths(granted, truths.within, denied))
    if outcome is Outcome.IMPLICIT_DENY and granted is not False and ways.public is not False and same is not False:
        # Whether a boundary limits what a resource's policy grants to everybody is not documented.
        levels = [each for each in own.policies.limits if each.documents[0].kind is DocumentKind.SCP]
        within = truths_of(replace(own.policies, boundary=None, limits=tuple(levels)), own.request).within
        outcome = Outcome.IMPLICIT_DENY if within is False else Outcome.UNKNOWN
    is_open = outcome is Outcome.UNKNOWN
    return replace(
        own, outcome=outcome, open_ways=tuple(_open_ways(resource, own.request, role, account)) if is_open else ()
    )


def _open_ways(resource: Resource, request: Request, role: Text, account: Text) -> Iterator[str]:
    """Yield what would settle whether the policy of a resource allows a role."""
    for whole, _ in resource.compiled:
        as_role = _as_principal(request, role, role)
        step = step_of(whole, as_role)
        if step.truth is None:
            yield from settles_step(step, as_role)
    if compile_pattern(resource.account, wildcards=False).match(account) is None:
        yield f"{resource.account} must be {account}"


def _as_principal(request: Request, role: Text, principal: Text) -> Request:
    return replace(request, context={**request.context, "aws:PrincipalArn": role}, principal=("AWS", principal))


def account_of(arn: Text) -> Text | None:
    """Return the account in an ARN; None where it has none, as that of a bucket."""
    parts = split(arn)
    return parts[RESOURCE - 1] or None if parts is not None and len(parts) > RESOURCE else None


def is_elsewhere(arn: Text, account: Text) -> bool:
    """Tell whether a resource is certainly in another account."""
    theirs = account_of(arn)
    return theirs is not None and compile_pattern(theirs, wildcards=False).match(account) is False


def unless_denied(own: Decision) -> Decision:
    """Return the decision where the policy of the resource must allow too and is not known."""
    return replace(own, outcome=Outcome.UNKNOWN) if own.allowed else own


def _granted(resource: Resource, truths: Truths, ways: _Ways, *, same: bool) -> Truth:
    named = any_of((ways.named, ways.public))
    if not same:
        return all_of((any_of((named, ways.delegated)), truths.granted))
    return any_of((named, all_of((ways.delegated, truths.granted)) if resource.is_key else truths.granted))


def _ways(resource: Resource, request: Request, role: Text, account: Text) -> _Ways:
    """Evaluate the policy of a resource for a role and for the account of the role."""
    as_role = _as_principal(request, role, role)
    as_account = _as_principal(request, role, text("arn:", PARTITION, ":iam::", account, ":root"))
    truths: dict[str, list[Truth]] = {name: [] for name in _Ways._fields}
    for whole, of_roles in resource.compiled:
        if whole.effect != "Allow":  # or it is not known
            truths["denied"].append(whole.truth(as_role) if whole.effect else None)
        if whole.effect != "Deny":
            principals = whole.statement.principals
            is_public = principals is not None and any(each.item.text == "*" for each in principals.entries)
            truths["public" if is_public else "named"].append(of_roles.truth(as_role) if whole.effect else None)
            truths["delegated"].append(whole.truth(as_account) if whole.effect else None)
    return _Ways(*(any_of(listed) for listed in truths.values()))


def _without_accounts(statement: Statement) -> Statement:
    principals = statement.principals
    if principals is None or principals.negated:
        return statement
    entries = tuple(each for each in principals.entries if not _is_account(each.item.text))
    return replace(statement, principals=replace(principals, entries=entries))


def _is_account(name: Text | Unknown) -> bool:
    """Whether a principal is an account, whose own policies decide: its ID, or the ARN of its root."""
    parts = None if isinstance(name, Unknown) or name == "*" else split(name)
    return parts is not None and (len(parts) == 1 or str(name).endswith(":root"))
