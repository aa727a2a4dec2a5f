"""Retry and backoff policy for transient errors.

Throttling is retried until the request's deadline, each time later, so that all waiting requests together come down to
the rate that AWS allows. A conflict, a server error or a missing answer may be permanent, and fails the request after
MAX_FAILING_SECONDS.
"""

import zlib
from dataclasses import replace
from typing import Final

from inference_experiment.errors import ExperimentError, Throttled
from inference_experiment.model import Progress

MAX_FAILING_SECONDS: Final = 300.0
MAX_SLOWDOWN: Final = 12.0  # polling intervals between two observations
# Each throttled call doubles the delay, each success shortens it by as little as this: requests that were throttled
# together would otherwise soon be back together.
SLOWDOWN_DECAY: Final = 0.95


def _within(slowdown: float) -> float:
    """Return a slowdown between its limits; it travels in a message, which others can write too."""
    return max(1.0, min(slowdown, MAX_SLOWDOWN))


def after_error(progress: Progress, error: ExperimentError, now: float) -> Progress:
    """Return the progress after a transient error."""
    if isinstance(error, Throttled):
        return replace(progress, failing_since=None, slowdown=_within(_within(progress.slowdown) * 2))
    return replace(progress, failing_since=progress.failing_since or now)


def after_success(progress: Progress) -> Progress:
    """Return the progress after an observation without an error."""
    return replace(progress, failing_since=None, slowdown=_within(_within(progress.slowdown) * SLOWDOWN_DECAY))


def expired(progress: Progress, now: float) -> bool:
    """Return whether a transient error is not to be retried any more."""
    since = now if progress.failing_since is None else progress.failing_since
    return now >= progress.deadline or now - since >= MAX_FAILING_SECONDS


def final_error(error: ExperimentError) -> ExperimentError:
    """Return the error of a request that fails for a transient error."""
    if not isinstance(error, Throttled):
        return error
    advice = "Deploy fewer stacks in parallel or request a quota increase"
    return Throttled(f"Still throttled when ServiceTimeout was about to expire: {error}. {advice}")


def delay(progress: Progress, interval: float, attempt: str, now: float) -> float:
    """Return the seconds until the next observation: an interval; after throttling more, and not alike for everyone.

    The jitter is taken from the name of the attempt, not at random, so that a sequence of events can be repeated. The
    delay ends with the deadline at the latest, when there is still time to answer.
    """
    jitter = 0.5 + zlib.crc32(attempt.encode()) / 2**33
    slowed = min(_within(progress.slowdown) * interval * jitter, progress.deadline - now)
    return max(interval, slowed)
