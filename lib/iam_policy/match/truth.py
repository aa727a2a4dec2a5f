"""Kleene's three truth values: True, False and None for undecided.

Everything here is pure and total. Incompleteness is accepted: "A or not A" of an unknown A is unknown, which is safe.
"""

from collections.abc import Iterable
from typing import TypeAlias

Truth: TypeAlias = bool | None


def negate(truth: Truth) -> Truth:
    """Return the opposite; unknown stays unknown."""
    return None if truth is None else not truth


def any_of(truths: Iterable[Truth]) -> Truth:
    """Return True if one is True, None if one might be, else False. Stops at the first True."""
    result: Truth = False
    for truth in truths:
        if truth:
            return True
        if truth is None:
            result = None
    return result


def all_of(truths: Iterable[Truth]) -> Truth:
    """Return False if one is False, None if one might be, else True. Stops at the first False."""
    result: Truth = True
    for truth in truths:
        if truth is False:
            return False
        if truth is None:
            result = None
    return result


def agreement(truths: Iterable[Truth]) -> Truth:
    """Return the value that all cases share, None when they differ (or when there is no case)."""
    seen = set(truths)
    return seen.pop() if len(seen) == 1 else None


def letter(truth: Truth) -> str:
    """Return T, F or U."""
    return "U" if truth is None else "FT"[truth]
