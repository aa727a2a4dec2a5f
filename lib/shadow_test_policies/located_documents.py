"""Policy documents of a template as documents of the IAM library, with the template location of each part."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from typing import Final

import iam_policy
from cfn_template.located import DictNode, ListNode, Mark, StringNode
from cfn_template.nodes import Node, is_function
from cfn_template.values import Path, SymbolicString
from iam_policy.findings import NOWHERE, Finding, Position
from shadow_test_policies.physical_names import PhysicalNames

MAXIMUM_DEPTH: Final = 20


@dataclass(frozen=True)
class Location:
    """A location: a path in the template, or a path and a position in a policy document."""

    path: Path = ()
    document: str = ""  # of a policy that is not part of a template
    position: Position = NOWHERE


@dataclass(frozen=True)
class LocatedDocument:
    """A document and the location of its parts: path in the document -> path in the template."""

    document: iam_policy.Document
    origin: Path = ()
    paths: Mapping[Path, Path] | None = None  # None for a document that is not part of a template
    by_core: bool = False  # cfn-lint itself checks documents in this place

    def locate(self, path: Path, position: Position = NOWHERE) -> Location:
        """Return the location of a path in the document, or of the nearest part around it."""
        if self.paths is None:
            return Location(path, self.document.name, position)
        while path and path not in self.paths:
            path = path[:-1]
        return Location(self.paths.get(path, self.origin))


class _Reader:
    """Decodes one document."""

    def __init__(self, names: PhysicalNames) -> None:
        self.names = names
        self.paths: dict[Path, Path] = {}

    def value(self, node: Node, path: Path) -> object:
        """Return what `iam_policy.read_node` reads."""
        self.paths[path] = node.path
        value = node.value
        if isinstance(value, dict) and len(path) < MAXIMUM_DEPTH and not any(map(is_function, value)):
            return self._mapping(node, path)
        if isinstance(value, list) and node.items is not None and len(path) < MAXIMUM_DEPTH:
            items = ListNode(self.value(item, (*path, index)) for index, item in enumerate(node.items))
            items.start_mark = _mark(value)
            return items
        return self._scalar(node)

    def _mapping(self, node: Node, path: Path) -> DictNode:
        mapping = DictNode()
        mapping.start_mark = _mark(node.raw)
        for name, member in node.members.items():
            key = StringNode(name)
            key.start_mark = _mark(name)
            mapping[key] = self.value(member, (*path, name))
        return mapping

    def _scalar(self, node: Node) -> object:
        text = str(node.raw) if isinstance(node.raw, date) else node.text
        if text is None:
            place = "/".join(map(str, node.path[1:]))
            return iam_policy.Unknown("the value in the template is not known", f"the value at {place}")
        converted = self.names.text(text)
        if isinstance(converted, str):
            string = StringNode(converted)
            string.start_mark = _mark(node.raw)
            return string
        return iam_policy.Located(converted, _mark(node.raw))


def read(
    node: Node | None, names: PhysicalNames, name: str, kind: iam_policy.DocumentKind, *, by_core: bool = True
) -> LocatedDocument:
    """Return the document at a place of the template, read once for all scenarios in which it is the same.

    None is an unknown document.
    """
    if node is None:
        return unknown(name, iam_policy.Unknown("there is no document"), (), kind)
    reader = _Reader(names)
    return LocatedDocument(iam_policy.read_node(reader.value(node, ()), name, kind), node.path, reader.paths, by_core)


def unknown(name: str, why: iam_policy.Unknown, path: Path, kind: iam_policy.DocumentKind) -> LocatedDocument:
    """Return a document of which only the place is known."""
    return LocatedDocument(iam_policy.read_node(why, name, kind), path, {})


def refused(kind: str, message: str, name: str, path: Path) -> LocatedDocument:
    """Return a document for an entry that CloudFormation or IAM refuses, with the finding that says why."""
    document = iam_policy.read_node(iam_policy.Unknown(message), name)
    return LocatedDocument(replace(document, problems=(Finding(kind, message, document=name),)), path, {})


def text_at(node: Node | None, names: PhysicalNames) -> iam_policy.Text | None:
    """Return a value as a text of the IAM library; None when it is left out or not known at all."""
    text: str | SymbolicString | None = node.text if node is not None else None
    return None if text is None else names.text(text)


def _mark(raw: object) -> Mark:
    mark = getattr(raw, "start_mark", None)
    line, column = getattr(mark, "line", None), getattr(mark, "column", None)
    return Mark(line, column) if isinstance(line, int) and isinstance(column, int) else Mark(-1, -1)
