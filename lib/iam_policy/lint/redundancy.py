"""Elements that could be removed without a change of what the policy means."""

import itertools
import re
from collections.abc import Hashable, Iterable, Iterator
from functools import lru_cache

from iam_policy.findings import Finding, shorten
from iam_policy.lint.scope import Scope, listed
from iam_policy.match.arns import RESOURCE, SEGMENTS
from iam_policy.match.patterns import compile_pattern
from iam_policy.parse.document import Document, Selector, Statement, Unknown


def lint_redundancy(scope: Scope) -> Iterator[Finding]:
    """Yield entries of Action and Resource that another entry of the same element includes."""
    for selector, check in ((scope.statement.actions, "action"), (scope.statement.resources, "resource")):
        if selector is None or len(selector.items) == 1:
            continue
        redundant = list(_redundant(selector, fold=check == "action"))
        if redundant:
            pairs = [f"{name} (in {wider})" if name != wider else f"{name} (twice)" for name, wider in redundant]
            yield scope.report(f"Redundant {check}", f"remove what other entries include: {listed(pairs)}", selector)


def _redundant(selector: Selector, *, fold: bool) -> Iterator[tuple[str, str]]:
    texts = [item.text for item in selector.items if isinstance(item.text, str)]
    names = [(text, text.lower() if fold else text) for text in texts]
    patterns = [(re.split(r"[*?]", name, maxsplit=1)[0], name, text) for text, name in names if re.search("[*?]", name)]
    seen: dict[str, str] = {}
    for text, name in names:
        if name in seen:
            yield text, text
            continue
        seen[name] = text
        wider = (entry for head, one, entry in patterns if name.startswith(head) and _exceeds(one, name, fold=fold))
        for entry in itertools.islice(wider, 1):
            yield text, entry


def _exceeds(wider: str, name: str, *, fold: bool) -> bool:
    """Tell whether a pattern matches more than another one."""
    return wider != name and _includes(wider, name, fold=fold) and not _includes(name, wider, fold=fold)


@lru_cache(maxsize=65536)
def _includes(wider: str, name: str, *, fold: bool) -> bool:
    """Tell whether a pattern matches everything that another one does; it may miss some that do."""
    if wider == "*":
        return True
    if "${" in wider or ("?" in wider and ("*" in name or "?" in name)):
        return False
    if fold:
        return compile_pattern(wider).match(name) is True
    mine, others = wider.split(":", RESOURCE), name.split(":", RESOURCE)
    if len(mine) < SEGMENTS or len(others) < SEGMENTS:
        return False
    return all(compile_pattern(one).match(other) is True for one, other in zip(mine, others, strict=True))


def lint_statements(document: Document) -> Iterator[Finding]:
    """Yield statements that say the same as an earlier one."""
    seen: dict[Hashable, Statement] = {}
    for statement in document.statements:
        meaning = _meaning(statement)
        if meaning is None:
            continue
        if meaning in seen:
            message = shorten(f"remove the statement: {seen[meaning].label} says the same")
            check = "Redundant statement"
            yield Finding(
                "redundant-element", message, statement.path, statement.position, document.name, analyzer_check=check
            )
        seen.setdefault(meaning, statement)


def _meaning(statement: Statement) -> Hashable | None:
    """Return what a statement says, whatever its order and Sid; None if a part of it is unknown."""
    selectors = [selector for selector in (statement.actions, statement.resources) if selector is not None]
    principals = statement.principals
    texts: list[object] = [item.text for selector in selectors for item in selector.items]
    texts += [item.text for condition in statement.conditions for item in condition.values]
    texts += [entry.item.text for entry in principals.entries] if principals else []
    unknown = (statement, principals, *statement.conditions)
    if any(part is not None and part.unknown is not None for part in unknown) or statement.effect is None:
        return None
    if not selectors or any(isinstance(text, Unknown) for text in texts):
        return None
    return (
        statement.effect,
        *(_set(selector.element, (item.text for item in selector.items)) for selector in selectors),
        principals and _set(principals.element, ((entry.type, entry.item.text) for entry in principals.entries)),
        frozenset(
            (condition.operator.lower(), condition.key.lower(), frozenset(item.text for item in condition.values))
            for condition in statement.conditions
        ),
    )


def _set(element: str, entries: Iterable[Hashable]) -> Hashable:
    fold = element.endswith("Action")
    return element, frozenset(str(entry).lower() if fold else entry for entry in entries)
