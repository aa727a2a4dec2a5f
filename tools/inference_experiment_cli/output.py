"""What a command prints: rows and values in four formats, remarks and questions.

Results go to standard output, everything else to standard error. On a terminal lines are fitted to its width, unless
--wide is passed; elsewhere nothing is wrapped or left out. Control characters of values are shown as escapes; JSON,
YAML and CSV keep the data. Colours are Rich's: none without a terminal or with NO_COLOR.
"""

import itertools
import json
import os
import re
import sys
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from enum import StrEnum
from functools import cache, cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from inference_experiment_cli.csv_rows import write_rows
from inference_experiment_cli.errors import NotPossibleError, UsageError
from inference_experiment_cli.output_file import is_standard_output, replaced
from inference_experiment_cli.table import layout
from inference_experiment_cli.terminal import (
    drawing,
    is_unicode,
    json_escaped,
    one_line,
    printable,
    visible,
    width_of,
    wrap,
    write_result,
)

if TYPE_CHECKING:
    from rich.console import Console
    from rich.text import Text

Row = Mapping[str, Any]
WIDTH_SAMPLE_ROWS: Final = 200
"""Rows from which the widths of a table are taken, so that a list of any length can be printed."""

YAML_WIDTH: Final = 120
ANSWER_CELLS: Final = len(" [y/N]: yes")
SPINNER_HERTZ: Final = 12.5
FORCED_STYLE: Final = ("FORCE_COLOR", "TTY_COMPATIBLE")
"""Environment variables that make Rich treat a pipe as a terminal."""


class Format(StrEnum):
    """How results are printed."""

    TABLE = "table"
    JSON = "json"
    YAML = "yaml"
    CSV = "csv"


class Screen:
    """Prints lines on standard output or standard error, and there shows what is going on."""

    def __init__(self, *, stderr: bool = False) -> None:
        self._stderr = stderr
        self._stream = sys.stderr if stderr else sys.stdout
        self.width = width_of(self._stream)
        self._has_style = self._stream.isatty() or any(name in os.environ for name in FORCED_STYLE)

    @cached_property
    def console(self) -> "Console":
        """Return Rich's console."""
        from rich.console import Console  # noqa: PLC0415 - Rich is slow to import, and a pipe does without

        return Console(
            stderr=self._stderr,
            highlight=False,
            soft_wrap=True,
            markup=False,
            force_interactive=None if self._stream.isatty() else False,
        )

    def _text(self, text: str) -> "Text":
        from rich.text import Text  # noqa: PLC0415 - see above

        return Text(printable(text, self._stream))

    def line(self, text: str = "", style: str = "") -> None:
        """Print a text as one line; on a terminal as several of its width."""
        for part in wrap(printable(text, self._stream), self.width):
            self.raw_line(part, style)

    def lines(self, text: str, style: str = "") -> None:
        """Print each line of a text of several."""
        for each in text.splitlines():
            self.line(each, style)

    def coloured(self, text: str) -> None:
        """Print the lines of a text that has the sequences of a terminal for colours, folded on a terminal."""
        from rich.text import Text  # noqa: PLC0415 - see above

        for each in text.split("\n"):
            self.console.print(Text.from_ansi(each), soft_wrap=self.width is None)

    def raw_line(self, text: str, style: str = "") -> None:
        """Print a line that fits and has no control characters."""
        if not self._stderr:
            write_result(sys.stdout, "")
        if self._has_style:
            from rich.text import Text  # noqa: PLC0415 - see above

            self.console.print(Text(text, style), soft_wrap=True)
        else:
            stream = sys.stderr if self._stderr else sys.stdout
            stream.write(text + "\n")
            stream.flush()

    @contextmanager
    def status(self, text: str) -> Iterator[Callable[[str], None]]:
        """Show on a terminal what is going on, with a spinner; give the function that changes the text."""
        if not self._stream.isatty():
            yield lambda _: None
            return
        from rich.live import Live  # noqa: PLC0415 - see above
        from rich.spinner import Spinner  # noqa: PLC0415 - see above

        shown = Spinner(spinner(self.console), self._text(text))
        # Rich would write to its own stream what is written to the others meanwhile.
        live = Live(
            shown,
            console=self.console,
            transient=True,
            refresh_per_second=SPINNER_HERTZ,
            redirect_stdout=False,
            redirect_stderr=False,
        )
        with live if self.console.is_interactive else nullcontext(), drawing(live.stop if self._stderr else _nothing):
            yield lambda text: shown.update(text=self._text(text))


def _nothing() -> None:
    pass


def spinner(console: "Console") -> str:
    """Return the name of a spinner whose characters a console has."""
    return "dots" if console.encoding.startswith("utf") else "line"


def console(*, stderr: bool = False) -> Screen:
    """Return the screen of standard output or standard error, as it is now."""
    return Screen(stderr=stderr)


def note(text: str) -> None:
    """Print a remark on standard error."""
    console(stderr=True).line(one_line(text), style="dim")


def number_of(count: int, noun: str) -> str:
    """Return a number with its noun: 1 template, 2 templates."""
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


def confirm(question: str, *, yes: bool) -> None:
    """Ask before something irreversible. Raises NotPossibleError unless the answer is yes, and UsageError."""
    if yes:
        return
    if not sys.stdin.isatty():
        raise UsageError(f"{question} Not a terminal; pass --yes to confirm")
    width = width_of(sys.stderr)
    lines = wrap(one_line(question), width and max(1, width - ANSWER_CELLS))
    import typer  # noqa: PLC0415 - imported by main, unless that did without

    if not typer.confirm("\n".join(lines), err=True):
        raise NotPossibleError("not confirmed; nothing was changed")


def write_file(path: Path | None, text: str) -> None:
    """Write a text with its own line ends, without a path to standard output. Raises UsageError."""
    if path is None or is_standard_output(path):
        _write_document(text)
        return
    with replaced(path) as new:
        new.write_text(text, encoding="utf-8", errors="backslashreplace", newline="")


def _write_document(text: str) -> None:
    """Write a template or a page, whose characters must not become escapes: a file of these is UTF-8."""
    binary = getattr(sys.stdout, "buffer", None)
    if binary is None or sys.stdout.isatty() or is_unicode(sys.stdout):
        sys.stdout.write(text)
    else:
        sys.stdout.flush()
        binary.write(text.encode(errors="backslashreplace"))


def json_text(value: object, **arrangement: Any) -> str:  # noqa: ANN401 - arguments of json.dumps
    """Return a value as JSON that standard output can write and a terminal does not obey."""
    return json_escaped(json.dumps(value, ensure_ascii=not is_unicode(sys.stdout), **arrangement))


def cell(value: object) -> str:
    """Return a value as the text of a cell."""
    if value is None:
        return ""
    return json.dumps(value, ensure_ascii=False) if isinstance(value, list | dict | bool) else str(value)


def print_value(value: Mapping[str, Any], style: Format) -> None:
    """Print one value: as a document, or as rows of name and value."""
    if style is Format.JSON:
        sys.stdout.write(json_text(value, indent=2) + "\n")
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


@cache
def _yaml_writer() -> Callable[..., Any]:
    import yaml  # noqa: PLC0415 - slow to import, and one format of four needs it

    class Dumper(yaml.SafeDumper):
        def ignore_aliases(self, _: object) -> bool:
            return True

    return partial(yaml.dump, Dumper=Dumper, sort_keys=False)


def yaml_text(value: object, margin: int = 0) -> str:
    """Return a value as YAML, in its own order and without aliases, for lines that begin after a margin."""
    width = min(width_of(sys.stdout) or YAML_WIDTH, YAML_WIDTH) - margin
    dump = _yaml_writer()
    text: str = dump(value, allow_unicode=is_unicode(sys.stdout), width=width)
    if visible(text, keep="\n") != text:  # characters that YAML allows and a terminal obeys
        text = dump(value, width=width)
    return text


def print_rows(
    rows: Iterable[Row],
    columns: Sequence[str],
    style: Format,
    *,
    headers: Sequence[str] | None = None,
    optional: Collection[str] = (),
) -> None:
    """Print rows as they come: no format holds more of them than WIDTH_SAMPLE_ROWS.

    `columns` are the keys of the rows. `headers` are the head of a table or of CSV as it is, one for each column, the
    same one twice if need be; without them CSV has the keys, a table their words in capitals. A terminal that is too
    narrow shows a table without the `optional` columns.
    """
    if style is Format.TABLE:
        _table(rows, columns, headers or [_words(name) for name in columns], optional)
    elif style is Format.CSV:
        _csv(rows, columns, headers or columns)
    else:
        (_json if style is Format.JSON else _yaml)(rows, columns)


def print_section(title: str, rows: Sequence[Row], columns: Sequence[str]) -> None:
    """Print a table below its title; nothing without rows."""
    if rows:
        print_title(title)
        print_rows(rows, columns, Format.TABLE)


def print_title(title: str) -> None:
    """Print a title after a blank line."""
    screen = console()
    screen.line()
    screen.line(title, style="bold")


def _json(rows: Iterable[Row], columns: Sequence[str]) -> None:
    separator = "[\n"
    for row in rows:
        write_result(sys.stdout, separator + "  " + json_text({key: row.get(key) for key in columns}))
        separator = ",\n"
    sys.stdout.write("[]\n" if separator == "[\n" else "\n]\n")


def _yaml(rows: Iterable[Row], columns: Sequence[str]) -> None:
    empty = True
    for row in rows:
        write_result(sys.stdout, yaml_text([{key: row.get(key) for key in columns}]))
        empty = False
    sys.stdout.write("[]\n" if empty else "")


def _csv(rows: Iterable[Row], columns: Sequence[str], head: Sequence[str]) -> None:
    write_rows(sys.stdout, head, ([cell(row.get(key)) for key in columns] for row in rows))


def _words(name: str) -> str:
    return re.sub(r"(?<=[a-z])(?=[A-Z])|_", " ", name).upper()


def _table(rows: Iterable[Row], columns: Sequence[str], head: Sequence[str], optional: Collection[str]) -> None:
    screen = console()
    head = [printable(name, sys.stdout) for name in head]
    lines = ([printable(cell(row.get(key)), sys.stdout) for key in columns] for row in rows)
    first = list(itertools.islice(lines, WIDTH_SAMPLE_ROWS))
    fitted = layout([head, *first], screen.width, [index for index, name in enumerate(columns) if name in optional])
    for text in fitted.lines(head):
        screen.raw_line(text, style="bold")
    for cells in itertools.chain(first, lines):
        for text in fitted.lines(cells):
            screen.raw_line(text)
    hidden = [name for index, name in enumerate(head) if index not in fitted.columns]
    if hidden:
        note(f"not shown, for want of space: {', '.join(hidden)}; pass --wide or --format json")
