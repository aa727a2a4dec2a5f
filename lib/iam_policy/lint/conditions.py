"""Condition keys and operators: unknown ones, and comparisons that are never or always true."""

import re
from collections import Counter
from collections.abc import Iterator
from typing import Final, NamedTuple

from iam_policy.evaluate.operators import (
    COMPARISONS,
    IF_EXISTS,
    NULL,
    QUANTIFIERS,
    Comparison,
    Operator,
    parse_operator,
)
from iam_policy.findings import Finding
from iam_policy.lint.actions import matching
from iam_policy.lint.scope import Scope, listed, suggestion
from iam_policy.parse.document import Condition, DocumentKind
from iam_policy.service_data import actions

_ARRAY: Final = "ArrayOf"
# Source: IAM User Guide, "AWS global condition context keys"; aws:ARN is older than the keys that replace it.
_REPLACED_KEYS: Final = {"aws:arn": "aws:PrincipalArn (of the caller) or aws:SourceArn (of a service's resource)"}
# A private address occurs in many VPCs, so it says nothing without the VPC. Source: the same page.
_PAIRS: Final = {
    "aws:vpcsourceip": ("aws:SourceVpc", "aws:SourceVpce", "aws:SourceVpcArn", "aws:VpceAccount", "aws:VpceOrgID"),
    "aws:ec2instancesourceprivateipv4": ("aws:Ec2InstanceSourceVpc",),
}


class OperatorName(NamedTuple):
    """The parts of an operator's name, in lower case, whether or not there is such an operator."""

    quantifier: str
    base: str
    if_exists: bool


def split_operator(name: str) -> OperatorName:
    """Split ForAnyValue:StringLikeIfExists into its parts."""
    quantifier, _, rest = name.lower().rpartition(":")
    return OperatorName(quantifier, rest.removesuffix(IF_EXISTS), rest.endswith(IF_EXISTS))


def lint_conditions(scope: Scope) -> Iterator[Finding]:
    """Yield findings about the operators and keys of the Condition block."""
    for condition in scope.statement.conditions:
        if condition.unknown is None:
            yield from _lint_condition(scope, condition)
    yield from _lint_case(scope)
    yield from _lint_pairs(scope)


def _lint_condition(scope: Scope, condition: Condition) -> Iterator[Finding]:
    name = split_operator(condition.operator)
    if name.base == NULL.lower() and name.if_exists:
        message = f'"{condition.operator}" does not exist: Null itself tests for the key; write "Null"'
        yield scope.report("Null with if exists", message, condition)
        return
    operator = parse_operator(condition.operator)
    if name.base == NULL.lower() and name.quantifier in QUANTIFIERS:
        yield scope.report("Null with qualifier", _null_with_qualifier(name.quantifier, condition.operator), condition)
        operator = Operator(None, QUANTIFIERS[name.quantifier])
    elif operator is None:
        yield scope.report("Invalid condition operator", _no_operator(condition.operator), condition)
        return
    yield from _lint_key(scope, condition, operator)
    if not condition.values:
        yield _without_values(scope, condition, name)
    yield from _lint_quantifier(scope, condition, operator)


def _null_with_qualifier(quantifier: str, operator: str) -> str:
    truth = "always" if quantifier == "forallvalues" else "never"
    return f'"{operator}" is {truth} true, whatever the request; write "Null"'


def _no_operator(name: str) -> str:
    prefix, colon, rest = name.rpartition(":")
    suffix = rest[-len(IF_EXISTS) :] if rest.lower().endswith(IF_EXISTS) else ""
    bare = rest.removesuffix(suffix) if suffix else rest
    if bare.lower() == NULL.lower():
        return f'unknown condition operator "{name}"; did you mean "{NULL}", which takes no prefix and no IfExists?'
    near = actions.nearest(bare, [*(entry.name for entry in COMPARISONS.values()), NULL], 1)
    whole = [f'"{prefix}{colon}{one}{suffix}"' for one in near]
    return f'unknown condition operator "{name}"{suggestion(whole)}'


def _without_values(scope: Scope, condition: Condition, name: OperatorName) -> Finding:
    key, check = condition.key, "Empty array condition"
    only_without = f'so it is true only without {key}; write "Null": {{"{key}": "true"}}'
    if name.quantifier == "forallvalues":
        return scope.report(f"{check} ForAllValues", f"{condition.operator} has no values, {only_without}", condition)
    if name.quantifier == "foranyvalue":
        message = f"{condition.operator} has no values for {key}, so it is never true; write the values"
        return scope.report(f"{check} ForAnyValue", message, condition)
    if name.if_exists:
        return scope.report(f"{check} IfExists", f"{condition.operator} has no values, {only_without}", condition)
    message = f"{condition.operator} has no values for {key}; write the values or remove it"
    return scope.report(check, message, condition)


def key_type(key: str) -> tuple[str, str] | None:
    """Return a condition key as AWS writes it and its type; None if the data have no such key."""
    lower = key.lower()
    service = lower.partition(":")[0]
    known = actions.condition_keys(service)
    entry = actions.find_key(lower, known)
    return known[entry] if entry else None


def _lint_key(scope: Scope, condition: Condition, operator: Operator) -> Iterator[Finding]:
    service, colon, name = condition.key.lower().partition(":")
    if not colon or not service or not name:
        yield scope.report("Invalid condition key format", _no_prefix(scope, condition.key), condition)
        return
    if not _is_of_aws(condition.key):
        # Prefixes with a dot are identity providers, whose claims are not in the data.
        if "." not in service and service not in actions.key_prefixes():
            near = actions.nearest(service, actions.key_prefixes(), 1)
            message = f'unknown service "{service}" in the condition key "{condition.key}"{suggestion(near)}'
            yield scope.report("Invalid service", message, condition)
        return
    kind = key_type(condition.key)
    if kind is None:
        yield from _lint_unknown_key(scope, condition)
        return
    if scope.document.kind is not DocumentKind.TRUST:
        yield from _lint_carried(scope, condition, operator)
    yield from _lint_type(scope, condition, operator.comparison, kind)


def _no_prefix(scope: Scope, key: str) -> str:
    return f'the condition key "{key}" has no prefix: write service:key{_near_keys(scope, key)}'


def _lint_unknown_key(scope: Scope, condition: Condition) -> Iterator[Finding]:
    key = condition.key
    service = key.lower().partition(":")[0]
    replacement = _REPLACED_KEYS.get(key.lower())
    if replacement:
        message = f"{key} is not supported: write {replacement}"
        yield scope.report("Unsupported global condition key", message, condition)
        yield scope.report("Deprecated global condition key", f"{key} is deprecated: write {replacement}", condition)
        return
    tagged = _tag_template(key)
    if tagged:
        message = f'"{key}" has no tag key: write {tagged}, with the key of the tag for TagKey'
        yield scope.report("Missing tag key in condition", message, condition)
        return
    check = "Invalid global condition key" if service == "aws" else "Invalid service condition key"
    yield scope.report(
        check, f'unknown condition key "{key}"{_near_keys(scope, key) or "; check the spelling"}', condition
    )


def _tag_template(key: str) -> str:
    """Return the form of a key that has to end in the key of a tag, but does not; empty for other keys."""
    known = actions.condition_keys(key.lower().partition(":")[0])
    bare = key.lower().rstrip("/")
    heads = {key.partition("/")[0]: written for key, (written, _) in known.items() if re.search(r"/(\$\{|<)", key)}
    return re.sub(r"[${}<>]", "", heads.get(bare, ""))


def _near_keys(scope: Scope, key: str) -> str:
    candidates = {name for name, _ in actions.condition_keys(key.lower().partition(":")[0]).values()}
    for name in scope.actions():
        known = actions.action(name)
        keys = actions.condition_keys(name.lower().partition(":")[0])
        candidates.update(keys[carried][0] for carried in (known.condition_keys if known else ()) if carried in keys)
    bare = key.lower().rpartition(":")[2]
    near = [name for name in sorted(candidates) if name.lower().rpartition(":")[2] == bare]
    return suggestion(near or actions.nearest(key, candidates)) if near or actions.nearest(key, candidates) else ""


def _lint_carried(scope: Scope, condition: Condition, operator: Operator) -> Iterator[Finding]:
    comparison = operator.comparison
    if comparison is None or comparison.negated or operator.if_exists or operator.quantifier == "ForAllValues":
        return
    key = condition.key.lower()
    tag = key.startswith(actions.TAG_PREFIXES) or ":resourcetag/" in key
    selector = scope.statement.actions
    if tag and selector is not None and selector.negated:
        effect = "allows" if scope.allows else "denies"
        message = (
            f"some actions never have {condition.key}, and the statement never {effect} them; list actions in Action"
        )
        kind = f"{scope.statement.effect} NotAction with unsupported tag condition key for service"
        yield scope.report(kind, message, condition)
        return
    names = [name for name in scope.actions() if _never_carries(name, key, whole_entries=tag)]
    if names and scope.statement.effect:
        effect = "allows" if scope.allows else "denies"
        message = f"requests of {listed(names)} never have {condition.key}, so this statement never {effect} them"
        check = f"{scope.statement.effect} with unsupported tag condition key for service"
        check = check if tag else "Unsupported action for condition key"
        kind = "condition-key-not-carried"
        yield scope.finding(kind, f"{message}; move them to another statement", condition, check)


def _never_carries(name: str, key: str, *, whole_entries: bool) -> bool:
    """Tell whether no action of an entry has a key; wildcards count for tags only, where AWS looks at services."""
    if actions.action(name):
        return not actions.can_carry(name.lower(), key)
    entries = matching(name) if whole_entries and name.partition(":")[2] else ()
    return bool(entries) and not any(actions.can_carry(entry.lower(), key) for entry in entries)


def _lint_type(
    scope: Scope, condition: Condition, comparison: Comparison | None, kind: tuple[str, str]
) -> Iterator[Finding]:
    if comparison is None:
        return
    name, type_ = kind
    plain = type_.removeprefix(_ARRAY)
    advice = f"{name} is of type {type_}; use an operator for {type_}"
    if comparison.kind == "String" and plain not in {"String", "ARN"}:
        # It compares the texts, which works for the usual way of writing the value.
        message = f"{condition.operator} compares texts but {advice}"
        yield scope.finding("text-operator", message, condition, "Type mismatch")
    elif not _fits(comparison, plain):
        message = f"{condition.operator} compares {comparison.kind} values but {advice}"
        yield scope.report("Type mismatch", message, condition)


def _fits(comparison: Comparison, plain: str) -> bool:
    # A text comparison works on the text of anything, and a tag or an encryption context may well be an ARN.
    if comparison.kind == "String" or (comparison.kind, plain) == ("ARN", "String"):
        return True
    return comparison.kind == plain or {comparison.kind, plain} == {"Date", "Numeric"}


def _lint_quantifier(scope: Scope, condition: Condition, operator: Operator) -> Iterator[Finding]:
    # The claims of identity providers depend on the provider's configuration.
    kind = key_type(condition.key) if _is_of_aws(condition.key) else None
    many = kind is not None and kind[1].startswith(_ARRAY)
    single = kind is not None and not many
    if operator.comparison is None:  # Null has its own finding
        return
    if operator.quantifier == "ForAllValues" and scope.allows and not _required(scope, condition.key):
        message = f"ForAllValues is true for requests without {condition.key}"
        advice = f'add "Null": {{"{condition.key}": "false"}} or use ForAnyValue'
        check = "ForAllValues with single valued key" if single else ""
        yield scope.finding("for-all-values-in-allow", f"{message}; {advice}", condition, check)
    elif operator.quantifier and kind is not None and single:
        message = f"{kind[0]} is single-valued: write {condition.operator.rpartition(':')[2]}"
        check = "ForAllValues with single valued key" if operator.quantifier == "ForAllValues" else ""
        yield scope.finding("set-operator-on-single-value", message, condition, check)
    elif many and not operator.quantifier:
        message = f"{condition.key} is multivalued: write ForAnyValue:{condition.operator} (or ForAllValues)"
        yield scope.report("Missing qualifier", message, condition)


def _is_of_aws(key: str) -> bool:
    prefix = key.lower().partition(":")[0]
    if prefix == "aws" or prefix in actions.services():  # nearly always, without reading all data
        return True
    return prefix in actions.key_prefixes() and prefix != "saml" and "." not in prefix


def _required(scope: Scope, key: str) -> bool:
    """Whether another condition requires the key."""
    return any(
        other.operator.lower() == NULL.lower()
        and other.key.lower() == key.lower()
        and [item.text for item in other.values] == ["false"]
        for other in scope.statement.conditions
    )


def _lint_case(scope: Scope) -> Iterator[Finding]:
    """Yield the keys of one operator that are the same but for their case."""
    keys = Counter((each.operator.lower(), each.key.lower()) for each in scope.statement.conditions if each.key)
    seen: set[tuple[str, str]] = set()
    for condition in scope.statement.conditions:
        place = (condition.operator.lower(), condition.key.lower())
        if keys[place] > 1 and place in seen:
            message = (
                f"{condition.operator} has {condition.key} twice, in different case; keys have no case: merge them"
            )
            yield scope.report("Duplicate keys with different case", message, condition)
        seen.add(place)


def _lint_pairs(scope: Scope) -> Iterator[Finding]:
    """Yield the keys that need another key beside them."""
    present = {condition.key.lower() for condition in scope.statement.conditions}
    for condition in scope.statement.conditions:
        partners = _PAIRS.get(condition.key.lower(), ())
        if partners and not present & {partner.lower() for partner in partners}:
            message = (
                f"private addresses are not unique: add a condition on {partners[0]} to the one on {condition.key}"
            )
            yield scope.report("Missing paired condition keys", message, condition)
