"""The input of a check of one statement, and its reporting."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TypeAlias

from iam_policy.access_analyzer import CHECKS
from iam_policy.findings import Finding, shorten
from iam_policy.parse.document import Condition, Document, Item, Principals, Selector, Statement
from iam_policy.place import Place

Element: TypeAlias = Item | Selector | Condition | Principals | Statement


@dataclass(frozen=True)
class Scope:
    """A statement, its document and, where it is known, where it will be deployed."""

    document: Document
    statement: Statement
    place: Place | None = None

    @property
    def allows(self) -> bool:
        """Whether the statement grants."""
        return self.statement.effect == "Allow"

    def items(self, selector: Selector | None) -> Iterator[tuple[Item, str]]:
        """Yield the items of a selector that are plain strings, with their string."""
        for item in selector.items if selector else ():
            if isinstance(item.text, str):
                yield item, item.text

    def actions(self) -> list[str]:
        """Return the plain entries of Action (not of NotAction)."""
        selector = self.statement.actions
        return [] if selector is None or selector.negated else [name for _, name in self.items(selector)]

    def finding(self, kind: str, message: str, where: Element, check: str = "") -> Finding:
        """Return a finding at an element; `check` is the title of Access Analyzer's check for it, if there is one."""
        return Finding(kind, shorten(message), where.path, where.position, self.document.name, analyzer_check=check)

    def report(self, check: str, message: str, where: Element) -> Finding:
        """Return the finding of a check of Access Analyzer, of the kind that such findings usually have."""
        return self.finding(CHECKS[check].kinds[0], message, where, check)


def suggestion(near: list[str]) -> str:
    """Return the advice for a misspelt name: the names that are similar, if any."""
    return f"; did you mean {' or '.join(near)}?" if near else "; check the spelling"


def listed(names: list[str], most: int = 3) -> str:
    """Return names in a list of limited length."""
    more = len(names) - most
    return ", ".join(names[:most]) + (f" and {more} more" if more > 0 else "")
