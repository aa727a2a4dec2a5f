"""Runs cfn-lint with our rules, in this process, as `cfn-lint -a inference_experiment_rules` would."""

from collections.abc import Sequence
from pathlib import Path

from cfnlint.api import lint_file
from cfnlint.config import ManualArgs
from cfnlint.match import Match

from inference_experiment_cli.errors import Place, UsageError

RULES = "inference_experiment_rules"


def lint(path: Path, regions: Sequence[str] = ("us-east-1",)) -> list[Match]:
    """Return the findings of one template, in file order. Raises UsageError for a file that cannot be read."""
    if not path.is_file():
        raise UsageError("no such file", Place(str(path)))
    matches = lint_file(path, config=ManualArgs(append_rules=[RULES], regions=list(regions)))
    return sorted(matches, key=lambda match: (match.linenumber, match.columnnumber, match.rule.id))
