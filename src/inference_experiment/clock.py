"""The time of one Lambda invocation."""

import time
from typing import Protocol


class Clock(Protocol):
    """The time of one invocation, in seconds. `interval` is the polling interval."""

    @property
    def interval(self) -> float:
        """Return the polling interval."""

    def now(self) -> float:
        """Return the epoch time."""

    def sleep(self, seconds: float, /) -> None:
        """Wait."""

    def may_sleep(self, seconds: float, /) -> bool:
        """Return whether so long a wait and the answer fit into this invocation."""


class LambdaContext(Protocol):
    """The part of Lambda's context that is used."""

    function_name: str

    def get_remaining_time_in_millis(self) -> int:
        """Return the milliseconds that the invocation still has."""


class InvocationClock:
    """The time of one Lambda invocation; keeps a tenth of it, at least 2 s, for the last call and the answer."""

    def __init__(self, context: LambdaContext, interval: float) -> None:
        self._context = context
        self.interval = interval
        self._reserve = max(2.0, context.get_remaining_time_in_millis() / 10_000)

    def now(self) -> float:
        """Return the epoch time in seconds."""
        return time.time()

    def sleep(self, seconds: float) -> None:
        """Wait."""
        time.sleep(seconds)

    def may_sleep(self, seconds: float) -> bool:
        """Return whether so long a wait and the answer fit into this invocation."""
        remaining = self._context.get_remaining_time_in_millis() / 1000
        return remaining - seconds > self._reserve
