"""Strings with symbols: what is known of a string before a template is deployed.

A text is a plain `str`, or a `Symbolic` whose parts are strings and symbols. Symbols of one identity have the
same, unknown, filling everywhere. Nothing here knows about wildcards, ARNs or templates.
"""

import itertools
import math
import re
import string
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Final, TypeAlias

# Fillings of finite symbols that are tried one by one; beyond that a finite symbol is treated as any text.
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
    """Return the set in lower case."""
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
# One character, or with True any number of them, of a set.
Unit: TypeAlias = tuple[bool, Charset]


@dataclass(frozen=True)
class Symbol:
    """An unknown part of a text.

    `identity` distinguishes symbols and is shown in messages. A filling has at least `minimum` characters, exactly
    that many if `exact`, all of `charset`. `values` are the only possible fillings if known (AllowedValues);
    `default` is used unless it is overridden. Wildcards in a `literal` symbol are literal even in a pattern.
    Different symbols with the same `unique` kind have different fillings; those that are not `chosen` by an author are
    generated. `form` is that of every filling, if it is known more exactly: units in order.
    Symbols of one identity must not differ in anything but `literal`.
    """

    identity: str
    charset: Charset = ANY
    minimum: int = 0
    exact: bool = False
    values: tuple[str, ...] = ()
    default: str | None = field(default=None, compare=False)
    literal: bool = False
    unique: str = ""
    chosen: bool = False
    form: tuple[Unit, ...] = ()

    def __hash__(self) -> int:
        """Hash only the identity, which distinguishes symbols: texts are looked up often."""
        return hash(self.identity)

    def __str__(self) -> str:
        return "${" + self.identity + "}"


@dataclass(frozen=True)
class Symbolic:
    """A text with at least one symbol. Make it with `text()`, which joins neighbouring strings."""

    parts: tuple[str | Symbol, ...]

    def __str__(self) -> str:
        return "".join(map(str, self.parts))


Text: TypeAlias = str | Symbolic

_HYPHEN: Final = Charset(frozenset("-"))
_LETTER: Final = Charset(frozenset(_LOWER))
_WORDS: Final = Charset(frozenset(_LOWER + "-"))
# A region, a partition and an account have different forms, so none is ever equal to another: us-gov-west-1, aws-cn.
PARTITION: Final = Symbol(
    "AWS::Partition",
    REGION_CHARACTERS,
    minimum=3,
    form=(*((False, Charset(frozenset(letter))) for letter in "aws"), (True, _WORDS)),
)
REGION: Final = Symbol(
    "AWS::Region",
    REGION_CHARACTERS,
    minimum=9,
    form=(
        *((False, _LETTER), (False, _LETTER), (True, _LETTER), (False, _HYPHEN)),
        *((False, _LETTER), (True, _WORDS), (False, _HYPHEN), (False, DIGITS), (True, DIGITS)),
    ),
)
ACCOUNT: Final = Symbol("AWS::AccountId", DIGITS, minimum=12, exact=True)


def parts_of(value: "Text | Symbol") -> tuple[str | Symbol, ...]:
    """Return the strings and symbols of a text, in order."""
    return value.parts if isinstance(value, Symbolic) else (value,)


def text(*pieces: "Text | Symbol") -> Text:
    """Join strings, symbols and texts to one text."""
    parts: list[str | Symbol] = []
    for part in itertools.chain.from_iterable(map(parts_of, pieces)):
        if isinstance(part, str) and parts and isinstance(parts[-1], str):
            parts[-1] += part
        elif part != "":
            parts.append(part)
    return Symbolic(tuple(parts)) if any(isinstance(part, Symbol) for part in parts) else "".join(map(str, parts))


def symbols_of(value: Text) -> tuple[Symbol, ...]:
    """Return the symbols of a text, each once, in order."""
    return tuple(dict.fromkeys(part for part in parts_of(value) if isinstance(part, Symbol)))


def fill(value: Text, fillings: Mapping[str, Text]) -> Text:
    """Return the text with the symbols whose identity is a key of `fillings` filled."""
    if isinstance(value, str):
        return value
    return text(*(fillings.get(part.identity, part) if isinstance(part, Symbol) else part for part in value.parts))


def parse_symbols(template: str, symbols: Mapping[str, "Text | Symbol"]) -> Text:
    """Return the text of a template such as `arn:${Partition}:...`: each `${Name}` in `symbols` is replaced."""
    pieces = enumerate(re.split(r"(\$\{[^{}]*\})", template))
    return text(*(symbols.get(piece[2:-1], piece) if index % 2 else piece for index, piece in pieces))


def fillings_of(symbols: Iterable[Symbol]) -> list[dict[str, Text]] | None:
    """Return every filling of the finite ones among `symbols`; None if there are none or too many."""
    finite = [symbol for symbol in dict.fromkeys(symbols) if symbol.values]
    if not finite or math.prod(len(symbol.values) for symbol in finite) > MAXIMUM_FILLINGS:
        return None
    names = [symbol.identity for symbol in finite]
    return [dict(zip(names, values, strict=True)) for values in itertools.product(*(h.values for h in finite))]
