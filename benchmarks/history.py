"""The ratios of every release: docs/benchmarks/history.json, and the table of them on the page."""

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeAlias

from benchmarks.measure import Figure, Results

Record: TypeAlias = Mapping[str, Any]
"""A release's `time`, `commit`, and `rows`: ratio and interval by row name."""


def record(file: Path, version: str, facts: Mapping[str, Any], results: Sequence[Results]) -> dict[str, Record]:
    """Add or replace the record of a release; return all records, oldest release first."""
    history: dict[str, Record] = json.loads(file.read_text(encoding="utf-8")) if file.exists() else {}
    rows = {name: {"ratio": each.ratio, "interval": each.interval} for name, each in _with_ratio(results)}
    history[version] = {"time": facts["time"], "commit": facts["commit"], "rows": rows}
    file.write_text(json.dumps(history, indent=1) + "\n", encoding="utf-8")
    return history


def _with_ratio(results: Sequence[Results]) -> Iterator[tuple[str, Figure]]:
    for each in results:
        yield from ((f"{each.title}: {row.name}", row) for row in each.figures if row.ratio is not None)


def course(history: Mapping[str, Record]) -> str:
    """Return a table of each ratio by release; empty while there is only one release."""
    if len(history) < 2:  # noqa: PLR2004 - a course has two points
        return ""
    names = dict.fromkeys(name for each in reversed(list(history.values())) for name in each["rows"])
    lines = [["ratio", *history], ["---"] * (len(history) + 1)]
    lines += [[name, *(_cell(each["rows"].get(name)) for each in history.values())] for name in names]
    return "".join(f"| {' | '.join(cells)} |\n" for cells in lines)


def _cell(row: Mapping[str, Any] | None) -> str:
    if row is None:
        return ""
    low, high = row["interval"] or (None, None)
    return f"{row['ratio']:.2f}" + (f" ({low:.2f} to {high:.2f})" if row["interval"] else "")
