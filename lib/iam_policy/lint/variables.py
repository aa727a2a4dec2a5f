"""Unknown policy variables, and variables in a version of the policy language without them."""

from collections.abc import Iterator

from iam_policy.findings import Finding
from iam_policy.lint.conditions import key_type
from iam_policy.lint.scope import Scope
from iam_policy.match.patterns import compile_pattern
from iam_policy.match.tokens import Variable
from iam_policy.parse.document import VARIABLES_VERSION, Item
from iam_policy.service_data import actions


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
        near = actions.nearest(variable.key, known, 1)
        advice = f"; did you mean ${{{near[0]}}}?" if near else "; check the spelling"
        yield scope.finding("unknown-variable", f'unknown policy variable "${{{variable.key}}}"{advice}', item)
