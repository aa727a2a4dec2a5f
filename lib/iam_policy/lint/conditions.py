"""Conditions and policy variables: unknown operators and keys, comparisons that are never or always true."""

from collections.abc import Iterator
from typing import Final

from iam_policy.evaluate.operators import (
    COMPARISONS,
    IF_EXISTS,
    NULL,
    READERS,
    Comparison,
    Operator,
    parse_operator,
    read,
)
from iam_policy.findings import Finding
from iam_policy.lint.scope import Scope, listed, suggestion
from iam_policy.match.patterns import Variable, Wild, compile_pattern
from iam_policy.parse.document import VARIABLES_VERSION, Condition, DocumentKind, Item
from iam_policy.service_data import actions

_ARRAY: Final = "ArrayOf"


def lint_conditions(scope: Scope) -> Iterator[Finding]:
    """Yield findings about the Condition block."""
    yield from _lint_repeated(scope)
    for condition in scope.statement.conditions:
        if condition.unknown is not None:
            continue
        operator = parse_operator(condition.operator)
        if operator is None:
            yield scope.finding("unknown-operator", _no_operator(condition.operator), condition)
            continue
        yield from _lint_key(scope, condition, operator)
        yield from _lint_values(scope, condition, operator)
        yield from _lint_quantifier(scope, condition, operator)


def _lint_repeated(scope: Scope) -> Iterator[Finding]:
    """Yield the keys of an operator that differ from an earlier one only in case."""
    seen: dict[tuple[str, str], Condition] = {}
    for condition in scope.statement.conditions:
        first = seen.setdefault((condition.operator.lower(), condition.key.lower()), condition)
        if first is not condition and condition.unknown is None:
            names = f"{condition.operator} {condition.key} and {first.operator} {first.key}"
            message = f"{names} are the same to IAM, and which one counts is not documented; merge their values"
            yield scope.finding("repeated-condition-key", message, condition)


def _no_operator(name: str) -> str:
    prefix, colon, rest = name.rpartition(":")
    suffix = rest[-len(IF_EXISTS) :] if rest.lower().endswith(IF_EXISTS) else ""
    bare = rest.removesuffix(suffix) if suffix else rest
    if bare.lower() == NULL.lower():
        return f'unknown condition operator "{name}"; did you mean "{NULL}", which takes no prefix and no IfExists?'
    near = actions.nearest(bare, [*(entry.name for entry in COMPARISONS.values()), NULL], 1)
    whole = [f'"{prefix}{colon}{one}{suffix}"' for one in near]
    return f'unknown condition operator "{name}"{suggestion(whole)}'


def key_type(key: str) -> tuple[str, str] | None:
    """Return a condition key as AWS writes it and its type; None if the data have no such key."""
    lower = key.lower()
    service = lower.partition(":")[0]
    known = actions.condition_keys(service)
    entry = actions.find_key(lower, known)
    return known[entry] if entry else None


def _lint_key(scope: Scope, condition: Condition, operator: Operator) -> Iterator[Finding]:
    service = condition.key.lower().partition(":")[0]
    if service != "aws" and service not in actions.services():
        return  # keys of identity providers, or of services newer than the data
    kind = key_type(condition.key)
    if kind is None:
        yield scope.finding("unknown-condition-key", _no_key(scope, condition.key), condition)
        return
    if scope.document.kind is not DocumentKind.TRUST:
        yield from _lint_carried(scope, condition, operator)
    comparison = operator.comparison
    if comparison is not None and not _fits(comparison, kind[1]):
        message = f"{condition.operator} compares {comparison.kind} values but {kind[0]} is of type {kind[1]}"
        yield scope.finding("operator-type", f"{message}; use an operator for {kind[1]}", condition)


def _no_key(scope: Scope, key: str) -> str:
    candidates = {name for name, _ in actions.condition_keys(key.lower().partition(":")[0]).values()}
    for name in scope.actions():
        known = actions.action(name)
        keys = actions.condition_keys(name.lower().partition(":")[0])
        candidates.update(keys[carried][0] for carried in (known.condition_keys if known else ()) if carried in keys)
    bare = key.lower().rpartition(":")[2]
    near = [name for name in sorted(candidates) if name.lower().rpartition(":")[2] == bare]
    return f'unknown condition key "{key}"{suggestion(near or actions.nearest(key, candidates))}'


def _lint_carried(scope: Scope, condition: Condition, operator: Operator) -> Iterator[Finding]:
    comparison = operator.comparison
    if comparison is None or comparison.negated or operator.if_exists or operator.quantifier == "ForAllValues":
        return
    key = condition.key.lower()
    names = [name for name in scope.actions() if actions.action(name) and not actions.can_carry(name.lower(), key)]
    if names:
        effect = "allows" if scope.allows else "denies"
        message = f"requests of {listed(names)} never have {condition.key}, so this statement never {effect} them"
        yield scope.finding("condition-key-not-carried", f"{message}; move them to another statement", condition)


def _fits(comparison: Comparison, kind: str) -> bool:
    plain = kind.removeprefix(_ARRAY)
    # A text comparison works on the text of anything, and a tag or an encryption context may well be an ARN.
    if comparison.kind == "String" or (comparison.kind, plain) == ("ARN", "String"):
        return True
    return comparison.kind == plain or {comparison.kind, plain} == {"Date", "Numeric"}


def _lint_values(scope: Scope, condition: Condition, operator: Operator) -> Iterator[Finding]:
    comparison = operator.comparison
    for item in condition.values:
        if not isinstance(item.text, str):
            continue
        pattern = compile_pattern(item.text, variables=scope.statement.variables)
        wild = any(isinstance(token, Wild) for token in pattern.tokens)
        kind = comparison.kind if comparison else "Bool"
        if comparison and kind == "String" and wild and not comparison.wildcards:
            like = "StringNotLike" if comparison.negated else "StringLike"
            message = f'{condition.operator} compares the wildcard in "{item.text}" literally; use {like}'
            yield scope.finding("wildcard-without-like", message, item)
        elif kind in READERS and not pattern.variables and read(kind, item.text) is None:
            message = f'{condition.operator} cannot parse "{item.text}", so it is never true; write a {kind} value'
            yield scope.finding("invalid-condition-value", message, item)


def _lint_quantifier(scope: Scope, condition: Condition, operator: Operator) -> Iterator[Finding]:
    kind = key_type(condition.key)
    many = kind is not None and kind[1].startswith(_ARRAY)
    if operator.comparison is None:
        if operator.quantifier:
            result = "always" if operator.quantifier == "ForAllValues" else "never"
            message = f"{condition.operator} is {result} true; write Null, which tests for the key itself"
            yield scope.finding("null-with-set-operator", message, condition)
    elif operator.quantifier == "ForAllValues" and scope.allows and not _required(scope, condition.key):
        message = f"ForAllValues is true for requests without {condition.key}"
        advice = f'add "Null": {{"{condition.key}": "false"}} or use ForAnyValue'
        yield scope.finding("for-all-values-in-allow", f"{message}; {advice}", condition)
    elif operator.quantifier and kind is not None and not many:
        message = f"{kind[0]} is single-valued: write {condition.operator.rpartition(':')[2]}"
        yield scope.finding("set-operator-on-single-value", message, condition)
    elif many and not operator.quantifier:
        message = f"{condition.key} is multivalued: write ForAnyValue:{condition.operator} (or ForAllValues)"
        yield scope.finding("needs-set-operator", message, condition)


def _required(scope: Scope, key: str) -> bool:
    """Whether another condition requires the key."""
    return any(
        other.operator.lower() == NULL.lower()
        and other.key.lower() == key.lower()
        and [item.text for item in other.values] == ["false"]
        for other in scope.statement.conditions
    )


def lint_variables(scope: Scope) -> Iterator[Finding]:
    """Yield findings about the variables of Resource, NotResource and condition values."""
    resources = scope.statement.resources.items if scope.statement.resources else ()
    for item in [*resources, *(item for condition in scope.statement.conditions for item in condition.values)]:
        if not isinstance(item.text, str) or "${" not in item.text:
            continue
        variables = compile_pattern(item.text, variables=True).variables
        if variables and not scope.statement.variables:
            message = f'"{item.text}" is plain text in this version; set "Version": "{VARIABLES_VERSION}"'
            yield scope.finding("variable-needs-version", message, item)
            continue
        for variable in variables:
            yield from _lint_variable(scope, item, variable)


def _lint_variable(scope: Scope, item: Item, variable: Variable) -> Iterator[Finding]:
    service = variable.key.partition(":")[0]
    if "::" in variable.key or ":" not in variable.key:
        message = f'"${{{variable.key}}}" in "{item.text}" is not a policy variable; in a template, wrap it in Fn::Sub'
        yield scope.finding("unknown-variable", message, item)
    elif (service == "aws" or service in actions.services()) and key_type(variable.key) is None:
        known = [name for name, _ in actions.condition_keys(service).values()]
        near = [f"${{{name}}}" for name in actions.nearest(variable.key, known, 1)]
        message = f'unknown policy variable "${{{variable.key}}}"{suggestion(near)}'
        yield scope.finding("unknown-variable", message, item)
