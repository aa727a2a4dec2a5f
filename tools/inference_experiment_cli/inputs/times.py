"""Times as users write them: the one reader of every option that takes a time."""

import re
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import typer

from inference_experiment_cli.errors import UsageError

NOT_A_TIME: Final = (
    "is not an ISO 8601 time; write it as 2030-01-31, 2030-01-31T08:00, 2030-01-31T08:00:00Z, +3d, -12h or now"
)
UNITS: Final = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days", "w": "weeks"}
_RELATIVE: Final = re.compile(r"[+-](?:\d{1,9}[smhdw])+", re.IGNORECASE)
_SPAN: Final = re.compile(r"(\d+)([smhdw])", re.IGNORECASE)
_EPOCH: Final = re.compile(r"\d{9,11}(?:\.\d{1,9})?")


def moment(description: str) -> Any:  # noqa: ANN401 - Typer's
    """Return an option that takes a time."""
    return typer.Option(metavar="TIME", help=f"{description} 2030-01-31, 2030-01-31T08:00Z, or from now: -7d, +12h.")


def option_moment(text: str, option: str) -> datetime:
    """Return the time of an option in UTC. Raises UsageError."""
    parsed = parse_moment(text)
    if parsed is None:
        raise UsageError(f"{option} {text}: {NOT_A_TIME}")
    return parsed


def parse_moment(text: str) -> datetime | None:
    """Return the time of a text in UTC, None for any other text.

    A date is its midnight; without a zone it is UTC; +3d or -12h is counted from now; epoch seconds are as the API has
    them.
    """
    try:
        parsed = _parsed(text.strip(), datetime.now(UTC))
        return parsed.astimezone(UTC) if parsed.tzinfo else parsed.replace(tzinfo=UTC)
    except (ValueError, OverflowError, OSError):
        return None


def _parsed(text: str, now: datetime) -> datetime:
    if text.lower() == "now":
        return now
    if _RELATIVE.fullmatch(text):
        spans: dict[str, int] = {}
        for count, unit in _SPAN.findall(text):
            name = UNITS[unit.lower()]
            spans[name] = spans.get(name, 0) + int(count)
        return now - timedelta(**spans) if text.startswith("-") else now + timedelta(**spans)
    if _EPOCH.fullmatch(text):
        return datetime.fromtimestamp(float(text), UTC)
    return datetime.fromisoformat(text)
