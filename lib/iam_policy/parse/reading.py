"""Reading policy documents: decoded values, with symbolic and unknown parts, or JSON text.

A document is read as far as it goes: what cannot be read becomes a finding and an unknown part, never an exception.
Nodes may carry `start_mark` with `line` and `column` counted from 0, as those of cfn-lint do, and `duplicates`,
the keys that a mapping repeats.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
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

TOP: Final = ("Version", "Id", "Statement")
ACTIONS: Final = ("Action", "NotAction")
RESOURCES: Final = ("Resource", "NotResource")
PRINCIPALS: Final = ("Principal", "NotPrincipal")
ELEMENTS: Final = ("Sid", "Effect", *PRINCIPALS, *ACTIONS, *RESOURCES, "Condition")


def read_json(source: str, name: str = "", kind: DocumentKind = DocumentKind.INLINE) -> Document:
    """Read a policy from JSON text, without places. Text that is not JSON gives the finding invalid-json."""
    try:
        node = json.loads(source, object_pairs_hook=_Object)
    except json.JSONDecodeError as error:
        return unreadable(f"is not valid JSON: {error.msg}", Position(error.lineno, error.colno), name, kind)
    except (ValueError, RecursionError) as error:
        return unreadable(f"is not valid JSON: {error}", NOWHERE, name, kind)
    return read_node(node, name, kind)


def unreadable(message: str, position: Position, name: str = "", kind: DocumentKind = DocumentKind.INLINE) -> Document:
    """Return what a text that is not JSON counts as: the finding invalid-json, and permissions that are not known."""
    problems = Problems(name)
    problems.report("invalid-json", message, (), position)
    statement = Statement(0, unknown=Unknown("the document cannot be read"), position=position)
    return Document(name, kind, None, (statement,), tuple(problems.found))


class _Object(dict[str, Any]):
    """A JSON object with the keys that it repeats."""

    def __init__(self, pairs: list[tuple[str, Any]]) -> None:
        super().__init__(pairs)
        names = [name for name, _ in pairs]
        self.duplicates = tuple(dict.fromkeys(name for name in names if names.count(name) > 1))


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
