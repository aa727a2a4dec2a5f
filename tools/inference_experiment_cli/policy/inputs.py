"""From files to roles: policy documents, dumps of the AWS CLI, and templates; JSON or YAML, `-` for stdin."""

import sys
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
from inference_experiment_cli.policy.beside import (
    SUBJECTS,
    Beside,
    BesideOptions,
    is_named_scp,
    level_of,
    looks_like_scp,
    of_resources,
    unwrapped,
)

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
    beside: Beside = field(default_factory=Beside)

    def read(self, path: Path) -> tuple[str, str]:
        """Return a file's name and text, and keep them. Raises UsageError."""
        label, text = read_text(path)
        self.texts[label] = text
        return label, text


def read_inputs(
    paths: Sequence[Path], options: "CheckOptions", role: str = "", given: BesideOptions | None = None
) -> Inputs:
    """Read files for a role of the kind that the options name. Raises UsageError.

    Policy documents together are one role: permission policies, and at most one trust policy.
    """
    inputs = Inputs()
    inputs.beside = _read_beside(inputs, given or BesideOptions(), options)
    documents: list[iam_policy.Document] = []
    for path in paths:
        label, text = inputs.read(path)
        node = _parsed(text, label)
        if _is_template(node):
            # cfn-lint takes half a second to import.
            from inference_experiment_cli.policy.from_template import read_template  # noqa: PLC0415

            inputs.templates.append(read_template(text, label, options, role, inputs.beside))
        elif is_role_dump(node):
            inputs.roles += _of_dump(node, label, role)
        else:
            documents.append(_of_role(_document(node, label)))
    _combine(inputs, documents)
    return inputs


def _of_role(document: iam_policy.Document) -> iam_policy.Document:
    """Return a document that is one of the role's. Raises UsageError for one that says it is another's."""
    if looks_like_scp(document):
        if is_named_scp(document.name):
            raise UsageError(f"{document.name}: a service control policy grants nothing; give it with --scp")
        advice = "if it is a service control policy, which grants nothing, give it with --scp"
        sys.stderr.write(f"inference-experiment: {document.name}: allows everything, then denies; {advice}\n")
    return document


def _read_beside(inputs: Inputs, given: BesideOptions, options: "CheckOptions") -> Beside:
    def read(path: Path, kind: iam_policy.DocumentKind) -> iam_policy.Document:
        label, text = inputs.read(path)
        return replace(_document(unwrapped(_parsed(text, label)), label), kind=kind)

    boundary = [read(path, iam_policy.DocumentKind.BOUNDARY) for path in given.boundary or []]
    levels = [[read(path, iam_policy.DocumentKind.SCP) for path in level] for level in given.levels()]
    session = tuple(read(path, iam_policy.DocumentKind.SESSION) for path in given.session or [])
    resources = {
        name: read(path, iam_policy.DocumentKind.RESOURCE) for name in SUBJECTS for path in getattr(given, name) or []
    }
    limits = [*map(level_of, levels), *([iam_policy.Limit("session policy", session)] if session else [])]
    policies = of_resources(resources, options.role_kind, options.deployment, given.bucket_account)
    return Beside(boundary[0] if boundary else None, tuple(limits), policies)


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


def _combine(inputs: Inputs, documents: list[iam_policy.Document]) -> None:
    """Attach documents to the one role of a dump, or make a role of them."""
    trust = [each for each in documents if each.kind is iam_policy.DocumentKind.TRUST]
    identity = tuple(each for each in documents if each.kind is not iam_policy.DocumentKind.TRUST)
    if len(trust) > 1:
        raise UsageError(f"{trust[1].name}: a role has one trust policy, {trust[0].name} is another")
    if not documents:
        return
    if len(inputs.roles) > 1 or inputs.templates:
        raise UsageError("policy documents belong to one role of a dump: select it with --role")
    new = RoleInput(iam_policy.Role("the role"), documents[0].name)
    given = inputs.roles[0] if inputs.roles else new
    known = given.role.policies
    # Identity policies are what `aws iam get-role` does not show.
    unknown = () if identity else known.unknown
    policies = iam_policy.Policies((*known.identity, *identity), known.boundary, unknown)
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
