"""Policy variables: malformed, unknown, or where IAM does not replace them."""

import re
from collections.abc import Iterator
from typing import Final

from iam_policy.evaluate.operators import NULL, parse_operator
from iam_policy.findings import Finding
from iam_policy.lint.conditions import key_type, split_operator
from iam_policy.lint.scope import Scope, suggestion
from iam_policy.match.patterns import ESCAPES, compile_pattern
from iam_policy.parse.document import VARIABLES_VERSION, Item, Unknown
from iam_policy.service_data import actions

_VARIABLE: Final = re.compile(r"\$\{([^{}]*)\}")
_UNCLOSED: Final = re.compile(r"\$\{[^}]*$|\$\{[^}]*(?=\$\{)")
_WITH_DEFAULT: Final = re.compile(r"[^,']*,\s*'[^']*'\s*")


def lint_variables(scope: Scope) -> Iterator[Finding]:
    """Yield findings about the variables of all elements."""
    yield from _lint_misplaced(scope)
    resources = scope.statement.resources.items if scope.statement.resources else ()
    for item in resources:
        yield from _lint_item(scope, item)
    for condition in scope.statement.conditions:
        operator = parse_operator(condition.operator)
        comparison = operator.comparison if operator else None
        typed = split_operator(condition.operator).base == NULL.lower() or (
            comparison is not None and comparison.kind not in {"String", "ARN"}
        )
        for item in condition.values:
            if typed and isinstance(item.text, str) and _variables(item.text):
                message = f'{condition.operator} does not replace the variable in "{item.text}"; write the value'
                yield scope.report("Invalid variable for operator", message, item)
            else:
                yield from _lint_item(scope, item)


def _variables(text: str) -> list[str]:
    return [inner for inner in _VARIABLE.findall(text) if inner not in ESCAPES]


def _lint_misplaced(scope: Scope) -> Iterator[Finding]:
    """Yield variables in elements that cannot have any."""
    statement = scope.statement
    items = list(statement.actions.items if statement.actions else ())
    items += [entry.item for entry in statement.principals.entries] if statement.principals else []
    for item in items:
        if isinstance(item.text, str) and _variables(item.text):
            message = f'"{item.text}": only resources and conditions can have policy variables; write the value'
            yield scope.report("Variable unsupported in element", message, item)


def _lint_item(scope: Scope, item: Item) -> Iterator[Finding]:
    if isinstance(item.text, Unknown) or not isinstance(item.text, str) or "${" not in item.text:
        return
    variables = _variables(item.text)
    if not scope.statement.variables:
        if compile_pattern(item.text, variables=True).variables:
            message = f'"{item.text}" is plain text in this version; set "Version": "{VARIABLES_VERSION}"'
            yield scope.report("Variable unsupported in version", message, item)
        return
    if _UNCLOSED.search(item.text):
        message = f'"{item.text}" has a variable without its closing brace; write ${{...}}'
        yield scope.report("Missing brace in variable", message, item)
    for variable in variables:
        yield from _lint_variable(scope, item, variable)


def _lint_variable(scope: Scope, item: Item, variable: str) -> Iterator[Finding]:
    key, comma, _ = variable.partition(",")
    where = f'"${{{variable}}}" in "{item.text}"'
    if not variable.strip():
        yield scope.report("Empty variable", f'"{item.text}" has an empty variable; write its name', item)
    elif comma and not _WITH_DEFAULT.fullmatch(variable):
        message = f"the default value of {where} must be in single quotes: write ${{{key}, 'value'}}"
        yield scope.report("Missing quote in variable", message, item)
    elif re.search(r"\s", key):
        message = f"{where} has a space in its name; write ${{{''.join(key.split())}}}"
        yield scope.report("Unsupported space in variable", message, item)
    else:
        yield from _lint_key(scope, item, key)


def _lint_key(scope: Scope, item: Item, key: str) -> Iterator[Finding]:
    service = key.lower().partition(":")[0]
    if "::" in key or ":" not in key:
        message = f'"${{{key}}}" in "{item.text}" is not a policy variable; in a template, wrap it in Fn::Sub'
        yield scope.finding("unknown-variable", message, item)
    elif (service == "aws" or service in actions.services()) and key_type(key) is None:
        known = [name for name, _ in actions.condition_keys(service).values()]
        near = [f"${{{name}}}" for name in actions.nearest(key, known, 1)]
        message = f'unknown policy variable "${{{key}}}"{suggestion(near)}'
        yield scope.finding("unknown-variable", message, item)
