"""Policy documents within other values: as text, URL-encoded, and in what the AWS CLI prints around them."""

import json
from collections.abc import Iterator, Mapping
from typing import Any, Final, NamedTuple
from urllib.parse import unquote

from iam_policy.findings import NOWHERE, Position
from iam_policy.parse.document import VERSIONS, Document, DocumentKind, Located, Unknown
from iam_policy.parse.reading import RepeatedKeys, read_node, unreadable

# Encodings of encodings: the API sends URL-encoded text, which scripts print as a JSON string, some of them twice.
MAXIMUM_LAYERS: Final = 4
# The last one is of a permission set of IAM Identity Center.
_MEMBERS: Final = ("PolicyDocument", "AssumeRolePolicyDocument", "Document", "InlinePolicy")
_WHO: Final = frozenset({"Principal", "NotPrincipal"})
_WHAT: Final = frozenset({"Resource", "NotResource"})
_CERTAIN: Final = frozenset({"Statement", "Effect", "Action", "NotAction"})
# The actions of trust policies.
_OF_ROLES: Final = ("sts:assumerole", "sts:tagsession", "sts:setsourceidentity", "sts:setcontext")


class Embedded(NamedTuple):
    """A document that was found within another value: the node to read, and its kind."""

    node: object
    kind: DocumentKind


def is_policy(node: object) -> bool:
    """Tell whether a decoded value is meant as a policy document, even an invalid one."""
    if not isinstance(node, Mapping):
        return False
    return node.get("Version") in VERSIONS or any(str(key).lower() == "statement" for key in node)


def is_trust(node: object) -> bool:
    """Tell whether a document is a trust policy: it says who may assume the role, or forgets nothing but that."""
    statements = list(_statements(node))
    says_who = any(_is_of_trust(each) for each in statements)
    return says_who or (bool(statements) and all(_lacks_principal(each) for each in statements))


def _is_of_trust(statement: Mapping[str, Any]) -> bool:
    """Tell whether a statement says who, and not to what, unless it is about assuming a role all the same."""
    has = statement.keys()
    is_about_sts = any(each.startswith("sts:") for each in _actions(statement))
    return bool(has & _WHO) and (not has & _WHAT or is_about_sts)


def _lacks_principal(statement: Mapping[str, Any]) -> bool:
    actions = _actions(statement)
    assumes = bool(actions) and all(each.startswith(_OF_ROLES) for each in actions)
    return assumes and not statement.keys() & (_WHO | _WHAT)


def is_resource_policy(node: object) -> bool:
    """Tell whether a document has the form of the policy of a bucket, a key or the like: it says who, and to what."""
    statements = list(_statements(node))
    return bool(statements) and all(
        each.keys() & _WHO and each.keys() & _WHAT and not _is_of_trust(each) for each in statements
    )


def _actions(statement: Mapping[str, Any]) -> list[str]:
    """Return the entries of Action in lower case."""
    actions = statement.get("Action")
    return [each.lower() for each in (actions if isinstance(actions, list) else [actions]) if isinstance(each, str)]


def _statements(node: object) -> Iterator[Mapping[str, Any]]:
    statements = node.get("Statement") if isinstance(node, Mapping) else None
    for each in statements if isinstance(statements, list) else [statements]:
        if isinstance(each, Mapping):
            yield each


def decoded(text: str) -> object:
    """Return the object or list that a text stands for: JSON, URL-encoded or a JSON string of it; else the text."""
    value: object = text
    for _ in range(MAXIMUM_LAYERS):
        if not isinstance(value, str):
            break
        stripped = value.strip()
        if stripped[:3].upper() in {"%7B", "%5B", "%22"} or stripped[:3] == "%25":
            value = unquote(stripped)
        elif stripped[:1] in {"{", "[", '"'}:
            try:
                value = json.loads(stripped, object_pairs_hook=RepeatedKeys)
            except (ValueError, RecursionError):
                break
        else:
            break
    return value


def read_document(node: object, name: str, kind: DocumentKind) -> Document:
    """Read a document that may be a text, whose place is then that of every part of it."""
    if not isinstance(node, str):
        return read_node(node, name, kind)
    value, mark = decoded(node), getattr(node, "start_mark", None)
    if not isinstance(value, str):
        return read_node(Located(value, mark), name, kind)
    line, column = getattr(mark, "line", None), getattr(mark, "column", None)
    position = Position(line + 1, column + 1) if isinstance(line, int) and isinstance(column, int) else NOWHERE
    return unreadable("is a text that is not valid JSON", position, name, kind)


def documents_in(node: object) -> list[Embedded]:
    """Return the documents of a value: one itself, or what the AWS CLI prints for one or several of them.

    Empty if a part is something else. Several managed policies are not those of one role, so they are none either.
    """
    if isinstance(node, list) and node:
        if len(node) > 1 and any(isinstance(each, Mapping) and "PolicyVersionList" in each for each in node):
            return []
        found = [documents_in(each) for each in node]
        return [each for one in found for each in one] if all(found) else []
    if isinstance(node, str):
        inner = decoded(node)
        inner = inner if isinstance(inner, str) else Located(inner, getattr(node, "start_mark", None))
        return [] if isinstance(inner, str) else documents_in(inner)
    return list(_in_value(node))


def _in_value(node: object) -> Iterator[Embedded]:
    value = node.value if isinstance(node, Located) else node
    if is_policy(value):
        yield Embedded(node, DocumentKind.TRUST if is_trust(value) else DocumentKind.INLINE)
    elif isinstance(value, list) and isinstance(node, Located):
        yield from documents_in([Located(each, node.start_mark) for each in value])
    elif isinstance(value, Mapping):
        yield from _in_mapping(value)


def _in_mapping(value: Mapping[str, Any]) -> Iterator[Embedded]:
    if isinstance(version := value.get("PolicyVersion"), Mapping):
        yield from _managed(documents_in(version.get("Document")))
    elif "PolicyVersionList" in value:
        default = default_version(value)
        yield from _managed(documents_in(default) if not isinstance(default, Unknown) else [])
    elif isinstance(value.get("Policies"), list):
        yield from documents_in(value["Policies"])
    elif "VersionId" in value:
        yield from _managed(documents_in(value.get("Document")))
    elif "Policy" in value:
        yield from documents_in(value["Policy"])
    else:
        yield from (each for name in _MEMBERS if name in value for each in documents_in(value[name]))


def _managed(found: list[Embedded]) -> Iterator[Embedded]:
    for each in found:
        yield each._replace(kind=DocumentKind.MANAGED) if each.kind is DocumentKind.INLINE else each


def default_version(policy: Mapping[str, Any]) -> object:
    """Return the document of a managed policy's default version; Unknown if the dump does not have it."""
    versions = policy.get("PolicyVersionList")
    for version in versions if isinstance(versions, list) else ():
        if isinstance(version, Mapping) and version.get("IsDefaultVersion") is True and "Document" in version:
            return version["Document"]
    return Unknown("its default version is not in the dump", "the default version in PolicyVersionList")


def is_statement(node: object) -> bool:
    """Tell whether a value is one statement, without the document around it."""
    return isinstance(node, Mapping) and "Effect" in node and bool(node.keys() & _CERTAIN)
