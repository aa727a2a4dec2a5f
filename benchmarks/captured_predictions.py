"""Time and memory of comparing captured predictions, against pandas as in AWS's example notebook."""

import base64
import io
import json
import random
import shutil
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np

from benchmarks.measure import Curve, Figure, Results

LINES: Final = 1_000_000
CURVE: Final = (1_000, 10_000, 100_000, 1_000_000)
LONG_CURVE: Final = (*CURVE, 10_000_000)
"""Ten million lines take minutes, and five gigabytes of disk."""
LINES_PER_FILE: Final = 100_000
REQUESTS: Final = 1000
FEATURES: Final = 8
WRONG: Final = {"AllTraffic": 0.08, "Shadow-01": 0.06}
ROOT: Final = Path(__file__).resolve().parents[1]
PEER: Final = ROOT / ".venv-bench" / "bin" / "python"
COMMAND: Final = Path(sys.executable).parent / "inference-experiment"
LAUNCHER: Final = """\
import resource, subprocess, sys
code = subprocess.run(sys.argv[1:]).returncode
sys.stderr.write(f"\\n{resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss}")
sys.exit(code)
"""
FASTER: Final = 5
MEMORY_SHARE: Final = 0.1


@dataclass(frozen=True)
class Run:
    """What a process took, and printed."""

    seconds: float
    megabytes: float
    found: Any


def measure(scratch: Path, _: int, curve: Sequence[int] = CURVE) -> Results:
    """Compare a million lines of arrays in BASE64, and growing numbers of lines of CSV."""
    results = Results(
        "Captured predictions",
        f"{LINES:,} captured lines of both variants as in AWS's example (arrays in BASE64, inference_id, labels); "
        "the peer is pandas with scikit-learn, as in the notebook. Whole processes, peak of the resident memory.",
    )
    write(scratch / "arrays", LINES, arrays=True)
    ours, peer = _ours(scratch / "arrays", labels=True), _peer(scratch / "arrays")
    _check_same(ours.found, peer.found)
    fast, slow = (LINES / run.seconds / 1000 for run in (ours, peer))
    results.figures += [
        Figure("speed", fast, slow, "thousand lines/s", "pandas", fast / slow, FASTER, at_least=True),
        Figure("memory", ours.megabytes, peer.megabytes, "MB", "pandas", ours.megabytes / peer.megabytes, MEMORY_SHARE),
    ]
    results.curves += growth(scratch / "csv", curve)
    return results


def growth(folder: Path, curve: Sequence[int]) -> list[Curve]:
    """Compare growing numbers of lines of CSV, without labels."""
    seconds, megabytes = list[tuple[float, float]](), list[tuple[float, float]]()
    for lines in curve:
        write(folder, lines, arrays=False)
        run = _ours(folder, labels=False)
        if run.found["pairs"] != lines // 2:
            raise RuntimeError(f"{run.found['pairs']} pairs of {lines} lines")
        seconds.append((lines / 1e6, run.seconds))
        megabytes.append((lines / 1e6, run.megabytes))
    shutil.rmtree(folder)
    return [
        Curve("time and captured lines", "million lines", "s", {"captures": seconds}),
        Curve("memory and captured lines", "million lines", "MB", {"captures": megabytes}),
    ]


def write(folder: Path, lines: int, *, arrays: bool) -> None:
    """Write captured lines of both variants, half of them each, and labels."""
    chance = random.Random(1)  # noqa: S311 - data of a benchmark
    rows = [[round(chance.uniform(-1, 1), 3) for _ in range(FEATURES)] for _ in range(REQUESTS)]
    requests = [_half(npy([row]) if arrays else ",".join(map(str, row)), arrays=arrays) for row in rows]
    answers = [_half(npy([answer]), arrays=True) for answer in (0, 1)]
    targets = [chance.random() < 0.5 for _ in range(lines // 2)]  # noqa: PLR2004 - even
    for variant, wrong in WRONG.items():
        for first in range(0, len(targets), LINES_PER_FILE):
            path = folder / "endpoint" / variant / "2026" / "11" / "20" / f"{first // LINES_PER_FILE:02}" / "x.jsonl"
            path.parent.mkdir(parents=True, exist_ok=True)
            with path.open("w", encoding="utf-8") as file:
                for at, target in enumerate(targets[first : first + LINES_PER_FILE], first):
                    right = chance.random() >= wrong
                    score = abs((not target if right else target) - 0.4 * chance.random())
                    answer = answers[target is right] if arrays else _half(f"{1 - score:.6f}", arrays=False)
                    event = f"{chance.getrandbits(128):032x}"
                    file.write(
                        f'{{"captureData":{{"endpointInput":{requests[at % REQUESTS]},"endpointOutput":{answer}}},'
                        f'"eventMetadata":{{"eventId":"{event}","inferenceId":"{at}",'
                        f'"inferenceTime":"2026-11-20T10:{at // 60 % 60:02}:{at % 60:02}Z"}},"eventVersion":"0"}}\n'
                    )
    labels = "".join(f"{at},{int(target)}\n" for at, target in enumerate(targets))
    (folder / "labels.csv").write_text(f"id,target\n{labels}", encoding="utf-8")


def npy(values: Sequence[Any]) -> str:
    """Return an array in NumPy's format and BASE64."""
    file = io.BytesIO()
    np.save(file, np.asarray(values))
    return base64.b64encode(file.getvalue()).decode()


def _half(data: str, *, arrays: bool) -> str:
    kind, encoding = ("application/x-npy", "BASE64") if arrays else ("text/csv", "CSV")
    return json.dumps({"observedContentType": kind, "mode": "OUTPUT", "data": data, "encoding": encoding})


def _ours(folder: Path, *, labels: bool) -> Run:
    names = [part for side, name in zip(("--production", "--shadow"), WRONG, strict=True) for part in (side, name)]
    options = ["--labels", str(folder / "labels.csv")] if labels else []
    return _run([str(COMMAND), "captures", str(folder), *names, *options, "--format", "json"])


def _peer(folder: Path) -> Run:
    script = ROOT / "benchmarks" / "captured_peer.py"
    return _run([str(PEER), str(script), str(folder / "endpoint"), *WRONG, str(folder / "labels.csv")])


def _run(command: Sequence[str]) -> Run:
    """Run a process through a small launcher: on Linux, a child's peak memory includes that of its parent."""
    start = time.perf_counter()
    finished = subprocess.run(  # noqa: S603 - our own commands
        [sys.executable, "-c", LAUNCHER, *command], capture_output=True, text=True, check=False
    )
    seconds = time.perf_counter() - start
    if finished.returncode:
        raise RuntimeError(f"{command[0]} failed with {finished.returncode}: {finished.stderr}")
    return Run(seconds, int(finished.stderr.rpartition("\n")[2]) / 1000, json.loads(finished.stdout))


def _check_same(ours: Any, peer: Any) -> None:  # noqa: ANN401 - parsed JSON
    sides = ("production", "shadow")
    mine = [
        ours["pairs"],
        ours["agreement"],
        *(ours[name][side] for name in ("accuracy", "f1_binary") for side in sides),
    ]
    theirs = [peer["pairs"], peer["agreement"], *peer["accuracy"], *peer["f1"]]
    if any(abs(a - b) > 1e-9 for a, b in zip(mine, theirs, strict=True)):  # noqa: PLR2004 - rounding
        raise RuntimeError(f"the figures differ: {mine}, {theirs}")
