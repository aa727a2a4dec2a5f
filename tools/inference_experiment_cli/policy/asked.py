"""What `policy explain` is asked: an action and a resource, each of which may have wildcards."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final

import iam_policy
from iam_policy.lint.actions import matching, unknown_action
from iam_policy.match.arns import as_target, may_overlap, split
from iam_policy.match.symbols import Symbol, Text, parse_symbols, parts_of, symbols_of, text
from iam_policy.service_data.actions import WEB_IDENTITY, resource_patterns
from inference_experiment_cli.errors import UsageError

ARN_PARTS: Final = 6
MAXIMUM_FORMS: Final = 3
ANY_TEXT: Final = "any text"
_SYMBOLS: Final = {symbol.identity: symbol for symbol in (iam_policy.ACCOUNT, iam_policy.PARTITION, iam_policy.REGION)}


@dataclass(frozen=True)
class Asked:
    """One request, how it was put, and what there is to say about it before the answer."""

    request: iam_policy.Request
    subject: str
    remarks: tuple[str, ...] = ()

    def explain(self, decision: iam_policy.Decision) -> iam_policy.Explanation:
        """Return the explanation of a decision on the request."""
        explanation = iam_policy.explain(decision, self.subject, self.remarks)
        by_wildcard = f"${{{ANY_TEXT}"
        ways = ("a resource without wildcards" if by_wildcard in way else way for way in explanation.settled_by)
        return replace(explanation, settled_by=tuple(dict.fromkeys(ways)))


def asked(action: str, resource: str, context: Sequence[str], principal: str) -> list[Asked]:
    """Return the requests to explain, several for a pattern of actions. Raises UsageError."""
    values = dict(_pairs(context))
    caller = (_type_of(action, principal), principal) if principal else None
    if resource != "*" and not resource.startswith("arn:"):
        raise UsageError(f"{resource}: is not an ARN")
    by = f"by {principal}" if principal else f"on {resource}"
    requests = []
    names = _actions(action, resource)
    for name in names:
        target, remarks = (resource, ()) if principal else _target(name, resource)
        shown = remarks if len(names) == 1 else ()  # those of a pattern would be a list of their own
        requests.append(Asked(iam_policy.Request(name, target, values, principal=caller), f"{name} {by}", shown))
    return requests


def _type_of(action: str, principal: str) -> str:
    """Return the type of a principal in a trust policy: one of AWS, a service, or an identity provider."""
    parts = split(principal) or ()
    if principal.startswith("arn:") and len(parts) == ARN_PARTS:
        is_provider = str(parts[-1]).startswith(("oidc-provider/", "saml-provider/"))
        return "Federated" if is_provider else "AWS"
    if "." not in principal or principal.startswith("arn:"):
        raise UsageError(f"--principal {principal}: is neither a service nor an ARN")
    return "Federated" if action.lower() == WEB_IDENTITY else "Service"


def _pairs(context: Sequence[str]) -> Iterator[tuple[str, str]]:
    for pair in context:
        key, equals, value = pair.partition("=")
        if not equals or not key:
            raise UsageError(f"--context {pair}: write it as KEY=VALUE")
        yield key, value


def _actions(action: str, resource: str) -> list[str]:
    """Return the action, or those that a pattern stands for and that work on such a resource. Raises UsageError."""
    service, _, name = action.partition(":")
    if not service or not name or ":" in name or set(service) & set("*?"):
        raise UsageError(f"{action}: is not one action such as sagemaker:AddTags, or a pattern such as sagemaker:*Tags")
    if not set(name) & set("*?"):
        return [action]
    names = list(matching(action))
    if not names:
        raise UsageError(f"{action}: stands for no action: {unknown_action(action)}")
    fitting = [name for name in names if resource == "*" or _forms_of(name, resource)]
    if not fitting:
        raise UsageError(f"{action}: no such action works on {resource} by AWS's data; for any resource write *")
    return fitting


def _forms_of(name: str, resource: Text) -> list[str]:
    """Return the forms of resources of an action that an ARN may have."""
    return [form for form in resource_patterns(name) if may_overlap(form, resource)]


def _target(name: str, resource: str) -> tuple[Text, tuple[str, ...]]:
    """Return the resource of a request, and remarks. A request names one resource, so a wildcard is any text."""
    forms = resource_patterns(name)
    shown = " or ".join(forms) if len(forms) <= MAXIMUM_FORMS else f"an ARN such as {forms[0]}"
    if resource == "*":
        if not forms:
            return resource, ()
        whole = text(Symbol(ANY_TEXT, minimum=1))
        return whole, (f"{name} works on one resource: * stands for every one; for one write {shown}",)
    target = parse_symbols(resource, _SYMBOLS)  # ${AWS::AccountId} and the like are left open
    remarks = []
    if not forms and not unknown_action(name):
        remarks.append(f"{name} works on no single resource: a request has *, so ask for *")
    elif forms and not _forms_of(name, target):
        remarks.append(f"{name} works on other resources by AWS's data: {shown}")
    if set(resource) & set("*?"):
        if len(split(resource) or ()) < ARN_PARTS:
            raise UsageError(f"{resource}: is not a whole ARN")
        target = _named(as_target(target))
        remarks.append("a wildcard in the resource stands for any text: the answer is the one for every such resource")
    return target, tuple(remarks)


def _named(target: Text) -> Text:
    """Return a text with names for the symbols of wildcards that can be shown."""
    found = [symbol for symbol in dict.fromkeys(symbols_of(target)) if "#" in symbol.identity]
    names = {symbol: f"{ANY_TEXT} {index}" if index > 1 else ANY_TEXT for index, symbol in enumerate(found, 1)}
    pieces = (replace(part, identity=names[part]) if part in names else part for part in parts_of(target))
    return text(*pieces)
