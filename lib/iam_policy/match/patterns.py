"""IAM's patterns over texts with symbols: `*`, `?`, the escapes `${*}` `${?}` `${$}` and policy variables.

A match is three-valued and sound: True only if every filling matches, False only if none does, else None.
Plain patterns against plain strings take a fast path without backtracking, so no pattern is slow.

With symbols, dynamic programming keeps two rows: "always" finds one alignment that holds for every filling,
"perhaps" treats each occurrence of a symbol separately and so never misses a filling that matches.
"""

import itertools
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from enum import Enum
from functools import cached_property, lru_cache
from typing import Final, TypeAlias, TypeVar

from iam_policy.match.symbols import ANY, Charset, Symbol, Text, Unit, fill, fillings_of, folded, parts_of, symbols_of

# Kleene's three truth values, None for undecided. "A or not A" of an unknown A is unknown, which is safe.
Truth: TypeAlias = bool | None


def negate(truth: Truth) -> Truth:
    """Return the opposite; unknown stays unknown."""
    return None if truth is None else not truth


def all_of(truths: Iterable[Truth]) -> Truth:
    """Return False if one is False, None if one might be, else True. Stops at the first False."""
    result: Truth = True
    for truth in truths:
        if truth is False:
            return False
        if truth is None:
            result = None
    return result


def any_of(truths: Iterable[Truth]) -> Truth:
    """Return True if one is True, None if one might be, else False. Stops at the first True."""
    return negate(all_of(map(negate, truths)))


def agreement(truths: Iterable[Truth]) -> Truth:
    """Return the value that all cases share, None when they differ (or when there is no case)."""
    seen = set(truths)
    return seen.pop() if len(seen) == 1 else None


class Wild(Enum):
    """The two wildcards."""

    STAR = "*"
    QUESTION = "?"


@dataclass(frozen=True)
class Variable:
    """A policy variable, `${aws:username}` or `${aws:PrincipalTag/team, 'none'}`; the key is in lower case."""

    key: str
    default: str | None = None

    def __str__(self) -> str:
        return "${" + self.key + (f", '{self.default}'" if self.default is not None else "") + "}"


Token: TypeAlias = str | Wild | Symbol | Variable

ESCAPES: Final = {"*", "?", "$"}
_WILDCARDS: Final = re.compile(r"[*?]")
_SPECIAL: Final = re.compile(r"\$\{([^{}]*)\}|[*?]")
_VARIABLE: Final = re.compile(r"\s*([^,\s']+)\s*(?:,\s*'([^']*)'\s*)?")


def tokens_of(string: str, *, wildcards: bool, variables: bool) -> list[Token]:
    """Split a string of a policy into tokens; some may be empty strings."""
    tokens: list[Token] = []
    position = 0
    for match in (_SPECIAL if variables else _WILDCARDS).finditer(string):
        inner = match.group(1) if variables else None
        if inner is None and not wildcards:
            continue
        tokens.append(string[position : match.start()])
        tokens.append(Wild(match.group()) if inner is None else _variable(inner))
        position = match.end()
    return [*tokens, string[position:]]


def _variable(inner: str) -> Token:
    if inner in ESCAPES:
        return inner
    parsed = _VARIABLE.fullmatch(inner)
    # Text that IAM cannot parse as a variable is a variable that never has a value.
    return Variable(parsed.group(1).lower(), parsed.group(2)) if parsed else Variable(inner.lower())


@dataclass(frozen=True)
class Pattern:
    """A compiled pattern: literal strings, wildcards, symbols and policy variables, in order."""

    tokens: tuple[Token, ...]

    @cached_property
    def variables(self) -> tuple[Variable, ...]:
        """The policy variables that have to be resolved before matching."""
        return tuple(token for token in self.tokens if isinstance(token, Variable))

    @cached_property
    def everything(self) -> bool:
        """Whether the pattern is only `*`, so that it matches everything."""
        return bool(self.tokens) and all(token is Wild.STAR for token in self.tokens)

    @cached_property
    def literal(self) -> str | None:
        """The only string that matches, if there is only one."""
        if all(isinstance(token, str) for token in self.tokens):
            return "".join(map(str, self.tokens))
        return None

    @cached_property
    def symbolic(self) -> bool:
        """Whether there is a symbol."""
        return any(isinstance(token, Symbol) for token in self.tokens)

    def match(self, target: Text, *, fold: bool = False) -> Truth:
        """Match a text, in lower case on both sides with `fold`. The variables must have been resolved."""
        if isinstance(target, str) and not self.symbolic:
            return _glob(self.tokens, fold=fold).fullmatch(target) is not None
        return match_symbolic(self.tokens, target, fold=fold)

    def resolve(self, value_of: "Callable[[Variable], Text | Symbol | None]") -> "Pattern | None":
        """Replace the variables by their values; None if one has no value."""
        if not self.variables:
            return self
        tokens: list[Token] = []
        for token in self.tokens:
            if not isinstance(token, Variable):
                tokens.append(token)
                continue
            value = value_of(token)
            if value is None:
                return None
            tokens.extend(parts_of(value))
        return Pattern(tuple(tokens))

    def __str__(self) -> str:
        return "".join(token.value if isinstance(token, Wild) else str(token) for token in self.tokens)


@lru_cache(maxsize=65536)
def _glob(tokens: tuple[Token, ...], *, fold: bool) -> re.Pattern[str]:
    """Compile a pattern without symbols. An atomic group keeps the first match of its piece, so nothing is slow."""
    pieces = [""]
    for token in tokens:
        if token is Wild.STAR:
            pieces.append("")
        else:
            pieces[-1] += "." if token is Wild.QUESTION else re.escape(str(token))
    source, *rest = pieces
    if rest:
        source += "".join(f"(?>.*?{piece})" for piece in rest[:-1]) + ".*" + rest[-1]
    return re.compile(source, re.DOTALL | (re.IGNORECASE if fold else 0))


@lru_cache(maxsize=65536)
def compile_pattern(source: Text, *, wildcards: bool = True, variables: bool = False) -> Pattern:
    """Compile a string of a policy. Without `wildcards`, `*` and `?` are literal (StringEquals)."""
    tokens: list[Token] = []
    for part in parts_of(source):
        if isinstance(part, str):
            tokens.extend(tokens_of(part, wildcards=wildcards, variables=variables))
        else:
            tokens.append(part if wildcards else Symbol(**{**vars(part), "literal": True}))
    return Pattern(tuple(token for token in tokens if token != ""))


@lru_cache(maxsize=65536)
def match_symbolic(pattern: tuple[Token, ...], target: Text, *, fold: bool) -> Truth:
    """Match a text against the tokens of a pattern, whose variables must have been resolved."""
    fillings = fillings_of([*(token for token in pattern if isinstance(token, Symbol)), *symbols_of(target)])
    if fillings is not None:
        return agreement(match_symbolic(_fill(pattern, one), fill(target, one), fold=fold) for one in fillings)
    mine, theirs = _without_shared_ends(_characters(pattern, fold=fold), _characters(parts_of(target), fold=fold))
    if _differ(mine, theirs) or not _possible(mine, theirs, fold=fold):
        return False
    return True if _definite(mine, theirs) else None


def _fill(pattern: tuple[Token, ...], filling: dict[str, Text]) -> tuple[Token, ...]:
    tokens: list[Token] = []
    for token in pattern:
        if isinstance(token, Symbol) and token.identity in filling:
            value = str(filling[token.identity])
            tokens.extend(tokens_of(value, wildcards=not token.literal, variables=False))
        else:
            tokens.append(token)
    return tuple(token for token in tokens if token != "")


def _characters(tokens: Sequence[Token], *, fold: bool) -> list[Token]:
    """Split strings into single characters."""
    spread: list[Token] = []
    for token in tokens:
        if isinstance(token, str):
            spread.extend(token.lower() if fold else token)
        else:
            spread.append(token)
    return spread


def _without_shared_ends(pattern: list[Token], target: list[Token]) -> tuple[list[Token], list[Token]]:
    """Remove what both begin and end with, also symbols whose filling is no wildcard: each counts once, not twice."""
    for _ in range(2):  # from the beginning, then from the end
        shared = sum(1 for _ in itertools.takewhile(_is_shared, zip(pattern, target, strict=False)))
        pattern, target = pattern[shared:][::-1], target[shared:][::-1]
    return pattern, target


def _is_shared(pair: tuple[Token, Token]) -> bool:
    token, peer = pair
    if isinstance(token, Symbol) and isinstance(peer, Symbol):
        return token.identity == peer.identity and (token.literal or not token.charset.holds("*?"))
    return isinstance(token, str) and token == peer


def _differ(one: list[Token], other: list[Token]) -> bool:
    """Whether both begin with the whole generated name of a resource, but of different ones."""
    mine, theirs = _own_name(one), _own_name(other)
    return bool(mine and theirs) and mine.unique == theirs.unique and mine.identity != theirs.identity  # type: ignore[union-attr]


def _own_name(tokens: list[Token]) -> Symbol | None:
    """Return the first symbol of tokens that begin with a generated name and then have a character of no name."""
    first = last = tokens[0] if tokens else None
    if not isinstance(first, Symbol) or not first.unique:
        return None
    for token in tokens[1:]:
        if isinstance(token, str) and not first.charset.holds(token[0]):
            break
        last = token
    return first if isinstance(last, Symbol) and last.unique and last.identity.startswith(first.identity) else None


def _definite(pattern: Sequence[Token], target: Sequence[Token]) -> bool:
    """One alignment that holds for every filling: only `*` or the same symbol absorbs one of the target."""
    return _aligns([(token is Wild.STAR, token) for token in pattern], [(False, token) for token in target], _same)


def _same(token: Token, other: Token) -> bool:
    if token is Wild.STAR:
        return True
    if isinstance(token, Symbol) or isinstance(other, Symbol):
        return isinstance(token, Symbol) and isinstance(other, Symbol) and token.identity == other.identity
    return token is Wild.QUESTION or token == other


def _units(token: Token, *, fold: bool, pattern: bool) -> list[Unit]:
    """Return what a token can stand for."""
    if not isinstance(token, Symbol):
        return [(token is Wild.STAR, ANY if isinstance(token, Wild) else Charset(frozenset(str(token))))]
    if pattern and not token.literal and token.charset.holds("*?"):
        return [(True, ANY)]  # the filling may itself be a wildcard
    if token.form:
        return [(many, folded(charset) if fold else charset) for many, charset in token.form]
    charset = folded(token.charset) if fold else token.charset
    return [(False, charset)] * token.minimum + [(True, charset)] * (not token.exact)


def _possible(pattern: Sequence[Token], target: Sequence[Token], *, fold: bool) -> bool:
    """Whether the languages intersect, each occurrence of a symbol on its own: never False if a filling matches."""
    mine = [unit for token in pattern for unit in _units(token, fold=fold, pattern=True)]
    theirs = [unit for token in target for unit in _units(token, fold=fold, pattern=False)]
    return _aligns(mine, theirs, Charset.meets)


_Element = TypeVar("_Element")


def _aligns(
    pattern: Sequence[tuple[bool, _Element]],
    target: Sequence[tuple[bool, _Element]],
    meets: Callable[[_Element, _Element], bool],
) -> bool:
    """Whether two sequences align, where an element with True stands for any number of its kind, none included."""
    row = [True]
    for many, _ in target:
        row.append(row[-1] and many)
    for many, element in pattern:
        before, row = row, [many and row[0]]
        for (other_many, other), diagonal, above in zip(target, before, before[1:], strict=False):
            skips = (many and above) or (other_many and row[-1])
            absorbs = diagonal or (many and row[-1]) or (other_many and above)
            row.append(skips or (absorbs and meets(element, other)))
    return row[-1]
