"""inference-experiment export: the options, and where the records go."""

import os
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from inference_experiment_cli.errors import UsageError
from inference_experiment_cli.inventory.writers import TEXT_WRITERS, ExportFormat, duckdb_module, write_parquet
from inference_experiment_cli.options import Profile


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(export)


def export(
    form: Annotated[ExportFormat, typer.Option("--format", "-f", help="Form of the records.")] = ExportFormat.JSONL,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="File to write. Default: standard output.")
    ] = None,
    regions: Annotated[
        str | None, typer.Option(help="all, or names such as us-east-1,eu-west-1. Default: your region.")
    ] = None,
    profile: Profile = "",
) -> None:
    """Write every experiment as a flat record: JSON lines, CSV or Parquet.

    Records come as they arrive, in no order. Exit code 1: a region failed, the records of the others are written.

    Examples: inference-experiment export --regions all > experiments.jsonl;
    inference-experiment export -f parquet -o experiments.parquet
    """
    from inference_experiment_cli.inventory.describe import Inventory, open_regions  # noqa: PLC0415 - as above
    from inference_experiment_cli.inventory.records import flat  # noqa: PLC0415 - --help does without

    if form is ExportFormat.PARQUET:
        duckdb_module()
        if output is None:
            raise UsageError("Parquet is not for a terminal: add --output FILE")
    inventory = Inventory(*open_regions(regions, profile))
    count = _write((flat(experiment) for experiment in inventory.counted()), form, output)
    where = f" to {output}" if output else ""
    sys.stderr.write(f"{count} experiments from {len(inventory.regions) - len(inventory.failures)} regions{where}\n")
    inventory.report_failures()


def _write(records: Iterable[Mapping[str, Any]], form: ExportFormat, output: Path | None) -> int:
    """Write to a new file that takes the old one's place when it is whole, or to standard output."""
    if output is None:
        return _write_to_standard_output(records, form)
    partial = output.with_name(f".{output.name}.{os.getpid()}.partial")
    try:
        if form is ExportFormat.PARQUET:
            count = write_parquet(records, partial)
        else:
            with partial.open("w", encoding="utf-8", newline="") as stream:
                count = TEXT_WRITERS[form](records, stream)
        partial.replace(output)
    except OSError as error:
        raise UsageError(f"{output}: {error.strerror or error}") from error
    finally:
        partial.unlink(missing_ok=True)
    return count


def _write_to_standard_output(records: Iterable[Mapping[str, Any]], form: ExportFormat) -> int:
    """Write until the reader has enough: `export | head` is no failure."""
    try:
        count = TEXT_WRITERS[form](records, sys.stdout)
        sys.stdout.flush()
    except BrokenPipeError as closed:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise typer.Exit(0) from closed
    return count
