"""The timeline of a watched experiment: lines as they come, a summary at the end."""

from collections.abc import Callable, Iterator
from typing import Any

from inference_experiment.model import Observed, Status
from inference_experiment_cli.operate.watch import COLUMNS, Moment, is_over, watch
from inference_experiment_cli.output import Format, console, fail, note, print_rows, working


def follow(
    look: Callable[[], Observed], name: str, until: Status | None, interval: float, timeout: float, output: Format
) -> None:
    """Print what shows until the experiment is stable; ends the command with 1 where that is no good end."""
    moments: list[Moment] = []

    def rows() -> Iterator[dict[str, Any]]:
        for moment in watch(look, until, interval, timeout):
            moments.append(moment)
            yield moment.row()

    with working(f"watching {name}"):
        if output is Format.TABLE:
            _print_lines(rows())
        else:
            print_rows(rows(), COLUMNS, output)
    last = moments[-1].status
    note(_timeline(moments))
    if not is_over(last, until):
        fail(f"{name} is still {last} after {timeout:g} s")
    if last in (Status.ABSENT, Status.CANCELLED) and last is not until:
        fail(f"{name} is {last}" + (f": {moments[-1].reason}" if moments[-1].reason else ""))
    if until and last is not until:
        fail(f"{name} is {last}, so it cannot become {until} any more")


def _print_lines(rows: Iterator[dict[str, Any]]) -> None:
    screen = console()
    for row in rows:
        text = (
            f"{row['seconds']:8.1f} s  {row['status']:<10} {row['variants']}  endpoint {row['endpoint'] or 'unknown'}"
        )
        screen.print(text + (f"  {row['reason']}" if row["reason"] else ""))


def _timeline(moments: list[Moment]) -> str:
    """Return how long each status showed."""
    spans: list[tuple[str, float]] = []
    for before, moment in zip([None, *moments], moments, strict=False):
        if before is None or before.status is not moment.status:
            spans.append((moment.status.value, 0.0))
        if before is not None:
            index = -2 if before.status is not moment.status else -1
            spans[index] = (spans[index][0], spans[index][1] + moment.lasted)
    return " > ".join(f"{status} {seconds:.1f} s" if seconds else status for status, seconds in spans)
