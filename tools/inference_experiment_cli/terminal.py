"""What a terminal shows of a text: lines of its width, and control characters as escapes that it does not obey."""

import codecs
import os
import re
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from io import TextIOWrapper
from typing import Final, TextIO

from rich.cells import cell_len, chop_cells

# Control characters, line separators, what changes the direction of text, and halves of a surrogate pair.
_CONTROL: Final = re.compile("[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")
_NAMED: Final = {"\n": r"\n", "\r": r"\r", "\t": r"\t"}
_WORD: Final = re.compile(r"\S+")
# Where a word that is longer than a line is divided rather than anywhere: ARNs, paths, lists; not in times.
_BREAK: Final = re.compile(r"(?<=[/,;=&])(?![/,;=&])|(?<=:)(?![\d:])")
CONTINUATION_INDENT: Final = 2
LAST_OF_TWO_DIGITS: Final = 0xFF
ESCAPES: Final = "inference-experiment.escapes"
NARROW: Final = 20
"""Columns below which lines are not indented."""
DEFAULT_WIDTH: Final = 80
"""Columns of a terminal that does not say how many it has."""
_DRAWN: Final[list[Callable[[], None]]] = []
_WIDE: Final = ContextVar("wide", default=False)


def visible(text: str, keep: str = "") -> str:
    r"""Return a text whose control characters are escapes (\x1b, \r, \u202e); those in `keep` stay."""
    return _CONTROL.sub(lambda match: match[0] if match[0] in keep else _escape(match[0]), text)


def _escape(character: str) -> str:
    code = ord(character)
    return _NAMED.get(character) or (f"\\x{code:02x}" if code <= LAST_OF_TWO_DIGITS else f"\\u{code:04x}")


def printable(text: str, stream: TextIO) -> str:
    """Return a text as a stream prints it, so that its width is that of what is seen."""
    text = visible(text)
    if is_unicode(stream):
        return text
    return text.encode(stream.encoding, ESCAPES).decode(stream.encoding)


def json_escaped(text: str) -> str:
    """Return JSON whose control characters are escapes of JSON, so that it says the same."""
    return _CONTROL.sub(lambda match: match[0] if match[0] == "\n" else f"\\u{ord(match[0]):04x}", text)


def one_line(text: str) -> str:
    """Return a message as one line: line ends and runs of blanks as one blank, control characters as escapes."""
    return visible(re.sub(r"[ \t]*\r?\n[ \t\r\n]*|[ \t]+", " ", text.strip(" \t\r\n")))


def _replacement(error: UnicodeError) -> tuple[str | bytes, int]:
    """Return what stands for a character that an encoding lacks: a plain space for a special one, else an escape."""
    if isinstance(error, UnicodeEncodeError) and error.object[error.start].isspace():
        return " ", error.start + 1
    return codecs.backslashreplace_errors(error)


codecs.register_error(ESCAPES, _replacement)


def use_escapes() -> None:
    """Let both streams write what their encoding lacks as an escape instead of failing."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors=ESCAPES)


def decoded(argument: str) -> str:
    """Return an argument of the command line as UTF-8 where the locale could not decode it."""
    return os.fsencode(argument).decode(errors="backslashreplace") if not argument.isascii() else argument


def is_unicode(stream: TextIO) -> bool:
    """Return whether a stream can write every character; one that does not say its encoding can."""
    return (getattr(stream, "encoding", None) or "utf-8").lower().startswith("utf")


@contextmanager
def wide_lines(*, wide: bool) -> Iterator[None]:
    """Do not fit what is printed meanwhile to the terminal, if `wide`."""
    token = _WIDE.set(wide)
    try:
        yield
    finally:
        _WIDE.reset(token)


def width_of(stream: TextIO) -> int | None:
    """Return the columns of a terminal, or of COLUMNS; None for what is no terminal, or with --wide: no limit."""
    if _WIDE.get() or not stream.isatty():
        return None
    columns = os.environ.get("COLUMNS", "")
    if columns.isdecimal() and int(columns):
        return int(columns)
    try:
        return os.get_terminal_size(stream.fileno()).columns or DEFAULT_WIDTH
    except OSError:
        return DEFAULT_WIDTH


def wrap(text: str, width: int | None) -> list[str]:
    """Return the lines of a text, indented as its first one, and two more from the second on."""
    if width is None or cell_len(text) <= width:
        return [text]
    start = "" if width < NARROW else text[: len(text) - len(text.lstrip())]
    rest = start + " " * (CONTINUATION_INDENT if width >= NARROW else 0)
    if len(rest) > width // 2:
        start = rest = ""
    first, *others = fold(text.strip(), width - len(rest))
    return [start + first, *(rest + line for line in others)]


def fold(text: str, width: int) -> list[str]:
    """Return a text in lines of at most `width` cells: divided between words, and within those that are longer."""
    lines, end = [""], 0
    for word in _WORD.finditer(text):
        blanks = text[end : word.start()] if lines[-1] or not end else ""
        end = word.end()
        if cell_len(lines[-1] + blanks + word[0]) <= width:
            lines[-1] += blanks + word[0]
        elif cell_len(word[0]) <= width:
            lines[len(lines) if lines[-1] else 0 :] = [word[0]]
        else:
            _fold_word(word[0], blanks, lines, width)
    return lines


def parts(text: str) -> list[str]:
    """Return what a text is divided into at most, unless one part is longer than a line."""
    return [part for word in text.split() for part in _BREAK.split(word) if part]


def _fold_word(word: str, blanks: str, lines: list[str], width: int) -> None:
    """Append a long word to the lines: its first part beside what is there, if that fits."""
    for part in parts(word):
        if cell_len(lines[-1] + blanks + part) <= width:
            lines[-1] += blanks + part
        else:
            pieces = [each for each in chop_cells(part, width) if each] if width > 1 else [*part]
            lines[:] = [*(lines if lines != [""] else []), *pieces]
        blanks = ""


@contextmanager
def drawing(stop: Callable[[], None]) -> Iterator[None]:
    """Say that a spinner or a bar is drawn on standard error, which `stop` removes."""
    _DRAWN.append(stop)
    try:
        yield
    finally:
        _DRAWN.clear()


def write_result(stream: TextIO, text: str) -> None:
    """Write a part of the results. The first one ends what is drawn where it would stand in the middle of it."""
    if _DRAWN and stream is sys.stdout and stream.isatty():
        while _DRAWN:
            _DRAWN.pop()()
    stream.write(text)


def print_lines(lines: Iterable[str], *, stderr: bool = False) -> None:
    """Print lines as they are, one by one: those of results, and errors, which have no colour."""
    stream = sys.stderr if stderr else sys.stdout
    width = width_of(stream)
    for line in lines:
        for part in wrap(printable(line, stream), width):
            write_result(stream, part + "\n")


def fill(text: str, width: int) -> str:
    """Return a text with the blanks that it lacks to that many cells."""
    return text + " " * (width - cell_len(text))
