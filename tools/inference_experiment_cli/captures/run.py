"""From a place with captured data to the report."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from inference_experiment_cli.captures import labels as labels_of
from inference_experiment_cli.captures.bodies import steps
from inference_experiment_cli.captures.comparison import PredictionReport, Wanted, compare
from inference_experiment_cli.captures.engine import EXTRA, Reading, engine
from inference_experiment_cli.captures.labels import Labels
from inference_experiment_cli.captures.pairing import pair
from inference_experiment_cli.captures.place import Period, Variants, locate
from inference_experiment_cli.captures.task import Task
from inference_experiment_cli.errors import UsageError
from inference_experiment_cli.inventory.writers import duckdb_module
from inference_experiment_cli.output import console


@dataclass(frozen=True)
class Source:
    """Where captured data are, which folders are the variants', and of what time."""

    place: str
    variants: Variants
    period: Period = field(default_factory=Period)


@dataclass(frozen=True)
class Question:
    """What is compared and how."""

    labels: Labels | None = None
    prediction: str = ""
    task: Task | None = None
    sliced: str = ""
    redact: bool = False


def evaluate(source: Source, question: Question, client: Callable[[], Any]) -> PredictionReport:
    """Read, pair and compare. `client` returns a client of S3. Raises UsageError, and boto3's errors."""
    duckdb_module(EXTRA)
    for option, path in (("--prediction", question.prediction), ("--slice", question.sliced)):
        try:
            steps(path)
        except ValueError as error:
            raise UsageError(f"{option}: {error}") from error
    files = locate(source.place, source.variants, source.period, client)
    labels = question.labels
    label_file = labels_of.fetch(labels.place, client) if labels else None
    reading = Reading(question.prediction, question.sliced, not question.redact, source.period)
    with engine(reading, files.volume) as running:
        lines = {side: running.read(side, getattr(files, side)) for side in ("production", "shadow")}
        with console(stderr=True).status("comparing"):
            if labels and label_file:
                labels_of.load(running, labels, label_file)
            pairing = pair(running)
            wanted = Wanted(question.task, labels is not None, bool(question.sliced), question.redact)
            return compare(running, source.place, source.variants, lines=lines, pairing=pairing, wanted=wanted)
