"""The cost of linting by the number of experiments in a template."""

import time
from functools import partial
from pathlib import Path
from typing import Final

from benchmarks import templates
from benchmarks.measure import Curve, Results, timed
from benchmarks.rule_cost import Linter

EXPERIMENTS: Final = (1, 2, 5, 10, 20)


def measure(_: Path, rounds: int) -> Results:
    """Lint templates with 1 to 20 experiments, with and without our rules."""
    results = Results("Growth", "CPU milliseconds per template, the fastest of several warm runs.")
    linters = {"cfn-lint": Linter(ours=False), "with our rules": Linter(ours=True)}
    points: dict[str, list[tuple[float, float]]] = {name: [] for name in linters}
    for count in EXPERIMENTS:
        texts = [templates.experiment(1, experiments=count)]
        for name, linter in linters.items():
            seconds = [timed(partial(linter.lint, texts), time.process_time) for _ in range(rounds)]
            points[name].append((count, min(seconds) * 1000))
    results.curves.append(Curve("rules and experiments", "experiments in a template", "ms per template", points))
    return results
