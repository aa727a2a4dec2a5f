"""A large JSON text one member at a time: a dump of an account has tens of megabytes, and one role of it is wanted.

The standard library decodes each member once, to find its end; only what is asked for is parsed with places.
"""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from itertools import accumulate
from typing import Any, Final, NamedTuple

from cfn_template.json_reader import parse_json
from cfn_template.located import DocumentError, Mark
from cfn_template.values import Path

_SPACE: Final = re.compile(r"[ \t\r\n]*")
_DECODER: Final = json.JSONDecoder()
_CHUNK: Final = 1 << 18
_CONTINUATION: Final = bytes(range(0x80, 0xC0))  # of a character in UTF-8


class _Source:
    """The bytes of a text in UTF-8, and where its lines are."""

    def __init__(self, data: bytes) -> None:
        self.data = data

    @cached_property
    def _lines(self) -> list[int]:
        """The number of lines before each chunk: to count them anew for each value takes longer than to parse it."""
        counts = (self.data.count(b"\n", step, step + _CHUNK) for step in range(0, len(self.data), _CHUNK))
        return [0, *accumulate(counts)]

    def mark(self, offset: int) -> Mark:
        """Return the line and the column of a byte."""
        chunk, _ = divmod(offset, _CHUNK)
        line = self._lines[chunk] + self.data.count(b"\n", chunk * _CHUNK, offset)
        begin = self.data.rfind(b"\n", 0, offset) + 1
        steps = range(begin, offset, _CHUNK)
        parts = (self.data[step : min(step + _CHUNK, offset)] for step in steps)
        return Mark(line, sum(len(part.translate(None, _CONTINUATION)) for part in parts))


@dataclass(frozen=True)
class Slice:
    """A value in a JSON text by its first and last byte."""

    source: _Source = field(repr=False)
    start: int
    end: int

    def parse(self) -> Any:  # noqa: ANN401 - JSON is anything
        """Return the value with the places that it has in the whole text. Raises DocumentError."""
        return parse_json(self.source.data[self.start : self.end].decode(), self.source.mark(self.start))


class Member(NamedTuple):
    """A member of a JSON text: its path (a key, a key and an index, or an index), its plain value and its slice."""

    path: Path
    value: Any
    slice: Slice


def members(data: bytes) -> Iterator[Member]:
    """Yield the members of an object, for lists in it their items, or the items of a list. Raises DocumentError.

    Several values one after the other (JSON lines) are like a list of them.
    """
    reader = _Reader(data)
    first = reader.peek()
    if reader.is_sequence():
        index = 0
        while reader.peek():
            yield reader.member((index,))
            index += 1
        return
    if first == "{":
        for key in reader.object_keys():
            if reader.peek() == "[":
                yield from (reader.member((key, index)) for index in reader.items())
            else:
                yield reader.member((key,))
    elif first == "[":
        yield from (reader.member((index,)) for index in reader.items())
    else:
        yield reader.member(())
    if reader.peek():
        reader.fail()


class _Reader:
    """Steps through the bytes with a window of decoded text, which grows to the longest member."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._source = _Source(data)
        self._text = ""
        self._index = 0  # in the window
        self._offset = 0  # the byte at the index
        self._end = 0  # the byte after the window

    def _grow(self, size: int = _CHUNK) -> bool:
        """Drop what was read from the window and decode more; false at the end."""
        end = min(self._end + size, len(self._data))
        while end < len(self._data) and self._data[end] in _CONTINUATION:
            end += 1
        if end == self._end:
            return False
        try:
            more = self._data[self._end : end].decode()
        except UnicodeDecodeError as error:
            mark = self._source.mark(self._end + error.start)
            raise DocumentError("encoding", f"is not UTF-8 text: {error.reason}", mark) from error
        self._text, self._index, self._end = self._text[self._index :] + more, 0, end
        return True

    def _advance(self, index: int) -> None:
        self._offset += index - self._index if self._text.isascii() else len(self._text[self._index : index].encode())
        self._index = index

    def peek(self) -> str:
        """Return the next character that is not white space; empty at the end."""
        while True:
            found = _SPACE.match(self._text, self._index)
            self._advance(found.end() if found else self._index)
            if self._index < len(self._text):
                return self._text[self._index]
            if not self._grow():
                return ""

    def _accept(self, character: str) -> bool:
        if self.peek() != character:
            return False
        self._advance(self._index + 1)
        return True

    def fail(self) -> None:
        """Raise DocumentError for what is at the index."""
        mark = self._source.mark(self._offset)
        parse_json(self._text[self._index :], mark)
        raise DocumentError("invalid-json", "is not valid JSON: something else was expected here", mark)

    def member(self, path: Path) -> Member:
        """Step over a value. Raises DocumentError."""
        self.peek()
        start = self._offset
        value, end = self._decode()
        self._advance(end)
        return Member(path, value, Slice(self._source, start, self._offset))

    def _decode(self) -> tuple[Any, int]:
        size = _CHUNK
        while True:
            try:
                value, end = _DECODER.raw_decode(self._text, self._index)
            except (ValueError, RecursionError):
                if not self._grow(size):
                    self.fail()
            else:
                if end < len(self._text) or not self._grow(size):  # a number may go on
                    return value, end
            size *= 2

    def is_sequence(self) -> bool:
        """Tell whether a value ends within the first window, and something that begins a value follows."""
        try:
            _, end = _DECODER.raw_decode(self._text, self._index)
        except (ValueError, RecursionError):
            return False
        return self._text[end:].lstrip()[:1] in {"{", "["}

    def object_keys(self) -> Iterator[str]:
        """Step to the value of each member of an object."""
        for _ in self._until("}"):
            if self.peek() != '"':
                self.fail()
            key = self.member(()).value
            if not self._accept(":"):
                self.fail()
            yield key

    def items(self) -> Iterator[int]:
        """Step to each item of a list."""
        for index, _ in enumerate(self._until("]")):
            yield index

    def _until(self, end: str) -> Iterator[None]:
        self._accept(self.peek())
        ended = self._accept(end)
        while not ended:
            yield
            ended = self._accept(end)
            if not ended and not self._accept(","):
                self.fail()
