"""CSV that spreadsheets take for data: every command that writes CSV writes it here."""

import csv
import re
from collections.abc import Iterable, Sequence
from typing import Final, TextIO

from inference_experiment_cli.terminal import visible, write_result

# What spreadsheets take for the beginning of a formula, also after a tab or a line end, and in full width.
_FORMULA: Final = re.compile(r"[=+\-@\t\r\n\uff1d\uff0b\uff0d\uff20]")
_NUMBER: Final = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?%?")


def guarded(text: str) -> str:
    """Return a text with an apostrophe before it where a spreadsheet would take it for a formula; numbers stay."""
    return f"'{text}" if _FORMULA.match(text) and not _NUMBER.fullmatch(text) else text


class _Lines:
    """A stream for the csv module that ends lines with a line feed alone."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def write(self, row: str) -> None:
        write_result(self._stream, row.removesuffix("\r\n") + "\n")


def write_rows(stream: TextIO, head: Sequence[str], rows: Iterable[Iterable[str]]) -> None:
    """Write a head line and rows as they come; on a terminal, which would obey control characters, as escapes."""
    shown = visible if stream.isatty() else str
    # Only characters of its own line end make the module quote a cell in every version of Python.
    writer = csv.writer(_Lines(stream), lineterminator="\r\n")
    writer.writerow([guarded(shown(name)) for name in head])
    for row in rows:
        writer.writerow([guarded(shown(text)) for text in row])
