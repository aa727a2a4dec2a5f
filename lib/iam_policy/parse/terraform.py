"""Roles, users and groups of a Terraform plan or state, as the dump of an account that it would lead to.

Read are `terraform show -json` of a plan or a state, and terraform.tfstate. What Terraform knows only after the apply
is found by the references in the configuration, which a plan has, or is unknown.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final

from iam_policy.parse.document import VARIABLES_VERSION, Unknown

APPLY: Final = "the state after the apply, as terraform show -json prints it"
DATA: Final = "aws_iam_policy_document"
POLICY: Final = "aws_iam_policy"
_OWNERS: Final = {"role": "aws_iam_role", "user": "aws_iam_user", "group": "aws_iam_group"}
_INLINE: Final = {f"{kind}_policy": owner for owner, kind in _OWNERS.items()}
_ATTACHMENTS: Final = {
    **{f"{kind}_policy_attachment": (owner,) for owner, kind in _OWNERS.items()},
    "aws_iam_policy_attachment": ("roles", "users", "groups"),
}
_MEMBERSHIPS: Final = {
    "aws_iam_group_membership": ("users", "group"),
    "aws_iam_user_group_membership": ("user", "groups"),
}
_REFERENCE: Final = re.compile(r"(?<!\w)((?:data\.)?aws_iam_\w++\.[\w-]+)(\[[^\[\]]+\])?")
_INDEX: Final = re.compile(r"\[[^\[\]]+\]")
_BLOCKS: Final = {
    "actions": "Action",
    "not_actions": "NotAction",
    "resources": "Resource",
    "not_resources": "NotResource",
}


def is_terraform(node: object) -> bool:
    """Tell whether a decoded value is a Terraform plan or state."""
    if not isinstance(node, Mapping):
        return False
    shown = "format_version" in node and bool(node.keys() & {"planned_values", "values", "resource_changes"})
    return shown or ("terraform_version" in node and bool(node.keys() & {"resources", "modules", "values", "lineage"}))


@dataclass(frozen=True)
class _Resource:
    """An instance of a resource: `unknown` has the attributes that the apply decides, `references` theirs."""

    address: str
    type: str
    module: str
    values: Mapping[str, Any]
    unknown: Mapping[str, Any] = field(default_factory=dict)
    references: Mapping[str, list[str]] = field(default_factory=dict)

    @property
    def key(self) -> str:
        """Its address within the module, without its index."""
        local = self.address.removeprefix(f"{self.module}." if self.module else "")
        return local.rpartition("[")[0] if local.endswith("]") else local

    @property
    def index(self) -> str:
        """Its index among the instances; empty for a single one."""
        return self.address[self.address.rindex("[") :] if self.address.endswith("]") else ""

    def get(self, name: str) -> Any:  # noqa: ANN401 - any JSON value
        """Return an attribute; None where there is none or its value is not known."""
        value = self.values.get(name)
        return None if self.unknown.get(name) is True or value in ("", []) else value

    def is_unknown(self, name: str) -> bool:
        """Tell whether an attribute that the configuration sets is known after the apply only."""
        return self.get(name) is None and bool(self.references.get(name))


def as_dump(node: Mapping[str, Any]) -> dict[str, Any]:
    """Return a plan or state as `aws iam get-account-authorization-details` would print it, with unknown parts."""
    return _Account(list(_resources(node))).dump()


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _listed(value: object) -> list[Any]:
    return value if isinstance(value, list) else []


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""


def _resources(node: Mapping[str, Any]) -> Iterator[_Resource]:
    if "planned_values" not in node and isinstance(node.get("resources"), list):
        yield from _of_state(node)
        return
    changes = {_text(each.get("address")): each for each in map(_mapping, _listed(node.get("resource_changes")))}
    planned = node.get("planned_values", node.get("values"))
    shown = list(_of_module(_mapping(_mapping(planned).get("root_module"))))
    prior = _mapping(_mapping(_mapping(node.get("prior_state")).get("values")).get("root_module"))
    shown += [each for each in _of_module(prior) if each.get("mode") == "data"]
    known = {_text(each.get("address")) for each in shown}
    # What is read during the apply is planned among the changes only.
    shown += [each for address, each in changes.items() if address not in known and _is_kept(each)]
    for each in shown:
        address, module = _text(each.get("address")), _text(each.get("module_address"))
        change = _mapping(_mapping(changes.get(address)).get("change"))
        values = _mapping(each.get("values", change.get("after")))
        module = module or _module_of(address)
        found = _Resource(address, _text(each.get("type")), module, values, _mapping(change.get("after_unknown")))
        yield _with_references(found, node)


def _is_kept(change: Mapping[str, Any]) -> bool:
    return bool(
        {"create", "update", "read", "no-op"} & set(map(str, _listed(_mapping(change.get("change")).get("actions"))))
    )


def _module_of(address: str) -> str:
    found = re.match(r"(?:module\.[\w-]+(?:\[[^\]]+\])?\.)+", address)
    return found.group().rstrip(".") if found else ""


def _of_module(module: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    yield from map(_mapping, _listed(module.get("resources")))
    for child in _listed(module.get("child_modules")):
        yield from _of_module(_mapping(child))


def _with_references(resource: _Resource, node: Mapping[str, Any]) -> _Resource:
    module = _mapping(_mapping(node.get("configuration")).get("root_module"))
    for name in re.findall(r"module\.([\w-]+)", resource.module):
        module = _mapping(_mapping(_mapping(module.get("module_calls")).get(name)).get("module"))
    for each in map(_mapping, _listed(module.get("resources"))):
        if each.get("address") == resource.key:
            found = {name: list(_references(value)) for name, value in _mapping(each.get("expressions")).items()}
            return replace(resource, references=found)
    return resource


def _references(expression: object) -> Iterator[str]:
    for each in expression if isinstance(expression, list) else [expression]:
        for name, value in _mapping(each).items():
            if name == "references":
                yield from map(_text, _listed(value))
            elif name != "constant_value":
                yield from _references(value)


def _of_state(node: Mapping[str, Any]) -> Iterator[_Resource]:
    for each in map(_mapping, _listed(node["resources"])):
        module, kind = _text(each.get("module")), _text(each.get("type"))
        prefix = (f"{module}." if module else "") + ("data." if each.get("mode") == "data" else "")
        for instance in map(_mapping, _listed(each.get("instances"))):
            index = instance.get("index_key")
            shown = "" if index is None else f'["{index}"]' if isinstance(index, str) else f"[{index}]"
            address = f"{prefix}{kind}.{_text(each.get('name'))}{shown}"
            yield _Resource(address, kind, module, _mapping(instance.get("attributes")))


class _Account:
    """Puts the resources together."""

    def __init__(self, resources: list[_Resource]) -> None:
        self._resources = resources
        self._entries: dict[tuple[str, str], dict[str, Any]] = {}  # by type of the owner and address

    def dump(self) -> dict[str, Any]:
        for owner, kind in _OWNERS.items():
            for each in self._of(kind):
                self._entries[owner, each.address] = self._entry(owner, each)
        for each in self._resources:
            if each.type in _INLINE:
                self._add_inline(each, _INLINE[each.type])
            elif each.type in _ATTACHMENTS:
                self._attach(each)
            elif each.type in _MEMBERSHIPS:
                self._join(each, *_MEMBERSHIPS[each.type])
        found: dict[str, Any] = {
            f"{owner.title()}DetailList": [entry for (kind, _), entry in self._entries.items() if kind == owner]
            for owner in _OWNERS
        }
        return {**found, "Policies": [self._policy(each) for each in self._of(POLICY)]}

    def _of(self, *types: str) -> Iterator[_Resource]:
        return (each for each in self._resources if each.type in types and not each.key.startswith("data."))

    def _entry(self, owner: str, resource: _Resource) -> dict[str, Any]:
        title = owner.title()
        name = _text(resource.get("name")) or resource.address
        entry: dict[str, Any] = {
            f"{title}Name": name,
            "Arn": _text(resource.get("arn")),
            f"{title}PolicyList": [
                {"PolicyName": _text(each.get("name")), "PolicyDocument": each.get("policy") or self._after(resource)}
                for each in map(_mapping, _listed(resource.get("inline_policy")))
                if each.get("policy") != ""
            ],
            "AttachedManagedPolicies": list(self._arns(resource, "managed_policy_arns")),
        }
        if owner == "role":
            entry["AssumeRolePolicyDocument"] = self._document(resource, "assume_role_policy")
        if owner == "user":
            entry["GroupList"] = []
        for boundary in self._arns(resource, "permissions_boundary"):
            found = boundary if isinstance(boundary, Unknown) else {"PermissionsBoundaryArn": boundary["PolicyArn"]}
            entry["PermissionsBoundary"] = found
        return entry

    def _policy(self, resource: _Resource) -> dict[str, Any]:
        version = {"IsDefaultVersion": True, "Document": self._document(resource, "policy")}
        return {"PolicyName": resource.get("name"), "Arn": _arn_of(resource), "PolicyVersionList": [version]}

    def _after(self, resource: _Resource) -> Unknown:
        return Unknown(f"{resource.address} is known after the apply only", APPLY)

    def _document(self, resource: _Resource, name: str) -> object:
        value = resource.get(name)
        if value is not None:
            return value
        found = self._referred(resource, name, f"data.{DATA}")
        if len(found) == 1 and len(_resources_in(resource, name)) == 1:
            return found[0].get("json") or _written(found[0])
        return self._after(resource)

    def _referred(self, resource: _Resource, name: str, kind: str) -> list[_Resource]:
        """Return the resources of a type that the expression of an attribute names."""
        found: list[_Resource] = []
        for key, index in _resources_in(resource, name):
            if not key.startswith(f"{kind}."):
                continue
            named = [each for each in self._resources if each.module == resource.module and each.key == key]
            exact = [each for each in named if each.index == (index or resource.index)]
            found += named if len(named) == 1 else exact
        return found

    def _owners(self, resource: _Resource, name: str) -> list[dict[str, Any]] | None:
        """Return the roles (users, groups) that an attribute names; None if they are not known."""
        owner = name.removesuffix("s")
        value = resource.get(name)
        if value is not None:
            return [self._named(owner, _text(each)) for each in (value if isinstance(value, list) else [value])]
        if name.endswith("s") and not resource.is_unknown(name):
            return []
        found = self._referred(resource, name, _OWNERS[owner])
        return [self._entries[owner, each.address] for each in found if (owner, each.address) in self._entries] or None

    def _named(self, owner: str, name: str) -> dict[str, Any]:
        title = owner.title()
        for (kind, _), entry in self._entries.items():
            if kind == owner and name in {entry[f"{title}Name"], entry["Arn"]}:
                return entry
        rest = Unknown(f"the {owner} {name} is not in the file, what else it has is not known", APPLY)
        entry = {f"{title}Name": name, "Arn": "", f"{title}PolicyList": [], "AttachedManagedPolicies": [rest]}
        return self._entries.setdefault((owner, name), entry)

    def _targets(self, resource: _Resource, names: tuple[str, ...]) -> Iterator[dict[str, Any]]:
        """Yield what a policy is attached to; if that is not known, every role and the like may have it."""
        for name in names:
            owner = name.removesuffix("s")
            found = self._owners(resource, name)
            if found is None:
                doubt = Unknown(f"what {resource.address} is attached to is known after the apply only", APPLY)
                for (kind, _), entry in self._entries.items():
                    if kind == owner:
                        entry["AttachedManagedPolicies"].append(doubt)
            yield from found or ()

    def _add_inline(self, resource: _Resource, owner: str) -> None:
        name = _text(resource.get("name")) or resource.address
        for entry in self._targets(resource, (owner,)):
            listed = entry[f"{owner.title()}PolicyList"]
            if name not in [each["PolicyName"] for each in listed]:  # a state repeats it in the role
                listed.append({"PolicyName": name, "PolicyDocument": self._document(resource, "policy")})

    def _attach(self, resource: _Resource) -> None:
        # An attachment always has a policy: one that a plan, or a part of it, does not show is known after the apply.
        arns = list(self._arns(resource, "policy_arn")) or [self._after(resource)]
        for entry in self._targets(resource, _ATTACHMENTS[resource.type]):
            entry["AttachedManagedPolicies"] += [each for each in arns if each not in entry["AttachedManagedPolicies"]]

    def _arns(self, resource: _Resource, name: str) -> Iterator[Any]:
        """Yield the managed policies that an attribute names."""
        value = resource.get(name)
        if value is not None:
            listed = value if isinstance(value, list) else [value]
            yield from ({"PolicyArn": _text(each)} if each else self._after(resource) for each in listed)
        elif resource.is_unknown(name):
            found = self._referred(resource, name, POLICY)
            yield from ({"PolicyArn": _arn_of(each)} for each in found)
            if len(found) < len(_resources_in(resource, name)) or not found:
                yield self._after(resource)

    def _join(self, resource: _Resource, users: str, groups: str) -> None:
        names = [entry["GroupName"] for entry in self._owners(resource, groups) or ()]
        doubt = [] if names else [Unknown(f"the groups of {resource.address} are known after the apply only", APPLY)]
        for entry in self._targets(resource, (users,)):
            entry.setdefault("GroupList", []).extend(names or doubt)


def _resources_in(resource: _Resource, name: str) -> list[tuple[str, str]]:
    """Return what an expression refers to: addresses without attributes, and their indexes."""
    found: dict[tuple[str, str], None] = {}
    for each in resource.references.get(name, ()):
        match = _REFERENCE.match(each)
        if match:
            found[match.group(1), match.group(2) or ""] = None
        elif not each.startswith(("each.", "count.", "path.", "terraform.")):
            found[each, ""] = None
    # A reference with an index is listed without it too.
    indexed = {key for key, index in found if index}
    return [(key, index) for key, index in found if index or key not in indexed]


def _arn_of(policy: _Resource) -> str:
    return _text(policy.get("arn")) or policy.address


def _written(data: _Resource) -> object:
    """Return the document of a data source that is read during the apply."""
    unknown = Unknown(f"{data.address} is known after the apply only", APPLY)
    others = [f"{kind}_{what}" for kind in ("source", "override") for what in ("json", "policy_documents")]
    blocks = data.get("statement")
    if not isinstance(blocks, list) or any(data.get(name) or data.unknown.get(name) for name in others):
        return unknown
    statements = [_statement(_mapping(block), unknown) for block in blocks]
    return {"Version": data.get("version") or VARIABLES_VERSION, "Statement": statements}


def _statement(block: Mapping[str, Any], unknown: Unknown) -> dict[str, Any]:
    def known(value: object) -> object:
        return [unknown if each is None else each for each in value] if isinstance(value, list) else unknown

    statement: dict[str, Any] = {"Effect": block.get("effect") or "Allow"}
    if block.get("sid"):
        statement["Sid"] = block["sid"]
    statement |= {element: known(block[name]) for name, element in _BLOCKS.items() if block.get(name)}
    for name, element in (("principals", "Principal"), ("not_principals", "NotPrincipal")):
        entries = [_mapping(each) for each in _listed(block.get(name))]
        if entries:
            statement[element] = {_text(each.get("type")): known(each.get("identifiers")) for each in entries}
            if statement[element].get("*"):
                statement[element] = "*"
    conditions: dict[str, Any] = {}
    for each in map(_mapping, _listed(block.get("condition"))):
        conditions.setdefault(_text(each.get("test")), {})[_text(each.get("variable"))] = known(each.get("values"))
    return {**statement, "Condition": conditions} if conditions else statement
