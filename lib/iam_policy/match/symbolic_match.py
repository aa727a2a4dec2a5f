"""Matching where holes are involved: one dynamic programme with two rows, "always" and "perhaps".

Both are sound: "always" finds one alignment that holds for every filling, "perhaps" takes each occurrence of a hole for
itself and so never misses a filling that matches. What is neither always nor never is unknown.
"""

from collections.abc import Sequence
from functools import lru_cache
from typing import TypeAlias

from iam_policy.match.symbols import ANY, Charset, Hole, Text, fill, fillings_of, folded, holes_of, parts_of
from iam_policy.match.tokens import Token, Wild, tokens_of
from iam_policy.match.truth import Truth, agreement

# What a token can stand for: one character or any number of characters, of a set.
_Unit: TypeAlias = tuple[bool, Charset]


@lru_cache(maxsize=65536)
def match_symbolic(pattern: tuple[Token, ...], target: Text, *, fold: bool) -> Truth:
    """Match a text against the tokens of a pattern, whose variables must have been resolved."""
    fillings = fillings_of([*(token for token in pattern if isinstance(token, Hole)), *holes_of(target)])
    if fillings is not None:
        return agreement(match_symbolic(_fill(pattern, one), fill(target, one), fold=fold) for one in fillings)
    left = _without_ends(list(pattern), list(parts_of(target)), fold=fold)
    if left is None or not _possible(*left, fold=fold):
        return False
    return True if _definite(*left, fold=fold) else None


def _fill(pattern: tuple[Token, ...], filling: dict[str, Text]) -> tuple[Token, ...]:
    tokens: list[Token] = []
    for token in pattern:
        if isinstance(token, Hole) and token.identity in filling:
            value = str(filling[token.identity])
            tokens.extend(tokens_of(value, wildcards=not token.literal, variables=False))
        else:
            tokens.append(token)
    return tuple(token for token in tokens if token != "")


def _without_ends(one: list[Token], other: list[Token], *, fold: bool) -> tuple[list[Token], list[Token]] | None:
    """Drop the text that both begin with and that both end with, which makes the table small; None if they differ."""
    for end in (0, -1):
        if not (one and other and isinstance(one[end], str) and isinstance(other[end], str)):
            continue
        texts = [str(tokens[end]).lower() if fold else str(tokens[end]) for tokens in (one, other)]
        size = min(map(len, texts))
        ends = [text[len(text) - size :] if end else text[:size] for text in texts]
        if ends[0] != ends[1]:
            return None
        for tokens, text in zip((one, other), texts, strict=True):
            rest = text[: len(text) - size] if end else text[size:]
            tokens[end : end + 1 or None] = [rest] if rest else []
    return one, other


def _characters(tokens: Sequence[Token], *, fold: bool) -> list[Token]:
    """Spread strings to single characters."""
    spread: list[Token] = []
    for token in tokens:
        if isinstance(token, str):
            spread.extend(token.lower() if fold else token)
        else:
            spread.append(token)
    return spread


def _definite(pattern: Sequence[Token], target: Sequence[Token], *, fold: bool) -> bool:
    """One alignment that holds for every filling: only `*` or the same hole absorbs a hole of the target."""
    others = _characters(target, fold=fold)
    row = [True] + [False] * len(others)
    for token in _characters(pattern, fold=fold):
        before, row = row, [row[0] and token is Wild.STAR] + [False] * len(others)
        for index, other in enumerate(others):
            if token is Wild.STAR:
                row[index + 1] = before[index + 1] or row[index]
            else:
                row[index + 1] = before[index] and _same(token, other)
    return row[-1]


def _same(token: Token, other: Token) -> bool:
    if isinstance(token, Hole) or isinstance(other, Hole):
        return isinstance(token, Hole) and isinstance(other, Hole) and token.identity == other.identity
    return token is Wild.QUESTION or token == other


def _units(tokens: Sequence[Token], *, fold: bool, pattern: bool) -> list[_Unit]:
    units: list[_Unit] = []
    for token in _characters(tokens, fold=fold):
        if token is Wild.STAR:
            units.append((True, ANY))
        elif token is Wild.QUESTION:
            units.append((False, ANY))
        elif isinstance(token, Hole):
            units.extend(_units_of_hole(token, fold=fold, pattern=pattern))
        else:
            units.append((False, Charset(frozenset(str(token)))))
    return units


def _units_of_hole(hole: Hole, *, fold: bool, pattern: bool) -> list[_Unit]:
    if pattern and not hole.literal and hole.charset.holds("*?"):
        return [(True, ANY)]  # the filling may itself be a wildcard
    charset = folded(hole.charset) if fold else hole.charset
    return [(False, charset)] * hole.minimum + [(True, charset)] * (not hole.exact)


def _possible(pattern: Sequence[Token], target: Sequence[Token], *, fold: bool) -> bool:
    """Whether the two languages meet, each occurrence of a hole taken for itself: never False if a filling matches."""
    others = _units(target, fold=fold, pattern=False)
    row = [True]
    for many, _ in others:
        row.append(row[-1] and many)
    for unit in _units(pattern, fold=fold, pattern=True):
        before, row = row, [unit[0] and row[0]]
        for index, other in enumerate(others):
            row.append(_reachable((before[index], before[index + 1], row[index]), unit, other))
    return row[-1]


def _reachable(neighbours: tuple[bool, bool, bool], unit: _Unit, other: _Unit) -> bool:
    """One cell of the table from the cells diagonally above, above and to the left."""
    diagonal, above, left = neighbours
    many, charset = unit
    other_many, other_charset = other
    if (many and above) or (other_many and left):  # the one or the other stands for nothing
        return True
    absorbs = diagonal or (many and left) or (other_many and above)
    return absorbs and charset.meets(other_charset)
