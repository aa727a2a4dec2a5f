"""Decoded values with their place, and the error for a document that cannot be decoded.

The nodes are ordinary dicts, lists and strings with a `start_mark`, like those of cfn-lint's decoders, so that whatever
reads one reads the other. Lines and columns of marks count from 0, those of errors from 1.
"""

from collections.abc import Iterator
from typing import Any, Final, NamedTuple, TypeVar

from cfn_template.values import Path


class Mark(NamedTuple):
    """A place in a text; both count from 0."""

    line: int
    column: int


START: Final = Mark(0, 0)


class StringNode(str):
    """A string with its place."""

    __slots__ = ("start_mark",)
    start_mark: Mark


class ListNode(list[Any]):
    """A list with its place and the places of its items."""

    start_mark: Mark
    marks: tuple[Mark, ...] = ()


class DictNode(dict[str, Any]):
    """A mapping with its place and the keys that it repeats; each key is a StringNode."""

    start_mark: Mark
    duplicates: tuple[StringNode, ...] = ()


_Node = TypeVar("_Node", StringNode, ListNode, DictNode)


class DocumentError(ValueError):
    """A document that cannot be read: a code, what is wrong, and the line and column (from 1) of the fault.

    Codes: encoding, empty, invalid-json, invalid-yaml, duplicate-key, too-deep, too-large, recursive-alias.
    """

    def __init__(self, code: str, message: str, mark: Mark = START) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.line = mark.line + 1
        self.column = mark.column + 1


def string_node(value: str, mark: Mark) -> StringNode:
    """Return a string with its place. Raises DocumentError for half of a surrogate pair, which is not a character."""
    try:
        value.isascii() or value.encode()
    except UnicodeEncodeError as error:
        raise DocumentError("encoding", f"\\u{ord(value[error.start]):04x} is not a character", mark) from error
    node = StringNode(value)
    node.start_mark = mark
    return node


def placed_like(origin: object, node: _Node) -> _Node:
    """Return a node with the places of the one that it is a copy of, if that has any."""
    for name in ("start_mark", "marks"):
        if hasattr(origin, name):
            setattr(node, name, getattr(origin, name))
    return node


def plain(value: Any) -> Any:  # noqa: ANN401 - any JSON value
    """Return a value without places, for libraries that know the built-in types only."""
    if isinstance(value, dict):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, list):
        return [plain(item) for item in value]
    return str(value) if isinstance(value, str) else value


def duplicate_keys(value: object, path: Path = ()) -> Iterator[tuple[Path, StringNode]]:
    """Yield the path and the place of each repeated key beneath a value, in the order of the document."""
    if isinstance(value, DictNode):
        yield from (((*path, str(key)), key) for key in value.duplicates)
        for key, item in value.items():
            yield from duplicate_keys(item, (*path, str(key)))
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from duplicate_keys(item, (*path, index))


def mark_of(value: object, path: Path) -> Mark:
    """Return the place of the value at a path, or of the nearest value around it; of a member it is that of its key."""
    mark = getattr(value, "start_mark", START)
    for step in path:
        if isinstance(value, DictNode) and step in value:
            mark = next(key.start_mark for key in value if key == step)  # type: ignore[attr-defined]
        elif isinstance(value, ListNode) and isinstance(step, int) and step < len(value.marks):
            mark = value.marks[step]
        else:
            break
        value = value[step]  # type: ignore[index]
    return mark
