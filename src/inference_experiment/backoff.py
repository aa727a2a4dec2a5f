"""The pace: when to look next, and how long to retry transient errors.

A transition lasts minutes, so the longer a status has lasted, the longer the next pause. Throttling is retried until
the request's deadline, each time later, so that all waiting requests together come down to the rate that AWS allows. A
conflict, a server error or a missing answer may be permanent, and fails the request after MAX_FAILING_SECONDS.
"""

import zlib
from dataclasses import replace
from typing import Final

from inference_experiment.errors import Failure, Throttled
from inference_experiment.model import Progress

MAX_FAILING_SECONDS: Final = 300.0
MAX_SLOWDOWN: Final = 12.0  # polling intervals between two observations
# Each throttled call doubles the delay, each success shortens it by as little as this: requests that were throttled
# together would otherwise soon be back together.
SLOWDOWN_DECAY: Final = 0.98
# A pause is longer by half of the time that the status has lasted, up to so many polling intervals: ten seconds of
# the default interval, so that half of that is the usual lag. The second limit is for a transition that another one
# follows: its end does not complete the request.
PACE_GROWTH: Final = 0.5
MAX_PACE: Final = 2.0
MAX_PACE_FOLLOWED: Final = 6.0


def _within(slowdown: float) -> float:
    """Return a slowdown between its limits; it travels in a message, which others can write too."""
    return max(1.0, min(slowdown, MAX_SLOWDOWN))


class Pressure:
    """How hard AWS is pressed, as one container has seen it: the slowdown with which its next request begins."""

    def __init__(self) -> None:
        self.slowdown = 1.0

    def rise(self) -> None:
        """Note a call that was throttled."""
        self.slowdown = _within(self.slowdown * 2)

    def fall(self) -> None:
        """Note a call that was not."""
        self.slowdown = _within(self.slowdown * SLOWDOWN_DECAY)


def after_error(progress: Progress, failure: Failure, now: float) -> Progress:
    """Return the progress after a transient error."""
    if failure.kind is Throttled:
        return replace(progress, failing_since=None, slowdown=_within(_within(progress.slowdown) * 2))
    return replace(progress, failing_since=progress.failing_since or now)


def after_success(progress: Progress) -> Progress:
    """Return the progress after an observation without an error."""
    return replace(progress, failing_since=None, slowdown=_within(_within(progress.slowdown) * SLOWDOWN_DECAY))


def expired(progress: Progress, now: float) -> bool:
    """Return whether a transient error is not to be retried any more."""
    since = now if progress.failing_since is None else progress.failing_since
    return now >= progress.deadline or now - since >= MAX_FAILING_SECONDS


def final_failure(failure: Failure) -> Failure:
    """Return the failure of a request that fails for a transient error."""
    if failure.kind is not Throttled:
        return failure
    advice = "Deploy fewer stacks in parallel or request a quota increase"
    return Failure(Throttled, f"Still throttled when ServiceTimeout was about to expire: {failure}. {advice}")


def delay(progress: Progress, interval: float, attempt: str, now: float, *, followed: bool = False) -> float:
    """Return the seconds until the next observation; after throttling more, and not alike for everyone.

    The jitter is taken from the name of the attempt, not at random, so that a sequence of events can be repeated. The
    delay ends with the deadline at the latest, when there is still time to answer. `followed`: another transition
    follows the one that is waited for.
    """
    lasted = max(0.0, now - progress.status_since) if progress.status else 0.0
    pace = min(interval + lasted * PACE_GROWTH, interval * (MAX_PACE_FOLLOWED if followed else MAX_PACE))
    chance = zlib.crc32(attempt.encode()) / 2**32
    slowed = min(_within(progress.slowdown) * pace, MAX_SLOWDOWN * interval) * (1 + chance) / 2
    return max(interval, min(max(pace, slowed), progress.deadline - now))
