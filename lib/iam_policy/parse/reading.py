"""Reading policy documents: decoded values, with symbolic and unknown parts, or JSON text.

A document is read as far as it goes: what cannot be read becomes a finding and an unknown part, never an exception. A
function of CloudFormation that the caller left in place is an `Unknown` too. Nodes may carry `start_mark` with `line`
and `column` counted from 0, as those of cfn-lint do, and `duplicates`, the keys that a mapping repeats.
"""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from difflib import get_close_matches
from functools import partial
from typing import Any, Final

from iam_policy.findings import NOWHERE, Finding, Position, shorten
from iam_policy.match.symbols import Symbolic
from iam_policy.parse.document import (
    VARIABLES_VERSION,
    VERSIONS,
    Condition,
    Document,
    DocumentKind,
    Item,
    Located,
    Path,
    Principal,
    Principals,
    Selector,
    Statement,
    Unknown,
)

EFFECTS: Final = ("Allow", "Deny")
PRINCIPAL_TYPES: Final = ("AWS", "Service", "Federated", "CanonicalUser")
_SID: Final = re.compile(r"[A-Za-z0-9]*")


class Problems:
    """The findings of reading one document."""

    def __init__(self, document: str) -> None:
        self.found: list[Finding] = []
        self.document = document

    def report(self, kind: str, message: str, path: Path, position: Position) -> None:
        """Add one finding."""
        self.found.append(Finding(kind, shorten(message), path, position, self.document))

    def check_keys(self, node: Mapping[Any, Any], known: Sequence[str], path: Path, fallback: Position) -> None:
        """Report keys that are written twice or that are none of the known ones."""
        for key in getattr(node, "duplicates", ()):
            message = f'"{key}" is a duplicate key: only the last one counts; merge them'
            self.report("duplicate-key", message, (*path, str(key)), place(key, fallback))
        for key in map(str, node):
            if key not in known:
                near = get_close_matches(key.title(), known, 1, 0.5)
                advice = f'did you mean "{near[0]}"?' if near else f"allowed are {', '.join(known)}"
                where = next(place(original, fallback) for original in node if str(original) == key)
                self.report("unknown-element", f'unknown element "{key}"; {advice}', (*path, key), where)


def place(node: object, fallback: Position) -> Position:
    """Return where a node is written, counted from 1."""
    mark = getattr(node, "start_mark", None)
    if mark is None:  # nearly always
        return fallback
    line, column = getattr(mark, "line", None), getattr(mark, "column", None)
    if isinstance(line, int) and isinstance(column, int):
        return Position(line + 1, column + 1)
    return fallback


def unwrap(node: object, fallback: Position) -> tuple[object, Position]:
    """Return the value and the place of a node; an unresolved function of CloudFormation is an Unknown."""
    position = place(node, fallback)
    value = node.value if isinstance(node, Located) else node
    if not isinstance(value, str) and isinstance(value, Mapping) and len(value) == 1:
        key = str(next(iter(value)))
        if key == "Ref" or key.startswith("Fn::"):
            return Unknown(f"the value of {key} is not known", "the value of " + key), position
    return value, position


def read_sid(node: Mapping[Any, Any], problems: Problems, path: Path, fallback: Position) -> str:
    """Read Sid; an unknown one counts as none."""
    value, position = unwrap(node.get("Sid", ""), fallback)
    if isinstance(value, Unknown | Symbolic):
        return ""
    if not isinstance(value, str):
        problems.report("wrong-type", "write Sid as a string", (*path, "Sid"), position)
        return ""
    if not _SID.fullmatch(value):
        message = f'a Sid has letters and digits only; rename "{value}"'
        problems.report("invalid-sid", message, (*path, "Sid"), position)
    return str(value)


def read_effect(node: Mapping[Any, Any], problems: Problems, path: Path, fallback: Position) -> str | None:
    """Read Effect; None if it cannot be known or is neither Allow nor Deny."""
    if "Effect" not in node:
        problems.report("missing-element", 'add "Effect": "Allow" or "Deny"', path, fallback)
        return None
    value, position = unwrap(node["Effect"], fallback)
    if isinstance(value, Unknown | Symbolic):
        return None
    if value in EFFECTS:
        return str(value)
    near = get_close_matches(str(value).title(), EFFECTS, 1, 0.5)
    advice = f'write "{near[0]}"' if near else 'write "Allow" or "Deny"'
    problems.report(
        "invalid-effect", f'"{value}" is not an Effect; {advice} (case-sensitive)', (*path, "Effect"), position
    )
    return None


def read_items(node: object, problems: Problems, path: Path, fallback: Position) -> tuple[Item, ...]:
    """Read a text or a list of texts."""
    value, position = unwrap(node, fallback)
    if not isinstance(value, list | tuple):
        return (_item(value, problems, path, position),)
    if not value:
        problems.report("wrong-type", f"an empty list matches nothing; write at least one {path[-1]}", path, position)
    items = []
    for index, entry in enumerate(value):
        inner, where = unwrap(entry, position)
        items.append(_item(inner, problems, (*path, index), where))
    return tuple(items)


def _item(value: object, problems: Problems, path: Path, position: Position) -> Item:
    if isinstance(value, bool):
        return Item(str(value).lower(), path, position)
    if isinstance(value, int | float):
        return Item(str(value), path, position)
    if isinstance(value, str | Symbolic | Unknown):
        return Item(str(value) if isinstance(value, str) else value, path, position)
    problems.report("wrong-type", f"write a string, not {_describe(value)}", path, position)
    return Item(Unknown("it is not a string"), path, position)


def _describe(value: object) -> str:
    return "null" if value is None else "an object" if isinstance(value, Mapping) else "a list"


def read_selector(
    node: Mapping[Any, Any], names: tuple[str, str], problems: Problems, path: Path, fallback: Position
) -> Selector | None:
    """Read Action or NotAction, Resource or NotResource; None if the statement has neither."""
    present = [name for name in names if name in node]
    if not present:
        return None
    if len(present) > 1:
        message = f"keep one of {names[0]} and {names[1]}: IAM does not accept both in one statement"
        problems.report("conflicting-elements", message, path, fallback)
    element = present[0]
    where = (*path, element)
    _, position = unwrap(node[element], fallback)
    return Selector(element, read_items(node[element], problems, where, position), where, position)


def read_principals(node: Mapping[Any, Any], problems: Problems, path: Path, fallback: Position) -> Principals | None:
    """Read Principal or NotPrincipal; None if the statement has neither."""
    element = next((name for name in ("Principal", "NotPrincipal") if name in node), None)
    if element is None:
        return None
    value, position = unwrap(node[element], fallback)
    where = (*path, element)
    if isinstance(value, Unknown | Symbolic):
        unknown = value if isinstance(value, Unknown) else Unknown(f"{element} is {value}")
        return Principals(element, (), unknown, where, position)
    if isinstance(value, Mapping):
        entries = tuple(_entries(value, problems, where, position))
        return Principals(element, entries, None, where, position)
    if value != "*":
        message = f'write {element} as {{"Service": ...}} or {{"AWS": ...}}'
        problems.report("invalid-principal", message, where, position)
        return Principals(element, (), Unknown(f"{element} is not valid"), where, position)
    return Principals(element, (Principal("*", Item("*", where, position)),), None, where, position)


def _entries(node: Mapping[Any, Any], problems: Problems, path: Path, fallback: Position) -> Iterator[Principal]:
    for key, value in node.items():
        name = str(key)
        if name not in PRINCIPAL_TYPES:
            near = get_close_matches(name.title(), PRINCIPAL_TYPES, 1, 0.5)
            advice = f'did you mean "{near[0]}"?' if near else f"allowed are {', '.join(PRINCIPAL_TYPES)}"
            message = f'unknown type of principal "{name}"; {advice}'
            problems.report("invalid-principal", message, (*path, name), place(key, fallback))
        for item in read_items(value, problems, (*path, name), place(key, fallback)):
            yield Principal(name, item)


def read_conditions(node: Mapping[Any, Any], problems: Problems, path: Path, fallback: Position) -> Iterator[Condition]:
    """Read Condition, one entry for each key of each operator."""
    if "Condition" not in node:
        return
    block, position = unwrap(node["Condition"], fallback)
    where = (*path, "Condition")
    if isinstance(block, Unknown):
        yield Condition("", "", (), block, where, position)
        return
    if not isinstance(block, Mapping):
        message = "write Condition as an object: operator, key, values"
        problems.report("wrong-type", message, where, position)
        yield Condition("", "", (), Unknown("Condition is not valid"), where, position)
        return
    problems.check_keys(block, list(map(str, block)), where, position)
    for operator, keys in block.items():
        yield from _operator(str(operator), keys, problems, (*where, str(operator)), place(operator, position))


def _operator(operator: str, node: object, problems: Problems, path: Path, fallback: Position) -> Iterator[Condition]:
    keys, position = unwrap(node, fallback)
    if isinstance(keys, Unknown):
        yield Condition(operator, "", (), keys, path, fallback)
    elif not isinstance(keys, Mapping):
        problems.report("wrong-type", f"write {operator} as an object: key, values", path, fallback)
        yield Condition(operator, "", (), Unknown(f"{operator} is not valid"), path, fallback)
    else:
        problems.check_keys(keys, list(map(str, keys)), path, position)
        for key, values in keys.items():
            where = (*path, str(key))
            at = place(key, fallback)
            items = read_items(values, problems, where, at) if values != [] else ()
            yield Condition(operator, str(key), items, None, where, at)


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
