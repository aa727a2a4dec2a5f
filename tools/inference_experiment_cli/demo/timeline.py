"""Prints what happens while it happens: stack events, API calls and statuses, with the time since the start."""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from inference_experiment_cli.output import Screen
from inference_experiment_local.service import Call

if TYPE_CHECKING:
    from mypy_boto3_cloudformation.type_defs import StackEventTypeDef

STYLES = {"stack": "cyan", "call": "dim", "status": "bold green", "step": "bold"}
BAD = ("FAILED", "ROLLBACK")
READS = ("Describe", "List")


@dataclass
class Timeline:
    """Lines of a running demonstration; safe to use from several threads.

    `status_of` returns an experiment's status; `seen` collects every observed status, in order.
    """

    screen: Screen
    status_of: Callable[[str], str | None]
    seen: list[str] = field(default_factory=list)
    _last: dict[str, str] = field(default_factory=dict)
    _began: float = field(default_factory=time.monotonic)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def elapsed(self) -> float:
        """Seconds since the start."""
        return time.monotonic() - self._began

    def line(self, kind: str, subject: str, text: str, style: str = "") -> None:
        """Print one line."""
        columns = f"{self.elapsed:6.1f} s  {kind:<7} {subject:<22} {text}"
        with self._lock:
            self.screen.line(columns.rstrip(), style=style or STYLES[kind])

    def stack_event(self, event: "StackEventTypeDef") -> None:
        """Print an event of a stack."""
        status, reason = event["ResourceStatus"], event.get("ResourceStatusReason")
        bad = any(word in status for word in BAD)
        text = f"{status}: {reason}" if reason and bad else status
        self.line("stack", event["LogicalResourceId"], text, "bold red" if bad else "")

    def call(self, call: Call) -> None:
        """Print a call of the SageMaker API that changes something or fails, and the status when it has changed."""
        name = str(call.parameters.get("Name", ""))
        if not call.operation.endswith(("InferenceExperiment", "Tags")):
            return
        if not call.operation.startswith(READS):
            actions = call.parameters.get("ModelVariantActions", {})
            detail = ", ".join(f"{variant}: {action}" for variant, action in actions.items())
            self.line("call", call.operation, f"{call.error or 'ok'} {detail}".rstrip())
        status = self.status_of(name) if name else None
        if status and self._last.get(name) != status:
            self._last[name] = status
            self.seen.append(status)
            self.line("status", name, status)
