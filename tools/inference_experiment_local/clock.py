"""The clock of the local AWS: real time plus what was skipped."""

import contextlib
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path


class Clock:
    """Tells the time as epoch seconds, `ahead` of the real time. It never runs backwards.

    `on_advance` is called with the seconds that it is ahead when these have changed.
    """

    def __init__(self, ahead: float = 0.0) -> None:
        self.on_advance: Callable[[float], None] | None = None
        self._lock = threading.Lock()
        self._ahead = ahead
        self._held = threading.local()

    def now(self) -> float:
        """Return epoch seconds."""
        moment: float | None = getattr(self._held, "moment", None)
        return self._reading() if moment is None else moment

    @contextlib.contextmanager
    def held(self, at: float | None = None) -> Iterator[float]:
        """Let the clock stand still for this thread, at `at` or now; gives the time at which it stands."""
        before = getattr(self._held, "moment", None)
        self._held.moment = moment = self.now() if at is None else at
        try:
            yield moment
        finally:
            self._held.moment = before

    def advance(self, seconds: float) -> None:
        """Skip `seconds`; negative raises ValueError."""
        if seconds < 0:
            raise ValueError(f"the clock cannot go back by {-seconds} seconds")
        with self._lock:
            self._skip(seconds)
            if self.on_advance is not None:
                self.on_advance(self._ahead)

    def _reading(self) -> float:
        return time.time() + self._ahead

    def _skip(self, seconds: float) -> None:
        self._ahead += seconds


def seconds_ahead(path: str | Path) -> float:
    """Return the seconds in a file to which a clock writes how far it is ahead; 0 without the file."""
    try:
        return float(Path(path).read_text(encoding="ascii"))
    except (OSError, ValueError):
        return 0.0
