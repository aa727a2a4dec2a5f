"""How long a request bears errors that pass by themselves, and how slowly it goes on meanwhile.

Throttling says that AWS is there and that too many ask. It is waited out until the request's deadline, each look later
than the one before, so that all who wait together come to ask no more than AWS takes. A conflict, a server error or a
missing answer may be for good, and fails the request after PATIENCE.
"""

import zlib
from dataclasses import replace
from typing import Final

from inference_experiment.errors import ExperimentError, Throttled
from inference_experiment.model import Progress

# Seconds of conflicts, server errors and missing answers after which a request fails.
MAX_FAILING_SECONDS: Final = 300.0
# Polling intervals between two looks at most, however long throttling lasts.
MAX_SLOWDOWN: Final = 12.0
# Each throttled look doubles the pause, each answered one shortens it by as little as this: all who were refused
# together would otherwise soon be back together.
SLOWDOWN_DECAY: Final = 0.95


def _within(pace: float) -> float:
    """Return a pace between the limits: it travels in a message, and not only we can write one."""
    return max(1.0, min(pace, MAX_SLOWDOWN))


def after_error(progress: Progress, error: ExperimentError, now: float) -> Progress:
    """Return the progress after an error that passes by itself."""
    if isinstance(error, Throttled):
        return replace(progress, failing_since=None, slowdown=_within(_within(progress.slowdown) * 2))
    return replace(progress, failing_since=progress.failing_since or now)


def after_success(progress: Progress) -> Progress:
    """Return the progress after a look that AWS has answered."""
    return replace(progress, failing_since=None, slowdown=_within(_within(progress.slowdown) * SLOWDOWN_DECAY))


def expired(progress: Progress, now: float) -> bool:
    """Return whether to wait no longer after an error that passes by itself."""
    since = now if progress.failing_since is None else progress.failing_since
    return now >= progress.deadline or now - since >= MAX_FAILING_SECONDS


def final_error(error: ExperimentError) -> ExperimentError:
    """Return what an error that did not pass makes the request fail with."""
    if not isinstance(error, Throttled):
        return error
    what = "AWS throttled the provider until CloudFormation was about to stop waiting"
    return Throttled(f"{what}: {error}; repeat with fewer stacks at a time, or have the quota raised")


def delay(progress: Progress, interval: float, look: str, now: float) -> float:
    """Return the seconds until the next look: an interval; under throttling more, and different for each `look`.

    Taken from its name and not at random, so that what has happened can be repeated. Ends with the deadline, when
    there is still time to answer; an interval is shorter than that time.
    """
    share = 0.5 + zlib.crc32(look.encode()) / 2**33
    slowed = min(_within(progress.slowdown) * interval * share, progress.deadline - now)
    return max(interval, slowed)
