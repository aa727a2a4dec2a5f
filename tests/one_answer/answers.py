"""What each part of the project answers, asked as its users ask: the only module here that imports our packages."""

import re
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

TESTS = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(TESTS / "tools"), str(TESTS / "rules")]

import linting  # noqa: E402 - the path comes first
from command_line import run  # noqa: E402

from inference_experiment import contract, properties  # noqa: E402
from inference_experiment.errors import InvalidProperties  # noqa: E402
from inference_experiment.event import Request  # noqa: E402
from inference_experiment.model import RequestType  # noqa: E402

TYPES = (contract.CUSTOM_TYPE, contract.NATIVE_TYPE)
SERVICE_PROPERTIES = contract.SERVICE_PROPERTIES


class Place(NamedTuple):
    """Where a property finding is: the experiment's logical id, the path below Properties, the line."""

    experiment: str
    path: str
    line: int


@dataclass(frozen=True)
class LintFinding:
    """One finding of cfn-lint, with its path in the template."""

    rule: str
    path: tuple[str, ...]
    line: int
    message: str


def lint(path: Path) -> list[LintFinding]:
    """Return what `cfn-lint -a inference_experiment_rules -c I98` finds in a file."""
    text = path.read_text(encoding="utf-8")
    runner = linting.runner(**{**linting.options_of(text), "included": ("-c", "I98")})
    matches = linting.run_template_by_file_path(str(path), runner.config, runner.rules, ignore_bad_template=False)
    return [LintFinding(one.rule.id, tuple(str(part) for part in one.path or ()), one.linenumber, one.message) for one in matches]


def validate(path: Path, parameters: Mapping[str, str] | None = None) -> set[Place] | str:
    """Return the places of what `inference-experiment validate` finds; its message where it refuses the file."""
    given = [f"--parameter={name}={value}" for name, value in (parameters or {}).items()]
    answer = run("validate", str(path), "--format", "json", *given)
    if not answer.stdout:
        return answer.stderr
    rows = answer.data()
    return {Place(row["experiment"], row["path"], int(row["place"].rpartition(":")[2])) for row in rows}


class Refusal(NamedTuple):
    """How `plan` refuses properties: the first finding, and how many there are."""

    path: str
    line: int
    count: int


_REFUSAL = re.compile(r"inference-experiment: [^\n]*?:(\d+): (\S+): .*?(?: \(and (\d+) more: [^\n]*\))?\n")


def plan_refusal(path: Path, experiment: str = "") -> Refusal | str | None:
    """Return how `inference-experiment plan` refuses the properties of a file; None where it plans."""
    chosen = ("--logical-id", experiment) if experiment else ()
    answer = run("plan", str(path), "--format", "json", *chosen)
    if answer.returncode != 2:
        return None
    match = _REFUSAL.fullmatch(answer.stderr)
    return Refusal(match[2], int(match[1]), 1 + int(match[3] or 0)) if match else answer.stderr


def function_findings(sent: Mapping[str, Any]) -> set[str]:
    """Return the paths of what the function itself refuses in the properties that CloudFormation sends."""
    request = Request(RequestType.CREATE, "", "stack", "request", "Experiment", properties=sent)
    try:
        properties.parse(request)
    except InvalidProperties as error:
        return {finding.path for finding in error.findings}
    return set()


def as_sent(value: Any) -> Any:
    """Return property values as CloudFormation sends them to a custom resource: every scalar as a text."""
    if isinstance(value, Mapping):
        return {key: as_sent(item) for key, item in value.items()}
    if isinstance(value, list):
        return [as_sent(item) for item in value]
    if isinstance(value, bool):
        return str(value).lower()
    return value if value is None else str(value)


def templates(folder: Path) -> Iterator[Path]:
    """Yield the templates below a folder that have an experiment."""
    for path in sorted(folder.rglob("*")):
        if path.suffix in {".yaml", ".json"} and "Resources" in (text := path.read_text(encoding="utf-8-sig")):
            if any(kind in text for kind in TYPES):
                yield path
