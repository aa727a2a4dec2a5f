"""Unknown actions, and actions that grant more than intended; a service has all permissions of a role passed to it."""

from collections.abc import Iterator
from functools import lru_cache
from typing import Final

from iam_policy.evaluate.operators import parse_operator
from iam_policy.findings import Finding
from iam_policy.lint.scope import Scope, suggestion
from iam_policy.match.arns import RESOURCE, SEGMENTS, compile_resource
from iam_policy.match.patterns import compile_pattern
from iam_policy.parse.document import Condition, Item, Unknown
from iam_policy.service_data import actions

PASS_ROLE: Final = "iam:passrole"  # noqa: S105 - an action
PASSED_TO: Final = "iam:passedtoservice"


def lint_actions(scope: Scope) -> Iterator[Finding]:
    """Yield findings about Action and NotAction."""
    selector = scope.statement.actions
    if selector is None:
        return
    if selector.negated and scope.allows:
        message = "Allow with NotAction grants every action but these; list the required actions in Action"
        yield scope.finding("allow-not-action", message, selector)
    for item, name in scope.items(selector):
        yield from _lint_action(scope, item, name, broad=scope.allows and not selector.negated)


def _lint_action(scope: Scope, item: Item, name: str, *, broad: bool) -> Iterator[Finding]:
    if name in {"*", "*:*"}:
        if broad:
            message = f'"{name}" grants every action of every service; list the required actions'
            yield scope.finding("broad-action", message, item)
        return
    service, colon, bare = name.partition(":")
    if not colon or not service or not bare or "*" in service or "?" in service:
        advice = "write the full name of the service" if colon else "write it as service:Action"
        yield scope.finding("invalid-action", f'"{name}" is not an action; {advice}', item)
    elif service.lower() not in actions.services():
        near = actions.nearest(service, actions.services())
        yield scope.finding("unknown-service", f'unknown service "{service}"{suggestion(near)}', item)
    elif bare.strip("*") == "":
        if broad:
            message = f'"{name}" grants every action of {service}; list the required actions'
            yield scope.finding("broad-action", message, item)
    elif not matching(name):
        yield scope.finding("unknown-action", _unknown(service.lower(), bare), item)


def _unknown(service: str, bare: str) -> str:
    names = actions.action_names(service).values()
    near = [f"{service}:{name}" for name in actions.nearest(bare.strip("*?"), names)]
    return f'unknown action "{service}:{bare}"{suggestion(near)} (data: {actions.data_version()})'


def meant(name: str) -> str:
    """Return the action that an entry misspells, empty if it names one or resembles none."""
    service, _, bare = name.partition(":")
    if service.lower() not in actions.services() or matching(name):
        return ""
    near = actions.nearest(bare, actions.action_names(service.lower()).values(), 1)
    return f"{service.lower()}:{near[0]}" if near else ""


@lru_cache(maxsize=4096)
def matching(name: str) -> tuple[str, ...]:
    """Return the canonical names of the actions that an entry of Action stands for."""
    service, _, bare = name.lower().partition(":")
    known = actions.action_names(service)
    if "*" not in bare and "?" not in bare:
        return (f"{service}:{known[bare]}",) if bare in known else ()
    pattern = compile_pattern(bare)
    return tuple(f"{service}:{written}" for lower, written in known.items() if pattern.match(lower))


def lint_grants(scope: Scope) -> Iterator[Finding]:
    """Yield findings about an Allow of iam:PassRole; `iam:*` and `*` have their own finding."""
    names = (name.lower() for name in scope.actions() if name.lower().startswith("iam:p"))
    if not scope.allows or not any(compile_pattern(name).match(PASS_ROLE) for name in names):
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
