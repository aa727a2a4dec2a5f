"""Principals of trust policies: who may assume the role.

A wildcard is the whole value (`"*"`), which means every AWS principal; whether it includes services is undocumented.
The ARN of a role includes its sessions; the ARN of a session is that session only. Source: IAM User Guide, "AWS JSON
policy elements: Principal" and "NotPrincipal".
"""

from collections.abc import Iterable
from typing import Final, NamedTuple

from iam_policy.match.arns import RESOURCE, split
from iam_policy.match.patterns import Truth, all_of, any_of, compile_pattern, negate
from iam_policy.match.symbols import Symbol, Text, parts_of, text
from iam_policy.parse.document import Principal, Principals, Unknown

CANONICAL: Final = "CanonicalUser"


def match_principals(principals: Principals | None, caller: tuple[str, Text] | None) -> Truth:
    """Match (type, value) of the caller against Principal or NotPrincipal of a statement."""
    if principals is None or caller is None:
        return False
    if principals.unknown is not None:
        return None
    kind, value = caller
    if principals.negated and kind == "AWS":
        return negate(_is_excepted(principals.entries, value))
    truth = any_of(_match(entry, kind, value) for entry in principals.entries)
    return negate(truth) if principals.negated else truth


def _is_excepted(entries: Iterable[Principal], value: Text) -> Truth:
    """Tell whether NotPrincipal exempts a user, role or session: it must list everything that AWS may check.

    That is the account, for a session its role, and the principal itself. The account exempts none of its users and
    roles if others of it are listed: AWS's example denies everybody but one user and the account.
    """
    listed = [entry for entry in entries if entry.type in {"AWS", "*", CANONICAL}]
    if any(entry.item.text == "*" for entry in listed):
        return True
    own = [entry.item.text for entry in listed if entry.type == "AWS" and not is_account(entry.item.text)]
    accounts = any_of(_match_account(e.item.text, value) if e.type == "AWS" else None for e in listed)
    exactly = any_of(None if isinstance(one, Unknown) else _equal(one, value) for one in own)
    parent = any_of(None if isinstance(one, Unknown) else _match_session(one, value) for one in own)
    if is_account(value):
        return accounts
    if any_of((exactly, parent)) is False:
        beside = any_of(None if isinstance(one, Unknown) else _is_of_account(one, value) for one in own)
        return False if accounts is False or beside else None
    role = _role_and_session(value)
    is_whole = role is None or bool(role.session and parent)
    return True if exactly and accounts and is_whole else None


def _is_of_account(name: Text, value: Text) -> Truth:
    mine, theirs = split(name), split(value)
    if mine is None or theirs is None or min(len(mine), len(theirs)) <= RESOURCE:
        return None
    return _equal(mine[RESOURCE - 1], theirs[RESOURCE - 1])


def _match(entry: Principal, kind: str, value: Text) -> Truth:
    allowed = entry.item.text
    is_public = allowed == "*" and entry.type in {"*", "AWS"}
    if is_public:
        return True if kind == "AWS" else None
    if isinstance(allowed, Unknown):
        return None if entry.type == kind else False
    if (entry.type, kind) == (CANONICAL, "AWS"):
        return None  # another name of an account, which only AWS knows
    if entry.type != kind:
        return False
    if kind == "AWS":
        return any_of((_equal(allowed, value), _match_account(allowed, value), _match_session(allowed, value)))
    return _equal(allowed, value)


def _match_session(allowed: Text, value: Text) -> Truth:
    """Compare the ARN of a role with that of one of its sessions, on either side: a session has no path."""
    mine, theirs = _role_and_session(allowed), _role_and_session(value)
    if mine is None or theirs is None or bool(mine.session) == bool(theirs.session):
        return False
    same = all_of((_equal(mine.place, theirs.place), _equal(mine.role, theirs.role)))
    # A caller of which only the role is known may be the session.
    return (same and None) if mine.session else same


class _Named(NamedTuple):
    place: Text  # partition and account
    role: Text  # the name without the path
    session: Text  # empty for the role itself


def _role_and_session(arn: Text) -> _Named | None:
    """Return what the ARN of a role or of an assumed-role session names; None for another ARN."""
    parts = split(arn)
    if parts is None or len(parts) <= RESOURCE:
        return None
    kind, _, name = _head(parts[RESOURCE])
    rest = parts_of(parts[RESOURCE])[1:]
    place = text(parts[1], ":", parts[RESOURCE - 1])
    if (parts[2], kind) == ("iam", "role"):
        return _Named(place, _last(text(name, *rest)), "")
    if (parts[2], kind) != ("sts", "assumed-role") or "/" not in name:
        return None
    role, _, session = name.partition("/")
    return _Named(place, role, text(session, *rest))


def _head(resource: Text) -> tuple[str, str, str]:
    first = parts_of(resource)[0]
    return first.partition("/") if isinstance(first, str) else ("", "", "")


def _last(path: Text) -> Text:
    """Return what follows the last slash; one symbol if a symbol may hold that."""
    last = parts_of(path)[-1]
    if isinstance(last, str) and "/" in last:
        return last.rpartition("/")[2]
    hidden = any(isinstance(part, Symbol) and part.charset.holds("/") for part in parts_of(path))
    return text(Symbol(f"name in {path}", minimum=1)) if hidden else path


def _equal(allowed: Text, value: Text) -> Truth:
    return compile_pattern(allowed, wildcards=False).match(value)


def _match_account(allowed: Text | Unknown, value: Text) -> Truth:
    """An account ID, or its `root`, allows every principal of the account whose own policies allow the action."""
    if isinstance(allowed, Unknown):
        return None
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
    # An account is in one partition; a partition that a template leaves open is that of the caller.
    partitions = [arn[1] for arn in (mine, theirs) if isinstance(arn[1], str)]
    return False if len(set(partitions)) > 1 else _equal(mine[RESOURCE - 1], account)


def is_account(name: Text | Unknown) -> bool:
    """Whether a principal is an account, whose own policies decide: its ID, or the ARN of its root."""
    parts = None if isinstance(name, Unknown) or name == "*" else split(name)
    return parts is not None and (len(parts) == 1 or str(name).endswith(":root"))
