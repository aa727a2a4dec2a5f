"""Principals of trust policies: who may assume the role.

A wildcard is the whole value (`"*"`), which means every AWS principal; whether it includes services is undocumented.
Source: IAM User Guide, "AWS JSON policy elements: Principal".
"""

from iam_policy.match.arns import RESOURCE, split
from iam_policy.match.patterns import Truth, any_of, compile_pattern, negate
from iam_policy.match.symbols import Text
from iam_policy.parse.document import Principal, Principals, Unknown


def match_principals(principals: Principals | None, caller: tuple[str, Text] | None) -> Truth:
    """Match (type, value) of the caller against Principal or NotPrincipal of a statement."""
    if principals is None or caller is None:
        return False
    if principals.unknown is not None:
        return None
    truth = any_of(_match(entry, *caller) for entry in principals.entries)
    return negate(truth) if principals.negated else truth


def _match(entry: Principal, kind: str, value: Text) -> Truth:
    allowed = entry.item.text
    is_public = allowed == "*" and entry.type in {"*", "AWS"}
    if is_public:
        return True if kind == "AWS" else None
    if isinstance(allowed, Unknown):
        return None if entry.type == kind else False
    if entry.type != kind:
        return False
    if kind == "AWS":
        return any_of((_equal(allowed, value), _match_account(allowed, value)))
    return _equal(allowed, value)


def _equal(allowed: Text, value: Text) -> Truth:
    return compile_pattern(allowed, wildcards=False).match(value)


def _match_account(allowed: Text, value: Text) -> Truth:
    """An account ID, or its `root`, allows every principal of the account whose own policies allow the action."""
    theirs = split(value)
    if theirs is None or len(theirs) <= RESOURCE:
        return False
    account = theirs[RESOURCE - 1]
    mine = split(allowed)
    if mine is None:
        return None
    if len(mine) == 1:
        return _equal(mine[0], account)
    if len(mine) <= RESOURCE or mine[RESOURCE] != "root":
        return False
    return _equal(mine[RESOURCE - 1], account)
