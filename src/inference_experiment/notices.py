"""What the lifecycle reports while it runs: its decisions, and the problems that it meets."""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from inference_experiment.decision import RequestKind
from inference_experiment.errors import Failure
from inference_experiment.model import ActionKind, Observed

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Decision:
    """The next action for an experiment of this status, and the reason."""

    request: RequestKind
    experiment: Observed
    action: ActionKind
    reason: str


class ProblemKind(StrEnum):
    """The consequence of a problem; values are log messages."""

    RETRIED = "error"
    STACK_STATUS_UNKNOWN = "stack status unknown"
    IGNORED_IN_ROLLBACK = "a rollback cannot undo this"
    ABANDONED = "CloudFormation no longer waits for this request"
    FAILED = "failed"

    @property
    def level(self) -> int:
        """Level of the log line."""
        return logging.ERROR if self is ProblemKind.FAILED else logging.WARNING


@dataclass(frozen=True)
class Problem:
    """A failure and its consequence."""

    kind: ProblemKind
    error: Failure
    experiment: Observed


Notice = Decision | Problem
Report = Callable[[Notice], None]


def log_notice(notice: Notice) -> None:
    """Write a notice to the log."""
    line = {"experiment": notice.experiment.name, "status": notice.experiment.status.value}
    if isinstance(notice, Decision):
        line |= {"request": notice.request.value, "action": notice.action.value, "reason": notice.reason}
        logger.info("decision", extra=line)
    else:
        line |= {"error": notice.error.kind.__name__, "reason": str(notice.error)}
        logger.log(notice.kind.level, notice.kind.value, extra=line)
