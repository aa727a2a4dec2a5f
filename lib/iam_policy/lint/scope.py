"""The input of a check of one statement, and its reporting."""

from collections.abc import Iterator
from dataclasses import dataclass

from iam_policy.findings import Finding, shorten
from iam_policy.parse.document import Condition, Document, Item, Selector, Statement
from iam_policy.place import Place


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

    def finding(self, kind: str, message: str, where: Item | Selector | Condition | Statement) -> Finding:
        """Return a finding at an element."""
        return Finding(kind, shorten(message), where.path, where.position, self.document.name)


def suggestion(near: list[str]) -> str:
    """Return the advice for a misspelt name: the names that are similar, if any."""
    return f"; did you mean {' or '.join(near)}?" if near else "; check the spelling"


def listed(names: list[str], most: int = 3) -> str:
    """Return names in a list of limited length."""
    more = len(names) - most
    return ", ".join(names[:most]) + (f" and {more} more" if more > 0 else "")
