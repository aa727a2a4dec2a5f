"""docs/operations.md quotes the code: messages, classes, figures, metrics and alarms are held against it."""

import ast
import importlib
import logging
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

from inference_experiment import errors, metrics
from inference_experiment.notices import ProblemKind

ROOT: Final = Path(__file__).resolve().parents[1]
GUIDE: Final = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")
MODULES: Final = sorted((ROOT / "src" / "inference_experiment").glob("*.py"))
HOLE: Final = "…"


def rows(heading: str) -> list[list[str]]:
    """Return the rows of the first table under a heading, without its own head."""
    section = GUIDE.partition(f"## {heading}\n")[2].partition("\n## ")[0]
    table = [line for line in section.splitlines() if line.startswith("|")][2:]
    return [[cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]] for line in table]


def quoted(text: str) -> list[str]:
    return re.findall(r"`([^`]+)`", text)


def texts(tree: ast.AST) -> Iterator[str]:
    """Yield every string of a module; what is formatted into it is a hole."""
    for node in ast.walk(tree):
        if isinstance(node, ast.JoinedStr):
            parts = (part.value if isinstance(part, ast.Constant) else HOLE for part in node.values)
            yield "".join(map(str, parts))
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value


TEXTS: Final = [text for path in MODULES for text in texts(ast.parse(path.read_text(encoding="utf-8")))]
REASONS: Final = [(row[0], reason) for row in rows("Reasons in the stack's events") for reason in quoted(row[1])]


@pytest.mark.parametrize(("name", "reason"), REASONS, ids=[f"{name}: {reason:.40}" for name, reason in REASONS])
def test_reasons_are_those_of_the_code(name: str, reason: str) -> None:
    """Each piece between two holes stands in a message of the code."""
    pieces = [piece.strip(" ") for piece in reason.split(HOLE)]

    assert issubclass(getattr(errors, name), errors.ExperimentError)
    for piece in pieces:
        # Punctuation alone, and the code that AWS sends, prove nothing.
        if re.search("[a-z]", piece) and piece != "(ConflictException)":
            assert any(piece in text for text in TEXTS), piece


def test_every_class_of_errors_is_explained() -> None:
    family = {each.__name__ for each in errors.ExperimentError.__subclasses__()}

    assert {row[0] for row in rows("Reasons in the stack's events")} == family


def test_log_messages_are_those_of_the_code() -> None:
    """Every call of a logger has its row with its level, and no row is without one."""
    logged = {(kind.value, logging.getLevelName(kind.level)) for kind in ProblemKind}
    for path in MODULES:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and re.fullmatch(r"logger\.(?!log$)\w+", ast.unparse(node.func)):
                message = node.args[0]
                assert isinstance(message, ast.Constant), f"{path.name}: a message is a constant, the rest is extra"
                logged.add((str(message.value), ast.unparse(node.func).removeprefix("logger.").upper()))

    assert {(quoted(row[0])[0], row[1]) for row in rows("Messages of the log")} == logged


@pytest.mark.parametrize("row", rows("Figures"), ids=lambda row: row[2])
def test_figures_are_those_of_the_code(row: list[str]) -> None:
    module, name = quoted(row[2])[0].split(".")

    assert getattr(importlib.import_module(f"inference_experiment.{module}"), name) == float(row[1])


def test_alarms_are_those_of_the_template() -> None:
    template = (ROOT / "template.yaml").read_text(encoding="utf-8")
    alarms = re.findall(r"^  (\w+):\n    Type: AWS::CloudWatch::Alarm$", template, re.MULTILINE)

    assert sorted(quoted(row[0])[0] for row in rows("Alarms")) == sorted(alarms)
    assert template.count("docs/operations.md") == len(alarms), "each alarm leads here"


@pytest.mark.parametrize("name", ["ProviderLogGroup", "DeadLetterQueue", "WaitQueue", "ErrorAlarm", "DeadLetterAlarm"])
def test_resources_are_those_of_the_template(name: str) -> None:
    assert f"`{name}`" in GUIDE
    assert f"\n  {name}:\n" in (ROOT / "template.yaml").read_text(encoding="utf-8")


def test_retention_and_receipts_are_those_of_the_template() -> None:
    """14 days in the dead-letter queue; 15 receipts of a wait, 310 s after one another."""
    template = (ROOT / "template.yaml").read_text(encoding="utf-8")

    assert f"MessageRetentionPeriod: {14 * 24 * 3600}" in template
    assert "maxReceiveCount: 15" in template
    assert "VisibilityTimeout: 310" in template
    assert "again after 310 s, up to 15 times" in GUIDE


def test_metrics_are_those_of_the_code() -> None:
    assert {(quoted(row[0])[0], row[1]) for row in rows("Metrics")} == set(metrics.UNITS.items())
    assert f"`{metrics.NAMESPACE}`" in GUIDE
