"""The clock of the simulated SageMaker: real time plus what a test has skipped, or standing still."""

import threading
import time


class Clock:
    """Tells the time as epoch seconds. It never runs backwards."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._offset = 0.0
        self._frozen_at: float | None = None

    def now(self) -> float:
        """Return epoch seconds."""
        with self._lock:
            return self._real() + self._offset

    def advance(self, seconds: float) -> None:
        """Skip `seconds`, which works on a frozen clock too; negative raises ValueError."""
        if seconds < 0:
            raise ValueError(f"the clock cannot go back by {-seconds} seconds")
        with self._lock:
            self._offset += seconds

    def freeze(self) -> None:
        """Stand still: from now on only `advance` moves the time."""
        with self._lock:
            self._frozen_at = self._real()

    def resume(self) -> None:
        """Run again, from the time at which the clock stood."""
        with self._lock:
            if self._frozen_at is not None:
                self._offset -= time.time() - self._frozen_at
                self._frozen_at = None

    def _real(self) -> float:
        return time.time() if self._frozen_at is None else self._frozen_at
