"""What our rules add to cfn-lint: the same template, linted with and without them, in one process."""

import statistics
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from cfnlint.config import ConfigMixIn
from cfnlint.decode.cfn_yaml import loads
from cfnlint.runner import Runner
from cfnlint.runner.template.runner import _run_template

from inference_experiment_tools.linting import RULES

from . import templates
from .measure import Curve, Results, compared, pairs

WITH_EXPERIMENTS: Final = 1.15
WITHOUT: Final = 1.02
CONDITIONS: Final = (0, 1, 2, 4, 6, 8)


class Linter:
    """cfn-lint in this process, with or without our rules."""

    def __init__(self, *, ours: bool) -> None:
        self._runner: Any = Runner(ConfigMixIn([*(["-a", RULES] if ours else []), "-t", __file__]))

    def lint(self, texts: Sequence[str]) -> None:
        """Lint templates; decoding is cfn-lint's own and the same for both, so it counts."""
        for text in texts:
            list(_run_template("template.yaml", loads(text), self._runner.config, self._runner.rules))


def measure(_: Path, rounds: int) -> Results:
    """Measure templates with and without experiments, and with conditions."""
    results = Results(
        "Rules inside cfn-lint",
        "CPU seconds of `cfn-lint -a inference_experiment_rules` to those of `cfn-lint` on the same templates, in one "
        "process, both loaded and warm.",
    )
    ours, stock = Linter(ours=True), Linter(ours=False)

    def compare(name: str, texts: Sequence[str], floor: float) -> float:
        ours.lint(texts[:1])
        stock.lint(texts[:1])
        found = pairs(lambda: ours.lint(texts), lambda: stock.lint(texts), rounds, time.process_time)
        figure = compared(name, found, "cfn-lint", floor)
        results.figures.append(figure)
        return statistics.median(own / len(texts) for own, _ in found)

    for kind in (templates.CUSTOM, templates.NATIVE):
        compare(f"{kind}", [templates.experiment(n, kind=kind) for n in range(5)], WITH_EXPERIMENTS)
    compare("no experiment", [templates.service(n) for n in range(8)], WITHOUT)
    points: dict[str, list[tuple[float, float]]] = {"cfn-lint": [], "with our rules": []}
    for count in CONDITIONS:
        texts = [templates.experiment(n, conditions=count) for n in range(2)]
        own = compare(f"{count} conditions", texts, WITH_EXPERIMENTS)
        points["with our rules"].append((count, own * 1000))
        peer = results.figures[-1].peer
        points["cfn-lint"].append((count, (peer or 0.0) / len(texts) * 1000))
    results.curves.append(Curve("rules and conditions", "independent conditions", "ms per template", points))
    return results
