"""Writes flat records as JSON lines, JSON, CSV or Parquet, one after the other, whatever their number."""

import tempfile
from collections.abc import Callable, Iterable, Mapping
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TextIO

from inference_experiment_cli.csv_rows import write_rows
from inference_experiment_cli.errors import missing_extra
from inference_experiment_cli.inventory.records import AWSCC, FLAT
from inference_experiment_cli.output import json_text
from inference_experiment_cli.terminal import write_result

if TYPE_CHECKING:
    import types

Record = Mapping[str, Any]


ExportFormat = StrEnum("ExportFormat", ["JSONL", "JSON", "CSV", "PARQUET"])


def _json(value: Any) -> str:  # noqa: ANN401 - parsed JSON
    return json_text(value, separators=(",", ":"))


def write_json_lines(records: Iterable[Record], output: TextIO) -> None:
    """Write one JSON object per line."""
    for record in records:
        write_result(output, _json(record) + "\n")


def write_json(records: Iterable[Record], output: TextIO) -> None:
    """Write one JSON array, with a line for each object."""
    separator = "[\n"
    for record in records:
        write_result(output, separator + _json(record))
        separator = ",\n"
    write_result(output, "[]\n" if separator == "[\n" else "\n]\n")


def write_csv(records: Iterable[Record], output: TextIO) -> None:
    """Write CSV with a head line; nested values are JSON, absent ones empty."""
    cells = ([_cell(value) for value in record.values()] for record in records)
    write_rows(output, FLAT, cells)


def _cell(value: Any) -> str:  # noqa: ANN401 - parsed JSON
    if value is None:
        return ""
    return _json(value) if isinstance(value, dict | list) else str(value)


TEXT_WRITERS: Final[Mapping[ExportFormat, Callable[[Iterable[Record], TextIO], None]]] = {
    ExportFormat.JSONL: write_json_lines,
    ExportFormat.JSON: write_json,
    ExportFormat.CSV: write_csv,
}


def duckdb_module(extra: str = "query") -> "types.ModuleType":
    """Return duckdb. Raises UsageError where it is not installed, naming the extra to install."""
    try:
        import duckdb  # noqa: PLC0415 - an optional extra
    except ImportError as missing:
        raise missing_extra("DuckDB", extra) from missing
    return duckdb


def write_parquet(records: Iterable[Record], path: Path) -> None:
    """Write a Parquet file; times are UTC timestamps, tags a map, other nested values JSON."""
    duckdb = duckdb_module()
    kinds = {**AWSCC, "_key": "VARCHAR", "tags": "MAP(VARCHAR, VARCHAR)"}
    columns = ", ".join(f"'{name}': '{kinds[name].replace('TIMESTAMP', 'TIMESTAMPTZ')}'" for name in FLAT)
    with tempfile.TemporaryDirectory(prefix="inference-experiment-") as folder:
        lines = Path(folder) / "records.jsonl"
        with lines.open("w", encoding="utf-8") as output:
            write_json_lines(records, output)
        source = f"read_json('{_quoted(lines)}', format = 'newline_delimited', columns = {{{columns}}})"
        copy = f"COPY (SELECT * FROM {source}) TO '{_quoted(path)}' (FORMAT parquet)"  # noqa: S608 - quoted paths
        try:
            with duckdb.connect(config={"autoinstall_known_extensions": "false"}) as connection:
                connection.execute("SET TimeZone = 'UTC'")
                connection.execute(copy)
        except duckdb.IOException as error:
            raise OSError(str(error)) from error


def _quoted(path: Path) -> str:
    return str(path).replace("'", "''")
