"""Unknown actions, and actions that grant more than intended."""

import re
from collections.abc import Iterator
from functools import lru_cache

from iam_policy.findings import Finding
from iam_policy.lint.scope import Scope, suggestion
from iam_policy.match.patterns import compile_pattern
from iam_policy.parse.document import DocumentKind, Item
from iam_policy.service_data import actions


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
    service, _, bare = name.lower().partition(":")
    trust = scope.document.kind is DocumentKind.TRUST
    check, advice = _fault(name)
    if "${" in name:  # lint_variables reports it
        return
    if check:
        yield scope.finding("invalid-action", f'"{name}" is not an action; {advice}', item, check)
    elif trust and service != "sts":
        message = f'"{name}" has no meaning in a trust policy: write sts:AssumeRole, or another action of sts'
        yield scope.report("Unsupported action in policy", message, item)
    elif service not in actions.services() | {"*"}:
        near = actions.nearest(service, actions.services())
        message = f'unknown service "{service}"{suggestion(near)}'
        yield scope.finding("unknown-service", message, item, "Invalid service in action")
    elif not bare.strip("*"):
        if broad:
            granted = "every service" if service == "*" else service
            message = f'"{name}" grants every action of {granted}; list the required actions'
            yield scope.finding("broad-action", message, item)
    elif not matching(name):
        yield scope.report("Invalid action", _unknown(service, name.partition(":")[2]), item)


def _fault(name: str) -> tuple[str, str]:
    """Return Access Analyzer's check for an action that IAM refuses, and the advice; empty if it is well-formed."""
    service, colon, bare = name.partition(":")
    if name in {"*", "*:*"}:
        return "", ""
    if not colon:
        return "Invalid action", "write it as service:Action"
    if "*" in service or "?" in service:
        return "Invalid service in action", "write the full name of the service"
    if not service or re.search(r"[^A-Za-z0-9.-]", service):
        return "Invalid service in action", "a service has letters, digits, dots and hyphens only"
    if ":" in bare:
        return "Invalid action", "write only one colon"
    return ("", "") if bare else ("Invalid action", "write the name of the action after the colon")


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
