"""Texts with holes: what is known of a string before a template is deployed.

A text is a plain `str`, or a `Symbolic` whose parts are strings and holes. A hole has an identity: the same identity
stands for the same, unknown, filling everywhere. Nothing here knows about wildcards, ARNs or templates.
"""

import itertools
import math
import string
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Final, TypeAlias

# Fillings of finite holes that are tried one by one; beyond that a finite hole is treated as any text.
MAXIMUM_FILLINGS: Final = 64


@dataclass(frozen=True)
class Charset:
    """The characters that a filling may consist of; None means any."""

    characters: frozenset[str] | None = None

    def meets(self, other: "Charset") -> bool:
        """Tell whether some character belongs to both."""
        if self.characters is None or other.characters is None:
            return True
        return not self.characters.isdisjoint(other.characters)

    def holds(self, characters: str) -> bool:
        """Tell whether one of the characters belongs to the set."""
        return self.characters is None or any(character in self.characters for character in characters)


@cache
def folded(charset: Charset) -> Charset:
    """Return the set after everything has been turned to lower case."""
    if charset.characters is None:
        return charset
    return Charset(frozenset("".join(charset.characters).lower()))


_LOWER: Final = string.ascii_lowercase
_ALNUM: Final = string.ascii_letters + string.digits

ANY: Final = Charset()
DIGITS: Final = Charset(frozenset(string.digits))
REGION_CHARACTERS: Final = Charset(frozenset(_LOWER + string.digits + "-"))
NAME_CHARACTERS: Final = Charset(frozenset(_ALNUM + "+=,.@_-"))
PATH_CHARACTERS: Final = Charset(frozenset(_ALNUM + "+=,.@_-/"))


@dataclass(frozen=True)
class Hole:
    """An unknown part of a text.

    `identity` tells holes apart and is what messages show. A filling has at least `minimum` characters, exactly that
    many if `exact`, all of `charset`. `values` are the only possible fillings where they are known (AllowedValues);
    `default` is what is used unless it is overridden. A `literal` hole's wildcards mean themselves even in a pattern.
    Holes of one identity must not differ in anything but `literal`.
    """

    identity: str
    charset: Charset = ANY
    minimum: int = 0
    exact: bool = False
    values: tuple[str, ...] = ()
    default: str | None = field(default=None, compare=False)
    literal: bool = False

    def __hash__(self) -> int:
        """Hash the identity, which tells holes apart, instead of everything about it: texts are looked up often."""
        return hash(self.identity)

    def __str__(self) -> str:
        return "${" + self.identity + "}"


@dataclass(frozen=True)
class Symbolic:
    """A text with at least one hole. Make it with `text()`, which joins neighbouring strings."""

    parts: tuple[str | Hole, ...]

    def __str__(self) -> str:
        return "".join(map(str, self.parts))


Text: TypeAlias = str | Symbolic

PARTITION: Final = Hole("AWS::Partition", REGION_CHARACTERS, minimum=3)
REGION: Final = Hole("AWS::Region", REGION_CHARACTERS, minimum=9)
ACCOUNT: Final = Hole("AWS::AccountId", DIGITS, minimum=12, exact=True)


def parts_of(value: "Text | Hole") -> tuple[str | Hole, ...]:
    """Return the strings and holes of a text, in order."""
    return value.parts if isinstance(value, Symbolic) else (value,)


def text(*pieces: "Text | Hole") -> Text:
    """Join strings, holes and texts to one text."""
    parts: list[str | Hole] = []
    literal = ""
    for piece in pieces:
        for part in parts_of(piece):
            if isinstance(part, str):
                literal += part
                continue
            if literal:
                parts.append(literal)
                literal = ""
            parts.append(part)
    if not parts:
        return literal
    return Symbolic((*parts, literal) if literal else tuple(parts))


def holes_of(value: Text) -> tuple[Hole, ...]:
    """Return the holes of a text, each once, in order."""
    return tuple(dict.fromkeys(part for part in parts_of(value) if isinstance(part, Hole)))


def fill(value: Text, fillings: Mapping[str, Text]) -> Text:
    """Return the text with the holes whose identity is a key of `fillings` filled."""
    if isinstance(value, str):
        return value
    return text(*(fillings.get(part.identity, part) if isinstance(part, Hole) else part for part in value.parts))


def parse_holes(template: str, holes: Mapping[str, "Text | Hole"]) -> Text:
    """Return the text of a template such as `arn:${Partition}:...`: each `${Name}` that `holes` has is replaced."""
    pieces: list[Text | Hole] = []
    rest = template
    while "${" in rest:
        literal, _, tail = rest.partition("${")
        name, _, rest = tail.partition("}")
        pieces += [literal, holes.get(name, "${" + name + "}")]
    return text(*pieces, rest)


def fillings_of(holes: Iterable[Hole]) -> list[dict[str, Text]] | None:
    """Return every filling of the finite holes among `holes`; None if there is none or there are too many."""
    finite = [hole for hole in dict.fromkeys(holes) if hole.values]
    if not finite or math.prod(len(hole.values) for hole in finite) > MAXIMUM_FILLINGS:
        return None
    names = [hole.identity for hole in finite]
    return [dict(zip(names, values, strict=True)) for values in itertools.product(*(h.values for h in finite))]
