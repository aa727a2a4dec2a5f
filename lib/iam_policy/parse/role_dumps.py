"""Roles as printed by the AWS CLI: `aws iam get-role` and `aws iam get-account-authorization-details`."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import unquote

from iam_policy.evaluate.decision import Policies, Role
from iam_policy.parse.document import Document, DocumentKind, Unknown
from iam_policy.parse.reading import read_json, read_node
from iam_policy.service_data.managed import managed_policy


def is_role_dump(node: object) -> bool:
    """Tell whether decoded JSON is one of the two dumps rather than a policy."""
    return isinstance(node, Mapping) and ("RoleDetailList" in node or "Role" in node)


def roles_of(node: Mapping[str, Any]) -> tuple[Role, ...]:
    """Return the roles of a dump. Policies that `get-role` does not show are unknown, not absent."""
    if "RoleDetailList" in node:
        known = {entry["Arn"]: entry for entry in node.get("Policies", ())}
        return tuple(_role(entry, known, complete=True) for entry in node["RoleDetailList"])
    return (_role(node["Role"], {}, complete=False),)


def _role(entry: Mapping[str, Any], known: Mapping[str, Any], *, complete: bool) -> Role:
    name = str(entry.get("RoleName", "role"))
    documents = [
        _document(inline["PolicyDocument"], f"{name}/{inline['PolicyName']}", DocumentKind.INLINE)
        for inline in entry.get("RolePolicyList", ())
    ]
    attached = [_managed(each["PolicyArn"], known) for each in entry.get("AttachedManagedPolicies", ())]
    documents += [policy for policy in attached if isinstance(policy, Document)]
    unknown = [policy for policy in attached if isinstance(policy, Unknown)]
    if not complete:
        settles = "dump the role with aws iam get-account-authorization-details"
        unknown.append(Unknown("get-role shows no permission policies", settles))
    trust = _document(entry["AssumeRolePolicyDocument"], f"{name}/trust", DocumentKind.TRUST)
    arn = str(entry.get("Arn", ""))
    return Role(name, Policies(tuple(documents), _boundary(entry, known), tuple(unknown)), trust, arn)


def _boundary(entry: Mapping[str, Any], known: Mapping[str, Any]) -> Document | None:
    arn = entry.get("PermissionsBoundary", {}).get("PermissionsBoundaryArn")
    if arn is None:
        return None
    policy = _managed(arn, known)
    return policy if isinstance(policy, Document) else read_node(policy, arn, DocumentKind.BOUNDARY)


def _managed(arn: str, known: Mapping[str, Any]) -> Document | Unknown:
    for version in known.get(arn, {}).get("PolicyVersionList", ()):
        if version.get("IsDefaultVersion"):
            kind = DocumentKind.AWS if arn.partition(":iam::")[2].startswith("aws:") else DocumentKind.MANAGED
            return _document(version["Document"], arn.rpartition("/")[2], kind)
    return managed_policy(arn) or Unknown(f"the text of {arn} is not known", f"the document of {arn}")


def _document(node: object, name: str, kind: DocumentKind) -> Document:
    """Read a document, which the API (but not the CLI) sends as URL-encoded text."""
    return read_json(unquote(node), name, kind) if isinstance(node, str) else read_node(node, name, kind)
