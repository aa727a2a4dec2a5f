"""What a role lacks, and what it is granted beyond its requirements."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from iam_policy.findings import Finding, shorten
from iam_policy.lint.actions import matching
from iam_policy.lint.scope import listed
from iam_policy.parse.document import Document, Item, Statement
from iam_policy.role import Role
from shadow_test_policies.decisions import Result, decide_all
from shadow_test_policies.requirements import Requirement


@dataclass(frozen=True)
class Difference:
    """`missing`: requirements that are not certainly allowed. `excess`: findings about what is granted beyond them."""

    missing: tuple[Result, ...]
    excess: tuple[Finding, ...]


def diff(role: Role, requirements: Iterable[Requirement]) -> Difference:
    """Compare a role with its requirements, required and recommended ones."""
    required = tuple(requirements)
    missing = tuple(result for result in decide_all(role, required) if not result.decision.allowed)
    return Difference(missing, tuple(excess_of(role.policies.identity, required)))


def excess_of(documents: Iterable[Document], requirements: Iterable[Requirement]) -> Iterator[Finding]:
    """Yield one finding for each entry of an Allow that grants actions, or resources, beyond the requirements."""
    required = tuple(requirements)
    needed = {each.action.lower() for each in required}
    scoped = {each.action.lower() for each in required if each.resource != "*"}
    for document in documents:
        for statement in document.statements:
            if statement.effect == "Allow" and statement.actions is not None:
                yield from _excess_actions(document, statement, needed)
                yield from _excess_resources(document, statement, scoped)


def _excess_actions(document: Document, statement: Statement, needed: set[str]) -> Iterator[Finding]:
    selector = statement.actions
    if selector is None:
        return
    if selector.negated:
        message = f"{statement.label} grants all but a few actions; {len(needed)} are required: list those"
        yield Finding("excess-permission", message, selector.path, selector.position, document.name)
        return
    for item in selector.items:
        message = _excess(item, needed)
        if message:
            yield Finding("excess-permission", shorten(message), item.path, item.position, document.name)


def _excess(item: Item, needed: set[str]) -> str:
    if not isinstance(item.text, str):
        return ""
    if item.text in {"*", "*:*"}:
        return f'"{item.text}" grants every action; {len(needed)} are required: list those'
    names = matching(item.text)
    more = [name for name in names if name.lower() not in needed]
    if not more:
        return ""
    if len(more) == len(names):
        return f'"{item.text}" is not required; remove it'
    kept = sorted(name for name in names if name.lower() in needed)
    return f'"{item.text}" grants {len(more)} actions that are not required, such as {more[0]}; write {listed(kept, 4)}'


def _excess_resources(document: Document, statement: Statement, scoped: set[str]) -> Iterator[Finding]:
    resources = statement.resources
    names = [item.text for item in statement.actions.items] if statement.actions else []
    exact = [name for name in names if isinstance(name, str) and name.lower() in scoped]
    if resources is None or resources.negated or not exact or len(exact) < len(names):
        return
    for item in resources.items:
        if item.text == "*":
            message = f'{listed(exact)} do not need "*"; write the ARN of the resource'
            yield Finding("excess-permission", shorten(message), item.path, item.position, document.name)
