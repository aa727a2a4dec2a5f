"""Roles, users and groups as the AWS CLI prints them: get-account-authorization-details, list-roles, get-role.

A dump may be whole, or cut by `--query` or jq: a list of roles, or one role. What a command does not print is unknown,
not absent. A dump is read in two steps: its members are looked through for names, those asked for are read.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import lru_cache
from typing import Any, Final

from iam_policy.evaluate.decision import Policies, Role
from iam_policy.parse.document import Document, DocumentKind, Path, Unknown
from iam_policy.parse.embedded import default_version, read_document
from iam_policy.parse.reading import read_node
from iam_policy.service_data.managed import managed_policy


class PrincipalType(StrEnum):
    """What a policy can be attached to."""

    ROLE = "role"
    USER = "user"
    GROUP = "group"


@dataclass(frozen=True)
class Record:
    """One member of a dump: its path, its value to look names up in, and how to read it with places."""

    path: Path
    value: object
    read: Callable[[], object]


@dataclass(frozen=True)
class Entry:
    """A role, user or group of a dump; the record is that of its member."""

    type: PrincipalType
    name: str
    arn: str
    path: Path
    read: Callable[[], object]


class DumpError(ValueError):
    """A part of a dump that is not what the AWS CLI prints, with its path and node."""

    def __init__(self, message: str, path: Path, node: object = None) -> None:
        super().__init__(message)
        self.message = message
        self.path = path
        self.node = node


# Policies that are kept for the next role: those of many roles are read once, and thousands need little memory.
MAXIMUM_KEPT: Final = 256
_SECTIONS: Final = {
    "Role": PrincipalType.ROLE,
    "Roles": PrincipalType.ROLE,
    "RoleDetailList": PrincipalType.ROLE,
    "User": PrincipalType.USER,
    "Users": PrincipalType.USER,
    "UserDetailList": PrincipalType.USER,
    "Group": PrincipalType.GROUP,
    "Groups": PrincipalType.GROUP,
    "GroupDetailList": PrincipalType.GROUP,
}
# Members that no other file has, so that a wrong value is a broken dump.
_DETAILS: Final = ("RoleDetailList", "UserDetailList", "GroupDetailList")
_NAMES: Final = {PrincipalType.ROLE: "RoleName", PrincipalType.USER: "UserName", PrincipalType.GROUP: "GroupName"}
_INLINE: Final = {
    PrincipalType.ROLE: "RolePolicyList",
    PrincipalType.USER: "UserPolicyList",
    PrincipalType.GROUP: "GroupPolicyList",
}
_ATTACHED: Final = "AttachedManagedPolicies"
_COMMON: Final = frozenset({"Arn", "Path", "AssumeRolePolicyDocument", "GroupList", _ATTACHED, *_INLINE.values()})
_WHOLE: Final = "a dump of the account, as aws iam get-account-authorization-details prints it"


def is_role_dump(node: object) -> bool:
    """Tell whether a decoded value has roles, users or groups as the AWS CLI prints them."""
    return _is_page(node) or any(_type_of(record) is not None for record in records_of(node))


def records_of(node: object) -> Iterator[Record]:
    """Yield the members of a decoded dump."""
    if isinstance(node, list):
        for index, each in enumerate(node):
            # Pages of a dump, one after the other.
            inner = records_of(each) if _is_page(each) else [_record((), each)]
            yield from (replace(record, path=(index, *record.path)) for record in inner)
    elif isinstance(node, Mapping):
        if _type_by_shape(node) is not None:
            yield _record((), node)
            return
        for key, value in node.items():
            if isinstance(value, list):
                yield from (_record((str(key), index), each) for index, each in enumerate(value))
            else:
                yield _record((str(key),), value)


def _record(path: Path, node: object) -> Record:
    return Record(path, node, lambda: node)


def _is_page(node: object) -> bool:
    return isinstance(node, Mapping) and any(name in node for name in _DETAILS)


def _type_of(record: Record) -> PrincipalType | None:
    """Return what a member is; None for a policy and anything else."""
    section = next((step for step in reversed(record.path) if isinstance(step, str)), "")
    kind = _SECTIONS.get(section)
    if kind is None:
        return _type_by_shape(record.value)
    if section in _DETAILS or (section == "Role" and record.value is None):
        return kind
    # Other services have roles, users and groups too.
    named = isinstance(record.value, Mapping) and record.value.keys() & {_NAMES[kind], "AssumeRolePolicyDocument"}
    return kind if named else None


def _type_by_shape(value: object) -> PrincipalType | None:
    if not isinstance(value, Mapping) or "PolicyDocument" in value or not value.keys() & _COMMON:
        return None
    return next((each for each, name in _NAMES.items() if name in value), None)


class Dump:
    """The roles and users of a dump, each read when asked for."""

    def __init__(self, records: Iterable[Record]) -> None:
        """Look through the members for the names of roles, users and groups and the ARNs of policies."""
        self.entries: list[Entry] = []
        self._groups: dict[str, Entry] = {}
        self._policies: dict[str, Record] = {}
        self._managed = lru_cache(MAXIMUM_KEPT)(self._read_managed)
        for record in records:
            kind = _type_of(record)
            if kind is not None:
                self._add(kind, record)
            elif isinstance(record.value, Mapping) and isinstance(arn := record.value.get("Arn"), str):
                self._policies[arn] = Record(record.path, None, record.read)

    def _add(self, kind: PrincipalType, record: Record) -> None:
        value = record.value if isinstance(record.value, Mapping) else {}
        name, arn = value.get(_NAMES[kind], str(kind)), value.get("Arn", "")
        entry = Entry(kind, _printable(name), _printable(arn), record.path, record.read)
        if kind is PrincipalType.GROUP:
            self._groups[entry.name] = entry
        else:
            self.entries.append(entry)

    def role(self, entry: Entry) -> Role:
        """Return a role or user with all its policies. Raises DumpError."""
        part = _Part(entry.path, entry.read())
        trust = part.get("AssumeRolePolicyDocument")
        document = None
        if entry.type is PrincipalType.ROLE and trust is not None:
            document = read_document(trust.document(), f"{entry.name}/trust", DocumentKind.TRUST)
        policies = [*self._own(part, entry), *self._of_groups(part)]
        identity = tuple(each for each in policies if isinstance(each, Document))
        unknown = tuple(each for each in policies if isinstance(each, Unknown))
        return Role(entry.name, Policies(identity, self._boundary(part), unknown), document, entry.arn)

    def _own(self, part: "_Part", entry: Entry) -> Iterator[Document | Unknown]:
        inline, attached = part.get(_INLINE[entry.type]), part.get(_ATTACHED)
        if inline is None and attached is None:
            yield Unknown(f"the permissions of the {entry.type} {entry.name} are not in the file", _WHOLE)
        for each in inline.items() if inline else ():
            name = each.get("PolicyName")
            source = each.get("PolicyDocument")
            if source is None:
                raise DumpError("PolicyDocument is missing", each.path, each.node)
            label = f"{entry.name}/{name.text() if name else each.path[-1]}"
            yield read_document(source.document(), label, DocumentKind.INLINE)
        for each in attached.items() if attached else ():
            yield self._attached(each)

    def _of_groups(self, part: "_Part") -> Iterator[Document | Unknown]:
        listed = part.get("GroupList")
        for each in listed.items() if listed else ():
            if isinstance(each.node, Unknown):
                yield each.node
                continue
            group = self._groups.get(each.text())
            if group is None:
                yield Unknown(f"the policies of the group {each.text()} are not in the file", _WHOLE)
            else:
                yield from self._own(_Part(group.path, group.read()), group)

    def _attached(self, part: "_Part") -> Document | Unknown:
        if isinstance(part.node, Unknown):
            return part.node
        arn = part.get("PolicyArn")
        if arn is None:
            raise DumpError("PolicyArn is missing", part.path, part.node)
        return self._managed(arn.text())

    def _boundary(self, part: "_Part") -> Document | None:
        boundary = part.get("PermissionsBoundary")
        if boundary is None:
            return None
        if isinstance(boundary.node, Unknown):
            return read_node(boundary.node, "boundary", DocumentKind.BOUNDARY)
        arn = boundary.get("PermissionsBoundaryArn")
        if arn is None:
            return None
        policy = self._managed(arn.text())
        if isinstance(policy, Unknown):
            return read_node(policy, arn.text(), DocumentKind.BOUNDARY)
        return policy if policy.kind is DocumentKind.AWS else replace(policy, kind=DocumentKind.BOUNDARY)

    def _read_managed(self, arn: str) -> Document | Unknown:
        record = self._policies.get(arn)
        source = default_version(_Part(record.path, record.read()).mapping) if record else None
        if source is None or isinstance(source, Unknown):
            return managed_policy(arn) or Unknown(f"the text of {arn} is not known", f"the document of {arn}")
        kind = DocumentKind.AWS if arn.partition(":iam::")[2].startswith("aws:") else DocumentKind.MANAGED
        return read_document(source, arn.rpartition("/")[2], kind)


@dataclass(frozen=True)
class _Part:
    """A part of a dump with its path; the methods say what it has to be. They raise DumpError."""

    path: Path
    node: object

    def _fail(self, what: str) -> DumpError:
        return DumpError(f"must be {what}", self.path, self.node)

    @property
    def mapping(self) -> Mapping[str, Any]:
        """The object."""
        if not isinstance(self.node, Mapping):
            raise self._fail("an object")
        return self.node

    def get(self, name: str) -> "_Part | None":
        """Return a member; None where there is none, or null."""
        value = self.mapping.get(name)
        return None if value is None else _Part((*self.path, name), value)

    def items(self) -> Iterator["_Part"]:
        """Yield the items of a list; of a list that is not known, the one unknown item."""
        if isinstance(self.node, Unknown):
            yield self
            return
        if not isinstance(self.node, list):
            raise self._fail("a list")
        yield from (_Part((*self.path, index), each) for index, each in enumerate(self.node))

    def text(self) -> str:
        """Return the text."""
        if not isinstance(self.node, str):
            raise self._fail("a text")
        return _printable(self.node)

    def document(self) -> object:
        """Return a policy document, as an object or a text."""
        if not isinstance(self.node, str | Mapping | Unknown):
            raise self._fail("a policy document")
        return self.node


def _printable(value: object) -> str:
    """Return a text that can be written to any file."""
    return str(value).encode("utf-8", "replace").decode() if isinstance(value, str) else ""


def roles_of(node: object) -> tuple[Role, ...]:
    """Return the roles and users of a decoded dump. Raises DumpError."""
    dump = Dump(records_of(node))
    return tuple(dump.role(entry) for entry in dump.entries)
