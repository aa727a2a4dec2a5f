"""Follows an experiment's status, variants and endpoint until it is stable."""

import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import groupby, pairwise
from operator import itemgetter
from typing import Any, Final

from inference_experiment.model import TRANSITIONAL, Observed, Status
from inference_experiment.observed_properties import to_jsonable
from inference_experiment_cli.errors import NotPossibleError
from inference_experiment_cli.output import Format, Screen, console, note, print_rows

COLUMNS: Final = ("seconds", "status", "variants", "endpoint", "reason")
WATCHED: Final = ("status", "variants", "endpoint")  # what makes a line of its own when it changes
ENDS: Final = (Status.ABSENT, Status.COMPLETED, Status.CANCELLED)


def observation(observed: Observed, seconds: float) -> dict[str, Any]:
    """Return one observation as a row; `seconds` since the first one."""
    details: Mapping[str, Any] = observed.details
    variants = (f"{each['VariantName']} {each.get('Status', '')}" for each in details.get("ModelVariants") or ())
    endpoint = details.get("EndpointMetadata") or {}
    return {
        "seconds": seconds,
        "status": observed.status,
        "variants": ", ".join(variants),
        "endpoint": f"{endpoint.get('EndpointStatus', '')} {endpoint.get('FailureReason', '')}".strip(),
        "reason": str(to_jsonable(observed.status_reason)),
    }


def changes(
    observe: Callable[[], Observed], until: Status | None, interval: float, timeout: float
) -> Iterator[dict[str, Any]]:
    """Yield each change until the experiment is stable, gone, or in the status to wait for, or time is up."""
    began = time.monotonic()
    last: dict[str, Any] = {}
    while True:
        moment = observation(observe(), time.monotonic() - began)
        if any(moment[key] != last.get(key) for key in WATCHED):
            yield moment
            last = moment
        if is_over(moment["status"], until) or moment["seconds"] >= timeout:
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
    moments: list[dict[str, Any]] = []

    def rows() -> Iterator[dict[str, Any]]:
        for moment in changes(observe, until, interval, timeout):
            moments.append(moment)
            yield {**moment, "seconds": round(moment["seconds"], 1), "status": moment["status"].value}

    screen = console(stderr=output is not Format.TABLE)
    with screen.status(f"watching {name}"):
        if output is Format.TABLE:
            _print_lines(rows(), screen)
        else:
            print_rows(rows(), COLUMNS, output)
    status, reason = moments[-1]["status"], moments[-1]["reason"]
    note(_timeline(moments))
    if not is_over(status, until):
        raise NotPossibleError(f"{name} is still {status} after {timeout:g} s")
    if status in (Status.ABSENT, Status.CANCELLED) and status is not until:
        raise NotPossibleError(f"{name} is {status}" + (f": {reason}" if reason else ""))
    if until and status is not until:
        raise NotPossibleError(f"{name} is {status}, so it cannot become {until} any more")


def _print_lines(rows: Iterable[Mapping[str, Any]], screen: Screen) -> None:
    for row in rows:
        endpoint = f"endpoint {row['endpoint'] or 'unknown'}"
        text = f"{row['seconds']:8.1f} s  {row['status']:<10} {row['variants']}  {endpoint}"
        screen.line(text + (f"  {row['reason']}" if row["reason"] else ""))


def _timeline(moments: list[dict[str, Any]]) -> str:
    """Return how long each status lasted."""
    starts = [next(group) for _, group in groupby(moments, key=itemgetter("status"))]
    spans = [f"{one['status']} {following['seconds'] - one['seconds']:.1f} s" for one, following in pairwise(starts)]
    return " > ".join([*spans, starts[-1]["status"]])
