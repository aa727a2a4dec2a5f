"""What a command prints: rows and values in four formats, remarks and questions.

Results go to standard output, everything else to standard error. Colours are Rich's: none without a terminal or with
NO_COLOR.
"""

import csv
import itertools
import json
import re
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from enum import StrEnum
from pathlib import Path
from typing import Any, Final

import typer
import yaml
from rich.console import Console

from inference_experiment_cli.errors import NotPossibleError, UsageError
from inference_experiment_cli.output_file import is_standard_output, replaced

Row = Mapping[str, Any]
WIDTH_SAMPLE_ROWS: Final = 200
"""Rows from which the widths of a table are taken, so that a list of any length can be printed."""


class Format(StrEnum):
    """How results are printed."""

    TABLE = "table"
    JSON = "json"
    YAML = "yaml"
    CSV = "csv"


def console(*, stderr: bool = False) -> Console:
    """Return a console that neither wraps nor cuts."""
    return Console(stderr=stderr, highlight=False, soft_wrap=True, markup=False)


def note(text: str) -> None:
    """Print a remark on standard error."""
    console(stderr=True).print(text, style="dim")


def confirm(question: str, *, yes: bool) -> None:
    """Ask before something irreversible. Raises NotPossibleError unless the answer is yes, and UsageError."""
    if yes:
        return
    if not sys.stdin.isatty():
        raise UsageError(f"{question} Not a terminal; pass --yes to confirm")
    if not typer.confirm(question, err=True):
        raise NotPossibleError("not confirmed; nothing was changed")


def write_file(path: Path | None, text: str) -> None:
    """Write a text with its own line ends, without a path to standard output. Raises UsageError."""
    if path is None or is_standard_output(path):
        sys.stdout.write(text)
        return
    with replaced(path) as new:
        new.write_text(text, encoding="utf-8", errors="backslashreplace", newline="")


def cell(value: object) -> str:
    """Return a value as one line of text."""
    if value is None:
        return ""
    return json.dumps(value, ensure_ascii=False) if isinstance(value, list | dict | bool) else str(value)


def print_value(value: Mapping[str, Any], style: Format) -> None:
    """Print one value: as a document, or as rows of name and value."""
    if style is Format.JSON:
        sys.stdout.write(json.dumps(value, indent=2, ensure_ascii=False) + "\n")
    elif style is Format.YAML:
        sys.stdout.write(yaml_text(value))
    else:
        print_rows([{"property": key, "value": item} for key, item in flat(value)], ("property", "value"), style)


def flat(value: Any, path: str = "") -> Iterator[tuple[str, object]]:  # noqa: ANN401 - any JSON value
    """Yield the leaves of a value with their paths; empty and None ones too."""
    if isinstance(value, Mapping) and value:
        for key, item in value.items():
            yield from flat(item, f"{path}/{key}" if path else str(key))
    elif isinstance(value, list) and value:
        for index, item in enumerate(value):
            yield from flat(item, f"{path}/{index}")
    else:
        yield path, None if value in ([], {}) else value


class _Dumper(yaml.SafeDumper):
    def ignore_aliases(self, _: object) -> bool:
        return True


def yaml_text(value: object) -> str:
    """Return a value as YAML, in its own order and without aliases."""
    text: str = yaml.dump(value, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=120)
    return text


def print_rows(rows: Iterable[Row], columns: Sequence[str], style: Format) -> None:
    """Print rows as they come: no format holds more of them than WIDTH_SAMPLE_ROWS."""
    writers = {Format.TABLE: _table, Format.JSON: _json, Format.YAML: _yaml, Format.CSV: _csv}
    writers[style](rows, columns)


def print_section(title: str, rows: Sequence[Row], columns: Sequence[str]) -> None:
    """Print a table below its title; nothing without rows."""
    if rows:
        console().print(f"\n{title}", style="bold")
        print_rows(rows, columns, Format.TABLE)


def _json(rows: Iterable[Row], columns: Sequence[str]) -> None:
    separator = "[\n"
    for row in rows:
        sys.stdout.write(separator + "  " + json.dumps({key: row.get(key) for key in columns}, ensure_ascii=False))
        separator = ",\n"
    sys.stdout.write("[]\n" if separator == "[\n" else "\n]\n")


def _yaml(rows: Iterable[Row], columns: Sequence[str]) -> None:
    empty = True
    for row in rows:
        sys.stdout.write(yaml_text([{key: row.get(key) for key in columns}]))
        empty = False
    sys.stdout.write("[]\n" if empty else "")


def _csv(rows: Iterable[Row], columns: Sequence[str]) -> None:
    writer = csv.writer(sys.stdout, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows([cell(row.get(key)) for key in columns] for row in rows)


def _table(rows: Iterable[Row], columns: Sequence[str]) -> None:
    screen = console()
    lines = ([cell(row.get(key)) for key in columns] for row in rows)
    first = list(itertools.islice(lines, WIDTH_SAMPLE_ROWS))
    head = [re.sub(r"(?<=[a-z])(?=[A-Z])|_", " ", name).upper() for name in columns]
    widths = [max(map(len, column)) for column in zip(head, *first, strict=True)]
    screen.print(_line(head, widths), style="bold")
    for cells in itertools.chain(first, lines):
        screen.print(_line(cells, widths))


def _line(cells: Sequence[str], widths: Sequence[int]) -> str:
    return "  ".join(text.ljust(width) for text, width in zip(cells, widths, strict=True)).rstrip()
