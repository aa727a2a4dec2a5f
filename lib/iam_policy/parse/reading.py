"""Reading policy documents: JSON text, or decoded values with symbolic and unknown parts.

A document is read as far as it goes: what cannot be read becomes a finding and an unknown part, never an exception.
Nodes may carry `start_mark` with `line` and `column` counted from 0, as cfn-lint's and this package's JSON nodes do.
"""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any, Final

from iam_policy.findings import NOWHERE, Position
from iam_policy.match.symbols import Symbolic
from iam_policy.parse.document import VARIABLES_VERSION, VERSIONS, Document, DocumentKind, Path, Statement, Unknown
from iam_policy.parse.elements import (
    Problems,
    read_conditions,
    read_effect,
    read_principals,
    read_selector,
    read_sid,
    unwrap,
)
from iam_policy.parse.json_source import JsonError, parse_json

TOP: Final = ("Version", "Id", "Statement")
ACTIONS: Final = ("Action", "NotAction")
RESOURCES: Final = ("Resource", "NotResource")
PRINCIPALS: Final = ("Principal", "NotPrincipal")
ELEMENTS: Final = ("Sid", "Effect", *PRINCIPALS, *ACTIONS, *RESOURCES, "Condition")


def read_json(source: str, name: str = "", kind: DocumentKind = DocumentKind.INLINE) -> Document:
    """Read a policy from JSON text. Text that is not JSON gives a document with the finding invalid-json."""
    return read_source(source, parse_json, name, kind)


def read_source(
    source: str, parse: Callable[[str], object], name: str = "", kind: DocumentKind = DocumentKind.INLINE
) -> Document:
    """Read a policy from text by a parser that raises JsonError: `parse_json`, or `parse_yaml` of yaml_source."""
    try:
        node = parse(source)
    except JsonError as error:
        position = Position(error.mark.line + 1, error.mark.column + 1)
        problems = Problems(name)
        problems.report("invalid-json", f"is not valid JSON: {error}", (), position)
        unreadable = Statement(0, unknown=Unknown("the document cannot be read"), position=position)
        return Document(name, kind, None, (unreadable,), tuple(problems.found))
    return read_node(node, name, kind)


def read_node(node: object, name: str = "", kind: DocumentKind = DocumentKind.INLINE) -> Document:
    """Read a policy from decoded values: mappings, lists, strings, `Symbolic`, `Unknown` and `Located`."""
    problems = Problems(name)
    value, position = unwrap(node, NOWHERE)
    version: str | None = None
    statements: tuple[Statement, ...] = ()
    if isinstance(value, Unknown):
        statements = (Statement(0, unknown=value, position=position),)
    elif isinstance(value, Mapping):
        problems.check_keys(value, TOP, (), position)
        version = _version(value, problems, position)
        statements = tuple(_statements(value, version, problems, position))
    else:
        message = "write a policy as an object with Version and Statement"
        problems.report("not-a-policy", message, (), position)
    return Document(name, kind, version, statements, tuple(problems.found), partial(_length, node), node)


def _length(node: object) -> int | None:
    """The characters that IAM counts, all but white space; None if a part is not known."""
    try:
        written = json.dumps(_bare(node), separators=(",", ":"), ensure_ascii=False)
    except TypeError:
        return None
    return len(written) - written.count(" ")


def _bare(node: object) -> object:
    value, _ = unwrap(node, NOWHERE)
    if isinstance(value, Mapping):
        return {str(key): _bare(inner) for key, inner in value.items()}
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [_bare(inner) for inner in value]
    return value


def _version(value: Mapping[Any, Any], problems: Problems, position: Position) -> str | None:
    """Return the version, the old one where there is none; None if it cannot be known."""
    if "Version" not in value:
        message = f'add "Version": "{VARIABLES_VERSION}"; the default is the language of 2008'
        problems.report("old-version", message, (), position)
        return VERSIONS[1]
    version, where = unwrap(value["Version"], position)
    if isinstance(version, Unknown | Symbolic):
        return None
    version = str(version)
    if version not in VERSIONS:
        message = f'unknown version "{version}"; write "{VARIABLES_VERSION}"'
        problems.report("invalid-version", message, ("Version",), where)
    elif version != VARIABLES_VERSION:
        message = f'write "{VARIABLES_VERSION}"; policy variables are plain text in "{version}"'
        problems.report("old-version", message, ("Version",), where)
    return version


def _statements(
    value: Mapping[Any, Any], version: str | None, problems: Problems, fallback: Position
) -> Iterator[Statement]:
    if "Statement" not in value:
        problems.report("missing-element", "add Statement: a policy must have one", (), fallback)
        return
    node, position = unwrap(value["Statement"], fallback)
    variables = version in {None, VARIABLES_VERSION}
    if isinstance(node, list | tuple):
        for index, entry in enumerate(node):
            yield _statement((index, entry), problems, ("Statement", index), position, variables=variables)
    else:
        yield _statement((0, node), problems, ("Statement",), position, variables=variables)


def _statement(
    entry: tuple[int, object], problems: Problems, path: Path, fallback: Position, *, variables: bool
) -> Statement:
    index, node = entry
    value, position = unwrap(node, fallback)
    if isinstance(value, Unknown):
        return Statement(index, unknown=value, path=path, position=position)
    if not isinstance(value, Mapping):
        message = "write a statement as an object with Effect, Action and Resource"
        problems.report("wrong-type", message, path, position)
        return Statement(index, unknown=Unknown("it is not a statement"), path=path, position=position)
    problems.check_keys(value, ELEMENTS, path, position)
    return Statement(
        index,
        read_sid(value, problems, path, position),
        read_effect(value, problems, path, position),
        read_selector(value, ACTIONS, problems, path, position),
        read_selector(value, RESOURCES, problems, path, position),
        read_principals(value, problems, path, position),
        tuple(read_conditions(value, problems, path, position)),
        variables=variables,
        path=path,
        position=position,
    )
