"""Strict JSON to located nodes, with the position of errors."""

import json
import re
from bisect import bisect_right
from collections.abc import Iterator
from typing import Any, Final

from cfn_template.located import START, DictNode, DocumentError, ListNode, Mark, StringNode, string_node

_SPACE: Final = re.compile(r"[ \t\r\n]*")
_DECODER: Final = json.JSONDecoder()
# json accepts these beyond the standard.
_NOT_JSON: Final = ("NaN", "Infinity", "-Infinity")
_COMMENTS: Final = ("//", "/*", "#")
MAXIMUM_DEPTH: Final = 100


def parse_json(source: str, at: Mark = START) -> Any:  # noqa: ANN401 - JSON is anything
    """Parse JSON to located nodes. Raises DocumentError; repeated keys are recorded, the last one counts.

    `at` is where the text begins in its file.
    """
    parser = _Parser(source, at)
    value = parser.value(0)
    parser.end()
    return value


class _Parser:
    """Recursive descent; the strings are scanned by the standard library."""

    def __init__(self, source: str, at: Mark) -> None:
        self._source = source
        self._at = at
        self._position = 0
        self._breaks = [found.end() for found in re.finditer(r"\n", source)]

    def _mark(self, position: int) -> Mark:
        line = bisect_right(self._breaks, position)
        column = position - self._breaks[line - 1] if line else self._at.column + position
        return Mark(self._at.line + line, column)

    def _fail(self, message: str) -> DocumentError:
        mark = self._mark(min(self._position, len(self._source)))
        if self._source.startswith(_COMMENTS, self._position):
            message = "comments are not allowed, remove this one"
        return DocumentError("invalid-json", f"is not valid JSON: {message}", mark)

    def _peek(self) -> str:
        character = self._source[self._position : self._position + 1]
        if character > " ":  # nearly always
            return character
        found = _SPACE.match(self._source, self._position)
        self._position = found.end() if found else self._position
        return self._source[self._position : self._position + 1]

    def _accept(self, character: str) -> bool:
        if self._peek() != character:
            return False
        self._position += 1
        return True

    def end(self) -> None:
        if self._peek():
            raise self._fail("text after the end of the document")

    def value(self, depth: int) -> Any:  # noqa: ANN401
        if depth > MAXIMUM_DEPTH:
            raise DocumentError("too-deep", f"is more than {MAXIMUM_DEPTH} levels deep", self._mark(self._position))
        character = self._peek()
        if character == "{":
            return self._object(depth)
        if character == "[":
            return self._list(depth)
        if character == '"':
            return self._string()
        return self._scalar()

    def _object(self, depth: int) -> DictNode:
        node = DictNode()
        node.start_mark = self._mark(self._position)
        for _ in self._until("}"):
            if self._peek() != '"':
                raise self._fail("expected a key in double quotes" + self._hint())
            key = self._string()
            if not self._accept(":"):
                raise self._fail(f'expected ":" after the key "{key}"')
            if key in node:
                node.duplicates = (*node.duplicates, key)
            node[key] = self.value(depth + 1)
        return node

    def _list(self, depth: int) -> ListNode:
        node = ListNode()
        node.start_mark = self._mark(self._position)
        marks: list[Mark] = []
        for _ in self._until("]"):
            if self._peek() == "]":
                raise self._fail("expected a value" + self._hint())
            marks.append(self._mark(self._position))
            node.append(self.value(depth + 1))
        node.marks = tuple(marks)
        return node

    def _until(self, end: str) -> Iterator[None]:
        """Step over the opening bracket, then before each member, over the commas, up to the closing bracket."""
        self._position += 1
        ended = self._accept(end)
        while not ended:
            yield
            ended = self._accept(end)
            if not ended and not self._accept(","):
                raise self._fail(f'expected "," or "{end}"')

    def _hint(self) -> str:
        return ": remove the comma before this" if self._peek() in {"}", "]"} else ""

    def _string(self) -> StringNode:
        mark = self._mark(self._position)
        return string_node(self._scalar(), mark)

    def _scalar(self) -> Any:  # noqa: ANN401
        if self._position >= len(self._source):
            raise self._fail("the document ends too early")
        if self._source.startswith(_NOT_JSON, self._position):
            raise self._fail("expected a value")
        try:
            value, self._position = _DECODER.raw_decode(self._source, self._position)
        except json.JSONDecodeError as error:
            self._position = error.pos
            raise self._fail(error.msg[:1].lower() + error.msg[1:]) from error
        except ValueError as error:
            raise self._fail("the number has too many digits") from error
        return value
