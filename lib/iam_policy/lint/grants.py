"""Grants of passing roles to services, and of creating service-linked roles."""

from collections.abc import Iterator
from typing import Final, NamedTuple

from iam_policy.evaluate.operators import parse_operator
from iam_policy.findings import Finding
from iam_policy.lint.scope import Scope
from iam_policy.match.arns import RESOURCE, SEGMENTS, compile_resource
from iam_policy.match.patterns import compile_pattern
from iam_policy.parse.document import Condition, Item, Unknown

PASS_ROLE: Final = "iam:passrole"  # noqa: S105 - an action
PASSED_TO: Final = "iam:passedtoservice"
_ALL_ROLES: Final = frozenset({"*", "role*", "role/*", "*/*"})


class _RoleAction(NamedTuple):
    """An action on roles that few principals should do to all of them, and the key that limits it to services."""

    action: str
    key: str
    check: str
    risk: str
    all_roles: frozenset[str]


_ACTIONS: Final = (
    _RoleAction("iam:PassRole", "iam:PassedToService", "Pass role", "passing any role", _ALL_ROLES),
    _RoleAction(
        "iam:CreateServiceLinkedRole",
        "iam:AWSServiceName",
        "Create SLR",
        "creating the service-linked roles of any service",
        _ALL_ROLES | {"role/aws-service-role/*"},
    ),
)
# (how the statement names the action, whether it does so by NotResource) -> the rest of the check's title.
_BROAD: Final = {
    ("named", False): "with star in resource",
    ("named", True): "with NotResource",
    ("wildcard", False): "with star in action and resource",
    ("wildcard", True): "with star in action and NotResource",
    ("NotAction", False): "with star in resource and NotAction",
    ("NotAction", True): "with NotAction and NotResource",
}


def lint_grants(scope: Scope) -> Iterator[Finding]:
    """Yield findings about an Allow of iam:PassRole or iam:CreateServiceLinkedRole."""
    if not scope.allows:
        return
    for entry in _ACTIONS:
        yield from _lint_broad(scope, entry)
    yield from _lint_pass_role(scope)


def _lint_broad(scope: Scope, entry: _RoleAction) -> Iterator[Finding]:
    resources, how = scope.statement.resources, _named_by(scope, entry.action)
    if resources is None or not how:
        return
    wide = [item for item in resources.items if _any_role(item, entry.all_roles)]
    limited = any(condition.key.lower() == entry.key.lower() for condition in scope.statement.conditions)
    if bool(wide) is resources.negated or (limited and not resources.negated):
        return
    check = f"{entry.check} {_BROAD[how, resources.negated]}"
    if check == "Pass role with star in resource":  # in _lint_pass_role, which has advice for it
        return
    advice = f"write the ARNs of roles, or a condition on {entry.key}"
    yield scope.report(check, f"the statement allows {entry.risk} ({entry.action}); {advice}", resources)


def _named_by(scope: Scope, action: str) -> str:
    """Return how a statement grants an action: named, wildcard, NotAction, or empty if it does not."""
    selector = scope.statement.actions
    if selector is None or len(selector.texts) < len(selector.items):
        return ""
    names = (name.lower() for _, name in scope.items(selector))
    matching = [name for name in names if name.startswith(("iam:", "*")) and _matches(name, action.lower())]
    if selector.negated:
        return "" if matching else "NotAction"
    if action.lower() in matching:
        return "named"
    return "wildcard" if matching else ""


def _matches(name: str, action: str) -> bool:
    return name in {"*", "*:*"} or compile_pattern(name).match(action) is True


def _lint_pass_role(scope: Scope) -> Iterator[Finding]:
    """Yield the advice for iam:PassRole; `iam:*` and `*` have their own finding."""
    names = (name.lower() for name in scope.actions() if name.lower().startswith("iam:p"))
    if not any(compile_pattern(name).match(PASS_ROLE) for name in names):
        return
    if any(condition.unknown is not None for condition in scope.statement.conditions):
        limits: list[Condition] | None = None
    else:
        limits = [condition for condition in scope.statement.conditions if condition.key.lower() == PASSED_TO]
    for item in scope.statement.resources.items if scope.statement.resources else ():
        if not scope.statement.resources.negated and _any_role(item, _ALL_ROLES):  # type: ignore[union-attr]
            message = f'"{item.text}" allows passing every role; write the ARN of the role of the experiment'
            named = _named_by(scope, PASS_ROLE) == "named" and limits == []
            check = "Pass role with star in resource" if named else ""
            yield scope.finding("pass-role-any-role", message, item, check)
            break
    if limits == []:
        message = (
            'add "Condition": {"StringEquals": {"iam:PassedToService": "sagemaker.amazonaws.com"}} to iam:PassRole'
        )
        yield scope.finding("pass-role-without-service", message, scope.statement)
    elif limits and all(_restricts_nothing(condition) for condition in limits):
        message = 'iam:PassedToService with "*" allows passing the role to any service; write "sagemaker.amazonaws.com"'
        yield scope.finding("pass-role-any-service", message, limits[0])


def _any_role(item: Item, all_roles: frozenset[str]) -> bool:
    if isinstance(item.text, Unknown):
        return False
    resource = compile_resource(item.text, variables=True)
    if resource.pattern.everything:
        return True
    segments = resource.segments or ()
    return len(segments) == SEGMENTS and str(segments[RESOURCE]) in all_roles


def _restricts_nothing(condition: Condition) -> bool:
    operator = parse_operator(condition.operator)
    comparison = operator.comparison if operator else None
    if comparison is None or not comparison.wildcards or comparison.negated:
        return False
    return any(item.text == "*" for item in condition.values)
