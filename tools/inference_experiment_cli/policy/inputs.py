"""From files to roles: policy documents, dumps of the AWS CLI, and templates; JSON or YAML, `-` for stdin."""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from jsonschema import Draft7Validator
from jsonschema.exceptions import best_match

import iam_policy
from cfn_template.documents import looks_like_json
from cfn_template.json_reader import parse_json
from cfn_template.located import DocumentError
from cfn_template.yaml_reader import parse_yaml
from iam_policy.parse.role_dumps import is_role_dump, roles_of
from inference_experiment_cli.errors import NotPossibleError, Place, UsageError
from inference_experiment_cli.inputs.documents import read_text, syntax_error

if TYPE_CHECKING:
    from inference_experiment_cli.policy.checks import CheckOptions
    from inference_experiment_cli.policy.from_template import TemplateInput

MAXIMUM_NAMES: Final = 5


@dataclass(frozen=True)
class RoleInput:
    """One role of a dump or of policy documents. `is_partial`: what was not given may exist all the same."""

    role: iam_policy.Role
    file: str
    is_partial: bool = True


@dataclass
class Inputs:
    """What was read: texts by file, for comments, and the roles."""

    texts: dict[str, str] = field(default_factory=dict)
    roles: list[RoleInput] = field(default_factory=list)
    templates: list["TemplateInput"] = field(default_factory=list)

    def read(self, path: Path) -> tuple[str, str]:
        """Return a file's name and text, and keep them. Raises UsageError."""
        label, text = read_text(path)
        self.texts[label] = text
        return label, text


def read_inputs(paths: Sequence[Path], options: "CheckOptions", role: str = "", boundary: Path | None = None) -> Inputs:
    """Read files for a role of the kind that the options name. Raises UsageError.

    Policy documents together are one role: permission policies, at most one trust policy, and the boundary.
    """
    inputs = Inputs()
    documents: list[iam_policy.Document] = []
    for path in paths:
        label, text = inputs.read(path)
        node = _parsed(text, label)
        if _is_template(node):
            # cfn-lint takes half a second to import.
            from inference_experiment_cli.policy.from_template import read_template  # noqa: PLC0415

            inputs.templates.append(read_template(text, label, options, role))
        elif is_role_dump(node):
            inputs.roles += _of_dump(node, label, role)
        else:
            documents.append(_document(node, label))
    limit = None
    if boundary:
        label, text = inputs.read(boundary)
        limit = replace(_document(_parsed(text, label), label), kind=iam_policy.DocumentKind.BOUNDARY)
    _combine(inputs, documents, limit)
    return inputs


def _parsed(text: str, label: str) -> Any:  # noqa: ANN401 - any JSON value
    """Return what a text decodes to, a DocumentError for a policy that is not JSON. Raises UsageError."""
    try:
        return parse_json(text) if looks_like_json(text) else parse_yaml(text)
    except DocumentError as error:
        if error.code != "invalid-json":
            raise syntax_error(label, error) from error
        # A template in braces may be YAML; IAM takes a policy in braces as JSON only.
        with suppress(DocumentError):
            if _is_template(value := parse_yaml(text)):
                return value
        return error


def _is_template(node: object) -> bool:
    return isinstance(node, Mapping) and "Resources" in node


def _document(node: object, label: str) -> iam_policy.Document:
    kind = iam_policy.DocumentKind.TRUST if _is_trust(node) else iam_policy.DocumentKind.INLINE
    if isinstance(node, DocumentError):
        return iam_policy.unreadable(node.message, iam_policy.Position(node.line, node.column), label, kind)
    return iam_policy.read_node(node, label, kind)


def _is_trust(node: object) -> bool:
    statements = node.get("Statement") if isinstance(node, Mapping) else None
    listed = statements if isinstance(statements, list) else [statements]
    return any(isinstance(one, Mapping) and ("Principal" in one or "NotPrincipal" in one) for one in listed)


def _combine(inputs: Inputs, documents: list[iam_policy.Document], limit: iam_policy.Document | None) -> None:
    """Attach documents to the one role of a dump, or make a role of them."""
    trust = [each for each in documents if each.kind is iam_policy.DocumentKind.TRUST]
    identity = tuple(each for each in documents if each.kind is not iam_policy.DocumentKind.TRUST)
    if len(trust) > 1:
        raise UsageError(f"{trust[1].name}: a role has one trust policy, {trust[0].name} is another")
    if not documents and limit is None:
        return
    if len(inputs.roles) > 1 or inputs.templates:
        raise UsageError("policy documents belong to one role of a dump: select it with --role")
    new = RoleInput(iam_policy.Role("the role"), documents[0].name if documents else "")
    given = inputs.roles[0] if inputs.roles else new
    known = given.role.policies
    # Identity policies are what `aws iam get-role` does not show.
    unknown = () if identity else known.unknown
    policies = iam_policy.Policies((*known.identity, *identity), limit or known.boundary, unknown)
    role = replace(given.role, policies=policies, trust=trust[0] if trust else given.role.trust)
    inputs.roles = [replace(given, role=role)]


_ROLE: Final = {
    "type": "object",
    "required": ["AssumeRolePolicyDocument"],
    "properties": {
        "RolePolicyList": {"type": "array", "items": {"required": ["PolicyName", "PolicyDocument"], "type": "object"}},
        "AttachedManagedPolicies": {
            "type": "array",
            "items": {"required": ["PolicyArn"], "type": "object", "properties": {"PolicyArn": {"type": "string"}}},
        },
        "PermissionsBoundary": {"type": "object"},
    },
}
_DUMP: Final = {
    "properties": {
        "Role": _ROLE,
        "RoleDetailList": {"type": "array", "items": _ROLE},
        "Policies": {"type": "array", "items": {"required": ["Arn"], "type": "object"}},
    }
}


def _of_dump(node: Mapping[str, Any], label: str, name: str) -> list[RoleInput]:
    wrong = best_match(Draft7Validator(_DUMP).iter_errors(node))
    if wrong is not None:
        place = Place(label, path="/".join(map(str, wrong.absolute_path)))
        raise NotPossibleError("is not what aws iam get-role or get-account-authorization-details prints", place)
    roles = [role for role in roles_of(node) if not name or role.name == name]
    if len(roles) != 1:
        names = ", ".join(role.name for role in roles_of(node)[:MAXIMUM_NAMES])
        problem = f"has no role {name}" if name else f"has {len(roles)} roles: select one with --role"
        raise UsageError(f"{label}: {problem} (available: {names or 'none'})")
    return [RoleInput(roles[0], label, is_partial=False)]
