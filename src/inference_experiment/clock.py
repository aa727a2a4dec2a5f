"""The time of one invocation."""

import time
from typing import Final, Protocol

SHORTEST_CALL: Final = 3.0  # seconds; with less a call need not begin


class LambdaContext(Protocol):
    """The part of Lambda's context that is used."""

    def get_remaining_time_in_millis(self) -> int:
        """Return the milliseconds that the invocation still has."""


class Clock:
    """Real time in seconds, without a limit. `interval` is the polling interval."""

    def __init__(self, interval: float) -> None:
        self.interval = interval

    def now(self) -> float:
        """Return the epoch time."""
        return time.time()

    def sleep(self, seconds: float) -> None:
        """Wait."""
        time.sleep(seconds)

    def may_sleep(self, _seconds: float) -> bool:
        """Return whether so long a wait and the answer fit into this invocation."""
        return True


class InvocationClock(Clock):
    """The time of one Lambda invocation; keeps a tenth of it, at least 2 s, for the last call and the answer."""

    def __init__(self, context: LambdaContext, interval: float) -> None:
        super().__init__(interval)
        self._context = context
        self._reserve = max(2.0, context.get_remaining_time_in_millis() / 10_000)

    def may_sleep(self, seconds: float) -> bool:
        """Return whether so long a wait and the answer fit into this invocation."""
        return self._context.get_remaining_time_in_millis() / 1000 - seconds > self._reserve

    def left(self) -> float:
        """Return the seconds that one call may take: half of the reserve is the answer's."""
        return max(SHORTEST_CALL, self._context.get_remaining_time_in_millis() / 1000 - self._reserve / 2)
