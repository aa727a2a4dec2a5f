"""Compares what a scenario expects with what there was; a difference is a text that says where, or empty."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final

from scenario_edge import Seen
from scenario_format import Members

# What a request must hold exactly; of others, only the arguments that a scenario names are compared.
EXACT: Final = {"UpdateInferenceExperiment", "StartInferenceExperiment", "StopInferenceExperiment", "SendMessage"}


def difference(expected: Any, actual: Any, where: str = "", *, exact: bool = False) -> str:
    """Return where `actual` lacks something of `expected`, "" if nowhere. An expected null means: not there."""
    if isinstance(expected, Mapping):
        if not isinstance(actual, Mapping):
            return f"{where}: {actual!r} is no mapping"
        if exact and set(actual) - {key for key, value in expected.items() if value is not None}:
            return f"{where}: has {sorted(actual)}, expected {sorted(expected)}"
        found = (
            (f"{where}/{key}: {actual[key]!r} is not to be there" if key in actual else "")
            if value is None
            else (difference(value, actual[key], f"{where}/{key}") if key in actual else f"{where}/{key}: is missing")
            for key, value in expected.items()
        )
        return next(filter(None, found), "")
    if isinstance(expected, list):
        if not isinstance(actual, list) or len(actual) != len(expected):
            return f"{where}: {actual!r} has not {len(expected)} items"
        found = (
            difference(one, other, f"{where}/{i}") for i, (one, other) in enumerate(zip(expected, actual, strict=True))
        )
        return next(filter(None, found), "")
    same = expected == actual or (isinstance(actual, int | float) and expected == _as_time(actual))
    return "" if same else f"{where}: {actual!r} is not {expected!r}"


def _as_time(value: float) -> str:
    """Return how a scenario writes a time that travels as epoch seconds."""
    return datetime.fromtimestamp(value, UTC).strftime("%Y-%m-%dT%H:%M:%SZ") if 0 < value < 1e11 else ""


def call_difference(expected: Members, seen: Seen) -> str:
    """Return how a call differs from the one that a scenario lists."""
    (operation, wanted), *_ = expected.items()
    if operation != seen.operation:
        return f"{seen.operation} was called instead of {operation}"
    if isinstance(wanted, str):
        return "" if seen.answer == wanted else f"{operation} was answered {seen.answer!r}, not {wanted!r}"
    return difference(wanted or {}, seen.arguments, operation, exact=wanted is not None and operation in EXACT)
