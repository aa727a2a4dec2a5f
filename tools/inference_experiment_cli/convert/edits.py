"""Edits of a text by offset, so that everything else in it stays."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

import yaml

from inference_experiment_cli.convert.syntax import end_of, is_flow

# Before a scalar's own text: its tag and its anchor.
_PREFIX: Final = re.compile(r"(?:[!&]\S*\s+)*")


@dataclass
class Edits:
    """Collects edits of one text, each (from, to, new text). One edit of a place that an alias repeats is enough."""

    text: str
    _edits: dict[tuple[int, int, str], None] = field(default_factory=dict)

    def add(self, start: int, end: int, new: str) -> None:
        """Replace what is between two offsets."""
        self._edits[start, end, new] = None

    def applied(self) -> str:
        """Return the edited text. What is edited within a removed part is removed."""
        parts, at = [], 0
        # Of edits at one offset what is inserted comes first, then what replaces most.
        for start, end, new in sorted(self._edits, key=lambda edit: (edit[0], edit[1] > edit[0], -edit[1])):
            if start >= at:
                parts += [self.text[at:start], new]
                at = end
        return "".join([*parts, self.text[at:]])

    def source(self, node: yaml.Node) -> str:
        """Return the text of a value, without comments that follow it."""
        return self.text[node.start_mark.index : end_of(node)]

    def content(self, node: yaml.ScalarNode) -> tuple[int, int]:
        """Return where the text of a scalar is, without tag, anchor, quotes and the line ends of a block."""
        start, end = node.start_mark.index, node.end_mark.index
        prefix = _PREFIX.match(self.text, start, end)
        start = prefix.end() if prefix else start
        if node.style in ("'", '"'):
            return start + 1, end - 1
        return start, start + len(self.text[start:end].rstrip())

    def begin_with(self, node: yaml.ScalarNode, old: str, new: str) -> None:
        """Replace the text that a scalar begins with."""
        start, end = self.content(node)
        at = self.text.find(old, start, end)
        if at >= 0:
            self.add(at, at + len(old), new)

    def matches(self, node: yaml.ScalarNode, pattern: re.Pattern[str]) -> Iterator[re.Match[str]]:
        """Return the matches in a scalar's text, with offsets of the whole text."""
        return pattern.finditer(self.text, *self.content(node))

    def end_with(self, node: yaml.ScalarNode, cut: int, new: str) -> None:
        """Replace the last characters of a scalar's text."""
        end = self.content(node)[1]
        self.add(end - cut, end, new)


def flow_text(node: yaml.Node) -> str:
    """Return a value as YAML on one line. Comments within it are lost."""
    tag = f"{node.tag} " if node.tag.startswith("!") else ""
    if isinstance(node, yaml.ScalarNode):
        plain = node.style is None and not tag and not set(node.value) & set("[]{},:#&*")
        return str(node.value) if plain else tag + '"' + node.value.replace("\\", "\\\\").replace('"', '\\"') + '"'
    if isinstance(node, yaml.SequenceNode):
        return f"{tag}[{', '.join(map(flow_text, node.value))}]"
    pairs = [f"{flow_text(key)}: {flow_text(value)}" for key, value in node.value]
    return f"{tag}{{{', '.join(pairs)}}}"


def one_line(edits: Edits, node: yaml.Node) -> str:
    """Return a value as it is written, or in brackets where that needs indentation."""
    is_tagged_text = isinstance(node, yaml.ScalarNode) and node.tag.startswith("!")
    is_block = not isinstance(node, yaml.ScalarNode) and not is_flow(node)
    return flow_text(node) if is_block or is_tagged_text else edits.source(node)


def call_like(node: yaml.Node, function: str, argument: str | list[str]) -> str:
    """Return a function in the form in which another one is written: short, in braces, or in a block."""
    if node.tag.startswith("!"):
        text = ".".join(argument) if isinstance(argument, list) else argument
        return f"!{function.removeprefix('Fn::')} {json.dumps(text) if '{' in text else text}"
    if is_flow(node):
        return json.dumps({function: argument})
    return f"{function}: {argument if isinstance(argument, str) and argument.isalnum() else json.dumps(argument)}"
