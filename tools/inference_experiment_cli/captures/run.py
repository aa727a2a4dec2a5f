"""From a place with captured data to the report."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from inference_experiment_cli.captures import labels as labels_of
from inference_experiment_cli.captures.athena import Clients
from inference_experiment_cli.captures.athena import engine as athena_engine
from inference_experiment_cli.captures.bodies import steps
from inference_experiment_cli.captures.comparison import PredictionReport, Wanted, compare
from inference_experiment_cli.captures.engine import EXTRA, LineCounts, Reading, engine
from inference_experiment_cli.captures.pairing import Engine, pair
from inference_experiment_cli.captures.place import Period, Variants, locate, locate_objects
from inference_experiment_cli.captures.queries import SIDES
from inference_experiment_cli.captures.question import AthenaSettings, Question
from inference_experiment_cli.errors import Place, UsageError
from inference_experiment_cli.inventory.writers import duckdb_module
from inference_experiment_cli.output import console


@dataclass(frozen=True)
class Source:
    """Where captured data are, which folders are the variants', and of what time."""

    place: str
    variants: Variants
    period: Period = field(default_factory=Period)


def evaluate(source: Source, question: Question, client: Callable[[str], Any]) -> PredictionReport:
    """Read, pair and compare. `client` returns the client of a service. Raises UsageError, and boto3's errors."""
    duckdb_module(EXTRA)
    for option, path in (("--prediction", question.prediction), ("--slice", question.sliced)):
        try:
            steps(path)
        except ValueError as error:
            raise UsageError(f"{option}: {error}") from error
    return (_in_duckdb if question.athena is None else _in_athena)(source, question, client)


def _in_duckdb(source: Source, question: Question, client: Callable[[str], Any]) -> PredictionReport:
    def s3() -> Any:  # noqa: ANN401 - a client
        return client("s3")

    files = locate(source.place, source.variants, source.period, s3)
    labels = question.labels
    label_file = labels_of.fetch(labels.place, s3) if labels else None
    with engine(_reading(source, question), files.volume) as running:
        lines = {side: running.read(side, getattr(files, side)) for side in SIDES}
        with console(stderr=True).status("comparing"):
            if labels and label_file:
                labels_of.load(running, labels, label_file)
            return _compared(running, source, question, lines)


def _in_athena(source: Source, question: Question, client: Callable[[str], Any]) -> PredictionReport:
    clients = Clients(client("athena"), client("s3"))
    objects = locate_objects(source.place, source.variants, source.period, lambda: clients.s3)
    labels = question.labels
    label_file = labels_of.fetch(labels.place, lambda: clients.s3) if labels else None
    settings = question.athena or AthenaSettings()
    with (
        athena_engine(clients, settings, _reading(source, question)) as running,
        console(stderr=True).status("comparing in Athena"),
    ):
        lines = {side: running.read(side, objects) for side in SIDES}
        notes = [note for side in SIDES for note in _undecoded(side, lines[side])]
        if labels and label_file:
            running.load(labels, label_file)
        report = _compared(running, source, question, lines)
        if notes and not report.pairing.pairs:
            raise UsageError(notes[0], Place(source.place))
        used = running.used
        return replace(
            report, notes=[*notes, *report.notes], engine=running.name, scanned_bytes=used.scanned_bytes, cost=used.cost
        )


def _undecoded(side: str, counts: LineCounts) -> Iterator[str]:
    for what, lines in sorted(counts.undecoded.items()):
        yield (
            f"{lines:,} answers of {side} are {what}, which Athena's SQL cannot decode; they are not compared: "
            "use --engine duckdb"
        )


def _reading(source: Source, question: Question) -> Reading:
    """Return what is read of each line."""
    return Reading(question.prediction, question.sliced, not question.redact, source.period)


def _compared(running: Engine, source: Source, question: Question, lines: Mapping[str, LineCounts]) -> PredictionReport:
    pairing = pair(running)
    wanted = Wanted(question.task, question.labels is not None, bool(question.sliced), question.redact)
    return compare(running, source.place, source.variants, lines=lines, pairing=pairing, wanted=wanted)
