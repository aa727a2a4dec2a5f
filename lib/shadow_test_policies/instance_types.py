"""Names of instance types: whether one is certainly wrong, and what was meant. The lists are the callers'."""

import difflib
import re
from collections.abc import Collection
from typing import Final

PREFIX: Final = "ml."
FORM: Final = re.compile(r"ml\.[a-z0-9-]+\.[a-z0-9-]+")


def family_of(name: str) -> str:
    """Return m5 of ml.m5.large."""
    return name.split(".")[1] if name.startswith(PREFIX) and name.count(".") > 1 else ""


def nearest_instance_type(name: str, listed: Collection[str]) -> str | None:
    """Return the most similar hosting instance type when `name` is certainly not one, else None.

    The price list is incomplete and differs by region, so only a missing "ml." or a size that no region has for a
    listed family counts as certain.
    """
    if name in listed or not listed:
        return None
    if PREFIX + name in listed:
        return PREFIX + name
    same = sorted(other for other in listed if family_of(other) == family_of(name))
    if not family_of(name) or not same:
        return None
    return next(iter(difflib.get_close_matches(name, same, 1, 0)), same[0])


def unknown_instance_type(name: str, listed: Collection[str]) -> str | None:
    """Return what is wrong with the name of a hosting instance type, None unless it is certain."""
    nearest = nearest_instance_type(name, listed)
    advice = f"did you mean {nearest}?" if nearest else "" if FORM.fullmatch(name) else "write one such as ml.m5.large"
    return f"'{name}' is not a hosting instance type; {advice}" if advice else None
