"""Reading policy documents: decoded values, with symbolic and unknown parts, or JSON text.

A document is read as far as possible: invalid parts become a finding and an unknown part, never an exception. A
CloudFormation function that the caller has not resolved is an `Unknown` too. Nodes may carry `start_mark` with `line`
and `column` counted from 0, as those of cfn-lint do, and `duplicates`, the keys that a mapping repeats.
"""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from difflib import get_close_matches
from functools import partial
from typing import Any, Final, NamedTuple

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
TOP: Final = ("Version", "Id", "Statement")
ACTIONS: Final = ("Action", "NotAction")
RESOURCES: Final = ("Resource", "NotResource")
PRINCIPALS: Final = ("Principal", "NotPrincipal")
PRINCIPAL_TYPES: Final = ("AWS", "Service", "Federated", "CanonicalUser")
ELEMENTS: Final = ("Sid", "Effect", *PRINCIPALS, *ACTIONS, *RESOURCES, "Condition")
_SID: Final = re.compile(r"[A-Za-z0-9]*")


class _Spot(NamedTuple):
    """A part of a document that is being read: where it is, and the findings of the whole document."""

    document: str
    found: list[Finding]
    path: Path = ()
    position: Position = NOWHERE

    def report(self, kind: str, message: str, check: str = "") -> None:
        """Add a finding about this part; `check` is the title of Access Analyzer's check for it."""
        finding = Finding(kind, shorten(message), self.path, self.position, self.document, analyzer_check=check)
        self.found.append(finding)

    def inner(self, node: object, *steps: str | int) -> "_Spot":
        """Return the nested part for a node; without a mark it has the position of this one."""
        return _Spot(self.document, self.found, (*self.path, *steps), _position(node, self.position))

    def read(self, node: object, *steps: str | int) -> tuple[object, "_Spot"]:
        """Return the value of a node and its part; an unresolved function of CloudFormation is an Unknown."""
        value = node.value if isinstance(node, Located) else node
        if not isinstance(value, str) and isinstance(value, Mapping) and len(value) == 1:
            key = str(next(iter(value)))
            if key == "Ref" or key.startswith("Fn::"):
                value = Unknown(f"the value of {key} is not known", "the value of " + key)
        return value, self.inner(node, *steps)

    def check_duplicates(self, node: Mapping[Any, Any]) -> None:
        """Report duplicate keys."""
        for key in getattr(node, "duplicates", ()):
            message = f'"{key}" is a duplicate key: only the last one counts; merge them'
            self.inner(key, str(key)).report("duplicate-key", message)

    def mapping(self, value: object, element: str, members: str) -> Mapping[Any, Any] | Unknown:
        """Return the value of an element that has to be an object; another value is reported and unknown."""
        if isinstance(value, Mapping):
            self.check_duplicates(value)
        elif not isinstance(value, Unknown):
            self.report("wrong-type", f"write {element} as an object: {members}", "Data type mismatch")
        return value if isinstance(value, Mapping | Unknown) else Unknown(f"{element} is not valid")

    def check_keys(self, node: Mapping[Any, Any], known: Sequence[str]) -> None:
        """Report duplicate and unknown keys."""
        self.check_duplicates(node)
        for key in node:
            name = str(key)
            if name not in known:
                message = f'unknown element "{name}"; {_advice(name, known)}'
                self.inner(key, name).report("unknown-element", message, "Invalid policy element")


def _position(node: object, fallback: Position) -> Position:
    """Return where a node is written, counted from 1."""
    mark = getattr(node, "start_mark", None)
    if mark is None:  # nearly always
        return fallback
    line, column = getattr(mark, "line", None), getattr(mark, "column", None)
    return Position(line + 1, column + 1) if isinstance(line, int) and isinstance(column, int) else fallback


def _advice(name: str, known: Sequence[str]) -> str:
    near = get_close_matches(name.title(), known, 1, 0.5)
    return f'did you mean "{near[0]}"?' if near else f"allowed are {', '.join(known)}"


def read_json(source: str, name: str = "", kind: DocumentKind = DocumentKind.INLINE) -> Document:
    """Read a policy from JSON text, without places. Text that is not JSON gives the finding invalid-json."""
    try:
        node = json.loads(source, object_pairs_hook=RepeatedKeys)
    except json.JSONDecodeError as error:
        return unreadable(f"is not valid JSON: {error.msg}", Position(error.lineno, error.colno), name, kind)
    except (ValueError, RecursionError) as error:
        return unreadable(f"is not valid JSON: {error}", NOWHERE, name, kind)
    return read_node(node, name, kind)


def unreadable(message: str, position: Position, name: str = "", kind: DocumentKind = DocumentKind.INLINE) -> Document:
    """Return the document for text that is not JSON: the finding invalid-json, and unknown permissions."""
    problem = Finding("invalid-json", shorten(message), (), position, name, analyzer_check="Json syntax error")
    statement = Statement(0, unknown=Unknown("the document cannot be read"), position=position)
    return Document(name, kind, None, (statement,), (problem,))


class RepeatedKeys(dict[str, Any]):
    """A JSON object with the keys that it repeats."""

    def __init__(self, pairs: list[tuple[str, Any]]) -> None:
        super().__init__(pairs)
        names = [name for name, _ in pairs]
        self.duplicates = tuple(dict.fromkeys(name for name in names if names.count(name) > 1))


def read_node(node: object, name: str = "", kind: DocumentKind = DocumentKind.INLINE) -> Document:
    """Read a policy from decoded values: mappings, lists, strings, `Symbolic`, `Unknown` and `Located`."""
    value, at = _Spot(name, []).read(node)
    version: str | None = None
    statements: tuple[Statement, ...] = ()
    if isinstance(value, Unknown):
        statements = (Statement(0, unknown=value, position=at.position),)
    elif isinstance(value, Mapping):
        at.check_keys(value, TOP)
        _check_string(value, "Id", at)
        version = _version(value, at)
        statements = tuple(_statements(value, at, variables=version in {None, VARIABLES_VERSION}))
    else:
        message = "write a policy as an object with Version and Statement"
        at.report("not-a-policy", message, "Data type mismatch")
    return Document(name, kind, version, statements, tuple(at.found), partial(_length, node))


def _length(node: object) -> int:
    """The characters that IAM counts, all but white space; what is not known counts as empty."""
    written = json.dumps(_bare(node), separators=(",", ":"), ensure_ascii=False, default=str)
    return len(written) - written.count(" ")


def _bare(node: object) -> object:
    value, _ = _Spot("", []).read(node)
    if isinstance(value, Mapping):
        return {str(key): _bare(inner) for key, inner in value.items()}
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [_bare(inner) for inner in value]
    if isinstance(value, Symbolic):
        return "".join(part for part in value.parts if isinstance(part, str))
    return "" if isinstance(value, Unknown) else value


def _version(node: Mapping[Any, Any], spot: _Spot) -> str | None:
    """Return the version, the old one where there is none; None if it is unknown."""
    if "Version" not in node:
        message = f'add "Version": "{VARIABLES_VERSION}"; the default is the language of 2008'
        spot.report("old-version", message, "Missing version")
        return VERSIONS[1]
    version, at = spot.read(node["Version"], "Version")
    if isinstance(version, Unknown | Symbolic):
        return None
    _check_string(node, "Version", spot)
    version = str(version)
    if version not in VERSIONS:
        at.report("invalid-version", f'unknown version "{version}"; write "{VARIABLES_VERSION}"', "Invalid version")
    elif version != VARIABLES_VERSION:
        message = f'write "{VARIABLES_VERSION}"; policy variables are plain text in "{version}"'
        at.report("old-version", message)
    return version


def _statements(node: Mapping[Any, Any], spot: _Spot, *, variables: bool) -> Iterator[Statement]:
    if "Statement" not in node:
        spot.report("missing-element", "add Statement: a policy must have one", "Missing statement")
        return
    value, at = spot.read(node["Statement"], "Statement")
    if not isinstance(value, list | tuple):
        yield _statement(0, value, at, variables=variables)
        return
    for index, entry in enumerate(value):
        yield _statement(index, *at.read(entry, index), variables=variables)


def _statement(index: int, value: object, at: _Spot, *, variables: bool) -> Statement:
    if isinstance(value, Unknown):
        return Statement(index, unknown=value, path=at.path, position=at.position)
    if not isinstance(value, Mapping):
        message = "write a statement as an object with Effect, Action and Resource"
        at.report("wrong-type", message, "Data type mismatch")
        return Statement(index, unknown=Unknown("it is not a statement"), path=at.path, position=at.position)
    at.check_keys(value, ELEMENTS)
    return Statement(
        index,
        _sid(value, at),
        _effect(value, at),
        _selector(value, ACTIONS, at),
        _selector(value, RESOURCES, at),
        _principals(value, at),
        tuple(_conditions(value, at)),
        variables=variables,
        path=at.path,
        position=at.position,
    )


def _sid(node: Mapping[Any, Any], spot: _Spot) -> str:
    """Read Sid; an unknown one counts as none."""
    value, at = spot.read(node.get("Sid"), "Sid")
    _check_string(node, "Sid", spot)
    if not isinstance(value, str):
        return ""
    if not value:
        at.report("empty-element", "write a value for Sid, or remove it", "Empty Sid value")
    if not _SID.fullmatch(value):
        kind = "underscore-in-sid" if _SID.fullmatch(value.replace("_", "")) else "invalid-sid"
        at.report(kind, f'a Sid has letters and digits only; rename "{value}"', "Unsupported Sid")
    return str(value)


def _check_string(node: Mapping[Any, Any], element: str, spot: _Spot) -> None:
    """Report an element that is neither a string nor, as YAML reads a version, a date."""
    if element in node:
        value, at = spot.read(node[element], element)
        if value is None or isinstance(value, bool | int | float | list | tuple | Mapping):
            at.report("wrong-type", f"write {element} as a string", "Data type mismatch")


def _effect(node: Mapping[Any, Any], spot: _Spot) -> str | None:
    """Read Effect; None if it is unknown or neither Allow nor Deny."""
    if "Effect" not in node:
        spot.report("missing-element", 'add "Effect": "Allow" or "Deny"', "Missing effect")
        return None
    value, at = spot.read(node["Effect"], "Effect")
    if isinstance(value, Unknown | Symbolic):
        return None
    if not isinstance(value, str):
        at.report("wrong-type", 'write Effect as a string: "Allow" or "Deny"', "Data type mismatch")
        return None
    if value in EFFECTS:
        return str(value)
    near = get_close_matches(value.title(), EFFECTS, 1, 0.5)
    advice = f'write "{near[0]}"' if near else 'write "Allow" or "Deny"'
    at.report("invalid-effect", f'"{value}" is not an Effect; {advice} (case-sensitive)', "Invalid effect")
    return None


def _selector(node: Mapping[Any, Any], names: tuple[str, str], spot: _Spot) -> Selector | None:
    """Read Action or NotAction, Resource or NotResource; None if the statement has neither."""
    element = _present(node, names, spot)
    if element is None:
        return None
    at = spot.inner(node[element], element)
    items = _items(node[element], at, f"Empty array {names[0].lower()}")
    _check_strings(node[element], at)
    return Selector(element, items, at.path, at.position)


def _present(node: Mapping[Any, Any], names: tuple[str, str], spot: _Spot) -> str | None:
    """Return the element of a pair that a statement has, the first if it has both; None if it has neither."""
    present = [name for name in names if name in node]
    if len(present) > 1:
        message = f"keep one of {names[0]} and {names[1]}: IAM does not accept both in one statement"
        spot.report("conflicting-elements", message, "Unsupported element combination")
    return present[0] if present else None


def _check_strings(node: object, spot: _Spot) -> None:
    """Report numbers and Booleans in a text or list of texts: an action or ARN is a string."""
    value, at = spot.read(node)
    entries = enumerate(value) if isinstance(value, list | tuple) else [(None, value)]
    for index, entry in entries:
        inner, where = at.read(entry) if index is None else at.read(entry, index)
        if isinstance(inner, bool | int | float):
            where.report("wrong-type", f"write {inner} as a string", "Data type mismatch")


def _items(node: object, spot: _Spot, empty: str, check: str = "Data type mismatch") -> tuple[Item, ...]:
    """Read a text or a list of texts; `empty` and `check` are Access Analyzer's for no text and for other values."""
    value, at = spot.read(node)
    if not isinstance(value, list | tuple):
        return (_item(value, at, check),)
    if not value:
        at.report("wrong-type", f"an empty list matches nothing; write at least one {at.path[-1]}", empty)
    items = []
    for index, entry in enumerate(value):
        inner, where = at.read(entry, index)
        if inner is None and len(value) > 1:  # accepted in policies that moto has recorded
            where.report("empty-element", "null stands for nothing; remove it")
        else:
            items.append(_item(inner, where, check))
    return tuple(items)


def _item(value: object, at: _Spot, check: str) -> Item:
    if isinstance(value, str | int | float):
        text = str(value)
        return Item(text.lower() if isinstance(value, bool) else text, at.path, at.position)
    if isinstance(value, Symbolic | Unknown):
        return Item(value, at.path, at.position)
    shown = "null" if value is None else "an object" if isinstance(value, Mapping) else "a list"
    at.report("wrong-type", f"write a string, not {shown}", check)
    return Item(Unknown("it is not a string"), at.path, at.position)


def _principals(node: Mapping[Any, Any], spot: _Spot) -> Principals | None:
    """Read Principal or NotPrincipal; None if the statement has neither."""
    element = _present(node, PRINCIPALS, spot)
    if element is None:
        return None
    value, at = spot.read(node[element], element)
    entries: tuple[Principal, ...] = ()
    unknown: Unknown | None = None
    if isinstance(value, Unknown | Symbolic):
        unknown = value if isinstance(value, Unknown) else Unknown(f"{element} is {value}")
    elif isinstance(value, Mapping):
        entries = tuple(_entries(value, at))
        if not value:
            message = f"{element} is empty, so the statement does nothing; name the principals"
            at.report("empty-element", message, "Empty object principal")
    elif value == "*":
        entries = (Principal("*", Item("*", at.path, at.position)),)
    else:
        message = f'write {element} as {{"Service": ...}} or {{"AWS": ...}}'
        at.report("invalid-principal", message, "Invalid principal format")
        unknown = Unknown(f"{element} is not valid")
    return Principals(element, entries, unknown, at.path, at.position)


def _entries(node: Mapping[Any, Any], spot: _Spot) -> Iterator[Principal]:
    for key, value in node.items():
        name = str(key)
        at = spot.inner(key, name)
        if name not in PRINCIPAL_TYPES:
            message = f'unknown type of principal "{name}"; {_advice(name, PRINCIPAL_TYPES)}'
            at.report("invalid-principal", message, "Invalid principal key")
        for item in _items(value, at, "Empty array principal"):
            yield Principal(name, item)


def _conditions(node: Mapping[Any, Any], spot: _Spot) -> Iterator[Condition]:
    """Read Condition, one entry for each key of each operator."""
    if "Condition" not in node:
        return
    block, at = spot.read(node["Condition"], "Condition")
    block = at.mapping(block, "Condition", "operator, key, values")
    if isinstance(block, Unknown):
        yield Condition("", "", (), block, at.path, at.position)
        return
    if not block:
        _report_no_condition(at)
    for operator, keys in block.items():
        yield from _operator(str(operator), keys, at.inner(operator, str(operator)))


def _report_no_condition(spot: _Spot) -> None:
    spot.report("empty-element", f"{spot.path[-1]} is empty; write a condition or remove it", "Empty object condition")


def _operator(operator: str, node: object, spot: _Spot) -> Iterator[Condition]:
    keys = spot.mapping(spot.read(node)[0], operator, "key, values")
    if isinstance(keys, Unknown):
        yield Condition(operator, "", (), keys, spot.path, spot.position)
        return
    if not keys:
        _report_no_condition(spot)
    for key, values in keys.items():
        where = spot.inner(key, str(key))
        check = "Invalid condition data type"
        items = _items(values, where, "", check) if values != [] else ()
        _check_one_type(values, where)
        yield Condition(operator, str(key), items, None, where.path, where.position)


def _check_one_type(node: object, spot: _Spot) -> None:
    """Report values of different JSON types."""
    value, at = spot.read(node)
    if isinstance(value, list | tuple):
        inner = [at.read(entry)[0] for entry in value]
        types = {"Booleans": bool, "numbers": int | float, "strings": str}
        # A Boolean is an integer to Python, hence the order.
        named = {next((name for name, type_ in types.items() if isinstance(one, type_)), "") for one in inner} - {""}
        if len(named) > 1:
            message = f"the values are {' and '.join(sorted(named))}; write all of them as strings"
            at.report("mixed-value-types", message, "Invalid condition data type")
