"""Ways in which grants let a principal gain permissions that it was not given.

The ways are those of Rhino Security Labs' list of IAM privilege escalation methods that one action on a resource of any
name is enough for. Passing any role is a finding of the statement itself, `pass-role-any-role`.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from typing import Final, TypeAlias

from iam_policy.evaluate.decision import Decision, Policies, decide
from iam_policy.evaluate.request import Request
from iam_policy.evaluate.statements import Attached
from iam_policy.match.symbols import PATH_CHARACTERS, Symbol, Text, text
from iam_policy.place import Place

# Actions, one of which is enough, each with the type of resource that it is asked for.
Actions: TypeAlias = tuple[tuple[str, str], ...]

_CHANGE_ROLES: Final = "change the policies of every role"
_GAINS: Final[dict[str, Actions]] = {
    _CHANGE_ROLES: (
        ("iam:AttachRolePolicy", "role/"),
        ("iam:PutRolePolicy", "role/"),
    ),
    "change the trust policy of every role": (("iam:UpdateAssumeRolePolicy", "role/"),),
    "change every customer managed policy": (
        ("iam:CreatePolicyVersion", "policy/"),
        ("iam:SetDefaultPolicyVersion", "policy/"),
    ),
    "change the policies of every user or group": (
        ("iam:AttachUserPolicy", "user/"),
        ("iam:PutUserPolicy", "user/"),
        ("iam:AttachGroupPolicy", "group/"),
        ("iam:PutGroupPolicy", "group/"),
        ("iam:AddUserToGroup", "group/"),
    ),
    "sign in as every user": (
        ("iam:CreateAccessKey", "user/"),
        ("iam:CreateLoginProfile", "user/"),
        ("iam:UpdateLoginProfile", "user/"),
    ),
    "change the code of every function": (("lambda:UpdateFunctionCode", "function:"),),
}
_OTHER_SERVICE: Final = re.compile(r"(?!(iam|lambda):)[a-z0-9-]+:", re.IGNORECASE)
_ANY_NAME: Final = Symbol("any name", PATH_CHARACTERS, minimum=1)


@dataclass(frozen=True)
class Escalation:
    """What the principal can do, as a verb phrase, and the decision that shows it."""

    way: str
    decision: Decision


def escalations(policies: Policies, place: Place, principal: Text | None = None) -> Iterator[Escalation]:
    """Yield what certainly is possible in `place`; `principal` is the ARN of the role itself, where it is known."""
    if not any(map(_may_gain, policies.compiled)):
        return
    for way, actions in _GAINS.items():
        found = _allowed(policies, (Request(action, _resource(action, kind, place)) for action, kind in actions))
        if found is not None:
            yield Escalation(way, found)
        elif way == _CHANGE_ROLES and principal is not None:
            own = _allowed(policies, (Request(action, principal) for action, _ in actions))
            if own is not None:
                yield Escalation("change its own policies", own)


def _may_gain(attached: Attached) -> bool:
    """Tell whether a statement may be about one of the services; nearly none is, and this costs less than decisions."""
    selector = attached.statement.actions
    if attached.effect == "Deny":
        return False
    if selector is None or selector.negated:
        return True
    entries = (item.text for item in selector.items)
    return any(not isinstance(one, str) or not _OTHER_SERVICE.match(one) for one in entries)


def _allowed(policies: Policies, requests: Iterable[Request]) -> Decision | None:
    decisions = (decide(policies, request) for request in requests)
    return next((decision for decision in decisions if decision.allowed), None)


@cache
def _resource(action: str, kind: str, place: Place) -> Text:
    service = action.partition(":")[0]
    region = "" if service == "iam" else place.region
    return text("arn:", place.partition, f":{service}:", region, ":", place.account, f":{kind}", _ANY_NAME)
