"""Follows an experiment's status, variants and endpoint until it is stable."""

import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Final

from inference_experiment.model import TRANSITIONAL, Observed, Status
from inference_experiment_cli.errors import NotPossibleError
from inference_experiment_cli.inventory.properties import to_jsonable
from inference_experiment_cli.output import Format, console, note, print_rows

COLUMNS: Final = ("seconds", "status", "variants", "endpoint", "reason")
ENDS: Final = (Status.ABSENT, Status.COMPLETED, Status.CANCELLED)


@dataclass(frozen=True)
class Moment:
    """One observation; `seconds` since the first one."""

    seconds: float
    status: Status
    reason: str
    variants: str
    endpoint: str

    @classmethod
    def of(cls, observed: Observed, seconds: float) -> "Moment":
        """Return an observation as it is shown."""
        details: Mapping[str, Any] = observed.details
        variants = ", ".join(
            f"{each['VariantName']} {each.get('Status', '')}" for each in details.get("ModelVariants") or ()
        )
        endpoint = details.get("EndpointMetadata") or {}
        shown = f"{endpoint.get('EndpointStatus', '')} {endpoint.get('FailureReason', '')}".strip()
        return cls(seconds, observed.status, str(to_jsonable(observed.status_reason)), variants, shown)

    @property
    def shown(self) -> tuple[Status, str, str]:
        """What makes a line of its own when it changes."""
        return self.status, self.variants, self.endpoint

    def row(self) -> dict[str, Any]:
        """Return the moment as a row."""
        return {**vars(self), "seconds": round(self.seconds, 1), "status": self.status.value}


def changes(observe: Callable[[], Observed], until: Status | None, interval: float, timeout: float) -> Iterator[Moment]:
    """Yield each change until the experiment is stable, gone, or in the status to wait for, or time is up."""
    began = time.monotonic()
    last: Moment | None = None
    while True:
        moment = Moment.of(observe(), time.monotonic() - began)
        if last is None or moment.shown != last.shown:
            yield moment
            last = moment
        if is_over(moment.status, until) or moment.seconds >= timeout:
            return
        time.sleep(interval)


def is_over(status: Status, until: Status | None) -> bool:
    """Return whether there is nothing more to wait for."""
    if until is None:
        return status not in TRANSITIONAL
    return status is until or status in ENDS


def follow(
    observe: Callable[[], Observed], name: str, until: Status | None, interval: float, timeout: float, output: Format
) -> None:
    """Print each change until the experiment is stable. Raises NotPossibleError where that is not the wanted end."""
    moments: list[Moment] = []

    def rows() -> Iterator[dict[str, Any]]:
        for moment in changes(observe, until, interval, timeout):
            moments.append(moment)
            yield moment.row()

    with console(stderr=True).status(f"watching {name}"):
        if output is Format.TABLE:
            _print_lines(rows())
        else:
            print_rows(rows(), COLUMNS, output)
    last = moments[-1]
    note(_timeline(moments))
    if not is_over(last.status, until):
        raise NotPossibleError(f"{name} is still {last.status} after {timeout:g} s")
    if last.status in (Status.ABSENT, Status.CANCELLED) and last.status is not until:
        raise NotPossibleError(f"{name} is {last.status}" + (f": {last.reason}" if last.reason else ""))
    if until and last.status is not until:
        raise NotPossibleError(f"{name} is {last.status}, so it cannot become {until} any more")


def _print_lines(rows: Iterable[Mapping[str, Any]]) -> None:
    screen = console()
    for row in rows:
        endpoint = f"endpoint {row['endpoint'] or 'unknown'}"
        text = f"{row['seconds']:8.1f} s  {row['status']:<10} {row['variants']}  {endpoint}"
        screen.print(text + (f"  {row['reason']}" if row["reason"] else ""))


def _timeline(moments: list[Moment]) -> str:
    """Return how long each status lasted."""
    starts = [
        moment for index, moment in enumerate(moments) if not index or moments[index - 1].status is not moment.status
    ]
    spans = [f"{moment.status} {following.seconds - moment.seconds:.1f} s" for moment, following in pairwise(starts)]
    return " > ".join([*spans, starts[-1].status.value])
