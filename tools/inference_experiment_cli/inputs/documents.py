"""JSON and YAML files with the line of every value: read once, for messages that say where.

The short forms of CloudFormation's functions (`!Sub`) become their long forms; dates stay texts, as for CloudFormation.
"""

import contextlib
import json
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from inference_experiment_cli.errors import UsageError, unreadable

if TYPE_CHECKING:
    import yaml

Keys: TypeAlias = tuple[str | int, ...]
"""Where a value stands: the keys and indexes that lead to it from the top of the file."""

MAXIMUM_NODES: Final = 200_000
_SCALARS: Final = {f"tag:yaml.org,2002:{name}" for name in ("null", "bool", "int", "float")}


@dataclass(frozen=True)
class Document:
    """One file: its parsed value, and lines (from 1) by place."""

    name: str
    text: str = field(repr=False)
    value: Any = field(repr=False)
    node: "yaml.Node" = field(repr=False)
    lines: Mapping[Keys, int] = field(repr=False)

    def line(self, keys: Keys) -> int:
        """Return the line of a value, or of the nearest value around it that there is."""
        while keys and keys not in self.lines:
            keys = keys[:-1]
        return self.lines.get(keys, 1)

    def error(self, keys: Keys, message: str) -> UsageError:
        """Return the error that something at a place cannot be used."""
        where = "/".join(map(str, keys))
        return UsageError(f"{self.name}:{self.line(keys)}: {where + ': ' if where else ''}{message}")


def _source(path: Path) -> str:
    if str(path) == "-":
        return sys.stdin.read()
    try:
        return path.read_bytes().decode("utf-8-sig")  # line ends as they are: convert writes them again
    except (OSError, UnicodeDecodeError) as error:
        raise unreadable(path, error) from error


def _is_json(text: str) -> bool:
    with contextlib.suppress(ValueError, RecursionError):
        json.loads(text)
        return True
    return False


def read_document(path: Path) -> Document:
    """Return the document in a file ("-": the standard input). Raises UsageError."""
    name = "<stdin>" if str(path) == "-" else str(path)
    return parse_document(_source(path), name)


def parse_document(text: str, name: str) -> Document:
    """Return the document that a text is. Raises UsageError with the line."""
    import yaml  # noqa: PLC0415 - keeps --help fast

    # JSON may be indented with tabs, which YAML refuses; a space takes the same room.
    source = text.replace("\t", " ") if _is_json(text) else text
    try:
        node = yaml.compose(source, Loader=yaml.SafeLoader)
        if node is None:
            raise UsageError(f"{name}:1: is empty")
        reader = _Reader(name)
        return Document(name, text, reader.value(node, ()), node, reader.lines)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        problem = getattr(error, "problem", None) or str(error).splitlines()[0]
        raise UsageError(f"{name}:{mark.line + 1 if mark else 1}: is neither JSON nor YAML: {problem}") from error
    except RecursionError:
        raise UsageError(f"{name}: is nested too deeply") from None


class _Reader:
    """Makes plain values of YAML's nodes and notes their lines."""

    def __init__(self, name: str) -> None:
        self.lines: dict[Keys, int] = {}
        self._name = name
        self._open: set[int] = set()

    def value(self, node: "yaml.Node", keys: Keys) -> Any:  # noqa: ANN401 - YAML is anything
        """Return the value of a node. Raises UsageError."""
        self.lines.setdefault(keys, node.start_mark.line + 1)
        if id(node) in self._open or len(self.lines) > MAXIMUM_NODES:
            raise UsageError(f"{self._name}:{node.start_mark.line + 1}: is endless")
        self._open.add(id(node))
        plain = self._plain(node, keys)
        self._open.discard(id(node))
        if not node.tag.startswith("!"):
            return plain
        name = node.tag[1:]
        if name == "GetAtt" and isinstance(plain, str):
            plain = plain.split(".", 1)
        return {name if name in {"Ref", "Condition"} else f"Fn::{name}": plain}

    def _plain(self, node: "yaml.Node", keys: Keys) -> Any:  # noqa: ANN401
        import yaml  # noqa: PLC0415

        if isinstance(node, yaml.MappingNode):
            return dict(self._members(node, keys))
        if isinstance(node, yaml.SequenceNode):
            return [self.value(item, (*keys, index)) for index, item in enumerate(node.value)]
        if node.tag in _SCALARS:
            return yaml.SafeLoader("").construct_object(node)
        return node.value

    def _members(self, node: "yaml.MappingNode", keys: Keys) -> Iterator[tuple[str, Any]]:
        seen: set[str] = set()
        for key, value in node.value:
            name, line = str(key.value), key.start_mark.line + 1
            if name in seen:
                raise UsageError(f"{self._name}:{line}: {'/'.join(map(str, (*keys, name)))}: is there twice")
            seen.add(name)
            self.lines[(*keys, name)] = line
            yield name, self.value(value, (*keys, name))
