"""inference-experiment export: the options, and where the records go."""

import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from inference_experiment_cli.errors import UsageError
from inference_experiment_cli.inventory.describe import Inventory, open_regions
from inference_experiment_cli.inventory.records import flat
from inference_experiment_cli.inventory.writers import TEXT_WRITERS, ExportFormat, duckdb_module, write_parquet
from inference_experiment_cli.options import OutputFile, Profile, Regions
from inference_experiment_cli.output import note, number_of
from inference_experiment_cli.output_file import is_standard_output, replaced


def export(
    form: Annotated[ExportFormat, typer.Option("--format", help="Output format.")] = ExportFormat.JSONL,
    output: OutputFile = None,
    region: Regions = None,
    profile: Profile = "",
) -> None:
    """Write experiments as flat records: JSON lines, JSON, CSV, Parquet.

    Records come as they arrive, in no order.

    Examples:
      inference-experiment export --region all > experiments.jsonl
      inference-experiment export -o experiments.parquet

    Exit codes: 0 written, 2 the options are wrong, 4 a region failed (the records of the others are written).

    Documentation: docs/inventory.md
    """
    if form is ExportFormat.PARQUET:
        duckdb_module()
        if is_standard_output(output):
            raise UsageError("--format parquet needs --output FILE")
    inventory = Inventory(*open_regions(region or (), profile))
    _write((flat(experiment) for experiment in inventory.counted()), form, output)
    where = f" to {output}" if output else ""
    regions = len(inventory.regions) - len(inventory.failures)
    note(f"{number_of(inventory.count, 'experiment')} from {number_of(regions, 'region')}{where}")
    inventory.raise_failures()


def _write(records: Iterable[Mapping[str, Any]], form: ExportFormat, output: Path | None) -> None:
    """Write to standard output, or to a new file that replaces the old one when it is complete."""
    if output is None or is_standard_output(output):
        TEXT_WRITERS[form](records, sys.stdout)
        return
    with replaced(output) as new:
        if form is ExportFormat.PARQUET:
            write_parquet(records, new)
        else:
            with new.open("w", encoding="utf-8", errors="backslashreplace", newline="") as stream:
                TEXT_WRITERS[form](records, stream)
