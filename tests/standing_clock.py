"""A clock for LocalSageMaker that only a test moves."""

import time

from inference_experiment_local.clock import Clock


class StandingClock(Clock):
    """Stands where it began, but for what is skipped."""

    def __init__(self, began: float | None = None) -> None:
        super().__init__()
        self.stand_at(time.time() if began is None else began)

    def stand_at(self, moment: float) -> None:
        """Go to an epoch time, which may be an earlier one."""
        self._began, self._ahead = moment, 0.0

    def _reading(self) -> float:
        return self._began + self._ahead
