"""The options of the commands that compare captured data."""

from dataclasses import dataclass
from typing import Annotated

import typer

from inference_experiment_cli.captures.labels import Labels
from inference_experiment_cli.captures.run import Question
from inference_experiment_cli.captures.task import Task


@dataclass(frozen=True)
class CaptureOptions:
    """The options that say what of captured data is compared."""

    labels: Annotated[
        str, typer.Option(metavar="FILE", help="File or s3:// object with labels: CSV, JSON lines or Parquet.")
    ] = ""
    label_key: Annotated[str, typer.Option(help="Column of the labels with the inferenceId (or eventId).")] = "id"
    label_column: Annotated[str, typer.Option(help="Column of the labels with the label.")] = "target"
    prediction: Annotated[
        str, typer.Option(metavar="JSONPATH|COLUMN", help="Where an answer has the prediction. Default: detected.")
    ] = ""
    task: Annotated[Task | None, typer.Option(help="What the models predict. Default: detected.")] = None
    slice_by: Annotated[
        str, typer.Option("--slice", metavar="FIELD", help="Member or column of the request to compare by.")
    ] = ""
    redact: Annotated[bool, typer.Option("--redact", help="Show no content of requests, nor texts.")] = False

    def question(self) -> Question:
        """Return what is asked."""
        labels = Labels(self.labels, self.label_key, self.label_column) if self.labels else None
        return Question(labels, self.prediction, self.task, self.slice_by, self.redact)
