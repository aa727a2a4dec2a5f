"""A parsed policy document: frozen, every element with its path and position; unknown parts are marked."""

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property
from typing import Final, TypeAlias

from iam_policy.findings import NOWHERE, Finding, Position
from iam_policy.match.symbols import Text

VARIABLES_VERSION: Final = "2012-10-17"
VERSIONS: Final = (VARIABLES_VERSION, "2008-10-17")

Path: TypeAlias = tuple[str | int, ...]


class DocumentKind(StrEnum):
    """The kind of attachment, which determines the allowed elements and the maximum length."""

    AWS = "AWS-managed"  # decides like any other and is not linted
    MANAGED = "managed"
    INLINE = "inline"
    BOUNDARY = "boundary"
    TRUST = "trust"
    SCP = "service control"
    SESSION = "session"
    RESOURCE = "resource-based"


# In these IAM completes an ARN that has fewer than six parts; in the others it refuses one.
COMPLETED: Final = frozenset(
    {DocumentKind.AWS, DocumentKind.MANAGED, DocumentKind.INLINE, DocumentKind.BOUNDARY, DocumentKind.SCP}
)
# The policies that say whom they are for.
WITH_PRINCIPAL: Final = frozenset({DocumentKind.TRUST, DocumentKind.RESOURCE})


@dataclass(frozen=True)
class Unknown:
    """An unknown part: why, and what would resolve it. Callers use it in place of a value."""

    reason: str
    settles: str = ""


@dataclass(frozen=True)
class Located:
    """A value with a mark (line and column from 0), for values that cannot have one themselves."""

    value: object
    start_mark: object


@dataclass(frozen=True)
class Item:
    """One string of a list: an action, a resource, a value of a condition."""

    text: Text | Unknown
    path: Path = ()
    position: Position = NOWHERE


@dataclass(frozen=True)
class Selector:
    """Action, Resource or their Not forms. An `unknown` selector may have further, unknown items."""

    element: str
    items: tuple[Item, ...]
    path: Path = ()
    position: Position = NOWHERE

    @property
    def negated(self) -> bool:
        """Whether it is the Not form."""
        return self.element.startswith("Not")

    @property
    def texts(self) -> tuple[Text, ...]:
        """The texts of the items that are known."""
        return tuple(item.text for item in self.items if not isinstance(item.text, Unknown))


@dataclass(frozen=True)
class Principal:
    """One entry of Principal: type (AWS, Service, Federated, CanonicalUser, or * for `"*"`) and value."""

    type: str
    item: Item


@dataclass(frozen=True)
class Principals:
    """Principal or NotPrincipal."""

    element: str
    entries: tuple[Principal, ...]
    unknown: Unknown | None = None
    path: Path = ()
    position: Position = NOWHERE

    @property
    def negated(self) -> bool:
        """Whether it is NotPrincipal."""
        return self.element == "NotPrincipal"


@dataclass(frozen=True)
class Condition:
    """One key of one operator; `unknown` stands for an unknown operator block."""

    operator: str
    key: str
    values: tuple[Item, ...] = ()
    unknown: Unknown | None = None
    path: Path = ()
    position: Position = NOWHERE


@dataclass(frozen=True)
class Statement:
    """One statement. `effect` is Allow, Deny, or None when it is unknown (or neither)."""

    index: int
    sid: str = ""
    effect: str | None = None
    actions: Selector | None = None
    resources: Selector | None = None
    principals: Principals | None = None
    conditions: tuple[Condition, ...] = ()
    variables: bool = True
    unknown: Unknown | None = None
    path: Path = ()
    position: Position = NOWHERE

    @property
    def label(self) -> str:
        """Its name in messages: Sid if any, index (from 0), and line if known."""
        name = f"statement {self.index}" + (f' "{self.sid}"' if self.sid else "")
        return name + (f" (line {self.position.line})" if self.position.line else "")


@dataclass(frozen=True)
class Document:
    """One policy document; `problems` are the findings of reading it, `measure` returns its length on demand."""

    name: str = ""
    kind: DocumentKind = DocumentKind.INLINE
    version: str | None = None
    statements: tuple[Statement, ...] = ()
    problems: tuple[Finding, ...] = ()
    measure: Callable[[], int | None] = field(default=lambda: None, compare=False, repr=False)

    @cached_property
    def length(self) -> int | None:
        """The characters that IAM counts, at least: unknown parts count as empty. None if it cannot be read."""
        return self.measure()
