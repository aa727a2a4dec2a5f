"""The overhead of our rules in cfn-lint: the same template linted with and without them, in one process."""

import gc
import itertools
import time
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any, Final, TypeAlias

from cfnlint.config import ConfigMixIn
from cfnlint.decode.cfn_yaml import loads
from cfnlint.rules import CloudFormationLintRule
from cfnlint.runner import Runner
from cfnlint.runner.template.runner import _run_template

from benchmarks import templates
from benchmarks.measure import Curve, Figure, Results, compared, pairs
from inference_experiment_cli.lint.results import RULES

MAX_WITH_EXPERIMENT: Final = 1.30
MAX_WITHOUT_EXPERIMENT: Final = 1.02
CONDITIONS: Final = (0, 1, 2, 4, 6, 8)
TEMPLATES: Final = 50
Pair: TypeAlias = tuple[float, float]


class Linter:
    """cfn-lint in this process, with our rules, with so many rules that do nothing, or as it is."""

    def __init__(self, *, ours: bool = False, empty: int = 0) -> None:
        self._runner: Any = Runner(ConfigMixIn([*(["-a", RULES] if ours else []), "-t", __file__]))
        for number in range(empty):
            rule = CloudFormationLintRule()
            rule.id = f"E88{number:02}"
            self._runner.rules[rule.id] = rule

    @property
    def size(self) -> int:
        """The number of rules."""
        return len(self._runner.rules)

    def lint(self, texts: Sequence[str]) -> None:
        """Decode and lint templates."""
        for text in texts:
            list(_run_template("template.yaml", loads(text), self._runner.config, self._runner.rules))


class Comparison:
    """The linters, warm and without garbage collection."""

    def __init__(self, rounds: int) -> None:
        self._rounds = rounds
        self.ours, self.stock = Linter(ours=True), Linter()
        self.empty = Linter(empty=self.ours.size - self.stock.size)
        gc.disable()
        for linter in (self.ours, self.stock, self.empty):
            linter.lint([templates.service(0)])
        gc.freeze()  # excludes permanent objects from later collections

    def of(self, texts: Sequence[str], peer: Linter | None = None) -> list[Pair]:
        """Return the pairs of all templates, with cfn-lint as it is or another peer."""
        other = peer or self.stock
        for linter in (self.ours, other):
            linter.lint(texts[:1])
        works = ((partial(self.ours.lint, [text]), partial(other.lint, [text])) for text in texts)
        return [pair for work in works for pair in pairs(*work, self._rounds, time.process_time, gc.collect)]

    def end(self) -> None:
        """Enable garbage collection again."""
        gc.unfreeze()
        gc.enable()


def measure(_: Path, rounds: int) -> Results:
    """Measure templates with and without experiments, and with conditions."""
    results = Results(
        "Rules inside cfn-lint",
        f"CPU seconds of `cfn-lint -a {RULES}` relative to `cfn-lint` on the same templates, in one process, warm and "
        "without garbage collection during a run. A pair is one template, the ratio the median of all pairs. Half of "
        "the templates with an experiment have the custom type, whose properties cfn-lint alone does not check, half "
        "the native type; a quarter each has 0, 1, 2 and 3 conditions. cfn-lint itself takes time for each rule and "
        "resource, whatever the rule does, so templates without are also compared with as many rules that do nothing.",
    )
    compare = Comparison(rounds)

    def add(name: str, timings: Sequence[Pair], floor: float | None = None, peer: str = "cfn-lint") -> Figure:
        results.figures.append(compared(name, timings, peer, floor))
        return results.figures[-1]

    by_type = {kind: compare.of(experiments_of(kind)) for kind in (templates.CUSTOM, templates.NATIVE)}
    add(f"{TEMPLATES} templates with an experiment", [*itertools.chain(*by_type.values())], MAX_WITH_EXPERIMENT)
    for kind, timings in by_type.items():
        add(f"of these, {kind}", timings)
    without = [templates.service(number) for number in range(TEMPLATES)]
    add(f"{TEMPLATES} templates without", compare.of(without))
    peer = f"cfn-lint with {compare.ours.size - compare.stock.size} empty rules"
    add(f"{TEMPLATES} templates without, empty rules", compare.of(without, compare.empty), MAX_WITHOUT_EXPERIMENT, peer)
    points: dict[str, list[tuple[float, float]]] = {"cfn-lint": [], "with our rules": []}
    for count in CONDITIONS:
        timings = compare.of([templates.experiment(number, conditions=count) for number in range(2)])
        figure = add(f"custom type, {count} conditions", timings)
        points["with our rules"].append((count, figure.ours * 1000))
        points["cfn-lint"].append((count, (figure.peer or 0.0) * 1000))
    compare.end()
    results.curves.append(Curve("rules and conditions", "independent conditions", "ms per template", points))
    return results


def experiments_of(kind: str) -> list[str]:
    """Return the templates with an experiment of one type."""
    return [templates.experiment(number, conditions=number % 4, kind=kind) for number in range(TEMPLATES // 2)]
