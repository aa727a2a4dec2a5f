"""Runs cfn-lint with our rules, in this process, as `cfn-lint -a inference_experiment_rules` would."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from cfnlint.api import lint_file
from cfnlint.config import ManualArgs

from inference_experiment_cli.errors import Place, UsageError

RULES = "inference_experiment_rules"


@dataclass(frozen=True)
class LintFinding:
    """One finding: file, line and column (from 1), rule id, message."""

    path: Path
    line: int
    column: int
    rule_id: str
    message: str


def lint(path: Path, regions: Sequence[str] = ("us-east-1",)) -> list[LintFinding]:
    """Return the findings of one template, in file order. Raises UsageError for a file that cannot be read."""
    if not path.is_file():
        raise UsageError("no such file", Place(str(path)))
    matches = lint_file(path, config=ManualArgs(append_rules=[RULES], regions=list(regions)))
    findings = [LintFinding(path, m.linenumber, m.columnnumber, m.rule.id, m.message) for m in matches]
    return sorted(findings, key=lambda finding: (finding.line, finding.column, finding.rule_id))
