"""Requests that the policy of the resource decides too, such as a bucket's or a key's.

In one account a bucket policy that names the role is enough by itself; a key policy must name the role, or the account
whose own policies then decide. In another account both sides must allow. The limits of a role hold for what is granted
to its ARN, in one account not for what is granted to a user or to a session of the role. Source: IAM User Guide, policy
evaluation logic, "Cross-account policy evaluation logic", "Permissions boundaries" and "NotPrincipal"; KMS Developer
Guide, key policies.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import NamedTuple

from iam_policy.evaluate.decision import Decision, Outcome, Policies, Truths, outcome_of, step_of, truths_of
from iam_policy.evaluate.explain import settles_step
from iam_policy.evaluate.principals import CANONICAL, is_account
from iam_policy.evaluate.request import Given, Request, Value
from iam_policy.evaluate.statements import Attached
from iam_policy.match.arns import RESOURCE, split
from iam_policy.match.patterns import Truth, agreement, all_of, any_of, compile_pattern
from iam_policy.match.symbols import PARTITION, Text, text
from iam_policy.parse.document import Document, DocumentKind, Item, Principal, Principals, Statement, Unknown


@dataclass(frozen=True)
class Resource:
    """A resource with its policy. `is_key`: in its own account, too, nothing is allowed without its policy."""

    document: Document
    account: Text
    is_key: bool = False

    @cached_property
    def compiled(self) -> list["_Compiled"]:
        """The statements of the policy, each also for some of its principals."""
        return [
            _Compiled(
                Attached(self.document, each),
                Attached(self.document, _with_principals(each, _is_no_account)),
                Attached(self.document, _with_principals(each, _may_be_caller)),
                Attached(self.document, _for_everybody(each)),
            )
            for each in self.document.statements
        ]


class _Compiled(NamedTuple):
    """A statement with all its principals, without accounts, only with users and sessions, and for everybody."""

    whole: Attached
    without_accounts: Attached
    of_callers: Attached
    of_everybody: Attached


class _Ways(NamedTuple):
    """Whether an Allow names the role, the user or session itself, everybody or its account, and a Deny applies."""

    named: Truth
    user: Truth
    session: Truth
    public: Truth
    delegated: Truth
    denied: Truth


def decide_access(own: Decision, resource: Resource, role: Text, account: Text) -> Decision:
    """Return the decision for a role of an account, given the decision of the role's own policies."""
    truths, ways = truths_of(own.policies, own.request), _ways(resource, own, role, account)
    same = compile_pattern(resource.account, wildcards=False).match(account)
    cases = [True, False] if same is None else [same]
    allowed = agreement(_allowed(resource, own, truths, ways, same=each) for each in cases)
    outcome = outcome_of(Truths(granted=allowed, within=True, denied=any_of((truths.denied, ways.denied))))
    if outcome is not Outcome.UNKNOWN:
        return replace(own, outcome=outcome, open_ways=())
    open_ways = list(_open_ways(resource, own.request, role, account))
    if ways.public is not False and truths.within is False:
        open_ways.append(
            f"IAM does not document whether a limit of {role} limits a grant to everybody; name {role} in it"
        )
    return replace(own, outcome=outcome, open_ways=tuple(open_ways))


def _open_ways(resource: Resource, request: Request, role: Text, account: Text) -> Iterator[str]:
    """Yield what would settle whether the policy of a resource allows a role."""
    for entry in resource.compiled:
        as_role = _as_principal(request, role, role)
        step = step_of(entry.whole, as_role)
        if step.truth is None:
            yield from settles_step(step, as_role)
        elif step.truth and entry.whole.effect is None:
            yield f"the Effect of {step.statement.label}"
    if compile_pattern(resource.account, wildcards=False).match(account) is None:
        yield f"{resource.account} must be {account}"


def _as_principal(request: Request, role: Text, principal: Text) -> Request:
    # The key has the ARN of the role, whose path that of a session does not have.
    known: Mapping[str, Value] = {} if _is_session(role) else {"aws:PrincipalArn": role}
    context = {"aws:PrincipalArn": Given.UNKNOWN, **request.context, **known}
    return replace(request, context=context, principal=("AWS", principal))


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


def _allowed(resource: Resource, own: Decision, truths: Truths, ways: _Ways, *, same: bool) -> Truth:
    """Tell whether a request is granted and within the limits that hold for the grant."""
    within = all_of((_granted(resource, truths, ways, same=same), truths.within))
    if within or not same:
        return within
    # What is granted to a user or session itself is not limited by what a boundary does not allow, and for a session
    # neither by its session policies. Whether this holds for a grant to everybody is not documented.
    unbound, levels = replace(own.policies, boundary=None), _levels(own.policies)
    user = all_of((ways.user, truths_of(unbound, own.request).within))
    others = all_of((any_of((ways.session, ways.public and None)), truths_of(levels, own.request).within))
    return any_of((within, user, others))


def _levels(policies: Policies) -> Policies:
    """Return the policies without the limits of the role and of its session."""
    kept = [each for each in policies.limits if any(one.kind is DocumentKind.SCP for one in each.documents)]
    return replace(policies, boundary=None, limits=tuple(kept))


def _granted(resource: Resource, truths: Truths, ways: _Ways, *, same: bool) -> Truth:
    named = any_of((ways.named, ways.public))
    if not same:
        return all_of((any_of((named, ways.delegated)), truths.granted))
    return any_of((named, all_of((ways.delegated, truths.granted)) if resource.is_key else truths.granted))


def _ways(resource: Resource, own: Decision, role: Text, account: Text) -> _Ways:
    """Evaluate the policy of a resource for a role and for the account of the role."""
    request, is_bound = own.request, own.policies.boundary is not None
    as_role = _as_principal(request, role, role)
    as_account = _as_principal(request, role, text("arn:", PARTITION, ":iam::", account, ":root"))
    truths: dict[str, list[Truth]] = {name: [] for name in _Ways._fields}
    for entry in resource.compiled:
        effect, principals = entry.whole.effect, entry.whole.statement.principals
        negated = principals is not None and principals.negated
        if effect != "Allow":  # or it is not known
            # "NotPrincipal with a Deny effect will always deny any IAM principal that has a permissions boundary".
            denying = entry.of_everybody if negated and is_bound else entry.whole
            truths["denied"].append(_truth(denying, as_role))
        if effect != "Deny":
            is_public = principals is not None and any(each.item.text == "*" for each in principals.entries)
            name = "public" if is_public or negated else "named"
            truths[name].append(_truth(entry.without_accounts, as_role))
            truths["delegated"].append(_truth(entry.whole, as_account))
            if not negated:
                itself = "user" if _is_user(role) else "session"
                truths[itself].append(_truth(entry.of_callers, as_role))
    return _Ways(*(any_of(listed) for listed in truths.values()))


def _truth(statement: Attached, request: Request) -> Truth:
    """Tell whether a statement applies with the effect that is asked for; one of unknown effect only may."""
    return all_of((statement.truth(request), True if statement.effect else None))


def _is_user(arn: Text) -> bool:
    parts = split(arn) or ()
    return len(parts) > RESOURCE and parts[2] == "iam" and str(parts[RESOURCE]).startswith("user/")


def _is_session(arn: Text) -> bool:
    return (split(arn) or ())[2:3] == ("sts",)


def _with_principals(statement: Statement, keep: Callable[[Principal], bool]) -> Statement:
    principals = statement.principals
    if principals is None or principals.negated:
        return statement
    return replace(statement, principals=replace(principals, entries=tuple(filter(keep, principals.entries))))


def _is_no_account(entry: Principal) -> bool:
    return entry.type != CANONICAL and not is_account(entry.item.text)


def _may_be_caller(entry: Principal) -> bool:
    """Tell whether a principal may be a user or a session: what is neither everybody, an account nor a role."""
    parts = None if isinstance(entry.item.text, Unknown) else split(entry.item.text)
    is_role = parts is not None and len(parts) > RESOURCE and str(parts[RESOURCE]).startswith("role/")
    return _is_no_account(entry) and not is_role and entry.item.text != "*"


def _for_everybody(statement: Statement) -> Statement:
    everybody = Principals("Principal", (Principal("*", Item("*")),))
    return replace(statement, principals=everybody)
