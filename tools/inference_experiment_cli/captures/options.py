"""The options of the commands that compare captured data."""

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Final

import typer

from inference_experiment_cli.captures.question import AthenaSettings, Labels, Question
from inference_experiment_cli.captures.task import Task
from inference_experiment_cli.errors import UsageError

ADDRESS: Final = "s3://"


class EngineName(StrEnum):
    """What runs the comparison."""

    DUCKDB = "duckdb"
    ATHENA = "athena"


@dataclass(frozen=True)
class CaptureOptions:
    """The options that say what of captured data is compared."""

    labels: Annotated[
        str, typer.Option(metavar="FILE", help="File or s3:// object with labels: CSV, JSON lines or Parquet.")
    ] = ""
    label_key: Annotated[
        str, typer.Option(metavar="COLUMN", help="Column of the labels with the inferenceId (or eventId).")
    ] = "id"
    label_column: Annotated[str, typer.Option(metavar="COLUMN", help="Column of the labels with the label.")] = "target"
    prediction: Annotated[
        str, typer.Option(metavar="JSONPATH|COLUMN", help="Where an answer has the prediction. Default: detected.")
    ] = ""
    task: Annotated[Task | None, typer.Option(help="What the models predict. Default: detected.")] = None
    slice_by: Annotated[
        str, typer.Option("--slice", metavar="FIELD", help="Member or column of the request to compare by.")
    ] = ""
    redact: Annotated[bool, typer.Option("--redact", help="Show no content of requests, nor texts.")] = False
    engine: Annotated[EngineName, typer.Option(help="Where the comparison runs: here, or in Athena.")] = (
        EngineName.DUCKDB
    )
    workgroup: Annotated[str, typer.Option(metavar="NAME", help="Workgroup of Athena.")] = AthenaSettings.workgroup
    database: Annotated[
        str, typer.Option(metavar="NAME", help="Database of Athena in which tables are created and dropped.")
    ] = AthenaSettings.database
    outputs: Annotated[
        list[str] | None,
        typer.Option(
            "--output",
            "-o",
            metavar="FILE|S3-URI",
            help="File to write. Default: standard output. Again, with --engine athena, s3:// for its results.",
        ),
    ] = None
    timeout: Annotated[
        float, typer.Option(min=1, metavar="SECONDS", help="Seconds to wait before giving up. For a query of Athena.")
    ] = AthenaSettings.timeout

    @property
    def file(self) -> Path | None:
        """The file to write. Raises UsageError for several."""
        files = [each for each in self.outputs or () if each not in (self.addresses or ())]
        if len(files) > 1:
            raise UsageError(f"--output names several files: {', '.join(files)}")
        return Path(files[0]) if files else None

    @property
    def addresses(self) -> list[str] | None:
        """The places in S3, for results of Athena; None without one."""
        return [each for each in self.outputs or () if each.startswith(ADDRESS)] or None

    def athena(self) -> AthenaSettings | None:
        """Return how Athena is used; None for DuckDB. Raises UsageError."""
        places = self.addresses or []
        if len(places) > 1:
            raise UsageError(f"--output names several places in S3: {', '.join(places)}")
        settings = AthenaSettings(self.workgroup, "".join(places), database=self.database, timeout=self.timeout)
        if self.engine is EngineName.ATHENA:
            return settings
        if settings != AthenaSettings():
            raise UsageError(
                "--workgroup, --database, --timeout and --output s3:// are about Athena; add --engine athena"
            )
        return None

    def question(self) -> Question:
        """Return what is asked."""
        labels = Labels(self.labels, self.label_key, self.label_column) if self.labels else None
        return Question(labels, self.prediction, self.task, self.slice_by, self.redact, self.athena())
