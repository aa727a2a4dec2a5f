"""The clock of the local AWS: real time plus what was skipped."""

import threading
import time


class Clock:
    """Tells the time as epoch seconds, `ahead` of the real time. It never runs backwards."""

    def __init__(self, ahead: float = 0.0) -> None:
        self._lock = threading.Lock()
        self._ahead = ahead

    def now(self) -> float:
        """Return epoch seconds."""
        return time.time() + self._ahead

    def advance(self, seconds: float) -> None:
        """Skip `seconds`; negative raises ValueError."""
        if seconds < 0:
            raise ValueError(f"the clock cannot go back by {-seconds} seconds")
        with self._lock:
            self._skip(seconds)

    def _skip(self, seconds: float) -> None:
        self._ahead += seconds
