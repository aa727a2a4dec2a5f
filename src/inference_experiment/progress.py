"""The progress of a request at its first delivery, and as a message of the wait queue carries it."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from inference_experiment.event import Request
from inference_experiment.model import Progress

# Of the time that CloudFormation waits, what is kept for the answer: a tenth, at most this many seconds.
RESPONSE_MARGIN_SECONDS: Final = 120.0
CLOCK_SKEW_SECONDS: Final = 300.0  # seconds

# The members of a progress that another version of the function, or another sender, may have written.
MEMBER_TYPES: Final[Mapping[str, type | tuple[type, ...]]] = {
    "acted": dict,
    "failure": str,
    "handovers": int,
    "target": str,
    "transition_seen": bool,
    **dict.fromkeys(("deadline", "failing_since", "slowdown"), (int, float)),
}


def first_progress(request: Request, now: float) -> Progress:
    """Return the progress of a request at its first delivery: nothing done, and when to give up."""
    issued = now if request.issued is None or request.issued > now + CLOCK_SKEW_SECONDS else min(request.issued, now)
    return Progress(
        deadline=issued + request.service_timeout - min(RESPONSE_MARGIN_SECONDS, request.service_timeout / 10)
    )


def carried_progress(carried: object, first: Progress) -> Progress:
    """Return the progress that a message carries; `first` for what it does not carry in a usable form.

    It cannot put the deadline off: the request itself says how long CloudFormation waits.
    """
    if not isinstance(carried, Mapping):
        return first
    usable = {name: carried[name] for name, kind in MEMBER_TYPES.items() if isinstance(carried.get(name), kind)}
    acted = {key: at for key, at in usable.get("acted", {}).items() if isinstance(at, int | float)}
    deadline = min(first.deadline, usable.get("deadline", first.deadline))
    return replace(first, **{**usable, "acted": acted, "deadline": deadline})
