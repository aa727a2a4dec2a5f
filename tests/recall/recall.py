"""Measure what the rules find in realistic templates: `make lint-recall`.

Each folder has templates and an index.yaml: the kind of each (error, risk or correct), what is wrong, where, and the
correct twin. A finding counts only if the twin has fewer of that rule. The templates were written before the rules.
"""

import re
import sys
from collections import Counter
from collections.abc import Iterator, Mapping
from concurrent.futures import ProcessPoolExecutor
from functools import cache
from pathlib import Path
from typing import Any, Final, NamedTuple

import yaml
from cfnlint.config import ConfigMixIn
from cfnlint.rules import Rules
from cfnlint.runner import Runner
from cfnlint.runner.template.runner import run_template_by_file_path

FOLDER: Final = Path(__file__).parent
# The entry of a custom experiment's properties has the ids of cfn-lint's own errors.
COUNTED: Final = re.compile(r"[EW]9[5678]\d\d|E(?!2900)[1-8]\d\d\d")
# Percent of the errors and risks that have to be found; a correct template has no finding.
FLOORS: Final = {"error": 97, "risk": 90}


class Finding(NamedTuple):
    """A finding of our rules, its path joined by slashes."""

    rule: str
    path: str
    message: str


class Judged(NamedTuple):
    """One entry of an index: what was found that its twin has not, and whether it is in the right place."""

    name: str
    kind: str
    findings: tuple[Finding, ...]
    is_placed: bool


@cache
def rules() -> Rules:
    """Load the rules once per process."""
    return Runner(ConfigMixIn(["-a", "inference_experiment_rules", "-t", __file__])).rules


def lint(path: Path, options: tuple[str, ...]) -> list[Finding]:
    """Return the findings of our rules in a template, and the errors of cfn-lint: one mistake has one finding."""
    config = ConfigMixIn(["-a", "inference_experiment_rules", *options, "-t", str(path)])
    found = run_template_by_file_path(str(path), config, rules(), ignore_bad_template=False)
    counted = [one for one in found if COUNTED.fullmatch(one.rule.id)]
    return [Finding(one.rule.id, "/".join(map(str, one.path or ())), one.message) for one in counted]


def options_of(entry: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the options that an entry asks for: regions and parameters."""
    options = ["-r", *entry["regions"]] if entry.get("regions") else []
    given = entry.get("parameters") or {}
    return (*options, *(["--parameters", *(f"{name}={value}" for name, value in given.items())] if given else ()))


def judge(folder: Path, entry: Mapping[str, Any]) -> Judged:
    """Lint a template and its twin."""
    options = options_of(entry)
    findings = lint(folder / entry["file"], options)
    spare = Counter(one.rule for one in lint(folder / entry["twin"], options)) if "twin" in entry else Counter()
    own = []
    for finding in findings:
        spare[finding.rule] -= 1
        if spare[finding.rule] < 0:
            own.append(finding)
    places = entry.get("where") or ""
    places = [places] if isinstance(places, str) else places
    is_placed = any(re.search(place, one.path) or one.path.startswith(place) for place in places for one in own)
    return Judged(f"{folder.name}/{entry['file']}", entry["kind"], tuple(own), is_placed)


def judge_twin(folder: Path, entry: Mapping[str, Any]) -> Judged:
    """Lint a twin, which is correct."""
    findings = lint(folder / entry["twin"], options_of(entry))
    return Judged(f"{folder.name}/{entry['twin']}", "correct", tuple(findings), is_placed=True)


def entries(names: list[str]) -> Iterator[tuple[Path, Mapping[str, Any]]]:
    """Yield the entries of the indexes, of some folders or all."""
    for index in sorted(FOLDER.glob("*/index.yaml")):
        if not names or index.parent.name in names:
            yield from ((index.parent, entry) for entry in yaml.safe_load(index.read_text(encoding="utf-8")))


def report(judged: list[Judged]) -> tuple[list[str], bool]:
    """Return what is not found, what is found in correct templates, and the shares; and whether the floors hold."""
    lines = []
    for one in judged:
        shown = [f"{finding.rule} {finding.path}: {finding.message}" for finding in one.findings]
        if one.kind == "correct":
            lines += [f"not wrong  {one.name}: {finding}" for finding in shown]
        elif not shown:
            lines.append(f"not found  {one.name} ({one.kind})")
        elif not one.is_placed:
            lines.append(f"elsewhere  {one.name}: {shown[0]}")
    holds = True
    for kind, floor in FLOORS.items():
        of_kind = [one for one in judged if one.kind == kind]
        found = sum(bool(one.findings) for one in of_kind)
        holds &= 100 * found >= floor * len(of_kind)
        lines.append(f"{kind}: {found} of {len(of_kind)} found, the floor is {floor} %")
    correct = [one for one in judged if one.kind == "correct"]
    wrong = sum(bool(one.findings) for one in correct)
    return [*lines, f"correct: {wrong} of {len(correct)} have a finding, the floor is 0"], holds and not wrong


def main() -> int:
    """Measure some folders, or all. Return 1 below a floor."""
    chosen = list(entries(sys.argv[1:]))
    with_twin = [pair for pair in chosen if "twin" in pair[1]]
    with ProcessPoolExecutor(2) as pool:
        judged = [*pool.map(judge, *zip(*chosen, strict=True)), *pool.map(judge_twin, *zip(*with_twin, strict=True))]
    lines, holds = report(judged)
    sys.stdout.write("\n".join(lines) + "\n")
    return int(not holds)


if __name__ == "__main__":
    sys.exit(main())
