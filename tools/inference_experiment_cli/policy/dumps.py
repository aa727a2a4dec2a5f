"""The roles and users in dumps of the AWS CLI and in Terraform plans and states: reading and selecting them."""

import codecs
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final, TypeVar

import iam_policy
from cfn_template.json_items import members
from cfn_template.located import DocumentError
from iam_policy.parse.role_dumps import Dump, DumpError, Entry, PrincipalType, Record, is_role_dump, records_of
from iam_policy.parse.terraform import as_dump, is_terraform
from inference_experiment_cli.errors import NotPossibleError, Place, UsageError
from inference_experiment_cli.inputs.documents import syntax_error
from inference_experiment_cli.policy.inputs import LARGE, MAXIMUM_YAML

MAXIMUM_NAMES: Final = 5
# The service that assumes a role of the kind; a deployer can be any principal.
_SERVICES: Final = {"provider": "lambda.amazonaws.com", "experiment": "sagemaker.amazonaws.com"}

_Read = TypeVar("_Read")


@dataclass(frozen=True)
class DumpFile:
    """A file with a dump. `is_deployment`: it is what somebody deploys, not what an account has."""

    label: str
    dump: Dump
    is_deployment: bool = False

    def select(self, name: str, role_kind: str) -> iam_policy.Role:
        """Return the role or user of that name or ARN, or the only one. Raises UsageError and NotPossibleError."""
        entries = [each for each in self.dump.entries if not name or name in {each.name, each.arn}]
        if self.is_deployment and not name:
            entries = [each for each in entries if self._is_for(each, role_kind)]
        if len(entries) == 1:
            return self.role(entries[0])
        raise UsageError(f"{self.label}: {self._problem(entries, name, role_kind)}")

    def role(self, entry: Entry) -> iam_policy.Role:
        """Return a role or user of the file. Raises UsageError and NotPossibleError."""
        return reading(self.label, lambda: self.dump.role(entry))

    def _is_for(self, entry: Entry, role_kind: str) -> bool:
        """Tell whether the trust policy lets in who uses a role of the kind."""
        service = _SERVICES.get(role_kind)
        if service is None:
            return True
        trust = self.role(entry).trust
        if trust is None:  # what is deployed elsewhere may be meant
            return entry.type is PrincipalType.ROLE
        principals = [each.principals for each in trust.statements]
        return any(
            who is None or who.unknown is not None or service in [entry.item.text for entry in who.entries]
            for who in principals
        )

    def _problem(self, entries: list[Entry], name: str, role_kind: str) -> str:
        every = self.dump.entries
        if not every:
            return "has no roles and no users"
        listed = ", ".join(each.name for each in (entries or every)[:MAXIMUM_NAMES])
        if name and len(entries) > 1:
            return f"has {len(entries)} of the name {name}: give the ARN with --role"
        if name:
            return f"has no role {name} (available: {listed})"
        if not entries:
            return f"has no role of the {role_kind}; choose one with --role: {listed}"
        roles = sum(each.type is PrincipalType.ROLE for each in entries)
        users = f" and {len(entries) - roles} users" if roles < len(entries) else ""
        return f"has {roles} roles{users}: select one with --role (available: {listed})"


def dump_in(node: object, label: str) -> DumpFile | None:
    """Return the dump that a decoded value is; None if it is something else."""
    if isinstance(node, Mapping) and is_terraform(node):
        return DumpFile(label, Dump(records_of(as_dump(node))), is_deployment=True)
    return DumpFile(label, Dump(records_of(node))) if is_role_dump(node) else None


def large_dump(data: bytes, label: str) -> DumpFile | None:
    """Return the dump in a large file, of which what is asked for will be parsed; None if it is something else."""
    encoding = json.detect_encoding(data)
    text = data.removeprefix(b"\xef\xbb\xbf") if encoding.startswith("utf-8") else _recoded(data, encoding)
    if text[:64].lstrip()[:1] not in {b"{", b"["}:
        return None
    try:
        dump = Dump(Record(each.path, each.value, each.slice.parse) for each in members(text))
    except DocumentError as error:
        if len(data) < MAXIMUM_YAML:  # it may be YAML in braces
            return None
        raise syntax_error(label, error) from error
    return DumpFile(label, dump) if dump.entries else None


def _recoded(data: bytes, encoding: str) -> bytes:
    decoder = codecs.getincrementaldecoder(encoding)()
    pieces = (decoder.decode(data[at : at + LARGE], at + LARGE >= len(data)) for at in range(0, len(data), LARGE))
    try:
        return b"".join(piece.encode() for piece in pieces)
    except UnicodeError:
        return b""  # who reads the whole file says why


def reading(label: str, read: Callable[[], _Read]) -> _Read:
    """Read a part of a file; what is wrong with it is one line. Raises UsageError and NotPossibleError."""
    try:
        return read()
    except DocumentError as error:
        raise syntax_error(label, error) from error
    except DumpError as error:
        mark: Any = getattr(error.node, "start_mark", None)
        place = Place(label, mark.line + 1 if mark else 0, "/".join(map(str, error.path)))
        raise NotPossibleError(f"{error.message} in what aws iam prints", place) from error
