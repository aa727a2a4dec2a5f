"""An experiment's statuses as they change, until it is stable."""

import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from inference_experiment.model import TRANSITIONAL, Observed, Status
from inference_experiment_cli.inventory.properties import text_of


@dataclass(frozen=True)
class Moment:
    """What showed at one time; `seconds` since the first look, `lasted` is how long the status before it showed."""

    seconds: float
    status: Status
    reason: str
    variants: str
    endpoint: str
    lasted: float

    def row(self) -> dict[str, Any]:
        """Return the moment as a row."""
        return {
            "seconds": round(self.seconds, 1),
            "status": self.status.value,
            "variants": self.variants,
            "endpoint": self.endpoint,
            "reason": self.reason,
            "lasted": round(self.lasted, 1),
        }


COLUMNS = ("seconds", "status", "variants", "endpoint", "reason")


def _variants(details: Mapping[str, Any]) -> str:
    return ", ".join(f"{one['VariantName']} {one.get('Status', '')}" for one in details.get("ModelVariants") or ())


def _moment(observed: Observed, seconds: float, lasted: float) -> Moment:
    endpoint = observed.details.get("EndpointMetadata") or {}
    shown = f"{endpoint.get('EndpointStatus', '')} {endpoint.get('FailureReason', '')}".strip()
    return Moment(
        seconds, observed.status, str(text_of(observed.status_reason)), _variants(observed.details), shown, lasted
    )


def watch(look: Callable[[], Observed], until: Status | None, interval: float, timeout: float) -> Iterator[Moment]:
    """Yield each change of status or variants until the experiment is stable, gone, or as wanted; or time is up."""
    began = changed = time.monotonic()
    last: Moment | None = None
    while True:
        observed, now = look(), time.monotonic()
        moment = _moment(observed, now - began, now - changed)
        if last is None or (moment.status, moment.variants, moment.endpoint) != (
            last.status,
            last.variants,
            last.endpoint,
        ):
            yield moment
            last, changed = moment, now
        if is_over(observed.status, until) or now - began >= timeout:
            return
        time.sleep(interval)


def is_over(status: Status, until: Status | None) -> bool:
    """Return whether there is nothing more to wait for."""
    if until is None:
        return status not in TRANSITIONAL
    return status is until or status in (Status.ABSENT, Status.COMPLETED, Status.CANCELLED)
