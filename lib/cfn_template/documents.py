"""One document: JSON or YAML, in any encoding of Unicode, with the line and the column of every value."""

import json
from dataclasses import dataclass, field
from typing import Any, Final

import yaml

from cfn_template.json_reader import parse_json
from cfn_template.located import DocumentError, Mark, duplicate_keys, mark_of
from cfn_template.values import Path
from cfn_template.yaml_reader import compose, parse_yaml

MAXIMUM_BYTES: Final = 64 * 1024 * 1024


@dataclass(frozen=True)
class Document:
    """A document with its name for messages, its text and its value."""

    name: str
    text: str = field(repr=False)
    value: Any = field(repr=False)

    def line(self, path: Path) -> int:
        """Return the line of a value, or of the nearest existing value around it; counted from 1."""
        return mark_of(self.value, path).line + 1


def decode(data: bytes) -> str:
    """Return the text in UTF-8, UTF-16 or UTF-32, with or without a byte order mark. Raises DocumentError."""
    if len(data) > MAXIMUM_BYTES:
        raise DocumentError("too-large", f"is larger than {MAXIMUM_BYTES // 1024 // 1024} MiB")
    encoding = json.detect_encoding(data)
    try:
        return data.decode("utf-8-sig" if encoding.startswith("utf-8") else encoding)  # line ends stay as they are
    except UnicodeDecodeError as error:
        name = encoding.upper().removesuffix("-SIG")
        line = data[: error.start].count(b"\n")
        message = f"is not {name} text (byte {error.start}: {error.reason})"
        raise DocumentError("encoding", message, Mark(line, 0)) from error


def syntax_tree(text: str) -> yaml.Node:
    """Return PyYAML's node of a text, JSON too, for edits by offset. Raises DocumentError."""
    # JSON may be indented with tabs, which YAML refuses; a space has the same width.
    return compose(text.replace("\t", " ") if looks_like_json(text) else text)


def looks_like_json(text: str) -> bool:
    """Tell whether a text begins like a JSON object or list, or with a comment that some editors accept in JSON."""
    return text.lstrip().startswith(("{", "[", "//", "/*"))


def parse(text: str) -> Any:  # noqa: ANN401 - a document is anything
    """Return the value of a text, JSON or YAML. Raises DocumentError; repeated keys are recorded."""
    if not looks_like_json(text):
        return parse_yaml(text)
    try:
        return parse_json(text)
    except DocumentError as error:
        if error.code != "invalid-json":
            raise
        try:
            return parse_yaml(text)  # YAML has braces and brackets too
        except DocumentError as other:
            if other.code != "invalid-yaml":
                raise
        raise


def parse_document(text: str, name: str) -> Document:
    """Return the document of a text. Raises DocumentError, also for a repeated key."""
    value = parse(text)
    require_unique(value)
    return Document(name, text, value)


def require_unique(value: object) -> None:
    """Raise DocumentError for a repeated key."""
    for path, key in duplicate_keys(value):
        raise DocumentError("duplicate-key", f"{'/'.join(map(str, path))}: duplicate key", key.start_mark)
