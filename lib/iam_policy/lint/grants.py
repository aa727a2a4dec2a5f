"""iam:PassRole: a service that is passed a role has all permissions of the role."""

from collections.abc import Iterator
from typing import Final

from iam_policy.evaluate.operators import parse_operator
from iam_policy.findings import Finding
from iam_policy.lint.scope import Scope
from iam_policy.match.arns import RESOURCE, SEGMENTS, compile_resource
from iam_policy.match.patterns import compile_pattern
from iam_policy.parse.document import Condition, Item, Unknown

PASS_ROLE: Final = "iam:passrole"  # noqa: S105 - an action
PASSED_TO: Final = "iam:passedtoservice"


def lint_grants(scope: Scope) -> Iterator[Finding]:
    """Yield findings about an Allow of iam:PassRole; `iam:*` and `*` have their own finding."""
    if not scope.allows or not _names_pass_role(scope):
        return
    for item in scope.statement.resources.items if scope.statement.resources else ():
        if _any_role(item):
            message = f'"{item.text}" allows passing every role; write the ARN of the role of the experiment'
            yield scope.finding("pass-role-any-role", message, item)
            break
    conditions = [condition for condition in scope.statement.conditions if condition.key.lower() == PASSED_TO]
    if any(condition.unknown is not None for condition in scope.statement.conditions):
        return
    if not conditions:
        message = (
            'add "Condition": {"StringEquals": {"iam:PassedToService": "sagemaker.amazonaws.com"}} to iam:PassRole'
        )
        yield scope.finding("pass-role-without-service", message, scope.statement)
    elif all(_restricts_nothing(condition) for condition in conditions):
        message = 'iam:PassedToService with "*" allows passing the role to any service; write "sagemaker.amazonaws.com"'
        yield scope.finding("pass-role-any-service", message, conditions[0])


def _names_pass_role(scope: Scope) -> bool:
    names = [name.lower() for name in scope.actions() if name.lower().startswith("iam:p")]
    return any(compile_pattern(name).match(PASS_ROLE) for name in names)


def _any_role(item: Item) -> bool:
    if isinstance(item.text, Unknown):
        return False
    resource = compile_resource(item.text, variables=True)
    if resource.pattern.everything:
        return True
    segments = resource.segments or ()
    return len(segments) == SEGMENTS and str(segments[RESOURCE]) in {"*", "role*", "role/*", "*/*"}


def _restricts_nothing(condition: Condition) -> bool:
    operator = parse_operator(condition.operator)
    comparison = operator.comparison if operator else None
    if comparison is None or not comparison.wildcards or comparison.negated:
        return False
    return any(item.text == "*" for item in condition.values)
